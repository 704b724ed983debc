# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first process of a light machine: runs /lab/start once, then reaps whatever ends.

It runs with the machine's own Python and nothing else of the lab. When it is killed, the kernel
kills every other process of the machine. It ends by itself only when nothing is left to run.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

STATUS = Path("/run/lab/start.status")


def main() -> None:
    STATUS.parent.mkdir()
    start = subprocess.Popen(["/lab/start"])
    while True:
        try:
            pid, status = os.wait()
        except ChildProcessError:
            raise SystemExit("every process of the machine has ended") from None
        if pid == start.pid:
            report(os.waitstatus_to_exitcode(status))


def report(exit_status: int) -> None:
    new = STATUS.with_suffix(".new")
    new.write_text(f"{exit_status}\n", encoding="ascii")
    new.rename(STATUS)


if __name__ == "__main__":
    main()
