# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a takeover has done so far, on the disk of the host that takes over, before each step.

A run that was killed is finished by the next one, from whichever controller; and a run that comes later, when
the former primary has long been repaired, must not fence it again.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from typing import Any, Dict, Optional

from .._host.run import Host

DIRECTORY = "/var/lib/contingency"
PATH = f"{DIRECTORY}/takeover.json"
FENCED, DONE, REJOINED = "fenced", "done", "rejoined"


@dataclass(frozen=True)
class Record:
    """One takeover: which primary was left, how far it got, how it was fenced; times are seconds since the epoch.

    ``waited_for`` is the setting by which commits waited for a standby, taken away until there is one again.
    """

    failed: str
    phase: str
    run: str
    started_at: float
    proof: Optional[Dict[str, Any]] = None
    done_at: Optional[float] = None
    waited_for: Optional[str] = None

    def further(self, phase: str, **changes: Any) -> Record:
        """Return the record of the next step."""
        return replace(self, phase=phase, **changes)


def read(host: Host, path: str = PATH) -> Optional[Record]:
    """Return what the last takeover wrote, None where there was none or nobody can read it."""
    text = host.read(path)
    if text is None:
        return None
    try:
        return Record(**json.loads(text))
    except (ValueError, TypeError):
        return None


def write(host: Host, record: Record, path: str = PATH) -> None:
    """Write it so that it is there whole or not at all; OSError where the disk refuses."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    host.write_atomically(path, json.dumps(asdict(record), indent=2) + "\n")
