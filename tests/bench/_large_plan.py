# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site of thousands of hosts on battery, and how long its plan takes."""

from __future__ import annotations

import statistics
import time
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.plan import make_plan

NOW = 1_795_000_000.0
SUPPLIES = ("ups-a", "ups-b")
STAGES = ("office", "application", "critical")


def seconds(hosts: int, rounds: int) -> float:
    """Return the median time of one plan, twenty minutes into an outage; SystemExit where it has not all hosts."""
    nodes = [_node(number, hosts) for number in range(hosts)]
    readings = [_reading(name, hosts) for name in SUPPLIES]
    return statistics.median(_one(nodes, _upses(hosts), readings) for _round in range(rounds))


def _one(nodes: list[dict[str, Any]], upses: list[dict[str, Any]], readings: list[dict[str, Any]]) -> float:
    outage = {"id": "1", "began_at_epoch": NOW - 1200, "cause": "mains", "due_stages": [], "nodes": {}}
    started = time.perf_counter()
    plan = make_plan(nodes, upses, _policy(), readings, outage, NOW)
    spent = time.perf_counter() - started
    if len(plan["schedule"]) != len(nodes):
        raise SystemExit(f"the plan has {len(plan['schedule'])} of {len(nodes)} hosts")
    return spent


def _node(number: int, hosts: int) -> dict[str, Any]:
    """A quarter has nothing before it; the others go after two of those up to ``hosts`` / 10 before."""
    stage = STAGES[number * len(STAGES) // hosts]
    reach = max(1, hosts // 10)
    before = [] if number < hosts // 4 else sorted({number - 1 - number % reach, number - 1 - number * 7 % reach})
    return {
        "name": f"host-{number:05d}",
        "kind": "host",
        "stage": stage,
        "duration_seconds": 30.0 + number * 37 % 150,
        "power_watts": 100.0 + number * 13 % 400,
        "feeds": [SUPPLIES[number % 2]] if number % 3 else list(SUPPLIES),
        "after": [f"host-{each:05d}" for each in before],
    }


def _upses(hosts: int) -> list[dict[str, Any]]:
    table = [[10, 360], [20, 205], [30, 159], [40, 124], [50, 106], [60, 98], [70, 83], [80, 75], [90, 66], [100, 53]]
    return [{"name": name, "nominal_watts": hosts * 300.0, "runtime_table": table, "derate": 0.8} for name in SUPPLIES]


def _policy() -> dict[str, Any]:
    stages = [{"name": name, "after_seconds": 900 * (number + 1)} for number, name in enumerate(STAGES)]
    return {"stages": stages, "reserve_seconds": 120, "concurrency": 64, "poll_seconds": 60}


def _reading(name: str, hosts: int) -> dict[str, Any]:
    return {
        "name": name,
        "status": "on_battery",
        "why": None,
        "runtime_seconds": 3600.0,
        "charge_percent": 70.0,
        "load_percent": 50.0,
        "power_watts": hosts * 150.0,
        "age_seconds": 0.0,
        "read_at_epoch": NOW,
        "marks": [],
    }
