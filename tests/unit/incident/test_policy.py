# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of an inventory: what it may say, and how a mistake in it is told."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._incident.gaps import gaps
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import PolicyError
from ansible_collections.contingency.infra.plugins.module_utils._incident.policy import (
    digest_of,
    merged,
    policy_of,
)

from tests.unit.incident.plans import DAY, MORNING, PLAN, plan, policy


def test_an_empty_plan_names_what_it_needs() -> None:
    with pytest.raises(PolicyError, match=r"contingency_plan\.timezone is not set; expected a text"):
        policy_of({})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"notices": [{"key": "x", "to": ["nobody"], "text": "t"}]}, r"notices\[0\]\.to\[0\] is 'nobody'; expected"),
        ({"notices": [{"key": "x", "to": [], "text": "t"}]}, r"notices\[0\]\.to is a list; expected at least one"),
        ({"notices": [{"key": "x", "to": "lead", "text": "t", "within": "soon"}]}, r"within is 'soon'; .*30m"),
        ({"notices": [{"key": "x", "to": "lead", "text": "t", "wihtin": "1h"}]}, r"wihtin is not known; expected key"),
        ({"notices": [{"key": "a b", "to": "lead", "text": "t"}]}, r"notices\[0\]\.key is 'a b'; expected letters"),
        (
            {"notices": [{"key": "x", "to": "lead", "text": "t", "when": {"outage_up_to": "1h"}}]},
            r"when\.outage_up_to is not known",
        ),
        ({"notices": [{"key": "x", "to": "lead", "text": "t"}] * 2}, r"notices has the key 'x' twice"),
        ({"severity_rules": [{"severity": "V"}]}, r"severity_rules\[0\]\.severity is 'V'; expected one of I, II, III"),
        ({"severity_rules": [{"severity": "I", "when": {"class": "ufo"}}]}, r"when\.class is 'ufo'"),
        ({"severity_rules": [{"severity": "I", "when": {"data_loss": "perhaps"}}]}, r"data_loss is 'perhaps'"),
        ({"severity_rules": [{"severity": "I", "when": {"affected_at_least": -1}}]}, r"affected_at_least is -1"),
        ({"severity_rules": [{"severity": "I", "when": {"outage_over": 30}}]}, r"outage_over is 30; expected a dur"),
        ({"severities": []}, r"severities is a list; expected at least one severity"),
        ({"severities": [{"key": k, "title": k, "rank": 1} for k in "ab"]}, r"severities\[1\]\.rank is 1; .* its own"),
        ({"deadlines": [{"key": "x", "title": "t"}]}, r"deadlines\[0\]\.within is not set; expected a length"),
        ({"deadlines": [{"key": "x", "title": "t", "within": "1h", "done_by": "luck"}]}, r"done_by is 'luck'"),
        ({"manual_work": [{"after": "1h", "departments": ["moon"]}]}, r"departments\[0\] is 'moon'"),
        ({"contacts": {"a": {"name": "A", "address": {"pigeon": "x"}}}}, r"contacts\.a\.address\.pigeon is not known"),
        ({"roles": {"lead": {"title": "L", "contacts": ["ghost"]}}}, r"roles\.lead\.contacts\[0\] is 'ghost'"),
        ({"holidays": ["soon"]}, r"holidays\[0\] is 'soon'; expected a date"),
        ({"working_hours": {"from": "18:00", "to": "08:00"}}, r"working_hours is a mapping; expected from before to"),
        ({"working_hours": {"from": 480}}, r"working_hours\.from is 480; expected a time of day in quotes"),
        ({"channels": {"x": {"kind": "pigeon"}}}, r"channels\.x\.kind is 'pigeon'"),
        ({"on_call": [{"from": "2026-11-02", "to": "2026-11-01", "contacts": []}]}, r"on_call\[0\] .* from before to"),
        ({"timezone": "Middle/Earth"}, r"'Middle/Earth' is no time zone"),
        ({"notice": []}, r"contingency_plan\.notice is not known"),
        ({"objectives": {"x": {"rto": "fast"}}}, r"objectives\.x\.rto is 'fast'"),
        ({"revision": [{"version": 1, "date": "x", "by": "me", "what": "w"}]}, r"revision\[0\]\.date is 'x'"),
        ({"roles": ["lead"]}, r"contingency_plan\.roles is a list; expected a mapping"),
    ],
)
def test_a_mistake_is_told_with_its_place(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PolicyError, match=sentence):
        policy(**changes)


def test_a_secret_is_not_told_with_a_mistake() -> None:
    with pytest.raises(PolicyError) as raised:
        policy(channels=[{"kind": "smtp", "password": "hidden-word"}])
    assert "hidden-word" not in str(raised.value)


def test_a_secret_is_neither_shown_nor_hashed() -> None:
    changed = plan()
    changed["channels"]["mail"]["password"] = "another"
    assert digest_of(changed) == digest_of(PLAN)
    assert "hidden-word" not in repr(policy())


def test_every_other_change_changes_the_hash() -> None:
    assert digest_of(plan(advise=["lead"])) != digest_of(PLAN)


def test_what_the_site_says_is_laid_over_the_ready_plan() -> None:
    ready = {
        "roles": {"lead": {"title": "Lead"}, "team": {"title": "Team"}},
        "notices": [{"key": "a", "within": "1h", "to": ["lead"]}, {"key": "b"}],
        "severity_rules": [1, 2],
    }
    site = {
        "roles": {"lead": {"contacts": ["zhang"]}},
        "notices": [{"key": "a", "within": "20m"}, {"key": "b", "off": True}, {"key": "c"}],
        "severity_rules": [3],
    }
    assert merged(ready, site) == {
        "roles": {"lead": {"title": "Lead", "contacts": ["zhang"]}, "team": {"title": "Team"}},
        "notices": [{"key": "a", "within": "20m", "to": ["lead"]}, {"key": "c"}],
        "severity_rules": [3],
    }
    assert ready["roles"] == {"lead": {"title": "Lead"}, "team": {"title": "Team"}}


def test_a_plan_in_which_all_can_be_told_has_no_gaps_but_the_task_of_one() -> None:
    assert [each["en"] for each in gaps(policy(), MORNING)] == [
        "contingency_plan.roles.duty names one person alone; name a second one, under contacts or deputies"
    ]


def test_gaps_name_who_cannot_be_told() -> None:
    changed = plan(on_call=[{"from": "2026-01-01", "to": "2026-01-02", "contacts": ["li", "wang"]}])
    changed["roles"]["lead"].update(contacts=[], deputies=[])
    changed["contacts"]["wang"]["address"] = {}
    found = " ".join(each["en"] for each in gaps(policy_of(changed), MORNING))
    assert "contingency_plan.roles.lead is to be told and has no contact" in found
    assert "contacts.wang has no address" in found
    assert "on_call names nobody for this moment" in found


def test_a_robot_of_a_group_needs_no_address() -> None:
    changed = plan()
    changed["contacts"]["wang"] = {"name": "Wang", "channels": ["chat"]}
    assert not [each for each in gaps(policy_of(changed), MORNING) if "wang" in each["en"]]


def test_a_shift_is_in_local_time() -> None:
    shift = policy(on_call=[{"from": "2026-11-25 09:00", "to": "2026-11-26 09:00", "contacts": ["li"]}]).on_call[0]
    assert (shift.begin_epoch, shift.end_epoch, shift.role) == (MORNING, MORNING + DAY, "duty")
