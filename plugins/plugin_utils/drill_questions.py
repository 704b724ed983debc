# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions of a drill in its report: what was asked, what was answered, what was not named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ansible_collections.contingency.infra.plugins.module_utils._drill.answers import judged, missing_points
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import CHOICE, PLAN, Answer, Question
from ansible_collections.contingency.infra.plugins.module_utils._drill.words import say
from ansible_collections.contingency.infra.plugins.plugin_utils.document import Inline, Lines, Muted, Section, Table
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_table import role_title


def questions_section(
    questions: Sequence[Question], answers: Mapping[str, Answer], titles: Mapping[str, str], language: str
) -> Section:
    """Pure: a row for each question. ``titles``: of the plan's roles, by key."""
    heads = tuple(say(language, f"head_{head}") for head in ("question", "answer", "time", "score"))
    rows = tuple(_row(question, answers.get(question.key), titles, language) for question in questions)
    table = Table(say(language, "caption_questions"), heads, rows, ("wide", "", "short", "number"))
    return Section("questions", say(language, "section_questions"), (table,))


def _row(question: Question, answer: Answer | None, titles: Mapping[str, str], language: str) -> tuple[Inline, ...]:
    asked = f"{say(language, f'phase_{question.phase}')} - {role_title(question.to, titles, language)}"
    return (
        Lines((question.ask[language], Muted(asked))),
        Lines(tuple(_answer(question, answer, language))),
        _time(question, answer, language),
        f"{100 * judged(question, answer):.0f} %",
    )


def _answer(question: Question, answer: Answer | None, language: str) -> Iterator[Inline]:
    if question.kind == PLAN:
        yield say(language, "plan_unset")
    elif answer is None or not answer.given:
        yield say(language, "no_answer")
    elif question.kind == CHOICE:
        yield from (each.text[language] for each in question.choices if each.key == answer.choice)
    elif answer.text:
        yield answer.text
    yield from _points(question, answer, language)
    if answer is not None and answer.by:
        yield Muted(answer.by)


def _points(question: Question, answer: Answer | None, language: str) -> Iterator[Inline]:
    missing = missing_points(question, answer)
    for point in question.points:
        key = "point_missing" if point in missing else "point_named"
        yield Muted(f"{say(language, key)}: {point[language]}")


def _time(question: Question, answer: Answer | None, language: str) -> str:
    if answer is None or answer.seconds is None:
        return ""
    seconds = f"{answer.seconds:.0f}"
    if question.within is None:
        return say(language, "seconds", seconds=seconds)
    return say(language, "seconds_of", seconds=seconds, limit=f"{question.within:g}")
