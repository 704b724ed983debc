# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time per switch on this controller: a lock that ends with its process."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import time
from typing import IO, Iterator

from .errors import Busy, SwitchError

_PAUSE = 0.2


@contextlib.contextmanager
def only_run(switch: str, directory: str, patience: float) -> Iterator[None]:
    """Hold the switch's lock; Busy where another process still holds it after ``patience`` seconds.

    The kernel drops the lock when its process ends, also by ``kill -9``: nothing is ever to be removed by hand.
    """
    with contextlib.ExitStack() as stack:
        _acquire(switch, stack.enter_context(_opened(switch, directory)), time.monotonic() + patience)
        yield


def _opened(switch: str, directory: str) -> IO[str]:
    path = os.path.join(directory, re.sub(r"[^\w.-]", "_", switch) + ".lock")
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        return open(path, "a", encoding="utf-8")
    except OSError as error:
        raise _no_lock(switch, path, error) from error


def _no_lock(switch: str, path: str, error: OSError) -> SwitchError:
    return SwitchError(
        switch,
        f"the lock {path} cannot be made: {(error.strerror or str(error)).lower()}; "
        "free space on this controller, or set ANSIBLE_HOME to a directory that can be written",
    )


def _acquire(switch: str, file: IO[str], deadline: float) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise Busy(
                    switch,
                    "another run on this controller is still working on it; wait until it has ended, then try again",
                ) from error
        except OSError as error:
            raise _no_lock(switch, file.name, error) from error
        time.sleep(_PAUSE)
