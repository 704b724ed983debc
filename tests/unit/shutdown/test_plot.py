# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of an outage shows what is known, and shows where nothing is."""

from __future__ import annotations

from xml.etree import ElementTree

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.plot import (
    COLOURS,
    HOST,
    LEFT,
    PALE,
    RIGHT,
    WIDTH,
    WORDS,
    Bar,
    Mark,
    Sample,
    picture,
)
from hypothesis import given
from hypothesis import strategies as st

START = 1_800_000_000.0
SVG = "{http://www.w3.org/2000/svg}"
FIGURE = st.none() | st.floats(0, 1e6)


def drawn(*args: object, **more: object) -> ElementTree.Element:
    return ElementTree.fromstring(picture(START, *args, **more))  # type: ignore[arg-type]


def texts(svg: ElementTree.Element) -> list[str]:
    return [each.text or "" for each in svg.iter(f"{SVG}text")]


def of_colour(svg: ElementTree.Element, tag: str, attribute: str, colour: str) -> list[ElementTree.Element]:
    return [each for each in svg.iter(f"{SVG}{tag}") if each.get(attribute) == colour]


def test_a_curve_is_interrupted_where_the_ups_told_nothing() -> None:
    told = [3600.0, 3500.0, None, None, 3000.0, 2900.0]
    samples = [Sample(START + 60 * number, "ups-a", runtime, 50.0) for number, runtime in enumerate(told)]
    svg = drawn(samples, [], [])
    runtime_curves = [each.get("points") or "" for each in of_colour(svg, "polyline", "stroke", COLOURS[0])]
    assert sorted(len(points.split()) for points in runtime_curves) == [2, 2, 6]
    assert len(of_colour(svg, "line", "stroke", PALE)) == 2


def test_a_host_that_was_not_confirmed_off_is_red_and_one_that_was_is_not() -> None:
    bars = [Bar("web-1", "off", START + 10, START + 40), Bar("db-1", "failed", START + 20, START + 90)]
    svg = drawn([], bars, [Mark(START, "mains lost")])
    legend = 1
    assert len(of_colour(svg, "rect", "fill", HOST["failed"])) == legend + 1
    assert len(of_colour(svg, "rect", "fill", HOST["off"])) == legend + 1
    assert {"web-1", "db-1", "mains lost", WORDS["en"]["failed"]} <= set(texts(svg))
    assert WORDS["zh"]["failed"] in texts(drawn([], bars, [], language="zh"))


def test_both_languages_have_the_same_words() -> None:
    assert WORDS["en"].keys() == WORDS["zh"].keys()


@given(
    st.lists(st.builds(Sample, st.floats(START, START + 9e4), st.sampled_from("ab"), FIGURE, FIGURE), max_size=20),
    st.lists(
        st.builds(
            Mark, st.floats(START - 10, START + 9e4), st.text(st.characters(codec="utf-8", exclude_categories=["C"]))
        )
    ),
)
def test_any_outage_becomes_a_picture_within_its_frame(samples: list[Sample], marks: list[Mark]) -> None:
    svg = drawn(samples, [Bar("<&>", "shutting", START + 5, None)], marks)
    for line in svg.iter(f"{SVG}line"):
        assert 0 <= float(line.get("x1") or 0) <= WIDTH
        assert float(line.get("x2") or 0) <= WIDTH
    for curve in svg.iter(f"{SVG}polyline"):
        across = [float(point.split(",")[0]) for point in (curve.get("points") or "").split()]
        assert across == sorted(across)
        assert all(LEFT <= x <= WIDTH - RIGHT for x in across)
