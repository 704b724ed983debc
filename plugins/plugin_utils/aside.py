# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work in a thread of its own that nobody has to wait for: it ends with its process, not the process with it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar("Result")


def begun(work: Callable[[], Result], name: str) -> Future[Result]:
    """Begin it and return what becomes of it. A ThreadPoolExecutor would be waited for when Python ends."""
    future: Future[Result] = Future()
    threading.Thread(target=_done, args=(work, future), name=name, daemon=True).start()
    return future


def _done(work: Callable[[], Result], future: Future[Result]) -> None:
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001  It is raised where the result is asked for.
        future.set_exception(error)
    else:
        future.set_result(result)
