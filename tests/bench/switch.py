# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-switch`: what an uplink swap costs, and what the traffic notices.

Writes build/bench/switch.json. All methods of a round run right after each other on the same devices;
ratios are made within a round, and the median of the rounds is reported. Times are milliseconds a device
unless a key says otherwise.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Sequence

from lab.engine import Lab
from tests.bench._cost import ROOT, Cost
from tests.bench._fleet import Fleet, fleet
from tests.bench._traffic import core_killed, planned_swaps, worst_of_median

DEVICES = 50
ROUNDS = 3
SLOPE = (10, 50, 200)
PLANNED_ROUNDS = 3
KILLED_ROUNDS = 5


def main() -> None:
    """Measure everything and write it down."""
    report: dict[str, object] = {"devices": DEVICES}
    report.update(_devices())
    report["per_device"] = [_slope(count) for count in SLOPE]
    report.update(_traffic())
    target = ROOT / "build/bench/switch.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def _devices() -> dict[str, float]:
    with fleet(DEVICES) as devices:
        lines = _both_ways(devices)
        rounds = [_round(devices, lines) for _turn in range(ROUNDS)]
    return {
        "wall_over_thread_pool": _median(rounds, lambda r: r["ours"].wall / r["thread_pool"].wall),
        "cpu_over_floor": _median(rounds, lambda r: r["ours"].cpu / r["floor"].cpu),
        "module_wall_over_ours": _median(rounds, lambda r: r["module"].wall / r["ours"].wall),
        **{f"{name}_wall_ms": _each(rounds, name, "wall") for name in rounds[0]},
        **{f"{name}_cpu_ms": _each(rounds, name, "cpu") for name in rounds[0]},
    }


def _both_ways(devices: Fleet) -> dict[str, list[str]]:
    """Return the lines that our swap sends to each core; the others send the same."""
    lines = {}
    for _turn in range(2):
        to = devices.to
        devices.swap()
        lines[to] = devices.lines_of_last_session()
    return lines


def _round(devices: Fleet, lines: dict[str, list[str]]) -> dict[str, Cost]:
    print("  a round: floor, ours, thread pool, module", flush=True)
    return {
        "floor": devices.floor(),
        "ours": devices.swap(),
        "thread_pool": devices.pool(lines[devices.to]),
        "module": devices.module(lines[devices.to]),
    }


def _median(rounds: Sequence[dict[str, Cost]], ratio: Callable[[dict[str, Cost]], float]) -> float:
    return round(statistics.median(ratio(each) for each in rounds), 3)


def _each(rounds: Sequence[dict[str, Cost]], name: str, what: str) -> float:
    spent: float = statistics.median(getattr(each[name], what) for each in rounds)
    return round(spent / DEVICES * 1000, 1)


def _slope(count: int) -> dict[str, float]:
    print(f"  {count} devices", flush=True)
    with fleet(count) as devices:
        spent = devices.swap()
    return {
        "devices": count,
        "wall_ms": round(spent.wall / count * 1000, 1),
        "cpu_ms": round(spent.cpu / count * 1000, 1),
    }


def _traffic() -> dict[str, object]:
    lab = Lab.from_environment()
    print("  the lab: planned swaps under traffic, then core-a dies", flush=True)
    lab.up(parts=["network"])
    try:
        planned = planned_swaps(lab, PLANNED_ROUNDS)
        killed = core_killed(lab, KILLED_ROUNDS)
    finally:
        lab.down()
    middle = worst_of_median(planned)
    return {
        "planned_lost_packets": middle.lost,
        "planned_gap_ms": round(middle.gap_ms, 1),
        "planned_swaps": [[swap.lost, round(swap.gap_ms, 1)] for swap in planned],
        "core_killed_seconds": round(statistics.median(killed), 2),
        "core_killed_rounds": [round(each, 2) for each in killed],
    }


if __name__ == "__main__":
    main()
