# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patroni from Debian's packages with one etcd and its default settings, for the same faults, on machines of its own.

Its figures contain what the others leave out: noticing the fault.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab import rootfs, topology
from lab.engine import Lab
from lab.errors import LabError
from lab.instance import Instance
from lab.kinds.debian import Debian
from lab.kinds.layered import LayeredMachine
from lab.postgresql import as_postgres
from tests.bench._failover import POWER_LOSS

HERE = Path(__file__).parent
GUEST = Path(rootfs.__file__).with_name("guest")
FIRST, SECOND, STORE, CLIENT = "patroni-1", "patroni-2", "etcd-1", "client-1"
DATA = "/var/lib/postgresql/patroni"
READY_WITHIN = 60.0
NEVER = 90.0
"""A fault that it has not answered by then counts as so many seconds."""

RECIPE = rootfs.Recipe(
    "patroni",
    tuple(sorted((*rootfs.SERVER.packages, "etcd-server", "patroni", "python3-etcd"))),
    HERE / "_patroni_rootfs.sh",
)
SCHEMA = """
CREATE ROLE his LOGIN PASSWORD 'lab-only';
CREATE DATABASE his OWNER his;
\\connect his
SET ROLE his;
CREATE TABLE prescription (
  number bigint NOT NULL, source text NOT NULL, written timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (source, number)
);
"""


class PatroniMachine(Debian):
    """A Debian machine that has Patroni and etcd too; which of them it runs is decided when it is up."""

    kind = "patroni"
    recipe = RECIPE


def seconds(faults: list[str], show: Callable[[str, float], None]) -> list[float]:
    """From each fault to the first write that was sent after it and accepted."""
    found = []
    with _lab() as lab:
        for fault in faults:
            _begin_anew(lab)
            found.append(_struck(lab, fault))
            show(fault, found[-1])
    return found


@contextmanager
def _lab() -> Iterator[Lab]:
    lab = Lab(Instance(f"{Instance.from_environment().name}-patroni"), topology.load(HERE / "_patroni.yml"))
    lab.up(parts=["standby"])
    try:
        yield lab
    finally:
        lab.down()


def _address(lab: Lab, name: str) -> str:
    return str(lab.topology.machine(name).address)


def _empty_store(lab: Lab) -> None:
    url = f"http://{_address(lab, STORE)}:2379"
    settings = f"ETCD_NAME={STORE}\nETCD_LISTEN_CLIENT_URLS={url}\nETCD_ADVERTISE_CLIENT_URLS={url}\n"
    _put(lab, STORE, "etc/default/etcd", settings)
    lab.exec(STORE, "systemctl", "stop", "etcd")
    lab.exec(STORE, "sh", "-c", "rm -rf /var/lib/etcd/*")
    lab.exec(STORE, "systemctl", "start", "etcd")


def _put(lab: Lab, name: str, path: str, text: str) -> None:
    lab.exec(name, "sh", "-c", 'mkdir -p "$(dirname "/$1")" && printf %s "$2" > "/$1"', "put", path, text)


def _configuration(lab: Lab, name: str) -> str:
    """What Patroni must be told; JSON is YAML too. Everything else is its default."""
    address = _address(lab, name)
    return json.dumps(
        {
            "scope": "his",
            "name": name,
            "restapi": {"listen": f"{address}:8008", "connect_address": f"{address}:8008"},
            "etcd3": {"host": f"{_address(lab, STORE)}:2379"},
            "bootstrap": {"dcs": {}, "initdb": [{"encoding": "UTF8"}, "data-checksums"]},
            "postgresql": {
                "listen": "0.0.0.0:5432",
                "connect_address": f"{address}:5432",
                "data_dir": DATA,
                "bin_dir": "/usr/lib/postgresql/15/bin",
                "authentication": {
                    "superuser": {"username": "postgres", "password": "lab-only"},
                    "replication": {"username": "replicator", "password": "lab-only"},
                },
                "pg_hba": [
                    "local all all trust",
                    "host all all localhost trust",
                    "host replication replicator 10.9.0.0/24 scram-sha-256",
                    "host all all 10.9.0.0/24 scram-sha-256",
                ],
                "parameters": {"unix_socket_directories": "/var/run/postgresql"},
            },
        }
    )


def _begin_anew(lab: Lab) -> None:
    """A new cluster of two: the first leads, the second streams."""
    for name in (FIRST, SECOND):
        machine = lab.machine(name)
        if not machine.running():
            machine.power_on()
        _wait(lambda machine=machine: machine.not_ready() is None, f"{name} does not answer")  # type: ignore[misc]
        lab.exec(name, "systemctl", "stop", "patroni")
        lab.exec(name, "rm", "-rf", DATA)
        _put(lab, name, "etc/patroni/config.yml", _configuration(lab, name))
    _empty_store(lab)
    lab.exec(FIRST, "systemctl", "start", "patroni")
    ready = "SELECT count(*) FROM pg_roles WHERE rolname = 'replicator' AND NOT pg_is_in_recovery()"
    _wait(lambda: _sql(lab, FIRST, ready) == "1", f"{FIRST} does not lead")
    _sql(lab, FIRST, SCHEMA)
    lab.exec(SECOND, "systemctl", "start", "patroni")
    # The base backup waits for a checkpoint, which takes minutes unless somebody asks for it.
    streams = "CHECKPOINT; SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
    _wait(lambda: _sql(lab, FIRST, streams) == "1", f"{SECOND} does not stream")


def _sql(lab: Lab, name: str, text: str) -> str:
    psql = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", "postgres"]
    argv = lab.machine(name).command(as_postgres(*psql))
    return subprocess.run(argv, input=text, capture_output=True, text=True, check=False).stdout.strip()


def _struck(lab: Lab, fault: str) -> float:
    with _client(lab) as log:
        _wait(lambda: len(_rows(log)) > 100, "no row was accepted")
        # What the leader writes down each ten seconds has to know the standby, or nothing can take over.
        time.sleep(12)
        _strike(lab, fault)
        struck = time.time()
        while time.time() < struck + NEVER:
            for sent, accepted in _rows(log):
                if sent > struck:
                    return accepted - struck
            time.sleep(0.05)
    return NEVER


def _strike(lab: Lab, fault: str) -> None:
    if fault == POWER_LOSS:
        lab.machine(FIRST).power_off()
    else:
        # All of the server at once: a session that outlives its postmaster by some ms could still accept a row.
        lab.exec(FIRST, "pkill", "-KILL", "-x", "postgres")


@contextmanager
def _client(lab: Lab) -> Iterator[Path]:
    machine = lab.machine(CLIENT)
    assert isinstance(machine, LayeredMachine)
    for path in (GUEST / "impatient.py", HERE / "_patroni_client.py"):
        machine.inside(f"lab/{path.name}").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    log = lab.instance.state / f"client-{time.monotonic_ns()}.log"
    source = log.stem
    addresses = [_address(lab, name) for name in (FIRST, SECOND)]
    program = ["python3", "/lab/_patroni_client.py", source, *addresses]
    with log.open("wb") as output:
        process = subprocess.Popen(machine.command(program), stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        yield log
    finally:
        lab.exec(CLIENT, "pkill", "-KILL", "-f", source, check=False)
        process.wait()


def _rows(log: Path) -> list[tuple[float, float]]:
    lines = [line.split() for line in log.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")]
    return [(float(words[1]), float(words[2])) for words in lines if len(words) == 3 and words[0].isdigit()]


def _wait(condition: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while not condition():
        if time.monotonic() > deadline:
            raise LabError(f"After {READY_WITHIN:.0f} s {otherwise}.")
        time.sleep(0.1)
