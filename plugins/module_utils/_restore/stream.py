# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are compressed or not: what they are by their first bytes, and their content as a stream, to its end."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from typing import Callable, Dict, NamedTuple, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.program import (
    PIPE,
    NotStarted,
    Program,
    start,
)
from ansible_collections.contingency.infra.plugins.module_utils._host.run import MISSING, Answer
from ansible_collections.contingency.infra.plugins.module_utils._restore import shortage
from ansible_collections.contingency.infra.plugins.module_utils._restore.limits import BACKGROUND
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import NotRunnable

BLOCK = 1 << 20  # bytes
ENDS = 8192
"""So many bytes of the beginning and of the end are kept."""
MAGIC: Dict[bytes, Tuple[str, ...]] = {
    b"\x1f\x8b": ("gzip", "-dc"),
    b"\x28\xb5\x2f\xfd": ("zstd", "-dcq", "--memory=2048MB"),
    b"\xfd7zXZ": ("xz", "-dc"),
    b"BZh": ("bzip2", "-dc"),
}
"""{first bytes of a file: what decompresses it from standard input to standard output}."""


class Ends(NamedTuple):
    """What a stream held: its ``size`` in bytes, and its first and last bytes."""

    size: int
    head: bytes
    tail: bytes


class StreamBroken(Exception):
    """A compressed stream that its own program does not take; the message is what that complained of."""


def decompressor(path: str) -> Tuple[str, ...]:
    """Return the program for a file by its first bytes, never by its name; empty where it is not compressed."""
    with open(path, "rb") as file:
        first = file.read(8)
    return next((command for magic, command in MAGIC.items() if first.startswith(magic)), ())


def read_through(path: str, write: Optional[Callable[[bytes], object]] = None, timeout: float = 86400.0) -> Ends:
    """Read a file to its end, decompressed, and hand each block on; StreamBroken where it does not decompress.

    An error of the decompressor counts also where all that came out before looked well.
    """
    command = decompressor(path)
    with open(path, "rb") as file:
        if not command:
            return pump(file.fileno(), write)
        program = _started(command, file.fileno())
    try:
        ends = pump(program.output.fileno(), write)
        answer = program.wait(timeout)
    finally:
        program.kill()
    if answer.status == MISSING:
        raise NotRunnable(f"{command[0]} is not on this host; install it")
    if answer.status != 0:
        shortage.check(answer)
        raise StreamBroken(f"{command[0]}: {' '.join(answer.complaint.split())} (status {answer.status})")
    return ends


def _started(command: Tuple[str, ...], handle: int) -> Program:
    with os.fdopen(os.dup(handle), "rb") as stdin:
        try:
            return start([*BACKGROUND, *command], stdin=stdin, stdout=PIPE)
        except NotStarted as error:
            raise NotRunnable(f"{error}; install util-linux") from error


def fill(program: Program, path: str, timeout: float) -> Answer:
    """Write a file's content, decompressed, to a program, and return how that ended; StreamBroken as above.

    It is killed where it has not ended within ``timeout`` seconds, also where it reads no more.
    """
    deadline = time.monotonic() + timeout
    timer = threading.Timer(max(0.0, timeout), program.send, [signal.SIGKILL])
    timer.start()
    try:
        # Where it ends before it has read all, its status and its complaint say why.
        with contextlib.suppress(BrokenPipeError):
            read_through(path, program.input.write, timeout)
            program.input.close()
        return program.wait(deadline - time.monotonic())
    finally:
        timer.cancel()
        program.kill()


def pump(handle: int, write: Optional[Callable[[bytes], object]], first: bytes = b"") -> Ends:
    """Hand on what comes out of a pipe or file until its end; ``first`` was read, and handed on, before."""
    total, head, tail = len(first), first[:ENDS], first[-ENDS:]
    while True:
        block = os.read(handle, BLOCK)
        if not block:
            return Ends(total, head, tail)
        total += len(block)
        head = (head + block[:ENDS])[:ENDS] if len(head) < ENDS else head
        tail = (tail + block)[-ENDS:] if len(block) < ENDS else block[-ENDS:]
        if write is not None:
            write(block)


def file_ends(path: str) -> Ends:
    """Return the ends of a file that is not compressed, without reading what is between."""
    with open(path, "rb") as file:
        head = file.read(ENDS)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - ENDS))
        return Ends(size, head, file.read(ENDS))
