# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this host's clock is kept in sync, asked of whichever daemon keeps it."""

from __future__ import annotations

import re
from typing import Any, Dict, Optional

from .._host.run import Host
from .units import read_units

CHRONY = ("chrony.service", "chronyd.service")
TIMESYNCD = ("systemd-timesyncd.service",)
NTPD = ("ntp.service", "ntpd.service", "ntpsec.service")
TIMESYNCD_SAYS_SO = "/run/systemd/timesync/synchronized"
_PEER = re.compile(r"^[*o](\S+)", re.MULTILINE)


def read_time(host: Host) -> Dict[str, Any]:
    """Return who keeps the clock and whether it is in sync.

    ``source`` is None where nobody keeps it, ``synchronized`` None where that is not told. A container has its
    machine's clock and cannot set it; ``container`` names its kind.
    """
    active = _active(host)
    if active in CHRONY:
        return _chrony(host)
    if active in TIMESYNCD:
        there = host.exists(TIMESYNCD_SAYS_SO)
        return _told("systemd-timesyncd", there, "synchronized" if there else "has not synchronized since the start")
    if active in NTPD:
        return _ntpd(host)
    return {**_told(None, None, "no chrony, systemd-timesyncd or ntpd runs"), "container": _container(host)}


def _active(host: Host) -> Optional[str]:
    units = read_units(host, [*CHRONY, *TIMESYNCD, *NTPD])
    return next((name for name, unit in units.items() if unit.get("active") == "active"), None)


def _chrony(host: Host) -> Dict[str, Any]:
    answer = host.run(["chronyc", "-n", "tracking"], timeout=5)
    told = {
        key.strip(): value.strip()
        for key, _separator, value in (line.partition(":") for line in answer.output.splitlines())
    }
    leap = told.get("Leap status")
    if answer.status != 0 or leap is None:
        return _told("chrony", None, answer.complaint)
    return _told("chrony", leap != "Not synchronised", f"leap status {leap}, {told.get('System time', 'no offset')}")


def _ntpd(host: Host) -> Dict[str, Any]:
    answer = host.run(["ntpq", "-pn"], timeout=5)
    if answer.status != 0 or "refid" not in answer.output:
        return _told("ntpd", None, answer.complaint)
    peer = _PEER.search(answer.output)
    return _told("ntpd", peer is not None, f"follows {peer.group(1)}" if peer else "follows no server")


def _container(host: Host) -> Optional[str]:
    answer = host.run(["systemd-detect-virt", "--container"], timeout=5)
    kind = answer.output.strip()
    return kind if answer.status == 0 and kind not in ("", "none") else None


def _told(source: Optional[str], synchronized: Optional[bool], detail: str) -> Dict[str, Any]:
    return {"source": source, "synchronized": synchronized, "detail": detail, "container": None}
