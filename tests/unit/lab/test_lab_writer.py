# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a writer's lines mean."""

from __future__ import annotations

import pytest

from lab.writer import Row, longest_gap, parse


def test_a_line_that_is_half_written_does_not_count() -> None:
    assert parse("1 10.000000 10.002000\n2 10.005000 10.0") == [Row(1, 10.0, 10.002)]


def test_the_outage_is_the_longest_time_between_two_acknowledgements() -> None:
    accepted = [10.0, 10.1, 10.9, 11.0]
    assert longest_gap([Row(n, at, at) for n, at in enumerate(accepted)]) == (10.1, 10.9)


def test_numbers_may_be_left_out_by_rows_that_were_not_acknowledged() -> None:
    rows = parse("1 10.0 10.1\n7 11.0 11.1\n")
    assert [row.number for row in rows] == [1, 7]
    assert longest_gap(rows) == pytest.approx((10.1, 11.1))
