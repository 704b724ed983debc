# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answers to a scenario's questions: read from a file, and judged."""

from __future__ import annotations

from typing import Dict, Mapping, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._drill.fields import Fields, number_of
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import (
    CHOICE,
    Answer,
    DrillError,
    Question,
    Text,
)

LATE = 0.5
"""What an answer after its time still counts: in an incident the others have waited for it."""
FIELDS = ("text", "choice", "points", "seconds", "by")


def answers_of(document: object, questions: Sequence[Question]) -> Dict[str, Answer]:
    """Return the answers of a file by question; DrillError where one answers nothing that is asked."""
    fields = Fields(document, "answers file", ("answers", "participants"))
    given = fields.get("answers") or {}
    if not isinstance(given, Mapping):
        raise DrillError("answers is no mapping; write it as {QUESTION: {text: ..., points: [1, 2], seconds: 40}}.")
    known = {question.key: question for question in questions}
    strange = sorted(set(map(str, given)) - set(known))
    if strange:
        raise DrillError(
            f"answers has {', '.join(strange)}, which the scenario does not ask; it asks {', '.join(known)}."
        )
    return {key: answer_of(known[key], value, f"answers.{key}") for key, value in given.items()}


def answer_of(question: Question, value: object, path: str) -> Answer:
    """Return one answer; a plain word is a choice, or the text of what was said."""
    if not isinstance(value, Mapping):
        value = {"choice" if question.kind == CHOICE else "text": value}
    fields = Fields(value, path, FIELDS)
    seconds = fields.get("seconds")
    answer = Answer(
        question.key,
        fields.string("text"),
        fields.string("choice"),
        tuple(int(each) for each in fields.each("points", lambda point, where: number_of(point, where, 0.0))),
        None if seconds is None else number_of(seconds, fields.at("seconds"), 0.0),
        fields.string("by"),
    )
    limitation = answer_limitation(question, answer)
    if limitation is not None:
        raise DrillError(f"{path}: {limitation}")
    return answer


def answer_limitation(question: Question, answer: Answer) -> Optional[str]:
    """Why an answer cannot be one to this question; None where it can."""
    keys = [choice.key for choice in question.choices]
    if question.kind == CHOICE and answer.choice and answer.choice not in keys:
        return f"{answer.choice!r} is not among the choices {', '.join(keys)}."
    beyond = [point for point in answer.points if not 1 <= point <= len(question.points)]
    if beyond:
        return f"point {beyond[0]} is not there; the question has {len(question.points)} points, counted from 1."
    return None


def judged(question: Question, answer: Optional[Answer]) -> float:
    """Return the score, from 0 to 1. No answer is 0; one that came too late counts half."""
    if answer is None or not answer.given:
        return 0.0
    return _right(question, answer) * (LATE if is_late(question, answer) else 1.0)


def _right(question: Question, answer: Answer) -> float:
    if question.kind == CHOICE:
        return 1.0 if answer.choice in question.right else 0.0
    return len(set(answer.points)) / len(question.points) if question.points else 0.0


def missing_points(question: Question, answer: Optional[Answer]) -> Tuple[Text, ...]:
    """Return the points that the answer does not cover."""
    covered = set(answer.points if answer is not None else ())
    return tuple(point for place, point in enumerate(question.points, 1) if place not in covered)


def is_late(question: Question, answer: Optional[Answer]) -> bool:
    """Did the answer take longer than it may?"""
    return bool(
        answer is not None
        and question.within is not None
        and answer.seconds is not None
        and answer.seconds > question.within
    )
