# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore holds of memory at its peak, with all the processes that it starts."""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

POLL_SECONDS = 0.2
_HELD = re.compile(r"^Rss(Anon|Shmem):\s+(\d+) kB", re.MULTILINE)


class MemoryWatch:
    """Looks at a process and its descendants while the block lasts; ``peak_bytes`` afterwards.

    What they hold is each one's own pages, and the shared ones of the process that touched most of them: these belong
    to one server, whose cache would be counted once for each session otherwise. The kernel's page cache is not counted.
    """

    def __init__(self, root: int) -> None:
        self._root = root
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.peak_bytes = 0

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(POLL_SECONDS):
            self.peak_bytes = max(self.peak_bytes, held(family(self._root, parents())))


def parents() -> dict[int, int]:
    """Each process with its parent; one that ends meanwhile is left out."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found[int(path.parent.name)] = int(fields[1])
    return found


def family(root: int, parent_of: Mapping[int, int]) -> list[int]:
    """A process and all its descendants."""
    children = defaultdict(list)
    for pid, parent in parent_of.items():
        children[parent].append(pid)
    found = [root]
    for pid in found:
        found += children[pid]
    return found


def held(pids: list[int]) -> int:
    """Bytes: what each of them has for itself, and the most that one of them has touched of shared memory."""
    own, shared = 0, 0
    for pid in pids:
        try:
            sizes = dict(_HELD.findall(Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")))
        except (FileNotFoundError, ProcessLookupError):
            continue
        own += int(sizes.get("Anon", 0))
        shared = max(shared, int(sizes.get("Shmem", 0)))
    return (own + shared) * 1024
