# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is due: nobody is forgotten, nobody is told twice, whatever the clock does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._incident.due import incident_due
from ansible_collections.contingency.infra.plugins.module_utils._incident.due_model import Due, DueNotice
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import Incident
from ansible_collections.contingency.infra.plugins.module_utils._incident.policy import PRESETS
from ansible_collections.contingency.infra.plugins.plugin_utils.incident_policy import policy_from
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.incident.plans import DAY, HOUR, MINUTE, MORNING, PLAN, incident, policy, sent

GRADE_I = {"kind": "graded", "severity": "I", "rule": "by_hand", "why": "seen", "epoch": MORNING}
GRADE_II = {**GRADE_I, "severity": "II", "epoch": MORNING + MINUTE}
GRADE_III = {**GRADE_I, "severity": "III", "epoch": MORNING + 2 * MINUTE}
RECOVERED = {"kind": "recovered", "happened_epoch": MORNING + HOUR}


def due(*events: Mapping[str, Any], at: float = 0.0, fields: Mapping[str, Any] | None = None, **plan: Any) -> Due:
    return incident_due(policy(**plan), incident(*events, **(fields or {})), MORNING + at)


def notice(found: Due, key: str) -> DueNotice:
    return next(each for each in found.notices if each.key == key)


def keys(found: Due) -> list[str]:
    return [each.key for each in found.notices]


def states(found: Due) -> dict[str, str]:
    return {each.key: each.state for each in found.deadlines}


def deliveries(found: Due) -> set[tuple[str, str]]:
    return {(each.key, contact) for each in found.pending for contact in each.pending}


def test_at_the_beginning_those_of_the_grade_are_due_and_later_overdue() -> None:
    assert (notice(due(GRADE_I), "lead").state, notice(due(GRADE_I), "lead").pending) == ("due", ("zhang",))
    assert notice(due(GRADE_I), "team").pending == ("li", "wang")
    assert notice(due(GRADE_I, at=30 * MINUTE), "lead").state == "overdue"
    assert "lead" not in keys(due(GRADE_III))


def test_without_a_grade_on_record_that_of_the_rules_counts() -> None:
    assert (due().severity, due().regrade) == ("I", True)
    assert "lead" in keys(due())


def test_the_first_who_answers_is_enough_and_the_deputy_is_asked_where_nobody_does() -> None:
    told = sent("lead", "zhang")
    assert notice(due(GRADE_I, told, at=5 * MINUTE), "lead").state == "sent"
    asked = notice(due(GRADE_I, told, at=11 * MINUTE), "lead")
    assert (asked.state, asked.pending) == ("due", ("li",))
    answered = {"kind": "acknowledged", "who": "zhang", "epoch": MORNING + 2 * MINUTE}
    assert notice(due(GRADE_I, told, answered, at=11 * MINUTE), "lead").pending == ()
    both = (told, sent("lead", "li", MORNING + 11 * MINUTE))
    assert notice(due(GRADE_I, *both, at=12 * MINUTE), "lead").state == "sent"
    unanswered = notice(due(GRADE_I, *both, at=22 * MINUTE), "lead")
    assert unanswered.state == "unanswered"
    assert unanswered.problem == {"en": "nobody of lead has acknowledged", "zh": "lead 无人确认收到"}


def test_the_end_of_the_wait_for_an_answer_is_a_moment_to_look_again() -> None:
    told = (GRADE_I, sent("lead", "zhang"), sent("team", "li"), sent("team", "wang"))
    assert due(*told, at=2 * MINUTE).next_epoch == MORNING + 11 * MINUTE


def test_the_moment_at_which_an_outage_gets_a_worse_grade_is_one_to_look_again() -> None:
    known = {"incident_class": "server", "data_loss": False, "expected_outage_seconds": HOUR}
    quiet: dict[str, Any] = {"notices": [], "deadlines": [], "manual_work": []}
    assert due(GRADE_II, fields=known, at=HOUR, **quiet).next_epoch == MORNING + 4 * HOUR
    assert due(GRADE_II, fields=known, at=4 * HOUR, **quiet).next_epoch is None


def test_what_is_not_known_counts_as_holding() -> None:
    loss = [{"key": "loss", "to": ["lead"], "text": "x", "when": {"data_loss": True, "class": "server"}}]
    assert notice(due(GRADE_I, notices=loss), "loss").state == "due"
    assert "loss" not in keys(due(GRADE_I, notices=loss, fields={"data_loss": False}))


def test_each_change_of_the_grade_is_told_for_itself() -> None:
    told = (GRADE_I, sent("lead", "zhang"), GRADE_II, sent("changed.2", "zhang"), GRADE_III)
    assert notice(due(*told, at=HOUR), "changed.3").pending == ("zhang",)
    assert not [each for each in due(*told, sent("changed.3", "zhang"), at=HOUR).pending if each.source == "changed"]


def test_who_cannot_be_told_is_replaced() -> None:
    failed = {"kind": "notice", "key": "lead", "contact": "zhang", "state": "failed", "epoch": MORNING + MINUTE}
    assert notice(due(GRADE_I, failed), "lead").pending == ("zhang",)
    assert notice(due(GRADE_I, {**failed, "final": True}), "lead").pending == ("li",)
    both = ({**failed, "final": True}, {**failed, "contact": "li", "final": True})
    assert notice(due(GRADE_I, *both), "lead").state == "failed"


def test_a_recipient_without_a_contact_is_told_and_not_passed_over() -> None:
    found = due(GRADE_I, departments={"pharmacy": {"name": "Pharmacy"}, "wards": {}}, at=HOUR)
    assert notice(found, "cashiers").state == "failed"
    assert notice(found, "cashiers").problem == {"en": "pharmacy has no contact", "zh": "pharmacy 没有联系人"}


def test_what_may_have_been_sent_is_sent_again() -> None:
    unknown = sent("lead", "zhang", state="unknown", message_id="<1@x>")
    found = due(GRADE_I, {**unknown, "state": "unknown"})
    assert notice(found, "lead").pending == ("zhang",)


def test_an_expected_outage_is_told_at_once_and_an_unexpected_one_when_it_has_lasted() -> None:
    early, late = due(GRADE_I, at=29 * MINUTE), due(GRADE_I, at=30 * MINUTE)
    assert (notice(early, "cashiers").state, notice(early, "cashiers").pending) == ("coming", ())
    assert notice(late, "cashiers").state == "due"
    expected = due(GRADE_I, fields={"expected_outage_seconds": 31 * MINUTE})
    assert notice(expected, "cashiers").state == "due"
    assert "cashiers" not in keys(due(GRADE_I, RECOVERED, at=2 * HOUR))


def test_a_limit_counts_from_when_the_condition_came_true() -> None:
    rule = {"key": "loss", "to": ["lead"], "counted_from": "discovered", "within": "1h", "text": "x"}
    found = due(
        {"kind": "updated", "data_loss": True, "epoch": MORNING + 5 * HOUR},
        fields={"data_loss": False},
        at=5 * HOUR + MINUTE,
        notices=[{**rule, "when": {"data_loss": True}}],
    )
    assert (notice(found, "loss").state, notice(found, "loss").by_epoch) == ("due", MORNING + 6 * HOUR)


def test_whoever_was_told_is_told_of_a_change_of_the_grade_and_of_the_end() -> None:
    told = (GRADE_I, sent("lead", "zhang"), sent("team", "wang"))
    assert "changed" not in " ".join(keys(due(*told)))
    changed = due(*told, GRADE_II, at=HOUR)
    assert notice(changed, "changed.2").pending == ("zhang", "wang")
    assert notice(due(*told, RECOVERED, at=2 * HOUR), "over").pending == ("zhang", "wang")


def test_nobody_is_told_of_the_end_who_was_not_told_of_the_beginning() -> None:
    assert "over" not in keys(due(GRADE_I, RECOVERED, at=2 * HOUR))


def test_a_contact_in_two_roles_is_told_once() -> None:
    plan = [{"key": "all", "to": ["lead", "team"], "text": "x"}]
    both = due(GRADE_I, sent("all", "li"), notices=plan, roles={
        "lead": {"title": "L", "contacts": ["li"]}, "team": {"title": "T", "contacts": ["li"]}, "duty": {"title": "D"},
    })  # fmt: skip
    assert [each.state for each in both.notices if each.key == "all"] == ["sent", "sent"]


def test_who_was_on_call_when_it_was_planned_stays_the_one() -> None:
    shifts = [
        {"from": "2026-11-25 08:00", "to": "2026-11-25 10:00", "contacts": ["wang"], "role": "team"},
        {"from": "2026-11-25 10:00", "to": "2026-11-25 12:00", "contacts": ["zhao"], "role": "team"},
    ]
    assert notice(due(GRADE_I, on_call=shifts), "team").pending == ("wang",)
    assert notice(due(GRADE_I, at=HOUR, on_call=shifts), "team").pending == ("zhao",)
    planned = sent("team", "wang", state="planned") | {"state": "planned"}
    assert notice(due(GRADE_I, planned, at=HOUR, on_call=shifts), "team").pending == ("wang",)
    assert notice(due(GRADE_I, planned, sent("team", "wang"), at=HOUR, on_call=shifts), "team").pending == ()


def test_manual_work_is_advised_and_departments_are_told_on_its_word_alone() -> None:
    found = due(GRADE_I, at=30 * MINUTE)
    assert [each.departments for each in found.manual_work] == [("pharmacy",)]
    assert notice(found, "manual_advice.1800").pending == ("zhao",)
    assert "manual_start.pharmacy" not in keys(found)
    word = {"kind": "manual_work", "departments": ["pharmacy"], "state": "started", "epoch": MORNING + HOUR}
    started = due(GRADE_I, word, at=2 * HOUR)
    assert notice(started, "manual_start.pharmacy").pending == ("wang",)
    assert started.manual_work == ()
    over = due(GRADE_I, word, {**RECOVERED, "happened_epoch": MORNING + 2 * HOUR}, at=3 * HOUR)
    assert [(each.action, each.departments) for each in over.manual_work] == [("end", ("pharmacy",))]
    ended = due(GRADE_I, word, {**word, "state": "ended"}, at=3 * HOUR)
    assert notice(ended, "manual_end.pharmacy").pending == ("wang",)


def test_manual_work_that_starts_again_is_told_again() -> None:
    word = {"kind": "manual_work", "departments": ["pharmacy"]}
    again = due(GRADE_I, *({**word, "state": state} for state in ("started", "ended", "started")), at=9 * HOUR)
    assert notice(again, "manual_start.pharmacy.2").pending == ("wang",)


def test_a_deadline_runs_is_met_or_missed() -> None:
    cause = {"kind": "updated", "cause": "disk"}
    assert states(due(at=29 * MINUTE)) == {"diagnosis": "due"}
    assert states(due(at=30 * MINUTE)) == {"diagnosis": "overdue"}
    assert due(GRADE_I).deadlines[0].needed == ("cause",)
    assert states(due(GRADE_I, {**cause, "epoch": MORNING + MINUTE})) == {"diagnosis": "met"}
    assert states(due(GRADE_I, {**cause, "epoch": MORNING + HOUR})) == {"diagnosis": "missed"}
    assert states(due({"kind": "deadline_met", "key": "diagnosis", "epoch": MORNING})) == {"diagnosis": "met"}


def test_a_report_of_before_the_recovery_is_not_the_report_on_it() -> None:
    early = {"kind": "report", "path": "r", "sha256": "0", "epoch": MORNING + MINUTE}
    assert states(due(GRADE_I, early, RECOVERED, at=HOUR))["report"] == "due"
    assert states(due(GRADE_I, RECOVERED, {**early, "epoch": MORNING + 2 * HOUR}, at=DAY))["report"] == "met"


def test_a_deadline_reminds_before_and_tells_after() -> None:
    # Wednesday's two working days end on Friday at 17:30, 56.5 h after 09:00.
    assert notice(due(GRADE_I, RECOVERED, at=52 * HOUR), "deadline.report.remind").state == "coming"
    assert notice(due(GRADE_I, RECOVERED, at=53 * HOUR), "deadline.report.remind").pending == ("zhang",)
    over = due(GRADE_I, RECOVERED, at=57 * HOUR)
    assert notice(over, "deadline.report.overdue").pending == ("zhang",)
    assert "was due at 2026-11-27 17:30:00 +0800" in notice(over, "deadline.report.overdue").text["en"]  # type: ignore[index]


def test_after_the_end_only_what_counts_from_the_end_goes_out() -> None:
    closed = {"kind": "closed"}
    found = due(GRADE_I, sent("lead", "zhang"), RECOVERED, closed, at=DAY)
    assert keys(found) == ["over"]
    assert not found.regrade


def test_a_grade_that_is_gone_from_the_plan_does_not_silence_it() -> None:
    assert due({**GRADE_I, "severity": "gone"}).severity == "I"


def test_a_recovery_that_did_not_last_is_none() -> None:
    relapsed = {"kind": "relapsed"}
    found = due(GRADE_I, RECOVERED, relapsed, at=6 * HOUR)
    assert "over" not in keys(found)
    assert "report" not in states(found)
    assert notice(found, "cashiers").state == "due"


# -- whatever happens ------------------------------------------------------------------------------

CONTACTS = st.sampled_from(["zhang", "li", "wang", "zhao"])
KEYS = st.sampled_from(["lead", "team", "cashiers", "activate", "changed.2", "over", "manual_advice.1800"])
EPOCHS = st.floats(MORNING, MORNING + DAY)
EVENTS = st.one_of(
    st.builds(
        lambda key, contact, state, final, epoch: {
            "kind": "notice", "key": key, "contact": contact, "state": state, "final": final, "epoch": epoch,
        },
        KEYS, CONTACTS, st.sampled_from(["planned", "attempt", "sent", "failed", "unknown"]), st.booleans(), EPOCHS,
    ),
    st.builds(lambda who, epoch: {"kind": "acknowledged", "who": who, "epoch": epoch}, CONTACTS, EPOCHS),
    st.builds(
        lambda key, epoch: {"kind": "graded", "severity": key, "rule": "by_hand", "why": "x", "epoch": epoch},
        st.sampled_from(["I", "II", "III"]), EPOCHS,
    ),
    st.builds(lambda epoch: {"kind": "recovered", "epoch": epoch}, EPOCHS),
    st.builds(lambda epoch: {"kind": "relapsed", "epoch": epoch}, EPOCHS),
    st.builds(lambda epoch: {"kind": "activated", "epoch": epoch}, EPOCHS),
    st.builds(
        lambda seconds, lost, epoch: {
            "kind": "updated", "expected_outage_seconds": seconds, "data_loss": lost, "epoch": epoch,
        },
        st.one_of(st.none(), st.floats(0, DAY)), st.sampled_from([None, True, False]), EPOCHS,
    ),
    st.builds(
        lambda state, epoch: {"kind": "manual_work", "departments": ["pharmacy"], "state": state, "epoch": epoch},
        st.sampled_from(["started", "ended"]), EPOCHS,
    ),
)  # fmt: skip
COURSES = st.lists(EVENTS, max_size=12).map(lambda events: incident(*events))
POLICY = policy()


@given(COURSES, st.floats(0, 2 * DAY), st.floats(0, 2 * DAY))
def test_what_is_due_stays_due_while_time_goes_on(course: Incident, at: float, later: float) -> None:
    now, then = (incident_due(POLICY, course, MORNING + each) for each in (at, at + later))
    assert deliveries(now) <= deliveries(then)
    assert {each.key for each in now.deadlines if each.state == "overdue"} <= {
        each.key for each in then.deadlines if each.state == "overdue"
    }


@given(COURSES, st.floats(-DAY, 3 * DAY))
def test_what_was_sent_is_never_due_again_whatever_the_clock_says(course: Incident, at: float) -> None:
    gone = {place for place, delivery in course.deliveries.items() if delivery.sent_epoch is not None}
    assert not deliveries(incident_due(POLICY, course, MORNING + at)) & gone


@given(st.lists(EVENTS, max_size=12), st.integers(0, 12), st.floats(0, 2 * DAY))
def test_no_later_event_makes_a_sent_notice_due(events: list[dict[str, Any]], place: int, at: float) -> None:
    events.insert(min(place, len(events)), sent("lead", "zhang"))
    assert ("lead", "zhang") not in deliveries(incident_due(POLICY, incident(*events), MORNING + at))


@given(COURSES, st.floats(0, 2 * DAY))
def test_sending_all_that_is_due_leaves_nothing_due_at_that_moment(course: Incident, at: float) -> None:
    for _round in range(4):
        found = incident_due(POLICY, course, MORNING + at)
        told = [sent(key, contact, MORNING + at) for key, contact in sorted(deliveries(found))]
        course = _with(course, told)
    # Whoever is told becomes one of those who are told of the end, and of a change, once.
    assert not deliveries(incident_due(POLICY, course, MORNING + at))


@given(COURSES, st.floats(0, 2 * DAY), st.floats(0, 1))
def test_before_the_next_moment_nothing_changes(course: Incident, at: float, part: float) -> None:
    now = incident_due(POLICY, course, MORNING + at)
    end = MORNING + 4 * DAY if now.next_epoch is None else now.next_epoch
    assert end > MORNING + at
    between = MORNING + at + (end - MORNING - at) * part * 0.999999
    then = incident_due(POLICY, course, between)
    assert deliveries(then) == deliveries(now)
    assert [(each.key, each.state) for each in then.notices] == [(each.key, each.state) for each in now.notices]
    assert states(then) == states(now)
    assert then.grade == now.grade
    assert then.manual_work == now.manual_work


def _with(course: Incident, events: list[dict[str, Any]]) -> Incident:
    before = [
        {"kind": each.kind, "epoch": each.epoch, "n": each.n, "by": each.by, **each.fields} for each in course.events
    ]
    return incident(*before[1:], *events)


@pytest.mark.parametrize("preset", ["hospital", "police", "agency", "company", "bank", "campus"])
def test_ready_plans_tell_somebody_at_once(preset: str) -> None:
    ready = policy_from({"preset": preset, "timezone": "Asia/Shanghai"})
    found = incident_due(ready, incident(), MORNING)
    assert found.notices[0].to == "duty"
    assert all(each.state in ("failed", "coming") for each in found.notices), "nobody is named yet"


def test_an_answer_to_an_earlier_notice_is_none_to_a_later_question() -> None:
    plan: dict[str, Any] = {
        "notices": [
            {"key": "lead", "to": ["lead"], "counted_from": "discovered", "mode": "first", "text": "Know",
             "acknowledge_within": "10m"},
            {"key": "activate", "to": ["lead"], "counted_from": "discovered", "mode": "first", "text": "Decide",
             "acknowledge_within": "10m", "when": {"elapsed_over": "30m", "activated": False}},
        ]
    }  # fmt: skip
    answer = {"kind": "acknowledged", "who": "zhang", "epoch": MORNING + 5 * MINUTE}
    asked = sent("activate", "zhang", MORNING + 31 * MINUTE)
    course = (GRADE_I, sent("lead", "zhang"), answer, asked)
    assert notice(due(*course, at=42 * MINUTE, **plan), "lead").state == "sent"
    assert notice(due(*course, at=42 * MINUTE, **plan), "activate").pending == ("li",)
    again = {**answer, "epoch": MORNING + 35 * MINUTE}
    assert notice(due(*course, again, at=42 * MINUTE, **plan), "activate").state == "sent"


def test_whoever_opens_an_incident_and_says_that_he_is_at_it_is_not_asked_again() -> None:
    answer = {"kind": "acknowledged", "who": "zhang", "epoch": MORNING + 1}
    planned = {**sent("lead", "zhang", MORNING + 2), "state": "planned"}
    course = (GRADE_I, answer, planned, sent("lead", "zhang", MORNING + 3))
    assert notice(due(*course, at=HOUR), "lead").state == "sent"


def test_a_role_that_has_deputies_alone_has_one_of_them_told() -> None:
    roles = {**PLAN["roles"], "team": {"title": "Team", "contacts": [], "deputies": ["li", "wang"]}}
    assert notice(due(GRADE_I, roles=roles), "team").pending == ("li",)


def test_whoever_is_told_later_is_not_told_of_a_change_or_an_end_that_was_before() -> None:
    over = {**sent("over", "zhang", MORNING + HOUR + MINUTE), "state": "planned"}
    late = sent("deadline.report.overdue", "wang", MORNING + 9 * DAY)
    told = (GRADE_I, sent("lead", "zhang"), RECOVERED, over, {**over, "state": "sent"}, late)
    assert notice(due(*told, at=9 * DAY + HOUR), "over").pending == ()
    assert notice(due(*told, at=9 * DAY + HOUR), "over").state == "sent"


def test_a_clock_that_was_set_back_holds_up_nobody() -> None:
    assert notice(due(GRADE_I, at=-8 * HOUR), "lead").pending == ("zhang",)


@pytest.mark.parametrize("preset", PRESETS)
def test_in_every_ready_plan_a_major_fault_that_lasts_half_an_hour_has_the_lead_asked(preset: str) -> None:
    found = policy_from({"preset": preset, "timezone": "Asia/Shanghai"})
    for severity in [each.key for each in found.ranked if each.major]:
        graded = {**GRADE_I, "severity": severity}
        asked = incident_due(found, incident(graded, {"kind": "note", "text": "x"}), MORNING + 31 * MINUTE).notices
        assert [each.key for each in asked if each.to == "lead" and each.since_epoch <= MORNING + 30 * MINUTE], severity


@pytest.mark.parametrize("preset", PRESETS)
def test_in_every_ready_plan_whoever_was_told_of_a_false_alarm_is_told_that_it_is_off(preset: str) -> None:
    contacts = {"zhang": {"name": "Zhang"}}
    found = policy_from({"preset": preset, "timezone": "Asia/Shanghai", "contacts": contacts})
    closed = {"kind": "closed", "reason": "false alarm"}
    due_then = incident_due(found, incident(sent("lead", "zhang"), closed), MORNING + 3 * HOUR)
    assert [each.key for each in due_then.pending] == ["called_off"]
    recovered = incident(sent("lead", "zhang"), RECOVERED, closed)
    assert [each.key for each in incident_due(found, recovered, MORNING + 4 * HOUR).pending] == ["recovered"]


def test_whoever_was_told_of_an_end_is_told_that_it_failed_again_and_of_the_next_end() -> None:
    over = sent("over", "zhang", MORNING + HOUR + MINUTE)
    relapsed = {"kind": "relapsed", "epoch": MORNING + 2 * HOUR}
    course = (GRADE_I, sent("lead", "zhang"), RECOVERED, over, relapsed)
    assert ("relapsed.1", "zhang") in deliveries(due(*course, at=2 * HOUR + MINUTE))
    again = sent("relapsed.1", "zhang", MORNING + 2 * HOUR + MINUTE)
    assert ("relapsed.1", "zhang") not in deliveries(due(*course, again, at=3 * HOUR))
    back = {"kind": "recovered", "happened_epoch": MORNING + 4 * HOUR}
    assert ("over.2", "zhang") in deliveries(due(*course, again, back, at=4 * HOUR + MINUTE))
    unsaid = (GRADE_I, sent("lead", "zhang"), RECOVERED, relapsed)
    assert not [key for key in keys(due(*unsaid, at=3 * HOUR)) if key.startswith("relapsed")]
