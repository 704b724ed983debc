# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two PostgreSQL servers on loopback, from Debian's packages, without anything installed, started or enabled."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.cluster import Wanted, find, read
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.model import (
    Cluster,
    FenceProof,
    Limits,
    State,
)
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.plan import Options
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.source import Source

from lab.rootfs import cache_directory

VERSION = 15
PASSWORD = "replicate-only"
HOST = LocalHost()
USER = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = '{sockets}'
port = {port}
wal_log_hints = {hints}
wal_keep_size = 16MB
max_wal_size = 100MB
fsync = off
logging_collector = off
shared_buffers = 16MB
"""
RIGHTS = """
CREATE USER replicator REPLICATION PASSWORD '{password}';
CREATE USER mirror SUPERUSER PASSWORD '{password}';
CREATE TABLE prescription (id int PRIMARY KEY, at timestamptz DEFAULT clock_timestamp());
"""


def programs() -> Path:
    """Where the server's programs are: this machine's own, else Debian's packages unpacked into the lab's cache."""
    own = Path(f"/usr/lib/postgresql/{VERSION}/bin")
    if (own / "postgres").exists():
        return own
    root = cache_directory() / f"postgresql-{VERSION}"
    if not root.is_dir():
        _unpack(root)
    return root / str(own).lstrip("/")


def _unpack(root: Path) -> None:
    building = root.with_name(f"{root.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    packages = [f"postgresql-{VERSION}", f"postgresql-client-{VERSION}", "libpq5"]
    subprocess.run(["apt-get", "download", *packages], cwd=building, check=True, capture_output=True)
    for package in building.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, building], check=True)
    building.rename(root)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class Server:
    """One server of the pair."""

    directory: Path
    port: int

    @property
    def cluster(self) -> Cluster:
        return find(
            HOST,
            Wanted(
                data_directory=str(self.directory),
                bin_directory=str(programs()),
                os_user=USER,
                version=VERSION,
                port=self.port,
                socket_directory=str(self.directory.parent),
            ),
        )

    def run(self, program: str, *arguments: str) -> str:
        answer = HOST.run(
            [str(programs() / program), *arguments], user=USER, timeout=60, environment={"PGPASSWORD": PASSWORD}
        )
        assert answer.status == 0, f"{program}: {answer.error}"
        return answer.output

    def sql(self, statement: str) -> str:
        where = ["-h", str(self.directory.parent), "-p", str(self.port), "-U", USER, "-d", "postgres"]
        return self.run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *where, "-c", statement).strip()

    def start(self) -> None:
        self.run("pg_ctl", "start", "-s", "-w", "-D", str(self.directory), "-l", f"{self.directory}.log")

    def stop(self, mode: str = "fast") -> None:
        self.run("pg_ctl", "stop", "-s", "-w", "-m", mode, "-D", str(self.directory))

    @property
    def running(self) -> bool:
        return (self.directory / "postmaster.pid").exists()

    def kill(self) -> None:
        """The server process and all its children at once, as a power loss leaves it."""
        postmaster = int((self.directory / "postmaster.pid").read_text().split()[0])
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(postmaster)], capture_output=True, text=True, check=True
        )
        for process in [postmaster, *map(int, listed.stdout.split())]:
            os.kill(process, signal.SIGKILL)
        until(lambda: not Path(f"/proc/{postmaster}").exists())

    def senders(self, number: signal.Signals) -> None:
        """Freeze or thaw what sends WAL, so that the standby's connection stays open and silent."""
        for process in self.sql("SELECT pid FROM pg_stat_replication").split():
            os.kill(int(process), number)

    def rows(self) -> int:
        return int(self.sql("SELECT count(*) FROM prescription"))

    def read(self) -> State:
        return read(HOST, self.cluster)

    def write_settings(self, hints: str = "on") -> None:
        text = SETTINGS.format(sockets=self.directory.parent, port=self.port, hints=hints)
        with (self.directory / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(text)


@dataclass
class Pair:
    """A primary with a standby that streams from it."""

    first: Server
    second: Server
    passfile: Path

    def source(self, server: Server, slot: str) -> Source:
        return Source(
            host="127.0.0.1",
            port=server.port,
            user="replicator",
            rewind_user="mirror",
            passfile=str(self.passfile),
            slot=slot,
        )

    def down(self) -> None:
        for server in (self.first, self.second):
            if server.running:
                HOST.run(
                    [str(programs() / "pg_ctl"), "stop", "-s", "-m", "immediate", "-D", str(server.directory)],
                    user=USER,
                )


OPTIONS = Options(timeout=10.0, copy_timeout=60.0, max_lag_bytes=1048576)
LIMITS = Limits(max_data_loss_seconds=5.0, min_free_bytes=1)


def off(at: float | None = None) -> FenceProof:
    return FenceProof("ipmi", "chassis power is off", time.time() if at is None else at, True)


def new_pair(root: Path) -> Pair:
    root.chmod(0o755)
    home = root / "pg"
    home.mkdir(mode=0o700)
    shutil.chown(home, USER)
    return Pair(Server(home / "one", free_port()), Server(home / "two", free_port()), home / "passfile")


def make(pair: Pair, hints: str = "on") -> None:
    """Both servers, streaming over TCP with a password, as a site has it."""
    HOST.write_atomically(str(pair.passfile), f"*:*:*:*:{PASSWORD}\n", 0o600, USER)
    first, second = pair.first, pair.second
    first.run("initdb", "-D", str(first.directory), "-U", USER, "-N", "--auth-local=trust", "--auth-host=md5")
    first.write_settings(hints)
    first.start()
    first.sql(RIGHTS.format(password=PASSWORD))
    first.sql("SELECT pg_create_physical_replication_slot('two', true)")
    conninfo = f"host=127.0.0.1 port={first.port} user=replicator passfile={pair.passfile}"
    first.run("pg_basebackup", "-D", str(second.directory), "-R", "-S", "two", "-c", "fast", "-d", conninfo)
    second.write_settings(hints)
    second.start()
    until(lambda: second.read().receiver == "streaming")
    first.sql("INSERT INTO prescription SELECT generate_series(1, 100)")
    until(lambda: second.rows() == 100)


def until(condition: Callable[[], bool], timeout: float = 15.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)
