# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory that scratches lie in: who may write there, whose test runs, and what running tests will still take."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import stat
from typing import Iterator, Optional

from ansible_collections.contingency.infra.plugins.module_utils._restore import remains
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import NotRunnable

LABEL_LENGTH = 24
"""Of a set's name in a path: a unix socket's path may have 107 bytes."""
ALONE = ".alone"


def make(base: str, title: str) -> None:
    """Make the directory where it is missing; NotRunnable where it cannot be made, or is not to be trusted."""
    try:
        os.makedirs(base, 0o711, exist_ok=True)
    except OSError as error:
        raise NotRunnable(f"{title} cannot be made: {error.strerror}; set scratch_directory") from error
    reason = trust_limitation(base, title)
    if reason is not None:
        raise NotRunnable(reason)


def trust_limitation(base: str, title: str) -> Optional[str]:
    """Return why what lies in the directory may be another's, None where only this user writes there.

    What a record there names is killed and removed with this user's rights.
    """
    found, mine = os.stat(base), os.geteuid()
    remedy = f"chown {mine} and chmod go-w it, or set scratch_directory to a directory of its own"
    if found.st_uid != mine:
        return f"{title} belongs to user {found.st_uid}, and the test runs as user {mine}; {remedy}"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"{title} can be written by others (mode {stat.S_IMODE(found.st_mode):o}); {remedy}"
    return None


def plain(name: str) -> str:
    """Return a set's name as part of a short path; one that has to be changed is told from its likes by a digest."""
    found = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).lstrip(".")
    if found == name and len(name) <= LABEL_LENGTH:
        return found
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:6]
    return f"{found[: LABEL_LENGTH - 7]}-{digest}"


def lock_path(base: str, name: str) -> str:
    return os.path.join(base, f".lock-{plain(name)}")


def lock(path: str, *, wait: bool = False) -> Optional[int]:
    """Return the open lock, None where another process holds it. The kernel frees it when its holder dies."""
    how = fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, how)
        except BlockingIOError:
            os.close(handle)
            return None
        if _same_file(handle, path):
            return handle
        os.close(handle)


def _same_file(handle: int, path: str) -> bool:
    """Its last holder may have removed the file between the opening and the locking."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(handle), os.stat(path))
    return False


def unlock(handle: int, path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    os.close(handle)


@contextlib.contextmanager
def alone(base: str) -> Iterator[None]:
    """One test at a time removes what others left, or counts what is free and takes of it."""
    path = os.path.join(base, ALONE)
    handle = lock(path, wait=True)
    try:
        yield
    finally:
        if handle is not None:
            unlock(handle, path)


def promised(base: str, own: str) -> int:
    """Return the bytes that the other tests here have reserved and not yet written; ``own``: the caller's record."""
    total = 0
    for record in remains.swept(base):
        # A test that ends meanwhile takes its record along.
        with contextlib.suppress(FileNotFoundError):
            if record != own:
                total += remains.outstanding(remains.read(record))
    return total
