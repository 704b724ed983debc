# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as a document: it says what inventory and playbooks say, and changes when they do."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._incident.policy import PRESETS
from ansible_collections.contingency.infra.plugins.plugin_utils import drill_record
from ansible_collections.contingency.infra.plugins.plugin_utils.document_markdown import markdown_of
from ansible_collections.contingency.infra.plugins.plugin_utils.document_page import html_of
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_document import document_of
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_drills import YEAR_SECONDS, drills_of
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_gaps import gaps_of
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_inputs import PlanInputs
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_site import Site
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_words import WORDS, Speech

from tests.unit.plan.example import PLAN, inputs, site, text, with_variables

NOW = 1_800_000_000.0


def written(given: PlanInputs, language: str = "en") -> str:
    return markdown_of(document_of(given, language))


def changed_plan(path: str, value: Any) -> dict[str, Any]:
    """The plan with another value at a path such as roles.lead.contacts."""
    plan = copy.deepcopy(PLAN)
    *way, last = path.split(".")
    inside: Any = plan
    for name in way:
        inside = inside[name]
    inside[last] = value
    return plan


def test_the_same_inputs_give_the_same_bytes() -> None:
    assert html_of(document_of(inputs(), "zh")) == html_of(document_of(inputs(), "zh"))


CHANGES = {
    "a contact": inputs(changed_plan("contacts.wang.phone", "+86 999")),
    "a deputy": inputs(changed_plan("roles.lead.deputies", [])),
    "a revision": inputs(changed_plan("revision", [])),
    "an objective": inputs(changed_plan("objectives", {"standby_failover": {"rto": "20m"}})),
    "a manual work": inputs(changed_plan("manual_work", [{"after": "1h", "departments": ["pharmacy"]}])),
    "an address": inputs(changed=with_variables("core-a", ansible_host="192.0.2.99")),
    "a threshold": inputs(changed=with_variables("access-laboratory", core_switch_verify_timeout=61)),
    "a feed": inputs(changed=with_variables("storage-1", shutdown_feeds=["ups-a"])),
    "a host that is gone": inputs(
        changed=Site(
            {**site().groups, "core_switches": ["core-b"]}, {n: v for n, v in site().hosts.items() if n != "core-a"}
        )
    ),
    "a step": replace(
        inputs(),
        procedures=tuple(
            replace(each, plays=each.plays[:1], sha256="0") if each.name == "standby_failover" else each
            for each in inputs().procedures
        ),
    ),
    "the inventory's path": inputs(inventory="/srv/other"),
}


@pytest.mark.parametrize("changed", CHANGES.values(), ids=list(CHANGES))
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_change_of_the_inventory_changes_the_document_and_its_hash(changed: PlanInputs, language: str) -> None:
    assert changed.sha256 != inputs().sha256
    before, after = written(inputs(), language), written(changed, language)
    without_hashes = [re.sub(r"[0-9a-f]{12,}", "", each) for each in (before, after)]
    assert without_hashes[0] != without_hashes[1]
    assert changed.sha256 in after


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_hash_is_in_the_head_and_at_the_foot_of_each_page(language: str) -> None:
    page = html_of(document_of(inputs(), language))
    sha = inputs().sha256
    assert sha in page.partition("</header>")[0]
    assert "@bottom-left" in page
    assert sha[:12] in page.partition("</style>")[0]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_everything_that_is_needed_at_night_is_there(language: str) -> None:
    plan = written(inputs(), language)
    run = "ansible-playbook contingency.infra."
    commands = [
        f"{run}core_switch_failover -i ~/site -e failed=core-b -e contingency_confirm=core-b",
        f"{run}standby_switchover -i ~/site -e primary=his-db-2 -e contingency_confirm=his-db-2",
        f"{run}staged_shutdown -i ~/site",
    ]
    shown = [*commands, "Wang Fang", "+86 1", "192.0.2.151", "max_data_loss_seconds: 5", "Second UPS"]
    assert [part for part in shown if part not in plan] == []
    assert commands[0] in plan.partition("## ")[2].partition("\n## ")[0], "on the first page"


def test_the_newest_revision_is_the_version() -> None:
    assert written(inputs()).splitlines()[2].startswith("Version 2 of 2026-03-01;")


def test_steps_are_shown_by_the_names_that_are_on_the_screen() -> None:
    name = "Promote the server and take the address, after the fence of the failed server"
    assert name in written(inputs())
    assert f"隔离 故障服务器 后，提升备库并接管服务地址<br>({name})" in written(inputs(), "zh")


def test_a_site_without_databases_has_no_procedure_for_them() -> None:
    groups = {name: members for name, members in site().groups.items() if name != "databases"}
    plan = written(inputs(changed=Site(groups, site().hosts)))
    first = plan.partition("## What to do first")[2].partition("\n## ")[0]
    assert "standby_failover" not in first
    assert "core_switch_failover" in first


def test_procedures_of_the_site_are_shown_too(tmp_path: Path) -> None:
    path = tmp_path / "emergency_outpatient.yml"
    tasks = "  tasks:\n    - name: Raise it\n      debug: {msg: x}\n"
    head = "# Switches registration to the emergency server.\n- name: Flag\n  hosts: localhost\n"
    path.write_text(head + tasks, encoding="utf-8")
    plan = written(inputs(playbooks=[str(path)]))
    assert "Switches registration to the emergency server." in plan
    assert "Raise it" in plan
    assert f"ansible-playbook {path}" in plan


def test_without_a_plan_there_are_procedures_and_the_gap_is_told() -> None:
    plan = written(inputs({}))
    assert plan.startswith("# Contingency plan\n")
    assert "contingency_plan is not set" in plan
    assert "core_switch_failover" in plan


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_ready_plan_can_be_written(preset: str, language: str) -> None:
    plan = written(inputs({"preset": preset, "timezone": "Asia/Shanghai"}), language)
    assert WORDS[language]["notices_caption"] in plan
    assert "None" not in re.sub(r"\bNone\.", "", plan)


def test_no_secret_of_the_plan_is_in_it() -> None:
    given = inputs()
    assert "SECRET" not in written(given) + html_of(document_of(given, "zh"))


def test_what_somebody_wrote_is_no_part_of_the_page() -> None:
    plan = changed_plan("organisation", text("<script>alert(1)</script>"))
    assert "<script>" not in html_of(document_of(inputs(plan), "en"))


# -- open points -----------------------------------------------------------------------------------


def gaps(plan: dict[str, Any] | None = None, changed: Site | None = None, **arguments: Any) -> str:
    return "\n".join(gaps_of(inputs(plan, changed, **arguments), Speech("en")))


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("roles.lead.contacts", [], "Lead group is one person alone."),
        ("roles.lead", {}, "Lead group has nobody."),
        ("contacts.li", {"name": "Li Ming"}, "Li Ming has neither a telephone nor an address."),
        ("departments.pharmacy", {}, "Pharmacy has nobody who is told."),
        ("revision", [], "There is no revision record."),
        ("objectives", {}, "standby_failover has no objective."),
    ],
)
def test_what_the_plan_leaves_open_is_told(path: str, value: Any, told: str) -> None:
    assert told not in gaps()
    assert told in gaps(changed_plan(path, value))


@pytest.mark.parametrize(
    ("host", "variables", "told"),
    [
        ("his", {"restore_test_copies": ["/a", "/b"]}, "The backup his has its copies in one place only."),
        ("storage-1", {"shutdown_feeds": ["ups-b"]}, "storage-1 hangs on ups-b alone."),
        ("his-db-1", {"standby_bmc": None, "standby_switch_port": None}, "his-db-1 can be fenced only by"),
    ],
)
def test_what_the_site_leaves_open_is_told(host: str, variables: dict[str, Any], told: str) -> None:
    assert told not in gaps()
    assert told in gaps(changed=with_variables(host, **variables))


def test_a_scenario_is_due_for_a_drill_after_a_year(tmp_path: Path) -> None:
    drill = tmp_path / "DRILL-20270115-1"
    drill.mkdir()
    drill_record.write(str(drill), "scenario", {"scenario": "mains_lost", "mode": "live"}, "duty@desk")
    drill_record.write(str(drill), "evaluated", {"score": 71.0, "scores": {}, "findings": []}, "duty@desk")
    [held] = drill_record.held_in(str(tmp_path))
    for later, due in ((YEAR_SECONDS - 1, False), (YEAR_SECONDS + 1, True)):
        states = {each.key: each for each in drills_of(str(tmp_path), (), held.evaluated_epoch + later, "UTC")}
        assert states["mains_lost"].due is due
        assert states["mains_lost"].score == 71.0
        assert states["two_at_once"].due


# -- words -----------------------------------------------------------------------------------------


def places(sentence: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", sentence))


def test_both_languages_have_the_same_words_with_the_same_places() -> None:
    assert list(WORDS["en"]) == list(WORDS["zh"])
    assert [key for key in WORDS["en"] if places(WORDS["en"][key]) != places(WORDS["zh"][key])] == []


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(90, "90 s"), (1800, "30 min"), (86400, "24 h"), (172800, "2 days"), (5400, "90 min"), (0.5, "0.5 s"), (0, "0 s")],
)
def test_a_duration_is_said_in_the_largest_unit_that_is_whole(seconds: float, said: str) -> None:
    assert Speech("en").duration(seconds) == said
