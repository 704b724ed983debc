# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wall clock that can be set: Python loads this first in each process that has this directory on its path.

CONTINGENCY_CLOCK names a file with how many seconds the clock is fast; it is read each time. The clocks that count
since the boot stay as they are, as when a real clock is set. libfaketime will not do: with an offset its
clock_nanosleep, which is time.sleep, ends with EINVAL also where the monotonic clock is not to be faked.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

CLOCK = Path(os.environ["CONTINGENCY_CLOCK"])
_time, _time_ns, _localtime, _gmtime, _strftime = time.time, time.time_ns, time.localtime, time.gmtime, time.strftime
_clock_gettime = time.clock_gettime


def fast() -> int:
    """Seconds that the clock is before the real time."""
    return int(CLOCK.read_text(encoding="ascii"))


def localtime(seconds: float | None = None) -> time.struct_time:
    return _localtime(time.time() if seconds is None else seconds)


def gmtime(seconds: float | None = None) -> time.struct_time:
    return _gmtime(time.time() if seconds is None else seconds)


def strftime(form: str, moment: time.struct_time | None = None) -> str:
    return _strftime(form, localtime() if moment is None else moment)


time.time = lambda: _time() + fast()
time.time_ns = lambda: _time_ns() + fast() * 10**9
time.clock_gettime = lambda clock: time.time() if clock == time.CLOCK_REALTIME else _clock_gettime(clock)
time.localtime = localtime  # type: ignore[assignment]
time.gmtime = gmtime  # type: ignore[assignment]
time.strftime = strftime  # type: ignore[assignment]
