# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that a fake device can be told to show, before and during a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any


def matches(pattern: str, *lines: str) -> bool:
    """Tell whether one of the lines matches a shell pattern, whatever their case."""
    return any(fnmatchcase(line.strip().lower(), pattern.lower()) for line in lines)


@dataclass
class Cut:
    """Cut the TCP session when a line arrives, before or after it is applied."""

    line: str
    when: str = "after"
    refuse_for: float = 0.0
    times: int = 1


@dataclass
class Faults:
    """All faults of one device; the defaults are a healthy device.

    Patterns are shell patterns, compared with the line as typed and with its full spelling.
    """

    reject: dict[str, str] = field(default_factory=dict)
    """Pattern of a line to refuse -> what to print ("" is the vendor's own error)."""
    refuse_save: str = ""
    """"permission", "full", or the text to print instead of saving."""
    save_stores: str = ""
    """A save reports success; "previous" stores nothing, other text is stored as an added line."""
    delay: float = 0.0
    """Seconds before every answer."""
    cut: list[Cut] = field(default_factory=list)
    garbage: dict[str, str] = field(default_factory=dict)
    """Pattern of a command -> what to print instead of its output ("" is line noise)."""
    link_down: set[str] = field(default_factory=set)
    """Ports without a link although they are administratively up."""
    neighbor: dict[str, str] = field(default_factory=dict)
    """Port -> name that LLDP shows there instead ("" shows none)."""
    mac_not_learned: bool = False
    ping_fails: set[str] = field(default_factory=set)
    """Addresses that do not answer; "*" is all."""
    deny_login: bool = False
    """Every password and key is wrong."""
    login_delay: float = 0.0
    hang_login: bool = False
    """The connection is accepted, and the login never ends."""
    hang: set[str] = field(default_factory=set)
    """Patterns of lines after which the session says nothing any more."""
    fragment: int = 0
    """Send the output in pieces of so many characters (0: as it comes)."""

    def update(self, values: Mapping[str, Any]) -> None:
        """Set faults from plain data, as the control interface has it."""
        known = {item.name for item in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"There is no fault {name!r}; the faults are {', '.join(sorted(known))}.")
            setattr(self, name, self._converted(name, value))

    def clear(self) -> None:
        """Make the device healthy."""
        healthy = Faults()
        for item in fields(self):
            setattr(self, item.name, getattr(healthy, item.name))

    def _converted(self, name: str, value: Any) -> Any:
        if name == "cut":
            return [cut if isinstance(cut, Cut) else Cut(**cut) for cut in value]
        kind = type(getattr(Faults(), name))
        return kind([value]) if kind is set and isinstance(value, str) else kind(value)
