# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tabletop drill: tell each situation, run its procedures with --check, ask its questions, write all of it down.

What was told, run or answered is on disk before the next thing begins: a drill that is broken off goes on there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ansible_collections.contingency.infra.plugins.module_utils._drill import facts as kinds
from ansible_collections.contingency.infra.plugins.module_utils._drill.facts import Run
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import (
    CHOICE,
    PLAN,
    Answer,
    Call,
    Part,
    Question,
    Scenario,
)
from ansible_collections.contingency.infra.plugins.module_utils._drill.words import WORDS, say
from ansible_collections.contingency.infra.plugins.plugin_utils import drill_record
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_asker import Asker
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_record import Record

Show = Callable[[str], None]
SHOWN_LINES = 60
"""So many lines of a procedure are shown on the screen; the record has more."""


@dataclass(frozen=True)
class Table:
    """What a drill at the table needs. ``titles``: of the plan's roles, by key, in the language of the drill."""

    scenario: Scenario
    record: Record
    by: str
    language: str
    titles: Mapping[str, str]
    show: Show
    asker: Asker
    check: Callable[[Call], Run]
    command: Callable[[Call], str]

    def hold(self) -> None:
        """Go through all parts."""
        for part in self.scenario.parts:
            self._situation(part)
            for call in part.procedures:
                self._procedure(call)
            for question in part.questions:
                self._question(question)

    def _situation(self, part: Part) -> None:
        self.show("")
        for line in situation_lines(part, self.language):
            self.show(line)
        if part.key not in self.record.told:
            self._write("situation", {"part": part.key})

    def _procedure(self, call: Call) -> None:
        if any(run.procedure == call.playbook and dict(run.arguments) == call.arguments for run in self.record.played):
            self.show(self._say("played_before", procedure=call.playbook))
            return
        self.show(f"{self._say('step_command')}: {self.command(call)}")
        self.show(self._say("running"))
        run = self.check(call)
        for line in run.output[:SHOWN_LINES]:
            self.show(f"  | {line}")
        key = "ran_ok" if run.status == kinds.OK else "ran_refused"
        self.show(self._say(key, procedure=run.procedure, seconds=run.seconds, why=run.why))
        self._write("played", played_fields(run))

    def _question(self, question: Question) -> None:
        if question.key in self.record.answers or question.kind == PLAN:
            return
        for line in question_lines(question, self.scenario, self.titles, self.language):
            self.show(line)
        answer = self.asker.ask(question)
        if answer is not None:
            self._write("answer", answer.as_fields())
            self.show(self._answered(answer, question))

    def _answered(self, answer: Answer, question: Question) -> str:
        if question.kind == CHOICE:
            chosen = [each.text[self.language] for each in question.choices if each.key == answer.choice]
            return f"  > {(chosen or [self._say('no_answer')])[0]}"
        return f"  > {answer.text or self._say('no_answer')} ({len(answer.points)}/{len(question.points)})"

    def _write(self, kind: str, fields: Mapping[str, object]) -> None:
        drill_record.write(self.record.directory, kind, fields, self.by)

    def _say(self, key: str, **values: object) -> str:
        return say(self.language, key, **values)


def played_fields(run: Run) -> dict[str, object]:
    """Return the fields of a run's line in the record."""
    return {
        "procedure": run.procedure,
        "arguments": dict(run.arguments),
        "status": run.status,
        "began_epoch": run.began_epoch,
        "seconds": run.seconds,
        "why": run.why,
        "output": list(run.output),
    }


def situation_lines(part: Part, language: str) -> Iterator[str]:
    """Yield what is told of a part."""
    phase = say(language, f"phase_{part.phase}")
    yield f"== {say(language, 'situation', minute=f'{part.minute:g}', phase=phase)}"
    yield part.situation[language]


def question_lines(question: Question, scenario: Scenario, titles: Mapping[str, str], language: str) -> Iterator[str]:
    """Yield a question with what there is to choose from; the points of an answer are not told before it."""
    questions = scenario.questions
    number = [each.key for each in questions].index(question.key) + 1
    within = f" {say(language, 'within', seconds=f'{question.within:g}')}" if question.within else ""
    role = role_title(question.to, titles, language)
    yield f"{say(language, 'question', number=number, count=len(questions), role=role)}{within}"
    yield f"  {question.ask[language]}"
    for place, choice in enumerate(question.choices, 1):
        yield f"    {place}. {choice.text[language]}"


def role_title(key: str, titles: Mapping[str, str], language: str) -> str:
    """Return what a role is called by the site's plan, else by us."""
    return titles.get(key) or WORDS[language].get(f"role_{key}") or (key or say(language, "everybody"))
