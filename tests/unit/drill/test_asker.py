# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking at a terminal: numbers and names, points that were named, time that was taken."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.contingency.infra.plugins.module_utils._drill.model import Answer
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_asker import AtTerminal, FromFile

from tests.unit.drill.examples import scenario

QUESTIONS = {question.key: question for question in scenario().questions}


class Typed:
    """Somebody who types these lines, each 7 s after the prompt."""

    def __init__(self, *lines: str) -> None:
        self._lines: Iterator[str] = iter(lines)
        self.now = 0.0
        self.shown: list[str] = []

    def prompt(self, message: str) -> str:
        self.now += 7
        return next(self._lines)

    def ask(self, key: str) -> Answer | None:
        return AtTerminal(self.prompt, self.shown.append, "en", lambda: self.now).ask(QUESTIONS[key])


def test_a_choice_may_be_a_number_or_a_name() -> None:
    for given in ("1", "again", " 1 "):
        typed = Typed(given)
        assert typed.ask("next") == Answer("next", choice="again", seconds=7.0)
        assert typed.shown == ["Right: Again"]


def test_what_is_no_choice_is_asked_again_and_its_time_counts() -> None:
    typed = Typed("3", "agian", "2")
    assert typed.ask("next") == Answer("next", choice="home", seconds=21.0)
    assert typed.shown[0] == "3 cannot be meant here: '3' is not among the choices again, home."


def test_points_are_shown_after_the_answer_and_those_named_are_counted() -> None:
    typed = Typed("I look at the lamps", "1, 2")
    assert typed.ask("look") == Answer("look", "I look at the lamps", points=(1, 2), seconds=7.0)
    assert typed.shown == ["A good answer names:", "  1. lamps", "  2. {core}"]


def test_none_of_the_points_is_a_nought() -> None:
    assert Typed("nothing", "0").ask("look") == Answer("look", "nothing", seconds=7.0)


def test_points_that_are_not_there_are_asked_for_again() -> None:
    typed = Typed("lamps", "3", "", "one", "1")
    assert typed.ask("look") == Answer("look", "lamps", points=(1,), seconds=7.0)


def test_who_does_not_know_presses_enter_and_is_told_the_points() -> None:
    typed = Typed("")
    answer = typed.ask("look")
    assert answer is not None
    assert not answer.given
    assert "  1. lamps" in typed.shown


def test_nobody_knows_a_choice() -> None:
    answer = Typed("").ask("next")
    assert answer is not None
    assert not answer.given


def test_a_file_has_the_answers_that_are_in_it() -> None:
    answer = Answer("look", "lamps")
    assert FromFile({"look": answer}).ask(QUESTIONS["look"]) == answer
    assert FromFile({}).ask(QUESTIONS["look"]) is None
