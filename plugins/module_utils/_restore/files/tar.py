# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test of a tar archive, as it is or compressed."""

from __future__ import annotations

import os
from typing import Any, Mapping, Optional

from ansible_collections.contingency.infra.plugins.module_utils._restore import shortage
from ansible_collections.contingency.infra.plugins.module_utils._restore.artefacts import copy_compared
from ansible_collections.contingency.infra.plugins.module_utils._restore.fetch import empty_limitation
from ansible_collections.contingency.infra.plugins.module_utils._restore.files.trial import FilesTrial, complaint
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    CHECKSUMS,
    FETCH,
    RESTORE,
    Copy,
    Damaged,
    Finding,
    Order,
    Seen,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.stream import (
    StreamBroken,
    decompressor,
    file_ends,
    fill,
    read_through,
)

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".tar.bz2")
END = bytes(1024)
"""Two blocks of zeros end an archive; one that lacks them was cut, which GNU tar does not always say."""


def open_trial(order: Order, copy: Copy) -> FilesTrial:
    return TarTrial(order, copy)


class TarTrial(FilesTrial):
    """The copy is the archive, or a directory with one archive in it."""

    path = ""
    whole = ""
    plain_bytes: Optional[int] = None

    def fetch(self) -> Seen:
        self.path = self.whole = self.local_copy()
        if os.path.isdir(self.path):
            self.path = only_archive(self.path)
        problem = empty_limitation(self.path)
        return Seen((problem,)) if problem else Seen(proven=(f"{os.path.getsize(self.path)} bytes are there",))

    def checksums(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        seen = copy_compared(self.whole, manifest, self.order.limits.jobs)
        if seen.findings:
            return seen
        try:
            ends = read_through(self.path) if decompressor(self.path) else file_ends(self.path)
        except StreamBroken as error:
            return Seen((Finding(CHECKSUMS, self.path, "a whole compressed stream", str(error)),))
        self.plain_bytes = ends.size
        if not ends.tail.endswith(END):
            return Seen(
                (Finding(CHECKSUMS, self.path, "two blocks of zeros at the end", f"cut after {ends.size} bytes"),)
            )
        return Seen((), (*seen.proven, "the archive has its end"), seen.unproven)

    def taken_at(self) -> Optional[float]:
        """An archive does not say when it was made; the times of its members are those of the files."""
        return None

    def needed_bytes(self, manifest: Optional[Mapping[str, Any]]) -> Optional[int]:
        return self.plain_bytes

    def restore(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        """Unpack behind the walls and without root: the names in an archive are the archive's."""
        root, user = self.root, self.user
        self.scratch.give(root, user)
        program = self.scratch.reading(["tar", "-x", "-f", "-", "-C", root, *HARMLESS], user)
        try:
            answer = fill(program, self.path, self.scratch.host.left)
        except StreamBroken as error:
            self.scratch.check_time()
            raise Damaged(Finding(RESTORE, self.path, "a whole compressed stream", str(error))) from error
        self.scratch.check_time()
        if answer.status != 0:
            shortage.check(answer)
            raise Damaged(Finding(RESTORE, f"tar -x of {self.path}", "status 0", complaint(answer)))
        return Seen(proven=("the archive was unpacked without an error",))

    def identity(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        return Seen(unproven=("whose files they are: an archive does not name its host; its content tells",))


HARMLESS = ("--no-same-owner", "--no-same-permissions", "--no-overwrite-dir", "--delay-directory-restore")
"""A directory that its owner may not write in is unpacked all the same."""


def only_archive(directory: str) -> str:
    """Return the archive in a directory; Damaged where there is none or several."""
    found = sorted(name for name in os.listdir(directory) if name.endswith(SUFFIXES))
    if len(found) != 1:
        raise Damaged(Finding(FETCH, directory, "one tar archive", ", ".join(found) or "none"))
    return os.path.join(directory, found[0])
