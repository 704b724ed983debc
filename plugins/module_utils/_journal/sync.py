# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Having a file outlive a loss of power without anybody waiting for the disk."""

from __future__ import annotations

import threading
from typing import Callable, Optional

INTERVAL_SECONDS = 1.0
"""What was written is safe after this and the time that the disk takes."""


class Sync:
    """Calls ``work`` in a thread of its own, once for all that was asked for meanwhile.

    A process that is forked off this one has no such thread, and does not write.
    """

    def __init__(self, work: Callable[[], None], interval: float = INTERVAL_SECONDS) -> None:
        self._work = work
        self._interval = interval
        self._dirty = False
        self._ending = threading.Event()
        self._error: Optional[OSError] = None
        self._thread = threading.Thread(target=self._loop, daemon=True, name="journal")
        self._thread.start()

    def asked(self) -> None:
        """Something was written; OSError where what was written before is not safe."""
        self._dirty = True
        error, self._error = self._error, None
        if error is not None:
            raise error

    def finished(self) -> None:
        """Come back when all is safe; OSError where it is not."""
        self._ending.set()
        self._thread.join()
        self._dirty = True
        self._once()
        if self._error is not None:
            raise self._error

    def _loop(self) -> None:
        while not self._ending.wait(self._interval):
            self._once()

    def _once(self) -> None:
        if not self._dirty:
            return
        self._dirty = False
        try:
            self._work()
        except OSError as error:
            self._error = error
