# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only one takeover at a time, whichever controller started it.

The lease lies on the host that is to take over, which every controller has to reach. It ends by itself,
so nobody ever has to remove it by hand; it is counted on the host's clock since boot, which never jumps.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Dict, Iterator, Optional

PATH = "/run/contingency/takeover.lease"
SECONDS = 60.0


@dataclass(frozen=True)
class Owner:
    """Who holds a lease: ``run`` is unique for each run, ``who`` is for people."""

    run: str
    who: str


class LeaseHeld(Exception):
    """Another run is at work."""

    def __init__(self, run: str, who: str, seconds_left: float) -> None:
        super().__init__(who)
        self.run = run
        self.who = who
        self.seconds_left = seconds_left


class Lease:
    """A lease in a file under a lock of the kernel; what is in it counts only until it ends."""

    def __init__(self, path: str = PATH) -> None:
        self._path = path

    def take(self, owner: Owner, seconds: float = SECONDS, instead_of: Optional[str] = None) -> None:
        """Take or prolong the lease; LeaseHeld where another run has it.

        ``instead_of`` is a run of which the controller knows that its process has ended.
        """
        with self._locked() as file:
            held = _content(file)
            left = float(held.get("until", 0)) - _now()
            if held.get("run") not in (None, owner.run, instead_of) and left > 0:
                raise LeaseHeld(str(held["run"]), str(held.get("who", "another run")), left)
            _write(file, {**asdict(owner), "until": _now() + seconds})

    def release(self, owner: Owner) -> None:
        """Give the lease back; nothing happens where another run has it by now."""
        with self._locked() as file:
            if _content(file).get("run") == owner.run:
                _write(file, {})

    @contextmanager
    def working(self) -> Iterator[None]:
        """Wait for, and then keep out, whoever else changes something here, also a run that lost its lease."""
        with _exclusive(f"{self._path}.working"):
            yield

    @contextmanager
    def _locked(self) -> Iterator[int]:
        with _exclusive(self._path) as descriptor:
            yield descriptor


@contextmanager
def _exclusive(path: str) -> Iterator[int]:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def limitation(held: Optional[LeaseHeld], host: str) -> Optional[str]:
    """Return why another run keeps this one from its work, or None."""
    if held is None:
        return None
    return (
        f"{host}: a takeover is under way, started by {held.who}; look at that one, "
        f"or run this again in {held.seconds_left:.0f} s if it was killed"
    )


def _content(descriptor: int) -> Dict[str, Any]:
    try:
        found = json.loads(os.pread(descriptor, 65536, 0) or b"{}")
    except ValueError:
        # Cut short by a loss of power: /run does not survive one, so this is nobody's.
        return {}
    return found if isinstance(found, dict) else {}


def _write(descriptor: int, content: Dict[str, Any]) -> None:
    data = json.dumps(content).encode("utf-8")
    os.pwrite(descriptor, data, 0)
    os.ftruncate(descriptor, len(data))


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
