# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An incident is what its events come to."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._incident.due import incident_due
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import DETAILS, KINDS
from ansible_collections.contingency.infra.plugins.module_utils._incident.news import news
from ansible_collections.contingency.infra.plugins.module_utils._incident.state import (
    NoIncident,
    event_limitation,
    incident_of,
)
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.incident.plans import HOUR, MORNING, incident, lines, opened, policy, sent

POLICY = policy()

ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.lists(st.text(max_size=2)))
NAMES = ["epoch", "n", "key", "who", "happened_epoch", "severity", "by", "department", "why", "rule", "text", "attempt"]
GARBAGE = st.builds(
    lambda kind, states, fields: {"kind": kind, **states, **fields},
    st.one_of(st.sampled_from(sorted(KINDS)), ANYTHING),
    st.fixed_dictionaries(
        {"state": st.one_of(ANYTHING, st.sampled_from(["sent", "started", "ended"])), "departments": ANYTHING}
    ),
    st.dictionaries(st.sampled_from([*NAMES, *DETAILS]), ANYTHING),
)


def test_time_of_the_fault_and_of_its_discovery_are_kept_apart() -> None:
    found = incident(occurred_epoch=MORNING - HOUR)
    assert (found.occurred_epoch, found.discovered_epoch) == (MORNING - HOUR, MORNING)
    assert found.outage_seconds(MORNING + HOUR) == 2 * HOUR


def test_a_fault_of_unknown_beginning_counts_from_its_discovery() -> None:
    assert incident().outage_seconds(MORNING + HOUR) == HOUR


def test_what_is_learned_later_replaces_what_was_said_and_none_takes_it_back() -> None:
    found = incident(
        {"kind": "updated", "cause": "disk", "expected_outage_seconds": HOUR, "occurred_epoch": MORNING - 60},
        {"kind": "updated", "expected_outage_seconds": None},
    )
    assert found.details["cause"] == "disk"
    assert "expected_outage_seconds" not in found.details
    assert found.began_epoch == MORNING - 60


def test_a_grade_counts_from_its_change_and_not_from_its_repetition() -> None:
    grade = {"kind": "graded", "severity": "I", "rule": "r", "why": "w"}
    found = incident(grade, {**grade, "why": "v"}, {**grade, "severity": "II"}, {**grade, "severity": "II", "why": "u"})
    assert [each.severity for each in found.changes] == ["I", "II"]
    assert found.graded_epoch == MORNING + 3 * HOUR


def test_what_was_sent_stays_sent() -> None:
    found = incident(
        sent("lead", "zhang", message_id="<1@x>"),
        sent("lead", "zhang", MORNING - HOUR, state="failed", reason="late answer"),
        sent("lead", "zhang", MORNING - HOUR, state="unknown"),
    )
    delivery = found.deliveries[("lead", "zhang")]
    assert (delivery.state, delivery.message_id, delivery.sent_epoch) == ("sent", "<1@x>", MORNING + 60)


def test_a_second_recovery_after_a_relapse_counts() -> None:
    found = incident(
        {"kind": "recovered", "happened_epoch": MORNING + 60},
        {"kind": "confirmed", "department": "wards", "who": "Zhao"},
        {"kind": "relapsed"},
        {"kind": "recovered"},
    )
    assert found.recovered_epoch == MORNING + 4 * HOUR
    assert found.confirmed == {}


def test_lines_without_an_opening_are_no_incident() -> None:
    with pytest.raises(NoIncident):
        incident_of(lines()[1:])


def test_a_line_that_a_killed_writer_left_is_no_garbage() -> None:
    assert incident_of([{"kind": "torn", "text": "{"}, *lines()]).unreadable == ()


def test_garbage_is_told_and_does_not_hide_the_incident() -> None:
    found = incident({"kind": "notice", "key": "x", "state": "lost"}, {"kind": "ufo"}, opened(), {"kind": "closed"})
    assert found.unreadable == (2, 3, 4)
    assert found.closed_epoch is not None


@given(st.lists(GARBAGE, max_size=6))
@example([{"kind": "closed", "epoch": "noon"}])
@example([{"kind": "updated", "expected_outage_seconds": "long", "affected": []}])
def test_no_garbage_breaks_the_fold_or_what_is_due(events: list[dict[str, Any]]) -> None:
    found = incident_of([*lines(), *events])
    assert found.id == "INC-20261125-1"
    assert incident_due(POLICY, found, MORNING + HOUR).severity in POLICY.severities


@pytest.mark.parametrize(
    ("kind", "fields", "sentence"),
    [
        ("ufo", {}, "'ufo' is no kind of event"),
        ("graded", {"severity": "I"}, "lacks rule, why"),
        ("recovered", {"happened_epoch": "noon"}, "happened_epoch of an event 'recovered' is 'noon'"),
        ("manual_work", {"departments": ["a"], "state": "paused"}, "'paused'; expected one of started, ended"),
        ("manual_work", {"departments": "wards", "state": "ended"}, "is 'wards'; expected a list"),
    ],
)
def test_what_is_no_event_is_refused(kind: str, fields: dict[str, Any], sentence: str) -> None:
    assert sentence in str(event_limitation(kind, fields))


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("updated", {"cause": "disk", "place": None}),
        ("graded", {"severity": "I", "rule": "r", "why": "w"}),
        ("activated", {}),
        ("acknowledged", {"who": "zhang"}),
        ("manual_work", {"departments": ["wards", "pharmacy"], "state": "started"}),
        ("recovered", {"happened_epoch": MORNING}),
        ("confirmed", {"department": "wards", "who": "Zhao"}),
        ("reentered", {"department": "wards", "what": "orders"}),
        ("note", {"text": "called the vendor"}),
        ("run", {"run": "r1", "playbook": "p"}),
        ("notice", {"key": "lead", "contact": "zhang", "state": "attempt", "attempt": 1}),
        ("deadline_met", {"key": "report"}),
        ("report", {"path": "r.html", "sha256": "0"}),
        ("closed", {}),
    ],
)
def test_the_same_event_again_says_nothing_new(kind: str, fields: dict[str, Any]) -> None:
    event = {**fields, "by": "duty@console"}
    first = news(lines(), kind, event)
    assert first is not None
    again = {**event, "by": "another@desk"}
    assert news(lines({"kind": kind, **first}), kind, again) is None


def test_what_was_undone_in_between_says_something_again() -> None:
    recovered, relapsed = {"kind": "recovered", "happened_epoch": MORNING}, {"kind": "relapsed"}
    assert news(lines(recovered, relapsed), "recovered", {"happened_epoch": MORNING}) is not None
    assert news(lines(recovered, relapsed, recovered), "relapsed", {}) is not None


def test_only_departments_that_change_are_told_of() -> None:
    started = {"kind": "manual_work", "departments": ["wards"], "state": "started"}
    event = {"departments": ["wards", "pharmacy"], "state": "started"}
    assert news(lines(started), "manual_work", event) == {**event, "departments": ["pharmacy"]}


def test_only_details_that_change_are_told_of() -> None:
    assert news(lines(), "updated", {"title": "HIS down", "cause": "disk"}) == {"cause": "disk"}
