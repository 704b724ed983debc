# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Have a copy on the host of the test: where it lies already, or fetched over SSH into the scratch."""

from __future__ import annotations

import os
import shlex
from typing import Optional

from ansible_collections.contingency.infra.plugins.module_utils._restore import shortage
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    FETCH,
    Copy,
    Damaged,
    Finding,
    NotRunnable,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.scratch import Scratch
from ansible_collections.contingency.infra.plugins.module_utils._restore.ssh import copying, over_ssh, reached

SLOW = 600.0
"""Seconds for a look at every file of a backup."""


def here(copy: Copy) -> str:
    """Return the real path of a copy that lies on this host; Damaged where it is not there."""
    if not os.path.exists(copy.path):
        raise Damaged(missing(copy.path))
    return os.path.realpath(copy.path)


def fetched(scratch: Scratch, copy: Copy, host: str, user: str) -> str:
    """Return the path in the scratch of a copy of another host; Damaged where it is not there or cannot be read.

    Only ``user`` can read it here.
    """
    title, quoted = f"{host}:{copy.path}", shlex.quote(copy.path)
    if over_ssh(scratch.host, host, f"test -e {quoted}").status != 0:
        raise Damaged(missing(title))
    size = over_ssh(scratch.host, host, f"du -sbL -- {quoted}", SLOW)
    if size.status != 0:
        raise Damaged(missing(title, size.complaint))
    reason = scratch.space_limitation(int(size.output.split()[0]))
    if reason is not None:
        raise NotRunnable(reason)
    into = os.path.join(scratch.path, "fetched")
    os.mkdir(into, 0o700)
    answer = reached(host, scratch.outside(copying(host, copy.path, into)))
    scratch.check_time()
    if answer.status != 0:
        shortage.check(answer)
        raise Damaged(missing(title, answer.complaint))
    # The copy is as its owner on the other host kept it; the server's user here has to read it, and nobody else.
    scratch.give(into, user)
    return os.path.join(into, os.path.basename(copy.path.rstrip("/")))


def missing(path: str, seen: str = "not there") -> Finding:
    return Finding(FETCH, path, "a backup that can be read", seen)


def empty_limitation(path: str) -> Optional[Finding]:
    """Return what is wrong with a file that cannot be read or has nothing in it."""
    try:
        size = os.path.getsize(path)
        with open(path, "rb"):
            pass
    except OSError as error:
        return missing(path, error.strerror or str(error))
    return None if size else missing(path, "an empty file")
