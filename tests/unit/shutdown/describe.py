# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short ways to write nodes, UPSes, readings and an outage as the planner is given them."""

from __future__ import annotations

from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.plan import make_plan

NOW = 1_795_000_000.0
# Liebert GXT3-230V manual, table 11, internal battery: load in percent, minutes.
INTERNAL = [[10, 105], [20, 52], [30, 40], [40, 27], [50, 21], [60, 17], [70, 14], [80, 12], [90, 10], [100, 9]]


def node(name: str, seconds: float = 60, watts: float | None = 100, **others: Any) -> dict[str, Any]:
    return {"name": name, "stage": "critical", "duration_seconds": seconds, "power_watts": watts, **others}


def ups(name: str = "ups-a", watts: float | None = 1000, **others: Any) -> dict[str, Any]:
    return {"name": name, "nominal_watts": watts, "runtime_table": INTERNAL, "derate": 1.0, **others}


def reading(name: str = "ups-a", status: str = "on_battery", **others: Any) -> dict[str, Any]:
    return {
        "name": name,
        "status": status,
        "why": None if status != "unknown" else "its driver is not connected",
        "runtime_seconds": None,
        "charge_percent": 100.0,
        "load_percent": 50.0,
        "power_watts": None,
        "age_seconds": 0.0,
        "read_at_epoch": NOW,
        **others,
    }


def silent(name: str = "ups-a") -> dict[str, Any]:
    """A UPS of which nothing is known."""
    return reading(name, "unknown", charge_percent=None, load_percent=None)


def policy(*stages: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"stages": list(stages or (stage("critical", 3600),)), **others}


def stage(name: str, after: float | None = None, below: float | None = None) -> dict[str, Any]:
    return {"name": name, "after_seconds": after, "below_runtime_seconds": below}


def outage(age: float = 100.0, **others: Any) -> dict[str, Any]:
    return {
        "id": "2026-11-22",
        "began_at_epoch": NOW - age,
        "cause": "mains",
        "ended_at_epoch": None,
        "due_stages": [],
        "nodes": {},
        **others,
    }


def planned(
    nodes: list[dict[str, Any]],
    *,
    upses: list[dict[str, Any]] | None = None,
    rules: dict[str, Any] | None = None,
    readings: list[dict[str, Any]] | None = None,
    record: dict[str, Any] | None = None,
    now: float = NOW,
) -> dict[str, Any]:
    """The plan for one UPS on battery, half loaded, unless something else is said."""
    return make_plan(nodes, upses or [ups()], rules or policy(), readings or [reading()], record, now)
