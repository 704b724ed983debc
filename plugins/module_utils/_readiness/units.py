# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd says of units: whether they run, and whether they start with the machine."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Set

from .._host.run import Host

PROPERTIES = "Id,LoadState,ActiveState,SubState,UnitFileState,WantedBy,RequiredBy,TriggeredBy"
ROOTS = {
    "default.target",
    "graphical.target",
    "multi-user.target",
    "basic.target",
    "sysinit.target",
    "sockets.target",
    "timers.target",
    "paths.target",
}
"""What a machine reaches when it starts."""
DEEPEST = 6

Units = Dict[str, Dict[str, str]]


def read_units(host: Host, names: Sequence[str]) -> Dict[str, Dict[str, Any]]:
    """Return for each unit whether it is there, runs, and starts with the machine.

    A template's instance has no link of its own where a generator makes one, so not the unit's file but who
    wants it counts, up to a target that every start reaches.
    """
    known = _shown(host, names)
    answer: Dict[str, Dict[str, Any]] = {}
    for name in names:
        shown = known.get(name)
        if shown is None:
            answer[name] = {"error": "systemd does not tell its state"}
            continue
        answer[name] = {
            "load": shown.get("LoadState", ""),
            "active": shown.get("ActiveState", ""),
            "sub": shown.get("SubState", ""),
            "file": shown.get("UnitFileState", ""),
            "starts": _starts(host, name, known),
        }
    return answer


def _starts(host: Host, name: str, known: Units) -> bool:
    seen: Set[str] = set()
    level = {name}
    for _step in range(DEEPEST):
        missing = sorted(unit for unit in level if unit not in known)
        known.update(_shown(host, missing))
        seen |= level
        level = {parent for unit in level for parent in _parents(known.get(unit, {}))} - seen
        if level & ROOTS:
            return True
        if not level:
            return False
    return False


def _parents(shown: Dict[str, str]) -> List[str]:
    return [unit for name in ("WantedBy", "RequiredBy", "TriggeredBy") for unit in shown.get(name, "").split()]


def _shown(host: Host, names: Sequence[str]) -> Units:
    """Ask for all of them at once; systemctl answers in the order of the question, with a blank line between."""
    if not names:
        return {}
    answer = host.run(["systemctl", "show", f"--property={PROPERTIES}", "--", *names], timeout=10)
    if answer.status != 0:
        return {}
    blocks = [block for block in answer.output.split("\n\n") if block.strip()]
    if len(blocks) != len(names):
        return {}
    return {
        name: dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        for name, block in zip(names, blocks)
    }
