# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore test may have left on the backup server."""

from __future__ import annotations

from lab.backup.server import BackupServer

# A process counts that has its working directory, its program or an open file there, or names it in its arguments.
_LOOK = """
import os, sys
place = sys.argv[1] + "/"
def links(process):
    for name in ("cwd", "exe", *("fd/" + number for number in os.listdir(process + "/fd"))):
        try:
            yield os.readlink(f"{process}/{name}")
        except OSError:
            continue
for number in filter(str.isdigit, os.listdir("/proc")):
    try:
        words = open(f"/proc/{number}/cmdline").read().replace("\\0", " ")
        near = place in words or any(place in link for link in links(f"/proc/{number}"))
    except (FileNotFoundError, ProcessLookupError):
        continue
    if near and int(number) != os.getpid():
        print("process", words)
print(*("mount " + line.split()[4] for line in open("/proc/self/mountinfo") if place in line), sep="\\n")
for folder, folders, names in os.walk(place):
    for name in folders + names:
        path = os.path.join(folder, name)
        if os.path.isdir(path) or os.path.getsize(path):
            print("file", path)
"""


def left_over(server: BackupServer, scratch: str) -> list[str]:
    """Processes, mounts and files of scratch instances below a directory; locks stay, which are empty files."""
    return [line for line in server.run("python3", "-", scratch, feed=_LOOK).splitlines() if line]
