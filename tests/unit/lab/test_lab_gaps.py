# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the traffic probe makes of the times at which requests were sent and answered."""

from __future__ import annotations

import pytest

from lab.gaps import MILLISECOND, FlowReport, lost_by_second, report

INTERVAL = 5 * MILLISECOND
TRIP = 1 * MILLISECOND


def flow(lost: set[int], count: int = 100, delayed: dict[int, int] | None = None) -> FlowReport:
    """Requests on the beat, except that sending is delayed from some of them on."""
    sent, answered, shift = [], [], 0
    for index in range(1, count + 1):
        shift += (delayed or {}).get(index, 0) * MILLISECOND
        sent.append(index * INTERVAL + shift)
        answered.append(0 if index in lost else sent[-1] + TRIP)
    return report("a", "b", INTERVAL, sent, answered, lateness=0)


def test_an_undisturbed_flow_has_gaps_of_one_interval() -> None:
    seen = flow(set())
    assert (seen.sent, seen.lost, seen.longest_gap_ms, seen.gaps) == (100, 0, 5.0, ())


def test_the_gap_is_the_time_between_the_answers_around_the_loss() -> None:
    seen = flow({20, 21, 22})
    assert (seen.lost, seen.longest_gap_ms) == (3, 20.0)
    assert (seen.gap_start, seen.gap_end) == ((19 * 5 + 1) / 1000, (23 * 5 + 1) / 1000)


def test_the_probes_own_pause_is_not_held_against_the_network() -> None:
    assert flow(set(), delayed={50: 300}).longest_gap_ms == 5.0


def test_a_pause_in_which_requests_were_lost_counts_in_full() -> None:
    assert flow({50}, delayed={50: 300}).longest_gap_ms == 310.0


def test_traffic_that_never_came_back_is_an_open_gap() -> None:
    seen = flow(set(range(81, 101)))
    assert (seen.longest_gap_ms, seen.gap_end) == (104.0, None)


def test_traffic_that_never_was_is_an_open_gap_from_the_first_request() -> None:
    seen = flow(set(range(1, 101)))
    assert (seen.lost, seen.longest_gap_ms, seen.gap_end) == (100, 500.0, None)


def test_a_report_survives_json() -> None:
    seen = flow({20})
    assert FlowReport.from_dict(seen.as_dict()) == seen


def test_what_a_gap_lost_is_spread_over_its_seconds() -> None:
    second = 1_000_000_000
    sent = [number * second // 10 for number in range(40)]
    answered = [0 if 10 <= number < 30 else request + 1000 for number, request in enumerate(sent)]
    flow = report("client", "server", second // 10, sent, answered, 0)
    points = lost_by_second([flow, flow])
    assert [point[0] for point in points] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert sum(count for _second, count in points) == pytest.approx(2 * 20, abs=0.5)
    assert points[-1][1] == 0
    assert points[1][1] > 0
    assert lost_by_second([]) == []
