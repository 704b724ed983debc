# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program whose files need not outlive a power cut, as they are removed when the test ends: it waits for no disk.

pgBackRest has each file that it restores written to the disk, and what was written is slow to remove, too. Where the
kernel can (seccomp, which wants root), fsync and fdatasync of the program do nothing and say that all is well, and
elsewhere it runs as it is. What is read after it comes from the same cache, whether the disk has it by then or not.
"""

from __future__ import annotations

import struct
import sys
from typing import Dict, List, Sequence, Tuple

CALLS: Dict[str, Tuple[int, Tuple[int, int]]] = {
    "x86_64": (0xC000003E, (74, 75)),
    "aarch64": (0xC00000B7, (82, 83)),
}
"""For each machine of uname(2): its AUDIT_ARCH of linux/audit.h, and its numbers of fsync and fdatasync."""
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_NUMBER, _ARCHITECTURE = 0, 4
"""Where they are in struct seccomp_data."""
_ALLOW, _DO_NOTHING = 0x7FFF0000, 0x00050000
"""SECCOMP_RET_ALLOW, and SECCOMP_RET_ERRNO with the error number 0."""
_LAUNCHER = """
import ctypes, os, sys
class Program(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("steps", ctypes.c_char_p)]
steps = {machine: bytes.fromhex(text) for machine, text in %r.items()}.get(os.uname().machine)
if steps:
    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong]
    program = Program(len(steps) // 8, steps)
    prctl(22, 2, ctypes.addressof(program), 0, 0)
try:
    os.execvp(sys.argv[1], sys.argv[1:])
except OSError as error:
    sys.exit(f"{sys.argv[1]}: {error.strerror}") if error.errno != 2 else os._exit(127)
"""


def unsynced(argv: Sequence[str]) -> List[str]:
    """Return a command that becomes the given one, without what waits for the disk; status 127 where there is none."""
    steps = {machine: steps_of(*numbers).hex() for machine, numbers in CALLS.items()}
    return [sys.executable or "python3", "-I", "-S", "-c", _LAUNCHER % steps, *argv]


def steps_of(architecture: int, calls: Sequence[int]) -> bytes:
    """Pure: the filter of seccomp(2): system calls of another architecture, and all others, are done as ever."""
    last = len(calls)
    found = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 0, last + 1, architecture), (_LOAD, 0, 0, _NUMBER)]
    found += [(_EQUAL, last - place, 0, number) for place, number in enumerate(calls)]
    found += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _DO_NOTHING)]
    return b"".join(struct.pack("=HBBI", *step) for step in found)
