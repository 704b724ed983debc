# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the readings of servers that stand by for one another mean together."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence

from .machine import Machine
from .model import CRITICAL, OK, UNKNOWN, WARNING, Finding, Judge, say

Group = Sequence[Machine]


def groups_of(machines: Group) -> List[List[Machine]]:
    """Return the machines that stand by for one another, together.

    ``standby_partner`` ties two of them; those that name nobody and are named by nobody belong together.
    """
    names = {each.name: each for each in machines}
    leader = {name: name for name in names}

    def top(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    tied = set()
    for each in machines:
        if each.partner in names and each.partner != each.name:
            leader[top(each.name)] = top(str(each.partner))
            tied |= {each.name, str(each.partner)}
    free = [name for name in names if name not in tied]
    for name in free[1:]:
        leader[top(name)] = top(free[0])
    found: Dict[str, List[Machine]] = {}
    for each in machines:
        found.setdefault(top(each.name), []).append(each)
    return list(found.values())


def judge_group(group: Group) -> List[Finding]:
    """Return what is found by comparing: one primary, its standbys, versions, the service addresses."""
    judge = Judge("+".join(each.name for each in group))
    primary = _primary(judge, group)
    findings = list(judge.findings)
    standbys = [each for each in group if each is not primary and not each.rests]
    if primary is not None and not any(each is not primary for each in group):
        judge = Judge(primary.name)
        judge.add("standby", CRITICAL, say("standby_none"), say("standby_expected"), say("standby_do"))
        findings += judge.findings
    for standby in standbys:
        if standby.role == "standby":
            findings += judge_standby(standby, primary)
    if primary is not None:
        findings += _slots_of_nobody(primary, standbys)
    return findings + judge_addresses(group, primary)


def _primary(judge: Judge, group: Group) -> Optional[Machine]:
    primaries = [each for each in group if each.role == "primary"]
    silent = [each.name for each in group if each.role is None and not each.rests]
    expected = say("primary_expected")
    if len(primaries) > 1:
        names = ", ".join(each.name for each in primaries)
        judge.add("primary", CRITICAL, say("primary_several", names=names), expected, say("primary_several_do"))
        return None
    if primaries and silent:
        seen = say("primary_silent", name=primaries[0].name, names=", ".join(silent))
        judge.add("primary", UNKNOWN, seen, expected, say("primary_silent_do"))
    elif primaries:
        judge.add("primary", OK, say("primary_one", name=primaries[0].name), expected, say("nothing"))
    elif silent:
        seen = say("primary_unknown", names=", ".join(silent))
        judge.add("primary", UNKNOWN, seen, expected, say("primary_silent_do"))
    else:
        judge.add("primary", CRITICAL, say("primary_none"), expected, say("primary_none_do"))
    return primaries[0] if primaries else None


# -- one standby -----------------------------------------------------------------------------------


def judge_standby(standby: Machine, primary: Optional[Machine]) -> List[Finding]:
    """Return what a standby that runs says of its replication, compared with its primary where there is one."""
    judge = Judge(standby.name)
    server = standby.server
    leading: Mapping[str, Any] = primary.server if primary else {}
    if _replication(judge, server, leading):
        _message_age(judge, standby, leading)
    _quiet(judge, standby)
    if primary is not None:
        _slot(judge, server, leading, primary.name)
        _versions(judge, server, leading, primary.name)
    seen = say("promotion_refused", why=server["refusal"]) if server.get("refusal") else say("promotion_free")
    judge.decide("promotion", not server.get("refusal"), CRITICAL, seen, say("promotion_free"), say("promotion_do"))
    return judge.findings


def _replication(judge: Judge, server: Mapping[str, Any], leading: Mapping[str, Any]) -> bool:
    source = server.get("source") or "?"
    expected = say("replication_expected", source=source)
    trouble = server.get("source_trouble")
    if not server.get("streaming"):
        seen = say("replication_none", receiver=server.get("receiver") or "-", source=source)
        if trouble:
            seen = say("replication_cut", source=source, why=trouble)
        judge.add("replication", CRITICAL, seen, expected, say("replication_do"))
        return False
    if trouble:
        seen = say("replication_cut", source=source, why=trouble)
        judge.add("replication", CRITICAL, seen, expected, say("replication_cut_do"))
        return True
    if leading and not leading.get("followers"):
        judge.add("replication", CRITICAL, say("replication_alone"), expected, say("replication_do"))
        return True
    return judge.decide("replication", True, CRITICAL, say("replication_seen", source=source), expected, say("nothing"))


def _message_age(judge: Judge, standby: Machine, leading: Mapping[str, Any]) -> None:
    """Without writes nothing is sent for a while: then having all that the primary has is as good as news of it."""
    server, limit = standby.server, standby.limit("max_message_age")
    age, received, position = server.get("message_age"), server.get("received"), leading.get("position")
    expected = say("age_expected", limit=f"{limit:g}")
    has_all = received is not None and position is not None and received >= position
    if age is None and not has_all:
        judge.add("message_age", UNKNOWN, say("age_unknown"), expected, say("age_do"))
    elif age is None or age > limit:
        seen = say("age_quiet" if has_all else "age_seen", age=f"{age or 0:.1f}")
        judge.decide("message_age", has_all, CRITICAL, seen, expected, say("age_do"))
    else:
        judge.add("message_age", OK, say("age_seen", age=f"{age:.1f}"), expected, say("nothing"))


def _quiet(judge: Judge, standby: Machine) -> None:
    """A failover accepts no older news than its limit; a quiet primary may be silent for longer."""
    interval, limit = standby.server.get("quiet_interval"), standby.limit("max_data_loss_seconds")
    if interval is None:
        return
    seen, expected = say("quiet_seen", interval=f"{interval:g}"), say("quiet_expected", limit=f"{limit:g}")
    judge.decide(
        "quiet_interval", interval <= limit, WARNING, seen, expected, say("quiet_do", timeout=f"{2 * limit:g}")
    )


def _slot(judge: Judge, server: Mapping[str, Any], leading: Mapping[str, Any], primary: str) -> None:
    slots = leading.get("slots")
    if slots is None:
        if leading.get("position") is not None:
            judge.add("slot", UNKNOWN, say("slot_unknown"), say("slot_expected"), say("run_again"))
        return
    name = server.get("slot")
    if not name:
        judge.add("slot", WARNING, say("slot_none"), say("slot_expected"), say("slot_none_do"))
        return
    found = next((slot for slot in slots if slot["name"] == name), None)
    if found is None:
        seen = say("slot_missing", slot=name, primary=primary)
        judge.add("slot", CRITICAL, seen, say("slot_expected"), say("slot_missing_do", slot=name, primary=primary))
        return
    fine = bool(found["active"]) and found.get("wal_status") in (None, "reserved", "extended")
    seen = say("slot_seen" if found["active"] else "slot_inactive", slot=name, status=found.get("wal_status") or "-")
    judge.decide("slot", fine, CRITICAL, seen, say("slot_expected"), say("slot_do", slot=name))


def _slots_of_nobody(primary: Machine, standbys: Group) -> List[Finding]:
    judge = Judge(primary.name)
    used = {each.server.get("slot") for each in standbys}
    if any(each.role != "standby" for each in standbys):
        return []
    for slot in primary.server.get("slots") or []:
        if not slot["active"] and slot["name"] not in used:
            seen = say("slot_of_nobody", slot=slot["name"])
            judge.add("slot", WARNING, seen, say("slot_of_nobody_expected"), say("slot_of_nobody_do"))
    return judge.findings


def _versions(judge: Judge, server: Mapping[str, Any], leading: Mapping[str, Any], primary: str) -> None:
    own, other = server.get("version"), leading.get("version")
    seen = say("versions_seen", own=own or "?", other=other or "?", primary=primary)
    expected, remedy = say("versions_expected"), say("versions_do")
    if own is None or other is None:
        judge.add("versions", UNKNOWN, seen, expected, say("run_again"))
    elif server.get("major") != leading.get("major"):
        judge.add("versions", CRITICAL, seen, expected, remedy)
    else:
        judge.decide("versions", own == other, WARNING, seen, expected, remedy)


# -- service addresses -----------------------------------------------------------------------------


def judge_addresses(group: Group, primary: Optional[Machine]) -> List[Finding]:
    """Return for each service address whether the primary has it, and nobody else."""
    judge = Judge("+".join(each.name for each in group))
    configured = {each.name: sorted((each.result or {}).get("addresses") or []) for each in group if each.result}
    every = sorted({address for addresses in configured.values() for address in addresses})
    if not every:
        judge.add("address", WARNING, say("address_none"), say("address_some"), say("address_none_do"))
        return judge.findings
    if any(addresses != every for addresses in configured.values()):
        told = "; ".join(f"{name}: {', '.join(addresses) or '-'}" for name, addresses in configured.items())
        judge.add("addresses", CRITICAL, say("why", why=told), say("addresses_same"), say("addresses_same_do"))
    for address in every:
        _address(judge, address.partition("/")[0], group, primary)
    return judge.findings


def _address(judge: Judge, address: str, group: Group, primary: Optional[Machine]) -> None:
    check, expected = f"address {address}", say("address_expected", primary=primary.name if primary else "?")
    awake = [each for each in group if not each.rests]
    silent = [each.name for each in awake if not _told(each)]
    holding = [each.name for each in awake if (_told(each).get("here") or {}).get(address)]
    stranger = _stranger(address, awake, primary)
    seen = say("address_on", names=", ".join(holding) or "-")
    if len(holding) > 1 or (primary is not None and holding != [primary.name] and primary.name not in silent):
        judge.add(check, CRITICAL, seen, expected, say("address_do", address=address))
    elif stranger:
        judge.add(check, CRITICAL, say("address_stranger", mac=stranger), expected, say("address_stranger_do"))
    elif primary is None or (silent and not _asked_everybody(address, primary)):
        seen = say("address_unknown", names=", ".join(holding) or "-", silent=", ".join(silent) or "-")
        judge.add(check, UNKNOWN, seen, expected, say("address_unknown_do"))
    else:
        judge.add(check, OK, seen, expected, say("nothing"))


def _told(machine: Machine) -> Mapping[str, Any]:
    told: Mapping[str, Any] = machine.looked.get("address") or {}
    return {} if told.get("error") else told


def _asked_everybody(address: str, primary: Machine) -> bool:
    """Did the primary ask the network who else has it? A machine that has it answers, whoever else reaches it."""
    return address in (_told(primary).get("heard") or {})


def _stranger(address: str, machines: Group, primary: Optional[Machine]) -> Optional[str]:
    """Return the hardware address of somebody else than the primary who answers for a service address."""
    if primary is None or not _told(primary):
        return None
    own = set(_told(primary).get("hardware") or [])
    heard = [mac for each in machines for mac in (_told(each).get("heard") or {}).get(address, [])]
    return next((mac for mac in heard if mac not in own), None)
