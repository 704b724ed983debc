# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long planning takes for 2,000 hosts on two UPSes, for `make bench-ups`."""

from __future__ import annotations

import random
import statistics
import time
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.plan import make_plan

HOSTS = 2000
ROUNDS = 5
NOW = 1_795_000_000.0
TABLE = [[10, 105], [20, 52], [30, 40], [40, 27], [50, 21], [60, 17], [70, 14], [80, 12], [90, 10], [100, 9]]
FEEDS = (["ups-a", "ups-b"], ["ups-a", "ups-b"], ["ups-a"], ["ups-b"])
WATTS = 200


def plan_seconds() -> dict[str, float]:
    """The medians of a plan on an ordinary day, in an outage before any stage, and when everything goes at once."""
    moments: dict[str, tuple[str, float, float | None]] = {
        "plan_2000_before_seconds": ("online", 100.0, None),
        "plan_2000_waiting_seconds": ("on_battery", 100.0, 60.0),
        "plan_2000_hard_seconds": ("on_battery", 25.0, 60.0),
    }
    found = {name: statistics.median(_round(*moment) for _each in range(ROUNDS)) for name, moment in moments.items()}
    return {"plan_2000_seconds": max(found.values()), **found}


def _round(status: str, charge: float, age: float | None) -> float:
    nodes, upses, policy = _site()
    readings = [_reading(ups["name"], status, charge) for ups in upses]
    outage = None if age is None else {"id": "bench", "began_at_epoch": NOW - age, "cause": "mains", "nodes": {}}
    began = time.perf_counter()
    plan = make_plan(nodes, upses, policy, readings, outage, NOW)
    seconds = time.perf_counter() - began
    assert len(plan["schedule"]) == len(nodes)
    assert plan["hard"] is (charge < 100)
    return seconds


def _site() -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, Any]]:
    """Hosts of two stages, a third of them after one or two others, forty switches, the controller."""
    dice = random.Random(2026)
    nodes = [_host(dice, number) for number in range(HOSTS)]
    nodes += [_last(f"switch-{number}", "switch") for number in range(40)] + [_last("controller", "controller")]
    upses = [
        {"name": name, "nominal_watts": HOSTS * WATTS * 1.2, "runtime_table": TABLE, "derate": 0.8}
        for name in ("ups-a", "ups-b")
    ]
    stages = [{"name": "office", "after_seconds": 300}, {"name": "critical", "after_seconds": 900}]
    return nodes, upses, {"stages": stages, "concurrency": 64}


def _host(dice: random.Random, number: int) -> dict[str, Any]:
    after = {f"host-{dice.randrange(number)}" for _each in range(dice.choice((0, 0, 0, 0, 1, 2)))} if number else set()
    return {
        "name": f"host-{number}",
        "kind": "host",
        "stage": dice.choice(("office", "critical")),
        "duration_seconds": dice.uniform(2, 12),
        "power_watts": dice.uniform(0.5, 1.5) * WATTS,
        "feeds": dice.choice(FEEDS),
        "after": sorted(after),
    }


def _last(name: str, kind: str) -> dict[str, Any]:
    return {
        "name": name,
        "kind": kind,
        "stage": "critical",
        "duration_seconds": 5.0,
        "power_watts": 100.0,
        "feeds": ["ups-a", "ups-b"],
        "after": [],
    }


def _reading(name: str, status: str, charge: float) -> dict[str, Any]:
    return {
        "name": name,
        "status": status,
        "charge_percent": charge,
        "load_percent": 45.0,
        "age_seconds": 0.0,
        "read_at_epoch": NOW,
    }
