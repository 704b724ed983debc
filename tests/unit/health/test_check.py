# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services in order: started where asked for, healthy before the next one, and the first ill one ends it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._health.check import ensure_services
from ansible_collections.contingency.infra.plugins.module_utils._health.model import HealthError
from ansible_collections.contingency.infra.plugins.module_utils._host.run import MISSING, TIMED_OUT, Answer

from tests.unit.health.fake_host import FakeHost

COMMAND = {"kind": "command", "command": ["probe"]}


def service(unit: str = "his-app", **more: Any) -> dict[str, Any]:
    return {"unit": unit, "start": True, **more}


def failure(host: FakeHost, *services: dict[str, Any]) -> HealthError:
    with pytest.raises(HealthError) as failed:
        ensure_services(host, services)
    json.dumps(failed.value.evidence)
    assert failed.value.message.endswith(".")
    return failed.value


def test_what_is_down_is_started_and_what_is_up_is_left() -> None:
    host = FakeHost(his_app="inactive", his_web="active")
    outcome = ensure_services(host, [service("his-web"), service("his-app")])
    assert outcome.changed
    assert host.commands == [["systemctl", "start", "--", "his-app"]]
    assert outcome.steps == ["systemctl start his-app"]
    assert [(one["name"], one["started"], one["passed"]) for one in outcome.services] == [
        ("his-web", False, True),
        ("his-app", True, True),
    ]
    assert outcome.before == {"units": {"his-web": "active (dead)", "his-app": "inactive (dead)"}}
    assert outcome.after["units"]["his-app"] == "active"
    json.dumps(outcome.as_result())


def test_a_second_run_changes_nothing() -> None:
    host = FakeHost(his_app="inactive")
    assert ensure_services(host, [service()]).changed
    again = ensure_services(host, [service()])
    assert (again.changed, again.steps) == (False, [])


def test_a_unit_that_failed_before_is_given_a_new_chance() -> None:
    host = FakeHost(his_app="failed")
    outcome = ensure_services(host, [service()])
    assert outcome.steps == ["systemctl reset-failed his-app", "systemctl start his-app"]
    assert [command[1] for command in host.commands] == ["reset-failed", "start"]


def test_it_looks_soon_and_then_less_often() -> None:
    host = FakeHost()
    answers = [Answer(1, "", "not yet")] * 12 + [Answer(0, "", "")]
    host.on_command = lambda command: answers.pop(0)
    outcome = ensure_services(host, [{"name": "his", "health": COMMAND}])
    assert host.pauses[0] == 0.05
    assert host.pauses == sorted(host.pauses)
    assert max(host.pauses) == 1.0
    assert outcome.services[0]["seconds"] == pytest.approx(sum(host.pauses), abs=0.001)


def test_the_first_that_stays_ill_is_named_and_the_next_is_not_started() -> None:
    host = FakeHost(his_app="inactive", his_web="inactive")
    host.on_command = lambda command: Answer(1, "", "no database")
    error = failure(host, service(health=COMMAND, timeout=5), service("his-web"))
    assert error.message.startswith("his-app was started but did not get healthy within 5.0 s: command probe saw ")
    assert "status 1 (no database), expected status 0; see journalctl --unit his-app" in error.message
    assert [one["name"] for one in error.evidence["services"]] == ["his-app"]
    assert error.evidence["changed"]
    assert host.units["his-web"] == "inactive"
    assert sum(host.pauses) == pytest.approx(5)


def test_a_last_look_that_was_cut_off_does_not_hide_the_reason() -> None:
    host = FakeHost()
    answers = [Answer(1, "", "wrong password")] * 3
    host.on_command = lambda command: answers.pop() if answers else Answer(TIMED_OUT, "", "probe did not end in time")
    error = failure(host, {"name": "db", "timeout": 0.5, "health": COMMAND})
    assert "saw status 1 (wrong password)" in error.message


def test_good_news_count_to_the_last_moment() -> None:
    host = FakeHost()
    host.on_command = lambda command: Answer(0 if host.clock >= 100.5 else 1, "", "")
    assert ensure_services(host, [{"name": "db", "timeout": 0.5, "health": COMMAND}]).services[0]["passed"]


def test_waiting_ends_when_systemd_has_given_the_unit_up() -> None:
    host = FakeHost(his_app="inactive")
    host.becomes = "failed"
    error = failure(host, service(timeout=300))
    assert "unit his-app saw failed (dead), expected active" in error.message
    assert sum(host.pauses) < 2


@pytest.mark.parametrize(
    ("load", "said"),
    [
        ("masked", "his-app: his-app is masked, so it cannot be started; run systemctl unmask his-app."),
        ("not-found", "his-app: This host has no usable unit his-app (systemd says not-found); install the service"),
        ("bad-setting", "his-app: This host has no usable unit his-app (systemd says bad-setting)"),
    ],
)
def test_what_cannot_be_started_is_refused_before_anything_is(load: str, said: str) -> None:
    host = FakeHost(his_db="inactive", his_app="inactive")
    host.load["his-app"] = load
    assert failure(host, service("his-db"), service()).message.startswith(said)
    assert host.commands == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(TIMED_OUT, "", ""), "his-app: his-app was not started within 7 s; systemd goes on with it"),
        (Answer(1, "", "Job failed.\n"), "his-app: his-app could not be started (Job failed.); see journalctl"),
    ],
)
def test_a_start_that_fails_says_why(answer: Answer, said: str) -> None:
    host = FakeHost(his_app="inactive")
    host.start_answer = answer
    error = failure(host, service(timeout=7))
    assert error.message.startswith(said)
    assert host.given[0]["timeout"] == 7
    assert not error.evidence["services"][0]["passed"]


def test_a_host_without_systemd_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    host = FakeHost()
    monkeypatch.setattr(host, "run", lambda command, **more: Answer(MISSING, "", "systemctl is not on this host"))
    assert "this host has no systemctl" in failure(host, service()).message


def test_check_mode_starts_nothing_and_runs_nothing() -> None:
    host = FakeHost(his_app="inactive", his_web="active")
    sql = {"kind": "sql", "engine": "postgresql", "query": "INSERT INTO probe VALUES (1)"}
    services = [service(), service("his-web"), {"name": "db", "health": sql}, {"name": "his", "health": COMMAND}]
    outcome = ensure_services(host, services, check_mode=True)
    assert outcome.changed
    assert outcome.steps == ["systemctl start his-app"]
    assert host.commands == []
    assert [one["passed"] for one in outcome.services] == [False, True, False, False]
    assert "would be started first" in outcome.services[0]["seen"]
    assert "not looked at in check mode" in outcome.services[2]["seen"]


def test_check_mode_does_not_fail_for_what_the_run_itself_would_heal() -> None:
    host = FakeHost(his_web="inactive")
    outcome = ensure_services(host, [{"unit": "his-web"}], check_mode=True)
    assert (outcome.changed, outcome.services[0]["seen"]) == (False, "inactive (dead)")
    assert host.pauses == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "his", "start": True, "health": COMMAND}, "his is to be started but has no unit"),
        ({"name": "his"}, "his has neither a unit nor a health check"),
        ({"name": "his", "health": {"kind": "icmp"}}, "There is no health check of kind icmp"),
        ({"name": "his", "health": {"kind": "sql"}}, "A health check of kind sql needs engine and query"),
        ({"name": "his", "health": {"kind": "sql", "engine": "oracle", "query": "x"}}, "There is no SQL engine oracle"),
        ({"name": "his", "health": {"kind": "http", "url": "10.9.0.100/health"}}, "10.9.0.100/health is not a URL"),
        (
            {"name": "his", "health": {"kind": "http", "url": "http://h", "body": "("}},
            "'(' is not a regular expression",
        ),
    ],
)
def test_what_is_written_wrong_is_refused(given: dict[str, Any], said: str) -> None:
    assert failure(FakeHost(), given).message.startswith(said)


def test_what_an_inventory_keeps_beside_a_service_is_left_alone() -> None:
    outcome = ensure_services(FakeHost(his_app="active"), [{"unit": "his-app", "host": "his-app-1", "health": None}])
    assert outcome.services[0]["passed"]
