# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Huawei VRP 8 (CloudEngine, newer S series, NetEngine): lines wait for ``commit``.

Safety net: ``commit trial SECONDS``, kept by ``commit`` and undone by ``abort trial`` of the same
session; ``display configuration trial status`` tells of it (command references of CloudEngine and
NetEngine 8000). Another session can neither keep nor undo it before its time is over (an engineer's
notes of a CloudEngine), and not every version can make it outlive its session with ``persist``:
what a killed run left is therefore waited for.
"""

from __future__ import annotations

import re
import time
from typing import List, Optional, Sequence, Tuple

from ..errors import Refused, Unparsable
from ..model import ArpEntry, MacEntry, Send, Uplinks, plain_mac
from ..session import Session
from .base import Platform
from .huawei_vrp import LEAVE, UNCOMMITTED, HuaweiVrp

_MAC = r"(?:[0-9A-Fa-f]{4}-){2}[0-9A-Fa-f]{4}"
_MAC_ROW = re.compile(rf"^ *(?P<mac>{_MAC}) +(?P<vlan>[^\s/]+)/\S* +(?P<port>\S+) +dynamic\b", re.MULTILINE)
_ARP_ROW = re.compile(
    rf"^ *(?P<address>\d+(?:\.\d+){{3}}) +(?P<mac>{_MAC}) +(?:\d+ +)?[A-Z]{{1,2}}[-/\w]*(?: +-)? +"
    r"(?P<port>[A-Za-z0-9]\S+)",
    re.MULTILINE,
)
_TRIAL = "display configuration trial status"
_TRIAL_STATUS = re.compile(r"^ *Trial status *: *(?P<status>[A-Z]+)", re.MULTILINE)
_TRIAL_LEFT = re.compile(r"^ *Trial [^:\n]*\btime\b[^:\n]*: *(?P<seconds>\d+)", re.MULTILINE)
_VERSION = re.compile(r"^VRP \(R\) software, Version (?P<major>\d+)\.", re.MULTILINE | re.IGNORECASE)
_SHORTEST_TRIAL, _LONGEST_TRIAL = 60, 65535
_LONGEST_WAIT = 180.0
_ENDING_TIME = 30.0
_PAUSE = 0.5
_COMMIT_TIMEOUT = 120.0


class HuaweiVrpV8(HuaweiVrp):
    """Huawei switches with VRP 8."""

    name = "huawei_vrpv8"
    aliases = ("ce", "community.network.ce", "cloudengine", "huawei.ce", "ne", "community.network.ne", "yunshan")
    netmiko = "huawei_vrpv8"
    volatile = (*HuaweiVrp.volatile, r"^\s*(?:Last configuration|!Last )")

    # -- reading -----------------------------------------------------------------------------------

    def read_macs(self, session: Session) -> Optional[List[MacEntry]]:
        output = session.read(self.mac_command)
        return [MacEntry(plain_mac(row["mac"]), row["port"], row["vlan"]) for row in _MAC_ROW.finditer(output)]

    def read_arp(self, session: Session) -> List[ArpEntry]:
        output = session.read(self.arp_command)
        return [ArpEntry(row["address"], plain_mac(row["mac"]), row["port"]) for row in _ARP_ROW.finditer(output)]

    def read_uplinks(self, session: Session, wanted: Sequence[str]) -> Uplinks:
        """Return the state of the wanted ports, once no other session's trial can change it any more."""
        self._wait_for_others(session)
        return super().read_uplinks(session, wanted)

    def read_pending(self, session: Session) -> bool:
        status = self._trial(session)
        return status is not None and status[0] != "INACTIVE"

    def _trial(self, session: Session) -> Optional[Tuple[str, float]]:
        """Return the state of the trial and the seconds that it has left, or None where there are no trials."""
        output = session.attempt(_TRIAL)
        if output is None:
            return None
        status, left = _TRIAL_STATUS.search(output), _TRIAL_LEFT.search(output)
        if status is None:
            raise Unparsable(session.target.name, _TRIAL, output)
        return status["status"], float(left["seconds"]) if left else 0.0

    def _wait_for_others(self, session: Session) -> None:
        deadline = 0.0
        while True:
            trial = self._trial(session)
            if trial is None:
                self._refuse_older(session)
                return
            if trial[0] == "INACTIVE" or (trial[0] == "ACTIVE" and _is_trying(session)):
                return
            now = time.monotonic()
            deadline = deadline or now + min(trial[1], _LONGEST_WAIT) + _ENDING_TIME
            if trial[1] > _LONGEST_WAIT or now > deadline:
                raise Refused(
                    session.target.name,
                    f"another session is trying a configuration, which the switch undoes in {trial[1]:g} s "
                    "unless it is committed there; wait until then, or commit it there, and run this again",
                )
            time.sleep(_PAUSE)

    def _refuse_older(self, session: Session) -> None:
        """Refuse VRP 5, where a line takes effect before the commit that does not exist there is refused."""
        version = _VERSION.search(session.read(self.version_command))
        if version is not None and int(version["major"]) < 8:
            raise Refused(
                session.target.name,
                f"runs VRP {version['major']}, where changes need no commit; set switch_platform to huawei_vrp",
            )

    # -- changing ----------------------------------------------------------------------------------

    def safety_net(self, session: Session) -> bool:
        return self._trial(session) is not None

    def port_lines(self, changes: Sequence[Tuple[str, bool]]) -> List[str]:
        """Return the lines with the ports as the user names them: GE1/0/1 is a full name on these switches."""
        return Platform.port_lines(self, changes)

    def change(self, changes: Sequence[Tuple[str, bool]], net_seconds: int = 0) -> List[Send]:
        trial = f"commit trial {min(max(net_seconds, _SHORTEST_TRIAL), _LONGEST_TRIAL)}"
        lines = [Send(line) for line in self.port_lines(changes)]
        return [Send("system-view"), *lines, _commit(trial if net_seconds else "commit"), LEAVE]

    def confirm(self) -> List[Send]:
        return [Send("system-view"), _commit("commit"), LEAVE]

    def cancel(self) -> List[Send]:
        abort = Send("abort trial", answers=((r"\[Y/N[^\]]*\](?s:.*)", "Y"),), timeout=_COMMIT_TIMEOUT)
        return [Send("system-view"), abort, LEAVE]

    def abandon(self) -> List[Send]:
        return [Send("clear configuration candidate"), LEAVE]


def _commit(command: str) -> Send:
    return Send(command, failure=(UNCOMMITTED,), timeout=_COMMIT_TIMEOUT)


def _is_trying(session: Session) -> bool:
    """Is the last commit of this session a trial?"""
    commits = [line for line in session.sent if line.startswith("commit")]
    return bool(commits) and commits[-1].startswith("commit trial")
