# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was ended from outside says nothing of the copy; what breaks down on it does."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer
from ansible_collections.contingency.infra.plugins.module_utils._restore import limits
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    Copy,
    Damaged,
    NotRunnable,
    Order,
    Seen,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import (
    blame,
    killed,
    loading,
    session,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.archive import CUSTOM, PLAIN, Dump
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.dump import PgDump
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.server import Server, base_settings
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import QueryFailed

from tests.unit.postgresql.fake_host import FakeHost

KILLED = """LOG:  server process (PID 24) was terminated by signal 9: Killed
DETAIL:  Failed process was running: INSERT INTO patient VALUES ('Zhang San')
LOG:  terminating any other active server processes
LOG:  shutting down because restart_after_crash is off
"""
BROKEN = KILLED.replace("signal 9: Killed", "signal 11: Segmentation fault")
PANIC = f"PANIC:  stuck spinlock detected\n{KILLED.replace('signal 9: Killed', 'signal 6: Aborted')}"
LOST = "server closed the connection unexpectedly"


@pytest.mark.parametrize("status", [-9, 137, -15, 143, 126, 127])
def test_a_status_from_outside(status: int) -> None:
    with pytest.raises(NotRunnable, match="tar "):
        killed.check_killed("tar", status)


@pytest.mark.parametrize("status", [0, 1, 2, -11, 139, 134, 135])
def test_a_status_of_the_programs_own(status: int) -> None:
    killed.check_killed("tar", status)


@dataclass
class Scratch:
    """A scratch that is a story."""

    host: FakeHost = field(default_factory=FakeHost)
    answer: Answer = field(default_factory=lambda: Answer(0, "", ""))
    path: str = "/s"
    group: limits.Group | None = field(default_factory=lambda: limits.Group(1, directories=(("/g", ()),)))

    def check_time(self) -> None:
        """There is time."""

    def reader(self, path: str, user: str) -> str:
        return user

    def directory(self, name: str, user: str) -> str:
        return f"{self.path}/{name}"

    def run(self, argv: list[str], user: str, **more: Any) -> Answer:
        return self.answer


@pytest.mark.parametrize("name", ["/g/memory.events", "/g/memory.oom_control"])
def test_the_kernels_count_of_a_group(name: str) -> None:
    scratch = Scratch(FakeHost(files={name: "oom 7\noom_kill 3\n", killed.VMSTAT: "oom_kill 99\n"}))
    assert killed.kills(scratch) == 3  # type: ignore[arg-type]
    scratch.group = None
    assert killed.kills(scratch) == 99  # type: ignore[arg-type]
    assert killed.oom_kills("nr_free_pages 5\n") == 0


def _server(log: str, scratch: Scratch | None = None, status: int | None = 1) -> Server:
    made = scratch or Scratch()
    made.host.files["/s/server.log"] = log
    server = Server(made, "/p", "postgres", "/s/pg/data")  # type: ignore[arg-type]
    process = SimpleNamespace(returncode=status)
    server.program = SimpleNamespace(running=status is None, process=process)  # type: ignore[assignment]
    return server


def _trial(server: Server) -> PgDump:
    order = Order("his", "pg_dump", (Copy("/b"),), "/s", "/h")
    trial = PgDump(order, order.copies[0])
    trial._scratch = server.scratch
    trial._server = server
    return trial


def test_no_server_starts_anew_after_a_crash() -> None:
    assert all(base_settings(version, ())["restart_after_crash"] == "off" for version in (13, 15, 18))


@pytest.mark.parametrize("complaint", [LOST, "WARNING:  57P02: terminating connection because of crash"])
def test_a_session_that_the_kernel_killed_is_no_damage(complaint: str) -> None:
    with pytest.raises(NotRunnable, match=r"terminated by signal 9.*limits\.memory"):
        _trial(_server(KILLED)).failed("assertions", "it", "an answer", QueryFailed(complaint, reached=False))


@pytest.mark.parametrize(("log", "why"), [(BROKEN, "signal 11"), (PANIC, "stuck spinlock")])
def test_a_server_that_breaks_down_on_what_it_reads_is_damage(log: str, why: str) -> None:
    with pytest.raises(Damaged, match=why) as caught:
        _trial(_server(log)).failed("assertions", "it", "an answer", QueryFailed(LOST, reached=False))
    assert "Zhang" not in str(caught.value)


def test_a_postmaster_that_was_killed_tells_nothing_and_is_no_damage() -> None:
    with pytest.raises(NotRunnable, match="the restored server was terminated by signal 9"):
        _trial(_server("", status=137)).failed("content", "it", "an answer", QueryFailed(LOST, reached=False))


def test_an_error_of_a_server_that_runs_is_damage() -> None:
    with pytest.raises(Damaged, match="invalid page"):
        _trial(_server(KILLED, status=None)).failed("content", "it", "good", QueryFailed("invalid page in block 7"))


def test_tables_that_a_killed_server_did_not_give_are_not_unreadable() -> None:
    failures = {"public.patient": LOST, "public.visit": "connection to server on socket x failed: No such file"}
    with pytest.raises(NotRunnable, match="signal 9"):
        _trial(_server(KILLED))._unreadable(failures)
    found = _trial(_server(BROKEN))._unreadable(failures)
    assert [each.what for each in found] == ["the restored server", "table public.patient"]
    assert "signal 11" in found[0].seen


def test_a_psql_that_was_killed_is_no_answer() -> None:
    with pytest.raises(NotRunnable, match="signal 9"):
        _trial(_server("", status=None)).failed("content", "it", "good", session.failure(Answer(-9, "", "")))


def test_a_start_that_the_kernel_ended_is_no_damage() -> None:
    log = "LOG:  startup process (PID 3) was terminated by signal {}\nLOG:  aborting startup\n"
    with pytest.raises(NotRunnable):
        _server(log.format("9: Killed"))._ended("start")
    with pytest.raises(Damaged, match=r"startup process .* signal 6"):
        _server(log.format("6: Aborted"))._ended("start")


def test_the_end_of_a_log_tells_no_statement() -> None:
    assert blame.end_reason("DETAIL:  Failed process was running: INSERT\nLOG:  something\n") == "LOG:  something"
    assert blame.end_reason("") == "it ended without a word"


IGNORABLE = """pg_restore: from TOC entry 3; 0 0 ACL t postgres
pg_restore: error: could not execute query: ERROR:  role "doctor" does not exist
Command was: GRANT SELECT ON TABLE public.patient TO doctor;
"""
IGNORED = f"{IGNORABLE}pg_restore: warning: errors ignored on restore: 1\n"
PSQL = """psql:<stdin>:9: ERROR:  role "doctor" does not exist
psql:<stdin>:9: STATEMENT:  GRANT SELECT ON TABLE public.patient TO doctor;
"""


def _loaded(status: int, error: str, form: str = CUSTOM, log: str = "", **files: str) -> Seen:
    unpacked = {f"/s/load/{name}": text for name, text in files.items()}
    scratch = Scratch(FakeHost(files=unpacked), Answer(status, "", error))
    server = _server(log, scratch, None if not log else 1)
    return loading.Loading(server, Dump("/b/his", form), "postgres", False, 2).run()


def test_errors_that_can_be_passed_over_are() -> None:
    assert _loaded(1, IGNORED).findings == ()
    complete = "-- PostgreSQL database dump complete"
    assert _loaded(0, PSQL, PLAIN, unpacked="0", last=complete).findings == ()


@pytest.mark.parametrize("status", [-9, 137, 143])
def test_a_restore_that_was_killed_after_such_an_error_is_no_success_and_no_damage(status: int) -> None:
    with pytest.raises(NotRunnable, match="pg_restore was terminated by signal"):
        _loaded(status, IGNORABLE)
    with pytest.raises(NotRunnable, match="psql was terminated by signal"):
        _loaded(status, PSQL, PLAIN)


@pytest.mark.parametrize("status", [1, 2, 134, 139])
def test_a_restore_that_broke_off_after_such_an_error_is_damage(status: int) -> None:
    with pytest.raises(Damaged, match=f"pg_restore ended with status {status}"):
        _loaded(status, IGNORABLE)
    with pytest.raises(Damaged, match=f"psql ended with status {status}"):
        _loaded(status, PSQL, PLAIN)


@pytest.mark.parametrize(("form", "program"), [(CUSTOM, "pg_restore"), (PLAIN, "psql")])
def test_a_restore_whose_server_was_killed_is_no_damage(form: str, program: str) -> None:
    error = f"{program}: error: {LOST}\n"
    with pytest.raises(NotRunnable, match="signal 9"):
        _loaded(1 if form == CUSTOM else 2, error, form, KILLED, unpacked="141")
    with pytest.raises(Damaged):
        _loaded(1 if form == CUSTOM else 2, error, form, BROKEN, unpacked="141")


def test_what_unpacks_a_script_and_was_killed_does_not_make_it_short() -> None:
    with pytest.raises(NotRunnable, match="cat was terminated"):
        _loaded(0, "", PLAIN, unpacked="137", last="half of it")
    with pytest.raises(Damaged, match="ends before"):
        _loaded(0, "", PLAIN, unpacked="0", last="half of it")


def test_a_worker_that_the_kernel_took_is_known_by_its_count() -> None:
    error = "pg_restore: error: a worker process died unexpectedly\n"
    with pytest.raises(Damaged, match="died unexpectedly"):
        _loaded(1, error)
    scratch = Scratch(FakeHost(files={"/g/memory.events": "oom_kill 1\n"}), Answer(1, "", error))
    made = loading.Loading(_server("", scratch, None), Dump("/b", CUSTOM), "postgres", False, 2)
    with pytest.raises(NotRunnable, match="the kernel ended 1 processes"):
        made.run()


def test_walls_that_do_not_stand_are_no_damage() -> None:
    with pytest.raises(NotRunnable, match="mount: permission denied"):
        _loaded(1, "mount: permission denied\n")
