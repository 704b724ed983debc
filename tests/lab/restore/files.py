# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""People who work with files while they are backed up."""

from __future__ import annotations

import os
import signal
import subprocess
from types import TracebackType

from lab.backup.ground import Ground

# New letters come in whole, a log grows all the time; what lies there from before stays as it is.
_WORK = """
cd "$1"; mkdir -p live; n=0
while :; do
  n=$((n + 1))
  head -c 20000 /dev/urandom > live/.new; mv live/.new "live/letter $((n % 50))"
  date +%N >> live/log
  sleep 0.02
done
"""


class FilesChanging:
    """While the block lasts."""

    def __init__(self, ground: Ground) -> None:
        self._argv = ground.server.command(["sh", "-c", _WORK, "work", ground.files])
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> None:
        self._process = subprocess.Popen(self._argv, stdin=subprocess.DEVNULL, start_new_session=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
