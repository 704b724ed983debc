# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work beside other work. The standard library's pools would do, and take longer to load than they save here."""

from __future__ import annotations

import threading
from typing import Callable, Generic, List, TypeVar

Found = TypeVar("Found")


class Beside(Generic[Found]):
    """Begins at once, in a thread; the end of the program does not wait for it."""

    def __init__(self, work: Callable[[], Found]) -> None:
        self._work = work
        self._found: List[Found] = []
        self._error: List[Exception] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def result(self) -> Found:
        """Wait for it; raises what it raised."""
        self._thread.join()
        if self._error:
            raise self._error[0]
        return self._found[0]

    def _run(self) -> None:
        try:
            self._found.append(self._work())
        except Exception as error:  # noqa: BLE001 - raised again by result()
            self._error.append(error)
