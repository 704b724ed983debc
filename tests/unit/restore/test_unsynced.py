# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that waits for no disk, and is the same program in everything else."""

from __future__ import annotations

import os
import struct
import subprocess
import sys

from ansible_collections.contingency.infra.plugins.module_utils._restore.unsynced import CALLS, steps_of, unsynced

TRIES = (
    "import os\nfor call in (os.fsync, os.fdatasync):\n  try: print(call(999))\n  except OSError as e: print(e.errno)"
)


def _run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(unsynced(argv), capture_output=True, text=True, check=False)


def test_what_waits_for_the_disk_is_not_done_where_the_kernel_lets_us() -> None:
    """Without a file both calls fail, with errno 9; not to be done is not to fail."""
    able = os.geteuid() == 0 and os.uname().machine in CALLS
    assert _run(sys.executable, "-c", TRIES).stdout.split() == (["None", "None"] if able else ["9", "9"])


def test_arguments_output_and_status_are_the_programs_own() -> None:
    done = _run("sh", "-c", 'printf %s "$1"; exit 7', "sh", "a b'\"\\")
    assert (done.returncode, done.stdout) == (7, "a b'\"\\")


def test_a_program_that_is_not_there_is_told_as_by_a_shell() -> None:
    assert _run("no-such-program-of-the-lab").returncode == 127


def test_only_two_calls_of_the_machines_own_architecture_are_left_out() -> None:
    for architecture, calls in CALLS.values():
        steps = [struct.unpack("=HBBI", step) for step in _eights(steps_of(architecture, calls))]
        assert _followed(steps, architecture, calls[0]) == _followed(steps, architecture, calls[1]) == 0x50000
        assert {_followed(steps, architecture, call) for call in range(500) if call not in calls} == {0x7FFF0000}
        assert _followed(steps, architecture + 1, calls[0]) == 0x7FFF0000


def _eights(program: bytes) -> list[bytes]:
    return [program[start : start + 8] for start in range(0, len(program), 8)]


def _followed(steps: list[tuple[int, int, int, int]], architecture: int, call: int) -> int:
    place, value = 0, 0
    while True:
        code, yes, no, operand = steps[place]
        if code == 0x06:
            return operand
        if code == 0x20:
            value, place = {0: call, 4: architecture}[operand], place + 1
        else:
            place += 1 + (yes if value == operand else no)
