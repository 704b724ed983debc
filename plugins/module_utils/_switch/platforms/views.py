# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Huawei VRP and H3C/HPE Comware share: views in brackets, ``display``, ``undo``, the save dialogue.

Sources: the command references of both vendors for ``save``, ``display stp brief`` and ``ping``;
outputs that people recorded (tests of ntc-templates). LLDP is read with expressions of our own: the
templates give up on TLVs they do not know, and one may give a neighbor's name to the next port.
"""

from __future__ import annotations

import re
from typing import ClassVar, Dict, List, Optional, Sequence, Tuple

from ..errors import Unparsable
from ..model import Neighbor, Send, TreePort
from ..names import full
from ..session import Session
from .base import Platform

_ROLES = {"ROOT": "root", "ALTE": "alternate", "DESI": "designated", "BACK": "backup", "MAST": "root"}
_TREE_ROW = re.compile(r"^ *\d+ +(?P<port>\S+) +(?P<role>[A-Z]{4}) +(?P<state>\w+)", re.MULTILINE)
_TREE_KNOWN = re.compile(r"(?im)^ *protocol status *: *disabled|^ *(?:mst ?id|vlan[ -]?id)\b.*\brole\b|\A\s*\Z")
_LLDP_OFF = re.compile(r"(?i)\blldp\b[^\n]*\b(?:not (?:been )?enabled|disabled|not running)\b")
_LLDP_INDEX = re.compile(r"^\s*(?:LLDP )?neighbor index\s*:", re.IGNORECASE)
_LLDP_FIELD = re.compile(r"^\s*(?P<field>System name|Port ID)\s*:\s*(?P<value>.*?)\s*$", re.IGNORECASE)
_ADDRESS_ROW = re.compile(
    r"^ *(?P<port>\d*[A-Za-z]\S*\d) +(?:\S+ +){0,2}?(?P<address>\d{1,3}(?:\.\d{1,3}){3})(?:/\d+)?(?=\s|$)", re.MULTILINE
)
_NOISE = re.compile(r"^(?:Info:.*|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d.*)\n?", re.MULTILINE)
SAVE = Send(
    "save",
    answers=(
        (r"(?:[Cc]ontinue|[Ss]ure|overwrite)\s*\?\s*\[Y/N[^\]]*\](?s:.*)", "Y"),
        (r"input\s+the\s+file\s+name(?s:.*)", ""),
    ),
    success=r"(?i)\bsaved?\b[^\n]*\bsuccessfully",
    failure=(r"(?i)\bfail(?:ed|ure)?\b|\berror\b|no enough|not enough|insufficient|write-protected|read-only|denied",),
    timeout=180,
)


class Views(Platform):
    """The command line of VRP and Comware."""

    prompt = r"(?:HRP_[A-Z]|RBM_[A-Z])?[<\[][~*]?{base}[^\]>\r\n]*[\]>]"
    rejections: ClassVar[Tuple[str, ...]] = (r"^\s*\^\s*$", r"^\s*Error\s*:", r"^\s*(?:Permission denied|Failed to )")
    enter_config = ("system-view",)
    leave_config = ("return",)
    unshut = "undo shutdown"
    running_command = "display current-configuration"
    startup_command = "display saved-configuration"
    log_command = "display logbuffer"
    version_command = "display version"
    save_sends = (SAVE,)
    ping_command = "ping -c 1 -t 1000 {address}"
    ping_success = r"\b[1-9]\d* packet\(s\) received"
    neighbor_header = re.compile(r"(?!)")
    """The line that names the port of the neighbors below it, in group 1."""

    def read_neighbors(self, session: Session) -> Optional[List[Neighbor]]:
        output = session.attempt(self.neighbors_command)
        if output is None or _LLDP_OFF.search(output):
            return None
        if output.strip() and not any(self.neighbor_header.match(line) for line in output.splitlines()):
            raise Unparsable(session.target.name, self.neighbors_command, output)
        return self._neighbors(output)

    def _neighbors(self, output: str) -> List[Neighbor]:
        found: List[Dict[str, str]] = []
        port = ""
        for line in output.splitlines():
            header, field = self.neighbor_header.match(line), _LLDP_FIELD.match(line)
            if header:
                port = header.group(1)
            elif _LLDP_INDEX.match(line):
                found.append({"port": port})
            elif field and found and found[-1]["port"] == port:
                found[-1].setdefault(field.group("field").lower(), field.group("value"))
        return [Neighbor(each["port"], each.get("system name", ""), each.get("port id", "")) for each in found]

    def read_addresses(self, session: Session) -> Dict[str, str]:
        output = session.read("display ip interface brief")
        return {row["address"]: row["port"] for row in _ADDRESS_ROW.finditer(output)}

    def read_tree(self, session: Session) -> Optional[List[TreePort]]:
        command = "display stp brief"
        output = session.attempt(command)
        if output is None:
            return None
        if not _TREE_KNOWN.search(output):
            raise Unparsable(session.target.name, command, output)
        return [
            TreePort(row["port"], _ROLES[row["role"]], row["state"].upper() == "FORWARDING")
            for row in _TREE_ROW.finditer(output)
            if row["role"] in _ROLES
        ]

    def stripped(self, output: str) -> str:
        """Return an output without the lines that devices add to any of their tables."""
        return _NOISE.sub("", output)

    def port_lines(self, changes: Sequence[Tuple[str, bool]]) -> List[str]:
        return super().port_lines([(full(port, self.abbreviations), enable) for port, enable in changes])

    def unsaved(self, session: Session, ports: Sequence[str]) -> List[str]:
        """Return the ports whose running configuration is not the saved one; all where no port was ever saved."""
        running, startup = self.both_configs(session)
        if not re.search(r"^interface ", running, re.MULTILINE):
            raise Unparsable(session.target.name, self.running_command, running)
        if not re.search(r"^interface ", startup, re.MULTILINE):
            return list(ports)
        return [port for port in ports if self.stanza(running, port) != self.stanza(startup, port)]
