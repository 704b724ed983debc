# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore test may have left on the machine."""

from __future__ import annotations

from lab.backup.server import BackupServer
from tests.lab.restore.shelf import SCRATCH

# A process counts that has its working directory, its program or an open file there, or names it in its arguments.
_LOOK = f"""
for process in /proc/[0-9]*; do
  if ls -l $process/cwd $process/exe $process/fd 2>/dev/null | grep -q ' {SCRATCH}/' ||
     tr '\\0' ' ' < $process/cmdline 2>/dev/null | grep -q '{SCRATCH}/'; then
    case $process in /proc/$$|/proc/self) ;; *) echo "process $(tr '\\0' ' ' < $process/cmdline)";; esac
  fi
done 2>/dev/null
grep -h ' {SCRATCH}/' /proc/self/mountinfo | sed 's/^/mount /'
find {SCRATCH} -mindepth 1 ! -name '*.lock' ! -name '.lock' 2>/dev/null | sed 's/^/file /'
true
"""


def left_over(server: BackupServer) -> list[str]:
    """Processes, mounts and files of scratch instances; the locks that stay are empty files."""
    return server.run("bash", "-c", _LOOK).splitlines()
