# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A healthy pair as its hosts would tell it; a test changes one thing."""

from __future__ import annotations

import copy
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._readiness.machine import Machine

NOW = 1_700_000_000.0
DOWN = {"role": "down", "error": "no server runs", "directory": "/data", "free_bytes": 1 << 40, "unit_state": None}
UNIT = {"name": "postgresql@15-main.service", "load": "loaded", "active": "active", "file": "enabled", "starts": True}
SERVER: dict[str, Any] = {
    "error": None,
    "version": "15.20",
    "major": "15",
    "directory": "/data",
    "free_bytes": 1 << 40,
    "wal_free_bytes": 1 << 40,
    "unit_state": UNIT,
}
LOOKED: dict[str, Any] = {
    "time": {"source": "chrony", "synchronized": True, "detail": "leap status Normal", "container": None},
    "services": [],
    "record": {"state": "none"},
}


def primary(name: str = "his-db-1", hardware: str = "02:00:00:00:00:01") -> Machine:
    server = {
        **SERVER,
        "role": "primary",
        "position": 1000,
        "followers": ["his-db-2"],
        "slots": [{"name": "his_db_2", "active": True, "wal_status": "reserved"}],
    }
    return machine(name, server, {"10.9.0.100": ["eth0"]}, hardware, [])


def standby(name: str = "his-db-2", hardware: str = "02:00:00:00:00:02") -> Machine:
    server = {
        **SERVER,
        "role": "standby",
        "streaming": True,
        "receiver": "streaming",
        "message_age": 0.5,
        "quiet_interval": 5.0,
        "received": 1000,
        "slot": "his_db_2",
        "source": "10.9.0.51:5432",
        "source_trouble": None,
        "refusal": None,
    }
    return machine(name, server, {"10.9.0.100": []}, hardware, ["02:00:00:00:00:01"])


def machine(name: str, server: dict[str, Any], here: dict[str, list[str]], hardware: str, heard: list[str]) -> Machine:
    address = {"error": None, "here": here, "hardware": [hardware], "heard": {"10.9.0.100": heard}}
    result = {
        "power": {"protocol": "redfish", "state": "on", "error": None},
        "looked": {**LOOKED, "database": server, "address": address},
        "clock": {"seconds": 0.01, "uncertainty": 0.05},
        "addresses": ["10.9.0.100/24"],
        "seconds": 0.7,
    }
    return Machine(name, database=True, result=copy.deepcopy(result))


def told(one: Machine, *path: str, value: Any) -> Machine:
    """Return the machine with one thing in its result changed."""
    result = copy.deepcopy(dict(one.result or {}))
    place = result
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return Machine(one.name, one.database, one.cold, one.partner, result, one.limits)


def of_server(one: Machine, **changes: Any) -> Machine:
    return told(one, "looked", "database", value={**one.server, **changes})
