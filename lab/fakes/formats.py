# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spellings that several vendors share: addresses, times, names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import ip_interface


def mac_dashed(mac: str) -> str:
    """0050.5601.0001 -> 0050-5601-0001."""
    return mac.replace(".", "-")


def mac_colons(mac: str) -> str:
    """0050.5601.0001 -> 00:50:56:01:00:01."""
    digits = mac.replace(".", "")
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def ip_of(address: str) -> str:
    """10.9.0.21/16 -> 10.9.0.21."""
    return str(ip_interface(address).ip)


def ip_and_mask(address: str) -> str:
    """10.9.0.21/16 -> 10.9.0.21 255.255.0.0."""
    interface = ip_interface(address)
    return f"{interface.ip} {interface.netmask}"


def uptime_parts(since: datetime) -> tuple[int, int, int, int]:
    """Split the time since then into weeks, days, hours and minutes."""
    passed: timedelta = datetime.now() - since
    weeks, days = divmod(passed.days, 7)
    hours, rest = divmod(passed.seconds, 3600)
    return weeks, days, hours, rest // 60


def counted(number: int, unit: str) -> str:
    """1 week, 2 weeks."""
    return f"{number} {unit}{'' if number == 1 else 's'}"


def digest(text: str) -> str:
    """Make something that looks like a hashed password and never changes."""
    return hashlib.sha256(text.encode()).hexdigest()[:22]


def joined(lines: Iterable[str]) -> str:
    """Join lines, each with its end."""
    return "".join(f"{line}\n" for line in lines)
