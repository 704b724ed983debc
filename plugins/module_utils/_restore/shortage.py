# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only the host of the test lacked when a program failed on a copy: disk, or memory. The copy is not to blame."""

from __future__ import annotations

import re
from typing import Optional, Sequence

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    ASSERTIONS,
    CHECKSUMS,
    CONTENT,
    FETCH,
    RESTORE,
    START,
    STRUCTURE,
    Finding,
    NotRunnable,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.scratch import Scratch

FULL = re.compile(
    r"No space left|Disk quota exceeded|(?:errno|Errcode|error number|OS error):?\s*(?:28|122)\b|\btable .* is full\b",
    re.IGNORECASE,
)
"""28 is ENOSPC, 122 is EDQUOT; servers of databases write the number only."""
KILLED = (-9, 137)
"""What a program's end says, itself and through a shell, where it was killed: the kernel does so for memory."""
KILLED_TEXT = re.compile(r"(?:status|ended with) (?:-9|137)\b")
WRITING = (RESTORE, START)
"""Stages that fill the disk: without a word about it, a failure there on a full one is not the copy's."""
WORKING = (FETCH, CHECKSUMS, RESTORE, START, STRUCTURE, CONTENT, ASSERTIONS)
"""Stages in which programs work on the copy; the others compare what is known."""
FREE = "free space, or set scratch_directory to a larger disk"
MORE_MEMORY = "raise memory, or test on a host with more"


def told_limitation(text: str) -> Optional[str]:
    """Pure: what a program's complaint says that this host lacks, None where it says nothing of the kind."""
    found = next((line for line in text.splitlines() if FULL.search(line)), None)
    return None if found is None else f"the host of the test lacks space: {' '.join(found.split())[:300]}; {FREE}"


def killed_limitation(status: int) -> Optional[str]:
    """Pure: why an end by SIGKILL says nothing about the copy, None where it was another end."""
    return f"a program of the test was killed (status {status}); {MORE_MEMORY}" if status in KILLED else None


def check(answer: Answer) -> None:
    """NotRunnable where a program failed since this host lacks something."""
    reason = killed_limitation(answer.status)
    if reason is None:
        reason = told_limitation(answer.error)
    if reason is not None:
        raise NotRunnable(reason)


def fault(scratch: Scratch, stage: str, findings: Sequence[Finding]) -> Optional[str]:
    """Return why what a stage found may be this host's fault, None where it is the copy's."""
    if stage not in WORKING:
        return None
    seen = "\n".join(finding.seen for finding in findings)
    told = told_limitation(seen)
    if told is not None:
        return told
    if KILLED_TEXT.search(seen):
        return f"a program of the test was killed; {MORE_MEMORY}"
    ended = scratch.ended_for_memory()
    if ended:
        return f"the kernel ended {ended} of the test's processes for want of memory; {MORE_MEMORY}"
    return _full(scratch) if stage in WRITING else None


def _full(scratch: Scratch) -> Optional[str]:
    free, reserve = scratch.host.free_bytes(scratch.path), scratch.order.limits.disk_reserve_bytes
    if free is None or free >= reserve:
        return None
    where = scratch.order.scratch_directory
    return f"{where} has only {free >> 20} MiB free of {reserve >> 20} MiB in reserve while the test failed; {FREE}"
