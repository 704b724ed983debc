# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of a backup as a path on this host: where it lies, or where it was fetched to over SSH."""

from __future__ import annotations

import os
import shlex
from typing import List, Optional

from ansible_collections.contingency.infra.plugins.module_utils._host.run import TIMED_OUT, Answer, Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    FETCH,
    Copy,
    Damaged,
    Finding,
    NotRunnable,
)

SSH = ("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20")
LOST = 255
"""ssh's exit status where the connection could not be made or was lost."""


def local_path(host: Host, copy: Copy, directory: str, timeout: float) -> str:
    """Return the path of the copy here; one on another host is fetched below ``directory`` first.

    Damaged where there is none, NotRunnable where its host cannot be reached.
    """
    if copy.host is None:
        if not host.exists(copy.path):
            raise Damaged(Finding(FETCH, copy.path, "a backup", "nothing there"))
        return copy.path
    _remote(host, copy, ["test", "-e", copy.path], 60.0)
    answer = host.run(["scp", *SSH[1:], "-q", "-r", "-p", f"{copy.host}:{copy.path}", directory], timeout=timeout)
    if answer.status != 0:
        raise Damaged(Finding(FETCH, _title(copy), "a copy that can be fetched", _said(answer)))
    return os.path.join(directory, os.path.basename(copy.path.rstrip("/")))


def _remote(host: Host, copy: Copy, command: List[str], timeout: float) -> None:
    answer = host.run([*SSH, str(copy.host), " ".join(shlex.quote(word) for word in command)], timeout=timeout)
    if answer.status in (LOST, TIMED_OUT):
        raise NotRunnable(f"{copy.host} cannot be reached over ssh ({answer.complaint}); see ~/.ssh/config here")
    if answer.status != 0:
        raise Damaged(Finding(FETCH, _title(copy), "a backup", "nothing there"))


def _title(copy: Copy) -> str:
    return f"{copy.host}:{copy.path}" if copy.host else copy.path


def _said(answer: Answer) -> str:
    return f"{answer.complaint} (status {answer.status})"


def empty_limitation(path: str) -> Optional[Finding]:
    """Return what is wrong with a file that cannot be read or has nothing in it."""
    try:
        size = os.path.getsize(path)
        with open(path, "rb"):
            pass
    except OSError as error:
        return Finding(FETCH, path, "a file that can be read", error.strerror or str(error))
    return None if size else Finding(FETCH, path, "a backup", "an empty file")


def directory_of(path: str) -> str:
    """Return the directory that a manifest's relative paths start at: the copy, or where the copy lies."""
    return path if os.path.isdir(path) else os.path.dirname(path) or "/"
