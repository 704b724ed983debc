# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading on a host: only programs that read are started, and what they say is understood."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer
from ansible_collections.contingency.infra.plugins.module_utils._readiness import look, services
from ansible_collections.contingency.infra.plugins.module_utils._readiness.clock import read_time
from ansible_collections.contingency.infra.plugins.module_utils._readiness.neighbors import (
    own_address,
    request,
    speaker,
)
from ansible_collections.contingency.infra.plugins.module_utils._readiness.units import read_units
from ansible_collections.contingency.infra.plugins.module_utils._standby.record import PATH

from tests.unit.postgresql.fake_host import FakeHost


class Machine(FakeHost):
    """systemctl knows the units that a test names; nothing can be written."""

    def __init__(
        self, units: dict[str, dict[str, str]] | None = None, answers: dict[str, Answer] | None = None
    ) -> None:
        super().__init__(answers=answers or {})
        self.units = units or {}

    def run(self, command: Any, **more: Any) -> Answer:
        words = list(command)
        if words[:2] != ["systemctl", "show"]:
            return super().run(words, **more)
        self.commands.append(words)
        blocks = []
        for name in words[words.index("--") + 1 :]:
            unit = {"LoadState": "not-found", "ActiveState": "inactive", **self.units.get(name, {})}
            blocks.append("\n".join(f"{key}={value}" for key, value in unit.items()))
        return Answer(0, "\n\n".join(blocks) + "\n", "")

    def write_atomically(self, path: str, text: str, mode: int = 0o600, owner: str | None = None) -> None:
        raise AssertionError(f"{path} is written")


def unit(**more: str) -> dict[str, str]:
    return {"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled", **more}


@pytest.mark.parametrize(
    ("wanted_by", "starts"),
    [("multi-user.target", True), ("postgresql.service", True), ("", False), ("circle.service", False)],
)
def test_a_unit_starts_with_the_machine_if_what_wants_it_does(wanted_by: str, starts: bool) -> None:
    machine = Machine(
        {
            "a.service": unit(WantedBy=wanted_by),
            "postgresql.service": unit(WantedBy="multi-user.target"),
            "circle.service": unit(RequiredBy="a.service"),
        }
    )
    assert read_units(machine, ["a.service"])["a.service"]["starts"] is starts


def test_a_unit_that_a_socket_starts() -> None:
    machine = Machine({"a.service": unit(TriggeredBy="a.socket"), "a.socket": unit(WantedBy="sockets.target")})
    assert read_units(machine, ["a.service"])["a.service"]["starts"]


def test_a_host_without_systemd_tells_nothing() -> None:
    assert "error" in read_units(FakeHost(), ["a.service"])["a.service"]


CHRONY = "Leap status     : {}\nSystem time     : 0.000012 seconds slow of NTP time\n"
NTPQ = "     remote           refid      st t when poll reach\n===\n{}10.0.0.1  .GPS.  1 u 1 64 377\n"


@pytest.mark.parametrize(
    ("name", "program", "output", "synchronized"),
    [
        ("chrony.service", "chronyc", CHRONY.format("Normal"), True),
        ("chronyd.service", "chronyc", CHRONY.format("Not synchronised"), False),
        ("chrony.service", "chronyc", "506 Cannot talk to daemon", None),
        ("ntpsec.service", "ntpq", NTPQ.format("*"), True),
        ("ntp.service", "ntpq", NTPQ.format(" "), False),
        ("ntpd.service", "ntpq", "", None),
        ("systemd-timesyncd.service", "none", "", False),
    ],
)
def test_whichever_keeps_the_clock_is_asked(name: str, program: str, output: str, synchronized: bool | None) -> None:
    told = read_time(Machine({name: unit()}, {program: Answer(0, output, "")}))
    assert told["source"] is not None
    assert told["synchronized"] is synchronized


def test_timesyncd_says_by_a_file_that_it_has_synchronized() -> None:
    machine = Machine({"systemd-timesyncd.service": unit()})
    machine.files["/run/systemd/timesync/synchronized"] = ""
    assert read_time(machine)["synchronized"] is True


def test_nobody_keeps_the_clock() -> None:
    assert read_time(Machine())["source"] is None
    container = read_time(Machine(answers={"systemd-detect-virt": Answer(0, "lxc\n", "")}))
    assert (container["source"], container["container"]) == (None, "lxc")


SQL = {"name": "his", "health": {"kind": "sql", "engine": "postgresql", "query": "SELECT 1"}}


def test_a_query_runs_in_a_read_only_transaction_and_one_that_writes_is_not_looked_at() -> None:
    asked: list[str] = []

    class Server(Machine):
        def run(self, command: Any, **more: Any) -> Answer:
            asked.append(more["stdin"])
            return Answer(3, "", "ERROR:  cannot execute INSERT in a read-only transaction")

    (told,) = services.read_services(Server(), [SQL], run_commands=False)
    assert asked[0].splitlines()[0] == "SET default_transaction_read_only = on;"
    assert told["looked"] is False


def test_a_query_that_fails_for_another_reason_is_unhealthy() -> None:
    machine = Machine(answers={"psql": Answer(2, "", "connection refused")})
    (told,) = services.read_services(machine, [SQL], run_commands=False)
    assert (told["looked"], told["passed"]) == (True, False)


def test_a_command_runs_only_where_the_site_says_that_it_reads() -> None:
    service = {"name": "his", "health": {"kind": "command", "command": ["check-his"]}}
    machine = Machine(answers={"check-his": Answer(0, "", "")})
    assert services.read_services(machine, [service], run_commands=False)[0]["looked"] is False
    assert machine.commands == []
    assert services.read_services(machine, [service], run_commands=True)[0]["passed"] is True


def test_a_service_that_cannot_be_understood_is_told_and_the_others_go_on() -> None:
    machine = Machine({"a.service": unit()})
    wrong, right = services.read_services(machine, [{"name": "x"}, {"unit": "a.service"}], run_commands=False)
    assert "neither a unit nor a health check" in wrong["error"]
    assert right["passed"] is True


def test_what_is_started_on_a_host_only_reads() -> None:
    """The whole reading, against a host that knows nothing: it ends, says so in each part, and writes nothing."""
    machine = Machine({"postgresql@15-main.service": unit()})
    told = look.looked(machine, {"host": "h", "database": True, "engine": "postgresql", "addresses": ["10.9.0.100/24"]})
    assert told["database"]["error"]
    assert told["address"]["error"]
    assert told["record"] == {"state": "none"}
    assert {command[0].rsplit("/", 1)[-1] for command in machine.commands} <= {
        *("systemctl", "systemd-detect-virt", "sh", "ip", "psql", "pg_controldata", "stat", "chronyc", "ntpq")
    }
    assert all(command[:2] == ["systemctl", "show"] for command in machine.commands if command[0] == "systemctl")


def test_a_record_of_a_takeover() -> None:
    machine = Machine()
    machine.files[PATH] = "{half"
    assert look.read_record(machine)["state"] == "unreadable"
    machine.files[PATH] = '{"failed": "a", "phase": "fenced", "run": "r", "started_at": 1.0}'
    assert look.read_record(machine)["state"] == "fenced"


HARDWARE = bytes.fromhex("020000000001")


def test_the_question_for_an_address_is_no_claim_to_it() -> None:
    frame = request(HARDWARE, "10.9.0.51", "10.9.0.100")
    assert frame[28:32] == bytes([10, 9, 0, 51]), "a probe from nobody would keep a takeover from the address"
    assert speaker(frame, "10.9.0.100") == ""


def test_an_answer_names_who_has_it() -> None:
    question = request(HARDWARE, "10.9.0.100", "10.9.0.51")
    answer = question[:20] + b"\0\2" + question[22:]
    assert speaker(answer, "10.9.0.100") == "02:00:00:00:00:01"
    assert speaker(answer, "10.9.0.101") == ""
    assert speaker(answer[:30], "10.9.0.100") == ""


def test_nobody_is_asked_from_the_service_address() -> None:
    assert own_address(["10.9.0.100", "fe80::1", "10.9.0.51"], ["10.9.0.100"]) == "10.9.0.51"
    assert own_address(["10.9.0.100"], ["10.9.0.100"]) == ""
