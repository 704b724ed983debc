# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failover needs on the controller: fresh backups of the switches, and a place for the record."""

from __future__ import annotations

import os
import re
from typing import Any, Dict, List, Mapping, Optional, Sequence

from .model import CRITICAL, OK, Finding, Judge, say

_RUNNING = re.compile(r"running-\d{8}T\d{6}Z\.txt$")
LEAST_FREE = 16 * 1048576


def read_backups(directory: str, switches: Sequence[str], now: float) -> Dict[str, Dict[str, Any]]:
    """Return the newest running configuration of each switch, as the role core_switch keeps them.

    A backup that says the same as the one before is not written again but its file is touched, so the file's own
    time counts and not the one in its name.
    """
    return {switch: _newest(os.path.join(directory, re.sub(r"[^\w.-]", "_", switch)), now) for switch in switches}


def _newest(directory: str, now: float) -> Dict[str, Any]:
    try:
        names = [name for name in os.listdir(directory) if _RUNNING.match(name)]
        found = [(os.stat(os.path.join(directory, name)), name) for name in names]
    except OSError as error:
        return {"directory": directory, "file": None, "trouble": (error.strerror or str(error)).lower()}
    if not found:
        return {"directory": directory, "file": None, "trouble": "no running-*.txt in it"}
    status, name = max(found, key=lambda each: each[0].st_mtime)
    return {
        "directory": directory,
        "file": name,
        "bytes": status.st_size,
        "hours": max(0.0, now - status.st_mtime) / 3600,
        "trouble": None,
    }


def judge_backups(backups: Mapping[str, Mapping[str, Any]], max_age_hours: float) -> List[Finding]:
    findings: List[Finding] = []
    for switch, found in backups.items():
        judge = Judge(switch)
        expected = say("backup_expected", hours=f"{max_age_hours:g}")
        if found["file"] is None:
            seen = say("backup_none", directory=found["directory"], why=found["trouble"])
            judge.add("backup", CRITICAL, seen, expected, say("backup_do"))
        elif not found["bytes"]:
            judge.add("backup", CRITICAL, say("backup_empty", file=found["file"]), expected, say("backup_do"))
        else:
            seen = say("backup_seen", file=found["file"], hours=f"{found['hours']:.1f}")
            judge.decide("backup", found["hours"] <= max_age_hours, CRITICAL, seen, expected, say("backup_do"))
        findings += judge.findings
    return findings


def read_evidence(directory: str) -> Dict[str, Any]:
    """Return whether a record could be written there, without writing one; a directory that is missing is made then."""
    existing = os.path.abspath(directory)
    while not os.path.lexists(existing) and existing != "/":
        existing = os.path.dirname(existing)
    if not os.path.isdir(existing):
        return {"directory": directory, "trouble": f"{existing} is not a directory", "free": None}
    if not os.access(existing, os.W_OK | os.X_OK):
        return {"directory": directory, "trouble": f"{existing} cannot be written by this user", "free": None}
    status = os.statvfs(existing)
    return {"directory": directory, "trouble": None, "free": status.f_bavail * status.f_frsize}


def judge_evidence(found: Mapping[str, Any], subject: str) -> List[Finding]:
    judge = Judge(subject)
    expected = say("evidence_expected", directory=found["directory"])
    trouble: Optional[str] = found["trouble"]
    if trouble is None and found["free"] < LEAST_FREE:
        trouble = f"{found['free'] // 1048576} MiB free in {found['directory']}"
    if trouble is not None:
        judge.add("evidence", CRITICAL, say("why", why=trouble), expected, say("evidence_do"))
    else:
        judge.add("evidence", OK, expected, expected, say("nothing"))
    return judge.findings
