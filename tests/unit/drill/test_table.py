# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A drill at the table: what is told, run and asked is on disk at once, and a broken one goes on."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._drill.facts import Run
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import Answer, Call, Question, Scenario
from ansible_collections.contingency.infra.plugins.module_utils._drill.scenario import named
from ansible_collections.contingency.infra.plugins.module_utils._incident.policy import policy_of
from ansible_collections.contingency.infra.plugins.plugin_utils import drill_record
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_asker import Asker
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_plan import answered_by_plan
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_record import Record, RecordError
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_table import Table

from tests.unit.drill.examples import FAILOVER, PLAN, scenario

ANSWERS = {
    "look": Answer("look", "lamps", points=(1,), seconds=3.0),
    "grade": Answer("grade", choice="major"),
    "next": Answer("next", choice="again"),
}


class BrokenOff(Exception):
    """Somebody pressed Ctrl-C, or the power went."""


class People(Asker):
    """Those who answer, until it is broken off before a question."""

    def __init__(self, until: str = "") -> None:
        self.until = until
        self.asked: list[str] = []

    def ask(self, question: Question) -> Answer | None:
        if question.key == self.until:
            raise BrokenOff
        self.asked.append(question.key)
        return ANSWERS.get(question.key)


class Sitting:
    """One sitting at the table."""

    def __init__(self, directory: Path, people: People, drilled: Scenario | None = None) -> None:
        self.directory = str(directory)
        self.people = people
        self.shown: list[str] = []
        self.checked: list[Call] = []
        self.scenario = drilled or answered_by_plan(named(scenario(), {"core": "core-a"}), policy_of(PLAN))

    def check(self, call: Call) -> Run:
        self.checked.append(call)
        return Run(call.playbook, "ok", True, call.arguments, 1.0, 2.5, output=("would shut eth1",))

    def hold(self) -> Record:
        Table(
            scenario=self.scenario,
            record=drill_record.read_record(self.directory),
            by="duty@desk",
            language="en",
            titles={"lead": "Lead group"},
            show=self.shown.append,
            asker=self.people,
            check=self.check,
            command=lambda call: f"ansible-playbook {call.playbook}",
        ).hold()
        return drill_record.read_record(self.directory)


def kinds(record: Record) -> list[str]:
    return [str(line["kind"]) for line in record.lines]


def test_all_is_told_run_asked_and_written_in_its_order(tmp_path: Path) -> None:
    sitting = Sitting(tmp_path, People())
    record = sitting.hold()
    assert kinds(record) == ["situation", "answer", "answer", "situation", "played", "answer"]
    assert record.damage is None
    assert record.answers == ANSWERS
    assert record.played[0].output == ("would shut eth1",)
    assert record.played[0].arguments == {"failed": "core-a"}
    shown = "\n".join(sitting.shown)
    assert "core-a is dark" in shown
    assert f"Command: ansible-playbook {FAILOVER}" in shown
    assert "  | would shut eth1" in shown


def test_points_of_an_answer_are_not_told_with_the_question(tmp_path: Path) -> None:
    sitting = Sitting(tmp_path, People())
    sitting.hold()
    assert "lamps" not in [line.strip() for line in sitting.shown]


@pytest.mark.parametrize("until", ["look", "grade", "next"])
def test_a_drill_that_was_broken_off_asks_and_runs_only_what_is_left(tmp_path: Path, until: str) -> None:
    first = Sitting(tmp_path, People(until))
    with pytest.raises(BrokenOff):
        first.hold()
    second = Sitting(tmp_path, People())
    record = second.hold()
    assert first.people.asked + second.people.asked == list(ANSWERS)
    assert len(first.checked) + len(second.checked) == 1
    assert sorted(kinds(record)) == ["answer"] * 3 + ["played"] + ["situation"] * 2


def test_what_nobody_answered_is_asked_again_the_next_time(tmp_path: Path) -> None:
    sitting = Sitting(tmp_path, People())
    sitting.hold()
    nobody = People()
    Sitting(tmp_path, nobody).hold()
    assert nobody.asked == []


def test_a_question_that_the_plan_does_not_answer_is_not_asked(tmp_path: Path) -> None:
    people = People()
    Sitting(tmp_path, people, scenario()).hold()
    assert "grade" not in people.asked


def test_a_killed_writer_leaves_what_was_answered(tmp_path: Path) -> None:
    record = Sitting(tmp_path, People()).hold()
    path = tmp_path / drill_record.RECORD
    data = path.read_bytes()
    path.write_bytes(data + b'{"kind": "answer", "quest')
    assert drill_record.read_record(str(tmp_path)).answers == record.answers
    drill_record.write(str(tmp_path), "situation", {"part": "x"}, "duty@desk")
    assert drill_record.read_record(str(tmp_path)).damage is None


def test_a_record_that_was_altered_is_found(tmp_path: Path) -> None:
    Sitting(tmp_path, People()).hold()
    path = tmp_path / drill_record.RECORD
    lines = path.read_text(encoding="utf-8").splitlines()
    changed = json.loads(lines[1])
    changed["points"] = [1, 2]
    lines[1] = json.dumps(changed)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    damage = drill_record.read_record(str(tmp_path)).damage
    assert damage is not None
    assert damage.line == 3


def test_a_record_is_for_its_owner_only(tmp_path: Path) -> None:
    Sitting(tmp_path, People()).hold()
    assert os.stat(tmp_path / drill_record.RECORD).st_mode & 0o777 == 0o600


def test_a_directory_that_is_gone_is_told_with_the_way_on(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="goes on where it was broken off"):
        drill_record.write(str(tmp_path / "gone"), "situation", {"part": "x"}, "duty@desk")
