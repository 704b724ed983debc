# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scenario is made of, and what people answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, Mapping, Optional, Tuple

Text = Mapping[str, str]
"""A sentence by language: {"en": ..., "zh": ...}."""

CHOICE, POINTS, PLAN = "choice", "points", "plan"
KINDS = (CHOICE, POINTS, PLAN)
OF_PLAN = ("severity", "notices", "manual_work", "deputies", "deadlines")
"""What the site's own plan answers, so that no scenario can say anything else."""
TABLETOP, LIVE = "tabletop", "live"
MODES = (TABLETOP, LIVE)
LANGUAGES = ("en", "zh")


class DrillError(Exception):
    """A scenario or answers that cannot be used; the message says where, what was seen and what was expected."""


@dataclass(frozen=True)
class Choice:
    """One of several answers to choose from."""

    key: str
    text: Text


@dataclass(frozen=True)
class Question:
    """A question to the people at the table. ``within``: seconds for a full score; ``to``: role of the plan.

    choice: ``right`` are keys of ``choices``. points: a good answer names all of ``points``. plan: ``of`` says which
    part of the site's plan has the answer (for deputies: of the role ``role``), and makes it one of the other kinds.
    """

    key: str
    phase: str
    kind: str
    ask: Text
    to: str = ""
    within: Optional[float] = None
    choices: Tuple[Choice, ...] = ()
    right: Tuple[str, ...] = ()
    points: Tuple[Text, ...] = ()
    of: str = ""
    role: str = ""


@dataclass(frozen=True)
class Call:
    """A procedure with its arguments; ``confirm`` is what contingency_confirm would have to be."""

    playbook: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    confirm: str = ""


@dataclass(frozen=True)
class Part:
    """What is told at once: ``minute`` on the clock of the scenario, then procedures, then questions."""

    key: str
    phase: str
    minute: float
    situation: Text
    procedures: Tuple[Call, ...] = ()
    questions: Tuple[Question, ...] = ()


@dataclass(frozen=True)
class Target:
    """What the scenario is about: a host of ``group``; without a name given the first one."""

    key: str
    group: str
    title: Text


@dataclass(frozen=True)
class Live:
    """What a live drill needs besides: how the fault is caused, when to stop, how to get back, what has to happen."""

    prepare: Tuple[Text, ...] = ()
    cause: Tuple[Text, ...] = ()
    stop_when: Tuple[Text, ...] = ()
    roll_back: Tuple[Call, ...] = ()
    expects: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """A drill. ``incident``: what is known of the fault, as an incident has it, for the site's own severity rules."""

    key: str
    title: Text
    purpose: Tuple[Text, ...]
    minutes: float
    roles: Tuple[str, ...]
    incident: Mapping[str, object]
    targets: Tuple[Target, ...]
    parts: Tuple[Part, ...]
    live: Live

    @property
    def questions(self) -> Tuple[Question, ...]:
        return tuple(question for part in self.parts for question in part.questions)

    @property
    def procedures(self) -> Tuple[Call, ...]:
        return tuple(call for part in self.parts for call in part.procedures)


@dataclass(frozen=True)
class Answer:
    """What was answered. ``points``: numbers, from 1, of the points that it covered; ``seconds``: how long it took."""

    question: str
    text: str = ""
    choice: str = ""
    points: Tuple[int, ...] = ()
    seconds: Optional[float] = None
    by: str = ""

    @property
    def given(self) -> bool:
        return bool(self.text.strip() or self.choice or self.points)

    def as_fields(self) -> Dict[str, object]:
        """Return the fields of its line in the record."""
        return {
            "question": self.question,
            "text": self.text,
            "choice": self.choice,
            "points": list(self.points),
            "seconds": self.seconds,
            "answered_by": self.by,
        }


def as_text(value: object) -> Text:
    """Return a text of a record or a plan in every language; one sentence alone stands for all of them."""
    if not isinstance(value, Mapping):
        return dict.fromkeys(LANGUAGES, str(value))
    english = str(value.get("en") or next(iter(value.values()), ""))
    return {language: str(value.get(language) or english) for language in LANGUAGES}
