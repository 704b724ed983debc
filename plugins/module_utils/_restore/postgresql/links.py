# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links in a copied data directory: none is followed. What the data lies behind is told, the rest is taken out.

pg_basebackup (Frontend/Backend Protocol, BASE_BACKUP) skips links other than those of tablespaces, and makes an empty
directory of those that a server fills anew. A copy by rsync, tar or cp has them as they were in production.
"""

from __future__ import annotations

import os
import shutil
from typing import Iterator, List, NamedTuple, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._restore.model import RESTORE, Damaged, Finding

WAL, TABLESPACES = "pg_wal", "pg_tblspc"
REFILLED = (
    "pg_dynshmem",
    "pg_notify",
    "pg_replslot",
    "pg_serial",
    "pg_snapshots",
    "pg_stat_tmp",
    "pg_subtrans",
    WAL,
    f"{WAL}/archive_status",
    f"{WAL}/summaries",
)
"""Directories that a server fills anew; WAL comes from where recovery takes it."""
HELD = (
    "PG_VERSION",
    "backup_label",
    "tablespace_map",
    "base",
    "global",
    "pg_commit_ts",
    "pg_logical",
    "pg_multixact",
    "pg_stat",
    TABLESPACES,
    "pg_twophase",
    WAL,
    "pg_xact",
)
"""What a server cannot do without, with all that lies in it."""
SHOWN = 10


class Strange(NamedTuple):
    """What is neither a file nor a directory; ``name`` is relative to the directory that was looked at."""

    name: str
    seen: str

    @property
    def needed(self) -> bool:
        return self.name not in REFILLED and self.name.split("/")[0] in HELD

    @property
    def told(self) -> bool:
        """Is it of any interest that it was left out?"""
        return self.name == WAL or self.name not in REFILLED

    @property
    def sentence(self) -> str:
        return f"{self.name}: it is {self.seen}, and no part of the backup"


def settle(data: str) -> Tuple[Strange, ...]:
    """Take out links and special files that no data lies behind, and return them; Damaged names the others."""
    found = list(strange(data))
    _raise_for([each for each in found if each.needed])
    for each in found:
        path = os.path.join(data, each.name)
        os.unlink(path)
        if each.name in REFILLED:
            os.mkdir(path, 0o700)
    return tuple(each for each in found if each.told)


def check_tablespace(space: str) -> None:
    """Damaged where anything of a tablespace's own directory is elsewhere: all of it is data."""
    title = f"tablespace {os.path.basename(space)}"
    _raise_for([each._replace(name=f"{title}: {each.name}") for each in strange(space)])


def _raise_for(needed: List[Strange]) -> None:
    if needed:
        told = (Finding(RESTORE, each.name, "a part of the backup itself", each.seen) for each in needed[:SHOWN])
        raise Damaged(*told)


def strange(data: str) -> Iterator[Strange]:
    """Find them without following any. A tablespace's own link is none, and neither is one to a file in the data."""
    inside = os.path.realpath(data) + "/"
    for entry in _entries(data):
        name = os.path.relpath(entry.path, data)
        if not entry.is_symlink():
            yield Strange(name, "neither a file nor a directory")
        elif os.path.dirname(name) != TABLESPACES and not _stays(entry.path, name, inside):
            yield Strange(name, f"a link to {os.readlink(entry.path)}")


def _stays(path: str, name: str, inside: str) -> bool:
    """Does a link lead to something within the data? Directories in which root works are to be none at all."""
    if name in (*REFILLED, TABLESPACES):
        return False
    return os.path.exists(path) and os.path.realpath(path).startswith(inside)


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    """Return all below a directory that is neither a file nor a directory."""
    with os.scandir(folder) as found:
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                yield from _entries(entry.path)
            elif not entry.is_file(follow_symlinks=False):
                yield entry


def tablespaces_outside(data: str, scratch: str) -> List[Tuple[str, str]]:
    """Return the tablespaces' links that lead out of the scratch."""
    folder = os.path.join(data, TABLESPACES)
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    targets = ((name, os.path.realpath(os.path.join(folder, name))) for name in names)
    inside = os.path.realpath(scratch) + "/"
    return [(name, target) for name, target in targets if not target.startswith(inside)]


def remove(path: str) -> None:
    """Remove what is at a path, where anything is; never what a link leads to."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def write_new(path: str, text: str) -> None:
    """Have a file of this text in the place of what is there; never where a link leads to."""
    remove(path)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
