# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Have a copy on the host of the test: where it lies already, or fetched over SSH into the scratch."""

from __future__ import annotations

import os
import shlex

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    FETCH,
    Copy,
    Damaged,
    Finding,
    NotRunnable,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.scratch import Scratch

SSH_FAILED = 255
BATCH = ("-o", "BatchMode=yes", "-o", "ConnectTimeout=20")


def fetched(scratch: Scratch, copy: Copy) -> str:
    """Return the real path of a copy on this host; Damaged where it is not there, NotRunnable where none can tell."""
    if copy.host is None:
        if not os.path.exists(copy.path):
            raise Damaged(missing(copy.path))
        return os.path.realpath(copy.path)
    return _over_ssh(scratch, copy, copy.host)


def missing(path: str, seen: str = "not there") -> Finding:
    return Finding(FETCH, path, "a backup that can be read", seen)


def _over_ssh(scratch: Scratch, copy: Copy, host: str) -> str:
    size = scratch.host.run(["ssh", *BATCH, "--", host, f"du -sbL -- {shlex.quote(copy.path)}"], timeout=600.0)
    _check(size, copy, host)
    reason = scratch.space_limitation(int(size.output.split()[0]))
    if reason is not None:
        raise NotRunnable(reason)
    into = os.path.join(scratch.path, "fetched")
    os.mkdir(into, 0o711)
    source = f"{host}:{copy.path}"
    _check(
        scratch.host.run(["scp", "-q", "-r", "-p", *BATCH, "--", source, into], timeout=scratch.host.left), copy, host
    )
    # The copy is as its owner on the other host kept it; the server's user here has to read it.
    opened = scratch.host.run(["chmod", "-R", "a+rX", into], timeout=600.0)
    if opened.status != 0:
        raise NotRunnable(f"{into} cannot be made readable: {opened.complaint}")
    return os.path.join(into, os.path.basename(copy.path.rstrip("/")))


def _check(answer: Answer, copy: Copy, host: str) -> None:
    if answer.status == 0:
        return
    if "No such file or directory" in answer.error:
        raise Damaged(missing(f"{host}:{copy.path}"))
    raise NotRunnable(f"{copy.path} cannot be fetched from {host}: {answer.complaint}; see that ssh {host} works here")
