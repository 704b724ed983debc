# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers: read from a file, judged by points, choice and time."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._drill.answers import (
    answers_of,
    judged,
    missing_points,
)
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import Answer, DrillError, Question
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.drill.examples import scenario, text

QUESTIONS = {question.key: question for question in scenario().questions}
POINTS = Question("q", "report", "points", text("?"), points=(text("a"), text("b"), text("c"), text("d")), within=60)


def read(answers: Any) -> dict[str, Answer]:
    return answers_of({"answers": answers}, list(QUESTIONS.values()))


def test_a_plain_word_is_the_choice_or_what_was_said() -> None:
    found = read({"next": "again", "look": "at the lamps"})
    assert found["next"].choice == "again"
    assert found["look"].text == "at the lamps"


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({"nothing": "x"}, "answers has nothing, which the scenario does not ask; it asks look, grade, next"),
        ({"next": "sleep"}, "answers.next: 'sleep' is not among the choices again, home"),
        ({"look": {"points": [3]}}, "answers.look: point 3 is not there; the question has 2 points"),
        ({"look": {"points": [0]}}, "answers.look: point 0 is not there"),
        ({"look": {"seconds": -1}}, "answers.look.seconds is -1 and has to be a number, not less than 0"),
        ({"look": {"points": "1"}}, "answers.look.points is '1' and has to be a list"),
        ({"look": {"pionts": [1]}}, "answers.look has pionts, which means nothing here"),
        (["next"], "answers is no mapping"),
    ],
)
def test_what_answers_nothing_is_refused_with_its_place(answers: Any, told: str) -> None:
    with pytest.raises(DrillError) as error:
        read(answers)
    assert told in str(error.value)


def test_no_answers_are_no_answers() -> None:
    assert answers_of({}, list(QUESTIONS.values())) == {}


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        (None, 0.0),
        (Answer("next"), 0.0),
        (Answer("next", choice="home"), 0.0),
        (Answer("next", choice="again"), 1.0),
        (Answer("next", choice="again", seconds=60), 1.0),
        (Answer("next", choice="again", seconds=60.1), 0.5),
    ],
)
def test_a_choice_is_right_or_wrong_and_late_counts_half(answer: Answer | None, score: float) -> None:
    assert judged(QUESTIONS["next"], answer) == score


@given(
    points=st.lists(st.integers(1, 4), max_size=6),
    more=st.integers(1, 4),
    seconds=st.none() | st.floats(0, 1000),
)
def test_more_points_are_never_worse_and_no_score_leaves_its_range(
    points: list[int], more: int, seconds: float | None
) -> None:
    before = judged(POINTS, Answer("q", "said", points=tuple(points), seconds=seconds))
    after = judged(POINTS, Answer("q", "said", points=(*points, more), seconds=seconds))
    assert 0.0 <= before <= after <= 1.0


@given(points=st.sets(st.integers(1, 4)))
def test_points_that_were_not_named_are_told_and_no_others(points: set[int]) -> None:
    missing = missing_points(POINTS, Answer("q", points=tuple(points)))
    assert [point["en"] for point in missing] == [each for place, each in enumerate("abcd", 1) if place not in points]


def test_words_alone_without_a_point_are_no_score() -> None:
    assert judged(POINTS, Answer("q", "I do not know")) == 0.0
