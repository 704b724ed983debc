# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small scenario, a plan, and what a drill of it came to."""

from __future__ import annotations

import copy
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._drill.facts import Facts, Run
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import Answer, Scenario
from ansible_collections.contingency.infra.plugins.module_utils._drill.scenario import scenario_of

FAILOVER = "core_switch_failover"


def text(said: str) -> dict[str, str]:
    return {"en": said, "zh": f"{said}（中）"}


DOCUMENT: dict[str, Any] = {
    "key": "small",
    "title": text("A small drill"),
    "purpose": [text("See that {core} can be left")],
    "minutes": 30,
    "roles": ["lead"],
    "incident": {"classes": ["none_such", "network_fault"], "core_service": True, "expected_outage_seconds": 7200},
    "targets": {"core": {"group": "core_switches", "title": text("the core")}},
    "parts": [
        {
            "key": "seen",
            "phase": "discovery",
            "minute": 0,
            "situation": text("{core} is dark"),
            "questions": [
                {"key": "look", "ask": text("What do you look at?"), "points": [text("lamps"), text("{core}")]},
                {
                    "key": "grade",
                    "phase": "grading",
                    "kind": "plan",
                    "of": "severity",
                    "ask": text("How bad is it?"),
                },
            ],
        },
        {
            "key": "done",
            "phase": "handling",
            "minute": 10,
            "situation": text("Move"),
            "procedures": [{"playbook": FAILOVER, "arguments": {"failed": "{core}"}, "confirm": "{core}"}],
            "questions": [
                {
                    "key": "next",
                    "kind": "choice",
                    "within_seconds": 60,
                    "ask": text("What next?"),
                    "choices": [{"key": "again", "text": text("Again")}, {"key": "home", "text": text("Home")}],
                    "right": ["again"],
                }
            ],
        },
    ],
    "live": {"cause": [text("Pull {core}")], "expects": ["graded", "confirmed"]},
}

PLAN: dict[str, Any] = {
    "organisation": text("Hospital"),
    "timezone": "Asia/Shanghai",
    "contacts": {"wang": {"name": "Wang", "phone": "123"}, "li": {"name": "Li", "phone": "456"}},
    "roles": {
        "lead": {"title": text("Lead group"), "contacts": ["wang"], "deputies": ["li"]},
        "duty": {"title": text("Duty"), "contacts": ["li"]},
    },
    "departments": {"pharmacy": {"name": text("Pharmacy"), "contacts": ["wang"]}},
    "classes": [{"key": "network_fault", "title": text("Network fault")}],
    "severities": [
        {"key": "major", "title": text("Major"), "rank": 1, "major": True},
        {"key": "minor", "title": text("Minor"), "rank": 2},
    ],
    "severity_rules": [{"severity": "major", "when": {"outage_over": "1h"}}, {"severity": "minor"}],
    "notices": [
        {"key": "lead", "severities": ["major"], "to": ["lead"], "within": "30m", "text": text("Come")},
        {"key": "minor_only", "severities": ["minor"], "to": ["duty"], "within": "1h", "text": text("Log")},
    ],
    "deadlines": [
        {
            "key": "report",
            "title": text("Report"),
            "within": "2d",
            "counted_from": "recovered",
            "done_by": ["report"],
            "to": ["lead"],
        }
    ],
    "manual_work": [{"after": "30m", "departments": ["pharmacy"]}],
    "objectives": {FAILOVER: {"rto": "1m"}},
}


def document(**changes: Any) -> dict[str, Any]:
    """The scenario's document with other fields."""
    return {**copy.deepcopy(DOCUMENT), **changes}


def scenario() -> Scenario:
    return scenario_of(document())


def facts(mode: str = "tabletop", answers: tuple[Answer, ...] = (), runs: tuple[Run, ...] = (), **more: Any) -> Facts:
    return Facts(scenario(), mode, {answer.question: answer for answer in answers}, runs, **more)
