# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is killed leaves nothing that looks like a backup, nothing on the server, and no process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.plugin_utils.backup_program import program

from tests.lab.take.server import USER, Server

ENGINES = {"pg_dump": {"database": "his", "format": "directory"}, "pg_basebackup": {"format": "plain"}}
BESIDE = """SELECT backend_type, application_name, wait_event, state, query FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND backend_type IN ('client backend', 'walsender')"""


class Timer:
    """What a timer starts on a host: the packed program, with the system's own Python."""

    def __init__(self, server: Server, places: tuple[Path, Path], directory: Path) -> None:
        self._server = server
        self._places = places
        self._directory = directory
        (directory / "backup.pyz").write_bytes(program())

    def start(self, engine: str) -> subprocess.Popen[str]:
        values = {
            "name": "his",
            "engine": engine,
            "directory": str(self._places[0]),
            "copies": [{"directory": str(self._places[1])}],
            "keep": 2,
            "reserve_bytes": 1,
            "options": {**self._server.options, **ENGINES[engine]},
        }
        path = self._directory / "his.json"
        path.write_text(json.dumps(values), encoding="utf-8")
        command = ["/usr/bin/python3", "-I", "-S", str(self._directory / "backup.pyz"), str(path)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def timer(server: Server, places: tuple[Path, Path], tmp_path: Path) -> Timer:
    return Timer(server, places, tmp_path)


def whole(places: tuple[Path, Path]) -> list[str]:
    roots = [place / "his" for place in places if (place / "his").exists()]
    return [entry.name for root in roots for entry in root.iterdir() if not entry.name.startswith(".")]


def programs_of_the_backup(server: Server) -> list[str]:
    """Programs that talk to this server, of all that others run on this machine."""
    listed = subprocess.run(["ps", "-u", USER, "-o", "pid=,args="], capture_output=True, text=True, check=False).stdout
    return [line for line in listed.splitlines() if f"host='{server.directory}'" in line]


def eventually(what: Callable[[], bool], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("engine", ENGINES)
def test_killed_at_any_moment_and_good_the_next_time(
    server: Server, places: tuple[Path, Path], timer: Timer, engine: str
) -> None:
    began = time.monotonic()
    with timer.start(engine) as run:
        run.communicate()
    undisturbed = time.monotonic() - began
    before = whole(places)
    for part in (0.15, 0.3, 0.45, 0.6):
        run = timer.start(engine)
        time.sleep(part * undisturbed)
        assert run.poll() is None, run.communicate()
        os.kill(run.pid, signal.SIGKILL)
        run.communicate()
        assert whole(places) == before
        assert eventually(lambda: not programs_of_the_backup(server)), programs_of_the_backup(server)
        assert eventually(lambda: server.sql(BESIDE) == ""), server.sql(BESIDE)
        assert server.sql("SELECT count(*) FROM pg_replication_slots") == "0"
    with timer.start(engine) as run:
        _output, error = run.communicate()
    assert run.returncode == 0, error
    assert len(whole(places)) == len(before) + 2, "one more backup in each place"
    hidden = [entry.name for place in places for entry in (place / "his").iterdir() if entry.name.startswith(".")]
    assert hidden == [".lock", ".lock"]


def test_two_at_once_do_not_disturb_each_other(places: tuple[Path, Path], timer: Timer) -> None:
    first = timer.start("pg_dump")
    assert eventually(lambda: bool(list(places[0].glob("his/.taking-*"))))
    with timer.start("pg_dump") as second:
        _output, error = second.communicate()
    assert second.returncode == 1
    assert "Another run is taking his" in error
    with first:
        _output, error = first.communicate()
    assert first.returncode == 0, error
