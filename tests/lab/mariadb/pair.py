# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's MariaDB, unpacked and not installed: two servers, each in a network namespace, one following the other."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer, LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.model import Server, Source, State
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.server import read

from lab.rootfs import cache_directory

PACKAGES = ("mariadb-server", "mariadb-server-core", "mariadb-client-core")
NOBODY = "65534"
PASSWORD = 'lab-only\'s \\ "secret" #1'
ACCOUNTS = """
CREATE USER replicator@'10.88.0.%' IDENTIFIED BY 'lab-only''s \\\\ "secret" #1';
GRANT REPLICATION SLAVE ON *.* TO replicator@'10.88.0.%';
CREATE USER weak@localhost IDENTIFIED BY 'weak';
CREATE DATABASE his;
CREATE TABLE his.prescription (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(40)) ENGINE=InnoDB;
RESET MASTER;
"""
OPTIONS = (
    "--no-defaults",
    "--log-bin=bin",
    "--log-slave-updates",
    "--gtid-strict-mode=1",
    "--sync-binlog=1",
    "--slave-net-timeout=4",
    "--innodb-buffer-pool-size=16M",
    "--innodb-log-file-size=4M",
    "--relay-log=relay",
)


class NamespaceHost(LocalHost):
    """A host that is only a network namespace."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace

    def run(
        self,
        command: Sequence[str],
        *,
        user: str | None = None,
        timeout: float = 30.0,
        stdin: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> Answer:
        inside = ["ip", "netns", "exec", self.namespace, *command]
        return super().run(inside, user=user, timeout=timeout, stdin=stdin, environment=environment)


class Node:
    """One server."""

    def __init__(self, number: int, work: Path, programs: Path) -> None:
        self.number = number
        self.programs = programs
        self.namespace = f"{os.environ.get('LAB_NAME', 'test')}.maria-{number}-{os.getpid()}"
        self.address = f"10.88.0.{number}"
        self.data = work / f"m{number}"
        self.log = work / f"m{number}.log"
        self.host = NamespaceHost(self.namespace)
        self.server = Server(
            client=str(programs / "bin/mariadb"), socket=str(self.data / "sock"), unit="mariadb.service"
        )
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def source(self) -> Source:
        return Source(host=self.address, user="replicator", password=PASSWORD, heartbeat_seconds=0.5)

    @property
    def state(self) -> State:
        return read(self.host, self.server)

    def start(self, seed: Path | None = None, read_only: bool = False) -> None:
        if seed is not None:
            shutil.rmtree(self.data, ignore_errors=True)
            run("cp", "--archive", "--reflink=auto", str(seed), str(self.data))
        inside = ["ip", "netns", "exec", self.namespace]
        privileges = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--pdeathsig=KILL"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(*inside, *privileges, str(self.programs / "sbin/mariadbd"), *OPTIONS),
                    f"--basedir={self.programs}",
                    f"--datadir={self.data}",
                    f"--socket={self.server.socket}",
                    f"--pid-file={self.data}/pid",
                    f"--server-id={self.number}",
                    f"--read-only={int(read_only)}",
                ],
                stdout=log,
                stderr=log,
                cwd="/",
            )
        eventually(lambda: self.state.running, f"{self.namespace} answers, see {self.log}")

    def kill(self) -> None:
        """End the server as `kill -9` does."""
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None

    def power_off(self) -> None:
        """Take the link down first: a real power loss sends nothing."""
        self.cut()
        self.kill()

    def hang(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def cut(self) -> None:
        run("ip", "-n", self.namespace, "link", "set", "eth0", "down")

    def heal(self) -> None:
        run("ip", "-n", self.namespace, "link", "set", "eth0", "up")

    def sql(self, text: str) -> str:
        """Run statements as root; a statement that fails ends the test."""
        command = [
            self.server.client,
            "--no-defaults",
            "--batch",
            "--skip-column-names",
            f"--socket={self.server.socket}",
        ]
        done = subprocess.run([*command, "--user=root"], input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, count: int = 1) -> None:
        self.sql("INSERT INTO his.prescription (text) VALUES ('x');" * count)

    @property
    def rows(self) -> int:
        return int(self.sql("SELECT COUNT(*) FROM his.prescription"))


class Pair:
    """his-maria-1 is the primary and his-maria-2 its standby, until a test says otherwise."""

    def __init__(self) -> None:
        self.work = Path(tempfile.mkdtemp(prefix="maria-"))
        self.work.chmod(0o755)
        programs = self.work / "root/usr"
        self.one, self.two = Node(1, self.work, programs), Node(2, self.work, programs)
        self.seed = self.work / "seed"

    def build(self) -> None:
        for package in packages():
            run("dpkg", "-x", str(package), str(self.work / "root"))
        for node in (self.one, self.two):
            run("ip", "netns", "add", node.namespace)
            run("ip", "-n", node.namespace, "link", "set", "lo", "up")
        peer = ("type", "veth", "peer", "name", "eth0", "netns", self.two.namespace)
        run("ip", "-n", self.one.namespace, "link", "add", "eth0", *peer)
        for node in (self.one, self.two):
            run("ip", "-n", node.namespace, "addr", "add", f"{node.address}/24", "dev", "eth0")
            node.heal()
        self._make_seed()

    def _make_seed(self) -> None:
        programs = self.one.programs
        install = [str(programs / "bin/mariadb-install-db"), "--no-defaults", f"--basedir={programs}"]
        run(*install, f"--datadir={self.one.data}", "--auth-root-authentication-method=normal", "--skip-test-db")
        run("chown", "--recursive", f"{NOBODY}:{NOBODY}", str(self.one.data))
        self.one.start()
        self.one.sql(ACCOUNTS)
        self.one.sql("SHUTDOWN")
        assert self.one.process is not None
        self.one.process.wait(30)
        shutil.copytree(self.one.data, self.seed)
        run("chown", "--recursive", f"{NOBODY}:{NOBODY}", str(self.seed))
        for name in ("bin.index", "bin.000001", "bin.000002", "bin.state"):
            (self.seed / name).unlink(missing_ok=True)

    def restore(self) -> None:
        """Both servers as new, and the second in step with the first."""
        for node in (self.one, self.two):
            node.kill()
            node.heal()
        self.one.start(self.seed)
        self.two.start(self.seed, read_only=True)
        self.follow()
        self.one.write(3)
        self.in_step()

    def follow(self, *more: str, gtid: str = "slave_pos") -> None:
        options = ", ".join(
            (
                f"MASTER_HOST='{self.one.address}', MASTER_USER='replicator', MASTER_CONNECT_RETRY=1",
                f"MASTER_HEARTBEAT_PERIOD=0.5, MASTER_USE_GTID={gtid}",
                "MASTER_PASSWORD='lab-only''s \\\\ \"secret\" #1'",
                *more,
            )
        )
        self.two.sql(f"STOP SLAVE; CHANGE MASTER TO {options}; START SLAVE")

    def in_step(self) -> None:
        wanted = self.one.sql("SELECT @@gtid_binlog_pos")
        eventually(lambda: self.two.sql("SELECT @@gtid_slave_pos") == wanted, "the standby is in step")

    def destroy(self) -> None:
        for node in (self.one, self.two):
            node.kill()
            subprocess.run(["ip", "netns", "del", node.namespace], check=False)
        shutil.rmtree(self.work)


def packages() -> list[Path]:
    """Debian's packages, from the cache of the lab; fetched once."""
    cache = cache_directory() / "mariadb"
    cache.mkdir(parents=True, exist_ok=True)
    found = {name: next(iter(cache.glob(f"{name}_*.deb")), None) for name in PACKAGES}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        subprocess.run(["apt-get", "--quiet", "download", *missing], cwd=cache, check=True)
    return [next(iter(cache.glob(f"{name}_*.deb"))) for name in PACKAGES]


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"


def eventually(condition: Callable[[], bool], what: str, within: float = 20.0) -> None:

    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not within {within} s: {what}"
        time.sleep(0.05)
