# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures: time goes from left to right whatever the moments are, and no peak, gap or break is hidden."""

from __future__ import annotations

import itertools
import re
from zoneinfo import ZoneInfo

from ansible_collections.contingency.infra.plugins.plugin_utils import svg
from ansible_collections.contingency.infra.plugins.plugin_utils.svg_plot import (
    Curve,
    Limit,
    known,
    nice,
    plot,
    thinned,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.svg_timeline import (
    Lane,
    Mark,
    Row,
    Span,
    timeline,
    within,
)
from hypothesis import given
from hypothesis import strategies as st

LEFT, RIGHT = 100.0, 700.0
SHANGHAI, KATHMANDU = ZoneInfo("Asia/Shanghai"), ZoneInfo("Asia/Kathmandu")
START = 1_795_000_000.0
MOMENTS = st.lists(st.floats(START, START + 20 * 86400), min_size=1, max_size=40)
VALUES = st.lists(st.tuples(st.floats(0, 1e6), st.none() | st.floats(-1e6, 1e6)), max_size=120)


@given(MOMENTS)
def test_time_goes_from_left_to_right_and_stays_within(moments: list[float]) -> None:
    axis = svg.axis_of(moments, LEFT, RIGHT)
    places = [axis.x(epoch) for epoch in sorted(moments)]
    assert all(LEFT - 1e-6 <= x <= RIGHT + 1e-6 for x in places)
    assert all(a <= b + 1e-6 for a, b in itertools.pairwise(places))
    assert len(axis.breaks) <= svg.MOST_BREAKS
    assert abs(axis.pieces[-1].right - RIGHT) < 1e-6
    # Nothing happened in what was left out.
    for before, after in axis.breaks:
        assert not [epoch for epoch in moments if before.end < epoch < after.start]
        assert after.start > before.end


@given(MOMENTS)
def test_every_piece_has_the_same_scale(moments: list[float]) -> None:
    pieces = svg.axis_of(moments, LEFT, RIGHT).pieces
    scales = [(piece.right - piece.left) / (piece.end - piece.start) for piece in pieces]
    assert max(scales) - min(scales) < 1e-6 * max(scales)


@given(MOMENTS, st.sampled_from([SHANGHAI, KATHMANDU]))
def test_clocks_are_round_and_do_not_run_into_each_other(moments: list[float], zone: ZoneInfo) -> None:
    axis = svg.axis_of(moments, LEFT, RIGHT)
    marks = svg.ticks(axis, zone)
    for (x, said), (later, other) in itertools.pairwise(marks):
        assert later - x > (svg.width_of(said, 10) + svg.width_of(other, 10)) / 2
    assert all(re.search(r"(\d\d-\d\d )?\d\d:\d\d(:\d\d)?$", said) for _x, said in marks)


def test_a_clock_of_a_zone_with_an_odd_offset_is_round_too() -> None:
    axis = svg.axis_of([START, START + 4 * 3600], LEFT, RIGHT)
    assert {said[-2:] for _x, said in svg.ticks(axis, KATHMANDU)} <= {"00", "30"}


def test_a_long_time_in_which_nothing_happened_is_left_out_and_marked() -> None:
    moments = [START, START + 60, START + 600, START + 5 * 86400]
    axis = svg.axis_of(moments, LEFT, RIGHT)
    assert len(axis.breaks) == 1
    assert axis.x(START + 600) - axis.x(START) > 0.5 * (RIGHT - LEFT)
    drawn = "".join(svg.drawn_axis(axis, SHANGHAI, 0, 100))
    assert drawn.count("#f0f2f5") == 1
    assert svg.axis_of([START, START + 1500], LEFT, RIGHT).breaks == []


def test_one_moment_alone_can_be_drawn() -> None:
    assert LEFT < svg.axis_of([START], LEFT, RIGHT).x(START) < RIGHT
    assert svg.axis_of([], LEFT, RIGHT).pieces


# -- curves ----------------------------------------------------------------------------------------


@given(VALUES)
def test_no_peak_and_no_gap_is_lost_where_there_are_too_many_points(points: list[tuple[float, float | None]]) -> None:
    kept = thinned(points, most=30)
    assert len(kept) <= 33
    values = [value for _epoch, value in points if value is not None]
    assert sorted(kept, key=points.index) == kept or len(set(points)) < len(points)
    assert {min(values, default=None), max(values, default=None)} <= {None, *(value for _epoch, value in kept)}
    assert any(value is None for _epoch, value in points) == any(value is None for _epoch, value in kept)


def test_a_peak_and_a_dip_of_one_point_are_drawn() -> None:
    points: list[tuple[float, float | None]] = [(float(number), 5.0) for number in range(5000)]
    points[1234], points[4321] = (1234.0, 9.0), (4321.0, 1.0)
    kept = thinned(points)
    assert len(kept) < 1000
    assert {points[1234], points[4321]} <= set(kept)


def test_what_is_not_known_is_not_drawn() -> None:
    points = [(1.0, 5.0), (2.0, None), (3.0, 6.0), (4.0, 7.0)]
    assert known(points) == [[(1.0, 5.0)], [(3.0, 6.0), (4.0, 7.0)]]
    drawn = plot("p", "t", "d", "minutes", [Curve("ups", tuple(points))], SHANGHAI)
    assert drawn.count("<circle") == 1
    assert plot("p", "t", "d", "minutes", [Curve("ups", ((1.0, None),))], SHANGHAI) == ""


@given(st.floats(0, 1e12))
def test_a_level_above_a_value_is_round_and_near(value: float) -> None:
    assert value <= nice(value) * 1.000001
    assert nice(value) <= max(1.0, value * 2.0001)


def test_a_limit_and_negative_values_are_within_the_picture() -> None:
    curve = Curve("t", ((START, -4.0), (START + 60, 9.0)))
    drawn = plot("p", "t", "d", "degrees", [curve], SHANGHAI, [Limit("limit", 30.0)])
    assert "limit" in drawn
    heights = [float(y) for y in re.findall(r'y1="([-0-9.]+)"', drawn)]
    assert heights
    assert all(0 <= y <= 200 for y in heights)


# -- time lines ------------------------------------------------------------------------------------


def test_a_row_says_what_it_is_and_a_description_says_all() -> None:
    rows = (Row("14:02 fault", (Span(START, START + 400, "bad"),)), Row("<script>", marks=(Mark(START + 9),)))
    drawn = timeline("tl", "Title", "What there is to see", [Lane("Lane", rows), Lane("Empty", ())], SHANGHAI)
    assert "&lt;script&gt;" in drawn
    assert "<script" not in drawn
    assert 'role="img" aria-labelledby="tl-title tl-desc"' in drawn
    assert ">What there is to see</desc>" in drawn
    assert "Empty" not in drawn
    assert timeline("tl", "t", "d", [Lane("Lane", (Row("nothing"),))], SHANGHAI) == ""


def test_an_end_that_nobody_knows_is_drawn_as_one() -> None:
    def drawn(span: Span) -> str:
        return str(
            timeline("tl", "t", "d", [Lane("l", (Row("r", (span,)), Row("s", (Span(START, START + 900),))))], SHANGHAI)
        )

    assert 'stroke-dasharray="3 2"' in drawn(Span(START + 5, None))
    assert 'stroke-dasharray="5 3"' in drawn(Span(START + 5, START + 60, torn=True))
    assert 'dasharray="5 3"' not in drawn(Span(START + 5, START + 60))


def test_a_part_of_the_time_shows_what_lies_in_it() -> None:
    rows = (
        Row("before", (Span(1, 5),)),
        Row("over its edges", (Span(5, 50),)),
        Row("goes on", (Span(15, None),)),
        Row("mark", marks=(Mark(12), Mark(40))),
        Row("after", marks=(Mark(40),)),
    )
    (lane,) = within([Lane("l", (*rows, Row("and 3 more")))], 10, 20)
    assert lane.rows == (
        Row("over its edges", (Span(10, 20),)),
        Row("goes on", (Span(15, None),)),
        Row("mark", marks=(Mark(12),)),
        Row("and 3 more"),
    )


def test_a_moment_that_no_calendar_has_is_left_out() -> None:
    rows = (Row("seen", marks=(Mark(START),)), Row("absurd", marks=(Mark(9e14),)), Row("old", marks=(Mark(-1e12),)))
    drawn = timeline("tl", "t", "d", [Lane("l", rows)], SHANGHAI)
    assert "seen" in drawn
    assert "absurd" not in drawn
    curve = Curve("c", ((START, 1.0), (9e14, 2.0)))
    assert plot("p", "t", "d", "u", [curve], SHANGHAI).count("<circle") == 1


@given(st.text(max_size=60), st.floats(20, 300))
def test_a_label_fits_into_its_room(said: str, room: float) -> None:
    short = svg.shortened(said, room)
    assert svg.width_of(short) <= room or short == "…"
    assert short == said or short.endswith("…")
