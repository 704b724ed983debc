# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one machine's reading means: its power, its clock, its services, its database by itself."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional

from .model import CRITICAL, OK, UNKNOWN, WARNING, Finding, Judge, say

DEFAULTS: Dict[str, float] = {
    "min_free_bytes": 1073741824,
    "max_message_age": 5.0,
    "max_data_loss_seconds": 5.0,
    "max_clock_offset": 2.0,
}
ROLES = ("primary", "standby")
FINISHED = ("none", "done")


@dataclass(frozen=True)
class Machine:
    """One host of the inventory with what its check registered (None where that did not run)."""

    name: str
    database: bool
    cold: bool = False
    partner: Optional[str] = None
    result: Optional[Mapping[str, Any]] = None
    limits: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULTS))

    @property
    def looked(self) -> Mapping[str, Any]:
        return (self.result or {}).get("looked") or {}

    @property
    def power(self) -> Mapping[str, Any]:
        return (self.result or {}).get("power") or {}

    @property
    def server(self) -> Mapping[str, Any]:
        return self.looked.get("database") or {}

    @property
    def role(self) -> Optional[str]:
        role: Optional[str] = self.server.get("role")
        return role

    @property
    def rests(self) -> bool:
        """A cold standby that is off, as it should be."""
        return self.cold and not self.looked and self.power.get("state") == "off"

    def limit(self, name: str) -> float:
        return float(self.limits.get(name, DEFAULTS[name]))


def judge_machine(machine: Machine) -> List[Finding]:
    """Return the findings of one machine, without those that need its partner."""
    judge = Judge(machine.name)
    if machine.result is None:
        judge.add("reachable", UNKNOWN, say("not_checked"), say("checked"), say("run_again"))
        return judge.findings
    _power(judge, machine)
    if not _reached(judge, machine):
        return judge.findings
    _clock(judge, machine)
    _time_sync(judge, machine.looked.get("time") or {})
    for service in machine.looked.get("services") or []:
        _service(judge, service)
    if machine.database:
        _database(judge, machine)
        _record(judge, machine)
    return judge.findings


# -- power -----------------------------------------------------------------------------------------


def _power(judge: Judge, machine: Machine) -> None:
    power = machine.power
    expected = say("bmc_expected")
    if not power:
        if machine.database:
            judge.add("bmc", WARNING, say("bmc_none"), expected, say("bmc_none_do"))
        return
    if power.get("error"):
        kind = power.get("kind", "refused")
        judge.add("bmc", CRITICAL, say("why", why=power["error"]), expected, say(f"bmc_{kind}_do"))
        return
    if power.get("protocol") == "wake_on_lan":
        judge.add("bmc", WARNING, say("wake_on_lan"), expected, say("wake_on_lan_do"))
        return
    judge.add("bmc", OK, say("bmc_answers"), expected, say("nothing"))
    _power_state(judge, machine, str(power.get("state")))


def _power_state(judge: Judge, machine: Machine, state: str) -> None:
    seen = say("power", state=state)
    if state not in ("on", "off"):
        judge.add("power", UNKNOWN, seen, say("power_known"), say("power_unknown_do"))
    elif state == "off" and machine.looked:
        judge.add("power", CRITICAL, say("power_of_another"), say("power_on"), say("power_of_another_do"))
    elif machine.cold:
        judge.decide("power", state == "off", WARNING, seen, say("power_off_cold"), say("power_off_cold_do"))
    else:
        judge.decide("power", state == "on", CRITICAL, seen, say("power_on"), say("power_on_do"))


def _reached(judge: Judge, machine: Machine) -> bool:
    if machine.rests:
        judge.add("reachable", OK, say("rests"), say("rests"), say("nothing"))
        return False
    if machine.looked:
        judge.add("reachable", OK, say("reached"), say("reached"), say("nothing"))
        return True
    why = str((machine.result or {}).get("trouble") or (machine.result or {}).get("msg") or "?")
    judge.add("reachable", UNKNOWN, say("why", why=why), say("reached"), say("reached_do"))
    return False


# -- time ------------------------------------------------------------------------------------------


def _clock(judge: Judge, machine: Machine) -> None:
    offset = (machine.result or {}).get("clock")
    limit = machine.limit("max_clock_offset")
    expected = say("clock_expected", limit=f"{limit:g}")
    if offset is None:
        judge.add("clock", UNKNOWN, say("clock_unknown"), expected, say("run_again"))
        return
    # What the way there and back leaves open is not held against the clock.
    beyond = max(0.0, abs(offset["seconds"]) - offset["uncertainty"])
    seen = say("clock_seen", seconds=f"{offset['seconds']:+.2f}", uncertainty=f"{offset['uncertainty']:.2f}")
    judge.decide("clock", beyond <= limit, CRITICAL, seen, expected, say("clock_do"))


def _time_sync(judge: Judge, told: Mapping[str, Any]) -> None:
    source, synchronized, detail = told.get("source"), told.get("synchronized"), told.get("detail", "?")
    expected = say("time_expected")
    if source is None and told.get("container"):
        judge.add("time_sync", OK, say("time_container", kind=told["container"]), expected, say("nothing"))
    elif source is None:
        judge.add("time_sync", WARNING, say("why", why=detail), expected, say("time_none_do"))
    elif synchronized is None:
        judge.add("time_sync", UNKNOWN, say("time_seen", source=source, detail=detail), expected, say("time_do"))
    else:
        seen = say("time_seen", source=source, detail=detail)
        judge.decide("time_sync", bool(synchronized), WARNING, seen, expected, say("time_do"))


# -- services --------------------------------------------------------------------------------------


def _service(judge: Judge, service: Mapping[str, Any]) -> None:
    name = service["name"]
    if service.get("error"):
        judge.add(
            f"service {name}", CRITICAL, say("why", why=service["error"]), say("service_described"), say("service_fix")
        )
        return
    unit = service.get("unit")
    if unit:
        _unit(judge, f"unit {name}", unit)
    if not service["looked"]:
        seen = say("service_not_looked", target=service["target"])
        judge.add(f"service {name}", WARNING, seen, say("service_healthy"), say("service_not_looked_do"))
        return
    seen = say("service_seen", target=service["target"], seen=service["seen"])
    expected = say("why", why=service["expected"])
    judge.decide(f"service {name}", bool(service["passed"]), CRITICAL, seen, expected, say("service_do"))


def _unit(judge: Judge, check: str, unit: Mapping[str, Any]) -> None:
    expected = say("unit_expected")
    name = unit["name"]
    if unit.get("error"):
        judge.add(check, UNKNOWN, say("why", why=unit["error"]), expected, say("unit_unknown_do", unit=name))
    elif unit["load"] == "masked" or unit["file"] == "masked":
        judge.add(check, CRITICAL, say("unit_masked", unit=name), expected, say("unit_masked_do", unit=name))
    elif unit["load"] != "loaded":
        judge.add(check, CRITICAL, say("unit_missing", unit=name, load=unit["load"]), expected, say("unit_missing_do"))
    else:
        seen = say("unit_starts" if unit["starts"] else "unit_disabled", unit=name)
        judge.decide(check, bool(unit["starts"]), CRITICAL, seen, expected, say("unit_do", unit=name))


# -- the database by itself ------------------------------------------------------------------------


def _database(judge: Judge, machine: Machine) -> None:
    server = machine.server
    expected = say("database_expected")
    if machine.role in ROLES:
        seen = say("database_role", role=machine.role, version=server.get("version"))
        judge.add("database", OK, seen, expected, say("nothing"))
    else:
        severity = CRITICAL if machine.role == "down" else UNKNOWN
        seen = say("why", why=server.get("error") or "?")
        judge.add("database", severity, seen, expected, say("database_do"))
    _disk(judge, machine)
    unit = server.get("unit_state")
    if unit:
        _unit(judge, "unit database", unit)
    elif server.get("directory"):
        judge.add("unit database", WARNING, say("unit_unknown"), say("unit_expected"), say("unit_name_it"))


def _disk(judge: Judge, machine: Machine) -> None:
    server = machine.server
    limit = machine.limit("min_free_bytes")
    free = [each for each in (server.get("free_bytes"), server.get("wal_free_bytes")) if each is not None]
    expected = say("disk_expected", limit=megabytes(limit))
    if not free:
        judge.add("disk", UNKNOWN, say("disk_unknown"), expected, say("disk_unknown_do"))
        return
    seen = say("disk_seen", free=megabytes(min(free)), directory=server.get("directory") or "?")
    judge.decide("disk", min(free) >= limit, CRITICAL, seen, expected, say("disk_do"))


def _record(judge: Judge, machine: Machine) -> None:
    record = machine.looked.get("record") or {"state": "unreadable", "path": "?"}
    state, expected = record["state"], say("record_expected")
    if state == "unreadable":
        judge.add("takeover_record", UNKNOWN, say("record_unreadable", path=record["path"]), expected, say("record_do"))
    elif state == "none":
        judge.add("takeover_record", OK, say("record_none"), expected, say("nothing"))
    else:
        at = time.strftime("%Y-%m-%d %H:%M", time.localtime(record.get("done_at") or record["started_at"]))
        seen = say("record_seen", failed=record["failed"], phase=state, at=at)
        remedy = say("record_unfinished_do", failed=record["failed"])
        judge.decide("takeover_record", state in FINISHED, CRITICAL, seen, expected, remedy)


def megabytes(count: float) -> str:
    return f"{count / 1048576:,.0f} MiB"
