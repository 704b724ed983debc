# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers the questions of a drill: people at a terminal, or a file with their answers."""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace

from ansible_collections.contingency.infra.plugins.module_utils._drill.answers import answer_limitation
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import CHOICE, Answer, Question
from ansible_collections.contingency.infra.plugins.module_utils._drill.words import say

Prompt = Callable[[str], str]
Show = Callable[[str], None]


class Asker(ABC):
    """Gets the answer to a question, which was shown before."""

    @abstractmethod
    def ask(self, question: Question) -> Answer | None:
        """Return the answer; None where there is none yet, and it may be asked again."""


class FromFile(Asker):
    """Answers that people wrote down."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self._answers = answers

    def ask(self, question: Question) -> Answer | None:
        return self._answers.get(question.key)


class AtTerminal(Asker):
    """People at a terminal. How long they take is measured."""

    def __init__(self, prompt: Prompt, show: Show, language: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._prompt = prompt
        self._show = show
        self._language = language
        self._clock = clock

    def ask(self, question: Question) -> Answer | None:
        if question.kind == CHOICE:
            return self._chosen(question)
        return self._said(question)

    def _chosen(self, question: Question) -> Answer:
        began = self._clock()
        while True:
            given = self._prompt(self._say("prompt_choice")).strip()
            answer = Answer(question.key, choice=_choice(question, given), seconds=self._since(began))
            why = answer_limitation(question, answer)
            if why is None:
                self._show(self._say("right", right=self._right(question)))
                return answer
            self._show(self._say("again", given=given, why=why))

    def _right(self, question: Question) -> str:
        texts = [choice.text[self._language] for choice in question.choices if choice.key in question.right]
        return self._say("between").join(texts)

    def _said(self, question: Question) -> Answer:
        began = self._clock()
        text = self._prompt(self._say("prompt_text")).strip()
        answer = Answer(question.key, text, seconds=self._since(began))
        self._show(self._say("points"))
        for number, point in enumerate(question.points, 1):
            self._show(f"  {number}. {point[self._language]}")
        return self._covered(question, answer) if text else answer

    def _covered(self, question: Question, answer: Answer) -> Answer:
        """Return the answer with the points that it named, as those at the table agree."""
        while True:
            given = self._prompt(self._say("prompt_points")).strip()
            numbers = tuple(sorted({int(number) for number in re.findall(r"\d+", given)} - {0}))
            found = replace(answer, points=numbers)
            why = answer_limitation(question, found)
            if why is None and re.fullmatch(r"[\d\s,，、]+", given):
                return found
            self._show(self._say("again", given=given or "?", why=why or self._say("prompt_points")))

    def _since(self, began: float) -> float:
        return round(self._clock() - began, 1)

    def _say(self, key: str, **values: object) -> str:
        return say(self._language, key, **values)


def _choice(question: Question, given: str) -> str:
    """Return the key of what was chosen by its number; a key as it is."""
    if given.isdigit() and 1 <= int(given) <= len(question.choices):
        return question.choices[int(given) - 1].key
    return given
