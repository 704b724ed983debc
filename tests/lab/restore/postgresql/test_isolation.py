# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Walls that hold: what runs behind them reaches nothing, ends with its test, and is removed by the next one."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._restore import remains, scratch
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Limits, NotRunnable, Order
from ansible_collections.contingency.infra.plugins.module_utils._restore.scratch import Scratch, open_scratch

from tests.lab.postgresql.pair import until
from tests.lab.restore.postgresql.production import USER, Production

KILLED = """
import os, sys
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Order
from ansible_collections.contingency.infra.plugins.module_utils._restore.scratch import open_scratch
made = open_scratch(LocalHost(), Order("his", "pg_dump", (), sys.argv[1], "/h"), sys.argv[2])
started = made.spawn(["sh", "-c", "sleep 987 & setsid sleep 988 & wait"], sys.argv[2])
print(started.process.pid, made.path, flush=True)
made.outside(["sleep", "989"], user=sys.argv[2])
"""


@contextmanager
def opened(base: Path, name: str = "his") -> Iterator[Scratch]:
    made = open_scratch(LocalHost(), Order(name, "pg_dump", (), str(base), "/h"), USER)
    try:
        yield made
    finally:
        made.close()
        assert not base.exists() or list(base.iterdir()) == []


@pytest.fixture
def base(production: Production) -> Path:
    return production.root / "scratch"


def test_no_network_and_none_of_the_hosts_sockets_is_in_sight(production: Production, base: Path) -> None:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind("\0contingency-test")
    abstract.listen()
    look = textwrap.dedent(
        f"""
        import os, socket
        def reached(family, address):
            with socket.socket(family) as s:
                try:
                    s.connect(address)
                except OSError:
                    return False
                return True
        print(reached(socket.AF_INET, ("127.0.0.1", {listener.getsockname()[1]})),
              reached(socket.AF_UNIX, "\\0contingency-test"),
              reached(socket.AF_UNIX, "{production.root}/s/.s.PGSQL.5432"),
              os.path.exists("{production.root}/data"), os.listdir("/run"), os.listdir("/tmp"), len(os.listdir("/sys"))
              if os.path.exists("/sys") else 0)
        """
    )
    with opened(base) as made:
        answer = made.run(["/usr/bin/python3", "-c", look], USER)
    listener.close()
    abstract.close()
    assert answer.output.strip() == f"False False False False [] ['{production.root.name}'] 0", answer.error


def test_a_socket_in_a_directory_that_is_in_sight_is_covered(production: Production, base: Path) -> None:
    """The backup's directory may also be where a service listens: read-only keeps nobody from connecting."""
    with opened(base) as made:
        script = f"ls -A {production.root}/s; ls -d {production.root}/data"
        answer = made.run(["sh", "-c", script], USER, readable=(str(production.root),))
    assert answer.output.split() == [f"{production.root}/data"]


def test_a_program_has_no_right_of_its_own_and_cannot_write_what_it_reads(production: Production, base: Path) -> None:
    backup = production.root / "backup"
    with opened(base) as made:
        for user in (USER, "root"):
            script = f"touch {backup}/x; touch /usr/x; mount -t tmpfs none /run; kill -0 1; grep Cap /proc/self/status"
            answer = made.run(["sh", "-c", script], user, readable=(str(backup),))
            assert "Read-only file system" in answer.error or "Permission denied" in answer.error
            effective = next(line.split()[1] for line in answer.output.splitlines() if line.startswith("CapEff"))
            # A reader may read (CAP_DAC_READ_SEARCH is bit 2), and nothing else.
            assert int(effective, 16) == (4 if user == "root" else 0)
        # Its own and the first process; the host has more than a few.
        assert int(made.run(["sh", "-c", "ls -d /proc/[0-9]* | wc -l"], USER).output) < 8
    assert not (backup / "x").exists()


def test_memory_is_limited(base: Path) -> None:
    order = Order("his", "pg_dump", (), str(base), "/h")
    made = open_scratch(LocalHost(), order, USER)
    try:
        assert made.unlimited is None
        script = "cat /proc/self/cgroup"
        told = made.run(["sh", "-c", script], USER).output
        assert "contingency-restore-his-" in told
    finally:
        made.close()
    assert not any(Path("/sys/fs/cgroup").glob(f"**/*{Path(made.path).name}*"))


def _alive(path: str) -> list[str]:
    listed = subprocess.run(["ps", "axww", "-o", "pid=,args="], capture_output=True, text=True, check=True)
    return [line for line in listed.stdout.splitlines() if path in line or re.search("sleep 98[789]", line)]


def test_what_runs_ends_with_a_killed_test_and_the_next_one_clears_up(production: Production, base: Path) -> None:
    other = production.root / "scratch" / "somebody-elses"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(base), USER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert process.stdout is not None
    path = process.stdout.readline().split()[1]
    until(lambda: len([line for line in _alive(path) if re.search("[0-9] sleep 98", line)]) == 3)
    with pytest.raises(NotRunnable, match="another test of his"):
        open_scratch(LocalHost(), Order("his", "pg_dump", (), str(base), "/h"), USER)
    process.kill()
    process.communicate()
    until(lambda: _alive(path) == [])
    assert Path(path).exists()
    other.mkdir()
    made = open_scratch(LocalHost(), Order("his", "pg_dump", (), str(base), "/h"), USER)
    try:
        assert not Path(path).exists()
        assert other.exists()
    finally:
        made.close()
        other.rmdir()


def test_what_survived_is_ended_by_the_next_test(base: Path) -> None:
    """Also where the kernel's signal for the parent's death did not come: the group and the record know it."""
    made = open_scratch(LocalHost(), Order("his", "pg_dump", (), str(base), "/h"), USER)
    started = made.spawn(["sleep", "987"], USER)
    os.close(made.lock)
    assert scratch.sweep(str(base)) == (made.path,)
    assert started.wait(5.0).status == -9
    until(lambda: _alive(made.path) == [])
    assert remains.swept(str(base)) == []


def test_the_time_of_a_test_ends_its_programs(base: Path) -> None:
    order = Order("his", "pg_dump", (), str(base), "/h", limits=Limits(timeout_seconds=2.0))
    made = open_scratch(LocalHost(), order, USER)
    began = time.monotonic()
    try:
        assert made.run(["sleep", "60"], USER).status == 124
        with pytest.raises(NotRunnable, match="did not end within 2 s"):
            made.check_time()
    finally:
        made.close()
    assert time.monotonic() - began < 10
