# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an uplink transaction has done so far; the module returns it, also on failure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List

from .checks import Verification
from .model import Port
from .plan import state_text


@dataclass
class Outcome:
    """See RETURN of the module switch_uplink for the fields."""

    before: Dict[str, Any] = field(default_factory=dict)
    after: Dict[str, Any] = field(default_factory=dict)
    strategy: str = ""
    commands: List[str] = field(default_factory=list)
    verified: List[Dict[str, Any]] = field(default_factory=list)
    unproven: List[str] = field(default_factory=list)
    rolled_back: bool = False
    saved: bool = False
    changed: bool = False
    reconnected: int = 0
    seconds: Dict[str, float] = field(default_factory=dict)
    diff: Dict[str, str] = field(default_factory=dict)

    def note(self, verification: Verification) -> None:
        """Remember the latest proof."""
        self.verified = [dict(check) for check in verification.as_list()]
        self.unproven = verification.unproven
        self.note_after(verification.ports)

    def note_before(self, ports: Dict[str, Port]) -> None:
        """Remember the ports as they were."""
        self.before = {name: port.as_dict() for name, port in ports.items()}
        self.diff["before"] = state_text(ports)
        self.note_after(ports)

    def note_after(self, ports: Dict[str, Port]) -> None:
        """Remember the ports as they are now."""
        self.after = {name: port.as_dict() for name, port in ports.items()}
        self.diff["after"] = state_text(ports)
