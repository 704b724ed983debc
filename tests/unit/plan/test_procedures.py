# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Procedures are read from the playbooks and roles that are run."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_inputs import NEEDS
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_procedures import (
    ALL_STOPS,
    HOST_STOPS,
    OTHERS_GO_ON,
    Procedure,
    ProcedureError,
    collection_playbooks,
    heading,
    read_procedure,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_thresholds import THRESHOLDS
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_translated import ZH
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_words import WORDS

from tests.unit.plan.example import ROOT, inputs

PROCEDURES = {path.stem: read_procedure(path) for path in collection_playbooks()}
HEAD = """---
# ansible-playbook contingency.infra.move -i INVENTORY -e failed=a -e contingency_confirm=a
# ansible-playbook contingency.infra.move -i INVENTORY -e state=back
#     -e 'because=it is late'
#   failed     what failed
#   outage=x   a long one. Goes on
#              in the next line
#   at=05:30
# Without contingency_confirm nothing is done. It can be
# run again.
- name: Move
"""


def test_the_head_of_a_playbook_is_its_command_its_arguments_and_what_it_says() -> None:
    found = heading(HEAD)
    assert found.commands == (
        "ansible-playbook contingency.infra.move -i INVENTORY -e failed=a -e contingency_confirm=a",
        "ansible-playbook contingency.infra.move -i INVENTORY -e state=back -e 'because=it is late'",
    )
    assert found.arguments == {
        "failed": "what failed",
        "outage=x": "a long one. Goes on in the next line",
        "at=05:30": "",
    }
    assert found.about == ("Without contingency_confirm nothing is done.", "It can be run again.")


@pytest.mark.parametrize("procedure", PROCEDURES.values(), ids=list(PROCEDURES))
def test_every_playbook_says_how_it_is_run_and_what_it_does(procedure: Procedure) -> None:
    assert procedure.command.startswith(f"ansible-playbook contingency.infra.{procedure.name}")
    assert procedure.about or procedure.arguments
    assert procedure.plays
    assert all(play.steps for play in procedure.plays)


def test_steps_are_those_of_the_roles_with_what_a_failure_does() -> None:
    plays = PROCEDURES["core_switch_failover"].plays
    assert [play.groups for play in plays] == [
        ("core_switches",),
        ("access_switches",),
        ("servers",),
        ("core_switches",),
        ("localhost",),
    ]
    steps = {step.name: step for step in plays[0].steps}
    moved = plays[1].steps[0]
    saved = steps["Save log and configuration"]
    assert (saved.module, saved.on_failure) == ("contingency.infra.switch_backup", ALL_STOPS)
    assert (moved.module, moved.on_failure) == ("contingency.infra.switch_uplink", OTHERS_GO_ON)
    assert plays[1].steps[1].rescue


def test_what_a_playbook_imports_is_part_of_it() -> None:
    names = [play.name for play in PROCEDURES["standby_switchover"].plays]
    assert names == [
        "Hand over",
        "Let the standby server take over",
        "See that the applications work",
        "Record and summary",
    ]


def test_tasks_that_a_role_imports_are_among_its_steps() -> None:
    names = [step.name for play in PROCEDURES["backup"].plays for step in play.steps]
    assert names.index("Write the sets") < names.index("Write the timers")


def test_a_step_that_is_changed_changes_the_hash(tmp_path: Path) -> None:
    play = [{"name": "Own", "hosts": "all", "tasks": [{"name": "Look", "debug": {"msg": "x"}}]}]
    path = tmp_path / "own.yml"
    path.write_text(yaml.safe_dump(play), encoding="utf-8")
    before = read_procedure(path)
    play[0]["tasks"][0]["name"] = "Look twice"  # type: ignore[index]
    path.write_text(yaml.safe_dump(play), encoding="utf-8")
    after = read_procedure(path)
    assert before.plays[0].steps[0].name == "Look"
    assert after.plays[0].steps[0].name == "Look twice"
    assert before.sha256 != after.sha256


def test_tasks_of_which_one_file_is_chosen_while_it_runs_are_in_the_hash(tmp_path: Path) -> None:
    play = {"hosts": "all", "tasks": [{"name": "Rejoin", "include_tasks": "rejoin_{{ engine }}.yml"}]}
    path, chosen = tmp_path / "own.yml", tmp_path / "rejoin_mariadb.yml"
    path.write_text(yaml.safe_dump([play]), encoding="utf-8")
    chosen.write_text("- ping:\n", encoding="utf-8")
    before = read_procedure(path)
    chosen.write_text("- command: rm\n", encoding="utf-8")
    [step] = before.plays[0].steps
    assert (step.name, step.module) == ("Rejoin", "include_tasks rejoin_*.yml")
    assert read_procedure(path).sha256 != before.sha256


def test_a_playbook_of_the_site_may_be_of_any_shape(tmp_path: Path) -> None:
    (tmp_path / "more.yml").write_text("- name: More\n  ansible.builtin.command: {argv: [true]}\n", encoding="utf-8")
    play = {
        "hosts": ["a", "b"],
        "pre_tasks": [{"import_tasks": "more.yml"}],
        "roles": ["elsewhere", {"role": "contingency.infra.plan_document"}],
        "tasks": [
            {
                "name": "Several",
                "any_errors_fatal": True,
                "block": [{"name": "Inner", "shell": "x"}],
                "always": [{"ping": None}],
            },
            {"include_tasks": {"file": "{{ which }}.yml"}},
        ],
    }
    path = tmp_path / "own.yml"
    path.write_text(yaml.safe_dump([play]), encoding="utf-8")
    found = read_procedure(path).plays[0]
    assert found.groups == ("a", "b")
    assert [(step.name, step.module) for step in found.steps] == [
        ("elsewhere", "role"),
        ("Write the contingency plan as a document", "contingency.infra.plan_document"),
        ("More", "ansible.builtin.command"),
        ("Inner", "shell"),
        ("ping", "ping"),
        ("*.yml", "include_tasks *.yml"),
    ]
    assert {step.on_failure for step in found.steps} == {HOST_STOPS}


@pytest.mark.parametrize(
    ("content", "told"), [(None, "cannot be read"), ("a: [", "is not YAML"), ("a: 1", "holds no list of plays")]
)
def test_what_is_no_playbook_is_refused_by_name(tmp_path: Path, content: str | None, told: str) -> None:
    path = tmp_path / "own.yml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(ProcedureError, match=told) as error:
        read_procedure(path)
    assert str(path) in str(error.value)


def test_every_emergency_has_a_title_and_is_there() -> None:
    assert set(NEEDS) <= set(PROCEDURES)
    assert {f"procedure_{name}" for name in NEEDS} <= set(WORDS["en"])


def english_of(procedure: Procedure) -> set[str]:
    """All that the document says of a procedure in the words of its playbook."""
    found = {*filter(None, procedure.arguments.values()), *procedure.about}
    if procedure.name in NEEDS:
        shown = [
            step for play in procedure.plays for step in play.steps if not (step.rescue and "debug" in step.module)
        ]
        found |= {play.name for play in procedure.plays} | {step.name for step in shown}
    return found


def test_all_that_playbooks_say_is_there_in_chinese() -> None:
    said = set().union(*(english_of(procedure) for procedure in PROCEDURES.values()))
    assert sorted(said - set(ZH)) == []


def test_all_that_thresholds_mean_is_there_in_chinese() -> None:
    assert sorted({each.about for each in inputs().thresholds} - set(ZH)) == []


def test_nothing_is_translated_that_nobody_says_any_more() -> None:
    said = set().union(*(english_of(procedure) for procedure in PROCEDURES.values()))
    specs = "".join(
        " ".join((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text().split()) for role in THRESHOLDS
    )
    assert sorted(english for english in ZH if english not in said and english not in specs) == []
