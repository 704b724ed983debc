# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How bad it is: the rules in their order, and the worst that cannot be ruled out where something is not known."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import BY_HAND
from ansible_collections.contingency.infra.plugins.module_utils._incident.regrade import fields_of
from ansible_collections.contingency.infra.plugins.module_utils._incident.severity import grade_of, regrade_due
from ansible_collections.contingency.infra.plugins.plugin_utils.incident_policy import policy_from
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.incident.plans import HOUR, MINUTE, MORNING, incident, policy


def grade(now: float = MORNING, **fields: Any) -> tuple[str, bool, tuple[str, ...]]:
    found = grade_of(policy(), incident(**fields), now)
    return found.severity, found.certain, found.unknown


def test_the_first_rule_that_holds_gives_the_grade() -> None:
    known: dict[str, Any] = {"incident_class": "server", "data_loss": False}
    assert grade(**known, expected_outage_seconds=5 * HOUR) == ("I", True, ())
    assert grade(**known, expected_outage_seconds=4 * HOUR) == ("II", True, ())
    assert grade(incident_class="printer", data_loss=True) == ("III", True, ())


def test_where_nothing_is_known_it_is_the_worst_and_says_what_is_not_known() -> None:
    found = grade_of(policy(), incident(), MORNING)
    assert (found.severity, found.unknown) == ("I", ("incident_class", "expected_outage_seconds", "data_loss"))
    assert found.why["en"].startswith("not known yet: class, expected outage, data loss; the worst grade")
    assert found.why["zh"].startswith("尚不清楚：事件类别、预计中断时长、数据丢失；")


def test_what_is_not_known_does_not_matter_where_it_changes_nothing() -> None:
    assert grade(incident_class="server", expected_outage_seconds=5 * HOUR) == ("I", True, ())


def test_an_outage_that_lasts_is_graded_by_what_it_has_lasted() -> None:
    known = {"incident_class": "server", "data_loss": False, "expected_outage_seconds": HOUR}
    assert grade(MORNING + 4 * HOUR - 1, **known)[0] == "II"
    assert grade(MORNING + 4 * HOUR, **known)[0] == "I"


def test_after_recovery_the_outage_itself_counts_and_not_what_was_expected() -> None:
    known = {"incident_class": "server", "data_loss": False, "expected_outage_seconds": 9 * HOUR}
    back = incident({"kind": "recovered", "happened_epoch": MORNING + HOUR}, **known)
    assert grade_of(policy(), back, MORNING + 99 * HOUR).severity == "II"


def test_where_no_rule_holds_it_is_the_worst_that_is_not_ruled_out() -> None:
    rules = [{"severity": "I", "when": {"class": "server"}}]
    found = grade_of(policy(severity_rules=rules), incident(incident_class="printer"), MORNING)
    assert (found.severity, found.certain) == ("II", False)
    assert "no rule of the plan holds" in found.why["en"]


@given(
    st.sampled_from([None, "server", "printer"]),
    st.sampled_from([None, HOUR, 5 * HOUR]),
    st.sampled_from([None, True, False]),
    st.floats(0, 10 * HOUR),
)
def test_what_is_learned_never_makes_it_worse_than_what_could_not_be_ruled_out(
    kind: str | None, expected: float | None, lost: bool | None, elapsed: float
) -> None:
    ranks = policy().severities
    before, _certain, unknown = grade(MORNING + elapsed, incident_class=kind, expected_outage_seconds=expected)
    after, certain, _unknown = grade(
        MORNING + elapsed, incident_class=kind, expected_outage_seconds=expected, data_loss=lost
    )
    assert ranks[after].rank >= ranks[before].rank
    assert certain or lost is None or kind is None or expected is None
    assert unknown or before == after


def test_a_grade_that_a_person_gave_stays() -> None:
    by_hand = {"kind": "graded", "severity": "III", "rule": BY_HAND, "why": "one printer"}
    by_rule = {**by_hand, "rule": "class: printer"}
    worst = grade_of(policy(), incident(), MORNING)
    assert not regrade_due(incident(by_hand), worst)
    assert regrade_due(incident(by_rule), worst)
    assert regrade_due(incident(), worst)
    assert not regrade_due(incident({"kind": "graded", **fields_of(worst)}), worst)


def test_a_grade_whose_reason_has_changed_is_recorded_anew() -> None:
    unsure = grade_of(policy(), incident(), MORNING)
    known = incident(
        {"kind": "graded", **fields_of(unsure)}, {"kind": "updated", "expected_outage_seconds": 5 * HOUR},
        incident_class="server",
    )  # fmt: skip
    sure = grade_of(policy(), known, MORNING)
    assert (unsure.severity, sure.severity, regrade_due(known, sure)) == ("I", "I", True)


@pytest.mark.parametrize(
    ("preset", "fields", "elapsed", "severity"),
    [
        ("hospital", {"incident_class": "server_fault"}, 0, "class_1"),
        ("hospital", {"incident_class": "terminal_fault"}, 0, "class_2"),
        ("hospital", {"incident_class": "handling_error"}, 0, "class_3"),
        ("hospital", {"incident_class": "mains_lost", "core_service": False}, 31 * MINUTE, "class_1"),
        ("police", {"incident_class": "virus", "affected": 10}, 0, "level_1"),
        ("police", {"incident_class": "virus", "affected": 9, "scope": "minor"}, 0, "level_3"),
        ("police", {"incident_class": "trunk_line", "scope": "core_down", "expected_outage_seconds": 5 * HOUR}, 0,
         "level_1"),
        ("police", {"incident_class": "trunk_line", "scope": "core_down", "expected_outage_seconds": HOUR}, 0,
         "level_2"),
        ("police", {"incident_class": "server_fault", "scope": "core_slow"}, 0, "level_2"),
        ("agency", {"expected_outage_seconds": 2 * HOUR}, 0, "IV"),
        ("agency", {"expected_outage_seconds": 2 * HOUR}, 2 * HOUR, "III"),
        ("agency", {"expected_outage_seconds": 12.5 * HOUR}, 0, "II"),
        ("agency", {"expected_outage_seconds": 25 * HOUR}, 0, "I"),
        ("company", {"incident_class": "disaster"}, 0, "extreme"),
        ("company", {"incident_class": "other", "scope": "backbone", "expected_outage_seconds": 3 * HOUR}, 0, "major"),
        ("company", {"incident_class": "other", "scope": "one_branch"}, 0, "serious"),
        ("company", {"incident_class": "other", "scope": "one_system", "core_service": False}, 0, "general"),
        ("bank", {"expected_outage_seconds": 5 * HOUR}, 0, "level_1"),
        ("bank", {"expected_outage_seconds": HOUR, "data_loss": True}, 0, "level_2"),
        ("bank", {"expected_outage_seconds": HOUR, "data_loss": False}, 0, "level_3"),
        ("campus", {"incident_class": "harmful_content"}, 0, "level_1"),
        ("campus", {"incident_class": "other", "scope": "whole_campus", "expected_outage_seconds": HOUR}, 0, "level_2"),
        ("campus", {"incident_class": "other", "scope": "one_room", "core_service": False}, 0, "level_3"),
    ],
)  # fmt: skip
def test_ready_plans_grade_as_their_schemes_say(
    preset: str, fields: dict[str, Any], elapsed: float, severity: str
) -> None:
    ready = policy_from({"preset": preset, "timezone": "Asia/Shanghai"})
    found = grade_of(ready, incident(**fields), MORNING + elapsed)
    assert (found.severity, found.certain) == (severity, True)


@pytest.mark.parametrize("preset", ["hospital", "police", "agency", "company", "bank", "campus"])
def test_a_fault_of_which_nothing_is_known_is_of_the_worst_grade(preset: str) -> None:
    ready = policy_from({"preset": preset, "timezone": "Asia/Shanghai"})
    assert grade_of(ready, incident(), MORNING).severity == ready.ranked[0].key
