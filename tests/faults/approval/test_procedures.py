# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The procedures as people run them: refused without an approval, before anything is touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.contingency.infra.plugins.module_utils._incident import store as incidents
from ansible_collections.contingency.infra.plugins.plugin_utils.off_inventory import VARIABLES

from tests.faults.approval.site import ROOT, Site, make_site
from tests.unit.approval.conftest import Keys

FAILOVER = {"failed": "core-a", "contingency_confirm": "core-a"}
TAKEOVER = {"failed": "db-1", "contingency_confirm": "db-1"}
OPENED = {"title": "Core switch down", "incident_class": "class1", "discovered_epoch": 1_795_000_000.0}


OF_A_HOST = {
    *VARIABLES,
    *(f"shutdown_{name}" for name in ("stage", "power_watts", "feeds", "after", "seconds", "saves")),
    *("shutdown_health", "shutdown_start_timeout"),
}
"""What a host says of its shutdown and its start."""


@pytest.fixture
def site(tmp_path: Path, keys: Keys) -> Site:
    return make_site(tmp_path / "site", keys)


def without_asking(tmp_path: Path, role: str, **variables: Any) -> str:
    """A playbook with the end of a procedure only, as a run that prints its plan comes to it."""
    imported = {"name": f"contingency.infra.{role}", "tasks_from": "end", "rolespec_validate": False}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": variables,
        "tasks": [{"ansible.builtin.import_role": imported}],
    }
    path = tmp_path / "end.yml"
    path.write_text(yaml.safe_dump([play]), encoding="utf-8")
    return str(path)


def test_core_switch_is_refused_approved_and_then_goes_on(site: Site, tmp_path: Path) -> None:
    refused = site.run("contingency.infra.core_switch_failover", **FAILOVER)
    assert refused.status == 2
    assert "core_switch_failover of core-a is not approved: 0 of 1 approvals count" in refused.words
    assert "Save log and configuration" not in refused.output
    request = site.name_of("core_switch_failover")
    assert f"-e request={request} -e approver=NAME -e sign_with=KEY" in refused.words
    planned = without_asking(
        tmp_path,
        "core_switch",
        core_switch_failed="core-a",
        core_switch_standby="core-b",
        core_switch_direction="failover",
    )
    assert "The request is there already" in site.run(planned).words
    assert site.requests == [f"core_switch_failover-core-a-{request}"]
    site.approve(request, "li")
    gone_on = site.run("contingency.infra.core_switch_failover", **FAILOVER)
    assert "Approved: core_switch_failover of core-a by li" in gone_on.words
    assert "Save log and configuration" in gone_on.output
    assert [use["basis"] for use in site.uses] == ["signed"]
    back = site.run("contingency.infra.core_switch_failback", **FAILOVER)
    assert "core_switch_failback of core-a is not approved" in back.words


def test_an_approval_ends_with_the_plan_that_it_was_given_for(site: Site) -> None:
    site.run("contingency.infra.core_switch_failover", **FAILOVER)
    site.approve(site.name_of("core_switch_failover"), "li")
    changed = site.run("contingency.infra.core_switch_failover", core_switch_strategy="break_before_make", **FAILOVER)
    assert "that of li is for another plan" in changed.words
    assert "core_switch_strategy: nothing -> " in changed.words


@pytest.mark.parametrize(
    ("playbook", "procedure", "variables", "task"),
    [
        ("standby_failover", "standby_failover", TAKEOVER, "Promote the server"),
        ("standby_rejoin", "standby_rejoin", TAKEOVER, "Switch it on"),
        ("staged_startup", "staged_startup", {}, "Start what was shut down"),
        (
            "standby_switchover",
            "standby_switchover",
            {"primary": "db-1", "contingency_confirm": "db-1"},
            "Look whether",
        ),
        ("staged_shutdown", "staged_shutdown", {"outage": "planned", "contingency_confirm": "planned"}, "Look at the"),
    ],
)
def test_no_procedure_touches_anything_without_an_approval(
    site: Site, playbook: str, procedure: str, variables: dict[str, Any], task: str
) -> None:
    refused = site.run(f"contingency.infra.{playbook}", **variables)
    assert refused.status != 0
    assert f"{procedure} of" in refused.words
    assert "is not approved" in refused.words
    assert task not in refused.output
    assert len(site.requests) == 1
    assert "hush-hush" not in "".join(path.read_text() for path in site.approvals.rglob("*.json"))


@pytest.mark.parametrize(
    ("playbook", "variables", "task"),
    [
        ("standby_failover", TAKEOVER, "Promote the server and take the address, after the fence of *"),
        ("staged_startup", {}, "Start what was shut down, *"),
        (
            "staged_shutdown",
            {"outage": "planned", "contingency_confirm": "planned"},
            "Look at the UPSes, shut down what is due, *",
        ),
    ],
)
def test_beginning_at_a_later_task_does_not_get_around_the_approval(
    site: Site, playbook: str, variables: dict[str, Any], task: str
) -> None:
    jumped = site.run(f"contingency.infra.{playbook}", "--start-at-task", task, **variables)
    assert jumped.status != 0
    assert "leave out --start-at-task" in jumped.words


def test_a_loss_of_mains_can_begin_at_a_later_task(site: Site) -> None:
    lost = site.run(
        "contingency.infra.staged_shutdown", "--start-at-task", "Look at the UPSes, shut down what is due, *"
    )
    assert "NOT EVERY UPS CAN BE READ" in lost.words


@pytest.mark.parametrize("written", [None, "", "two", -1])
def test_a_number_of_approvals_that_was_left_empty_or_mistyped_is_not_none(
    tmp_path: Path, keys: Keys, written: Any
) -> None:
    site = make_site(tmp_path / "site", keys, contingency_approvals=written)
    refused = site.run("contingency.infra.standby_failover", **TAKEOVER)
    assert "is not approved" in refused.words or "value of required must be one of" in refused.words
    assert "Promote the server" not in refused.output


def test_a_mode_that_was_mistyped_refuses(site: Site) -> None:
    refused = site.run("contingency.infra.staged_startup", approval_mode="Run")
    assert "staged_startup of site is not approved" in refused.words


def test_what_decides_over_a_takeover_is_part_of_its_plan(site: Site) -> None:
    for variables in ({}, {"accept_data_loss": 5}, {"fenced": "db-1 is off, seen by li"}):
        site.run("contingency.infra.standby_failover", **TAKEOVER, **variables)
    assert len(site.requests) == 3


def test_a_loss_of_mains_goes_on_without_an_approval_and_says_so(tmp_path: Path, keys: Keys) -> None:
    site = make_site(tmp_path / "site", keys)
    lost = site.run("contingency.infra.staged_shutdown")
    assert "NOT APPROVED, AND IT GOES ON: staged_shutdown of mains" in lost.words
    assert "NOT EVERY UPS CAN BE READ" in lost.words
    assert [use["basis"] for use in site.uses] == ["unavoidable"]


@pytest.mark.parametrize(
    "variables",
    [
        {"contingency_standing_approvals": "{{ nothing.of.this.kind }}"},
        {"contingency_standing_approvals": "garbage"},
        {"contingency_approval_dir": "/proc/nothing"},
        {"contingency_incident": "../../x"},
        {"contingency_approvals": 7},
    ],
)
def test_a_loss_of_mains_goes_on_also_where_the_approval_cannot_be_looked_at(
    tmp_path: Path, keys: Keys, variables: dict[str, Any]
) -> None:
    lost = make_site(tmp_path / "site", keys, **variables).run("contingency.infra.staged_shutdown")
    assert "NOT EVERY UPS CAN BE READ" in lost.words
    assert "NOT APPROVED, AND IT GOES ON" in lost.words


def test_a_standing_approval_lets_the_timer_work_and_no_person(tmp_path: Path, keys: Keys) -> None:
    standing = [{"procedure": "staged_startup", "targets": ["site"], "until": "2099-12-31", "by": "lead group"}]
    site = make_site(tmp_path / "site", keys, contingency_standing_approvals=standing)
    timer = site.run("contingency.infra.staged_startup")
    assert "Approved: staged_startup of site by the standing approval of lead group" in timer.words
    person = site.typed("contingency.infra.staged_startup")
    assert "the standing approval is for unattended runs" in person.words
    assert [use["basis"] for use in site.uses] == ["standing"]


def test_where_no_approval_is_asked_for_it_is_one_skipped_task(tmp_path: Path, keys: Keys) -> None:
    site = make_site(tmp_path / "site", keys, contingency_approvals=0)
    done = site.run("contingency.infra.core_switch_failover", **FAILOVER)
    before = done.output.partition("Save log and configuration")[0]
    assert before.count("skipping:") == 2
    assert before.count("TASK [") == 3
    assert not site.approvals.exists()


def test_check_mode_writes_nothing(site: Site) -> None:
    done = site.run("contingency.infra.staged_shutdown", "--check", outage="planned", contingency_confirm="planned")
    assert "In check mode no request is written" in done.words
    assert "AND IT GOES ON" in site.run("contingency.infra.staged_shutdown", "--check").words
    assert not site.approvals.exists()


def test_the_incident_has_the_approval(site: Site) -> None:
    root = site.directory / "evidence" / "incidents"
    opened = incidents.open_incident(
        str(root),
        {**OPENED, "reported_by": "li", "policy_hash": "0"},
        by="li@duty",
        now=1_795_000_000.0,
        timezone="UTC",
    )
    variables = {**TAKEOVER, "contingency_incident": opened.id, "contingency_language": "zh"}
    refused = site.run("contingency.infra.standby_failover", **variables)
    assert "standby_failover（对象 db-1）未获批准" in refused.words
    site.approve(site.name_of("standby_failover"), "wang")
    assert "已批准：standby_failover" in site.run("contingency.infra.standby_failover", **variables).words
    events = [line for line in incidents.load(opened.path).lines if line["kind"] == "approval"]
    assert [event["state"] for event in events] == ["refused", "given", "granted"]
    assert [event["granted"] for event in events] == [False, False, True]
    assert [event["approvals"][0]["approver"] for event in events[1:]] == ["wang", "wang"]
    elsewhere = site.run("contingency.infra.standby_failover", **TAKEOVER)
    assert f"was given for the incident {opened.id}" in elsewhere.words


def test_every_variable_that_is_part_of_a_plan_is_one_that_the_roles_know() -> None:
    files = [*ROOT.glob("roles/*/meta/argument_specs.yml"), ROOT / "plugins/doc_fragments/switch.py"]
    known = "".join(path.read_text(encoding="utf-8") for path in files)
    for role in ("core_switch", "standby", "staged_shutdown"):
        variables = yaml.safe_load((ROOT / f"roles/{role}/vars/main.yml").read_text(encoding="utf-8"))
        used = set(variables[f"{role}_approval"]["settings"])
        assert {name for name in used if name not in known} <= OF_A_HOST, role
