# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another host, reached over SSH without being asked anything."""

from __future__ import annotations

from typing import List

from ansible_collections.contingency.infra.plugins.module_utils._host.run import TIMED_OUT, Answer, Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import NotRunnable

OPTIONS = ("-o", "BatchMode=yes", "-o", "ConnectTimeout=15", "-o", "ServerAliveInterval=15")
LOST = 255
"""With this status ssh or scp itself failed, and not what it was to do."""


def over_ssh(host: Host, name: str, command: str, timeout: float = 60.0) -> Answer:
    """Return what a command says on another host; NotRunnable where it cannot be asked."""
    return reached(name, host.run(["ssh", *OPTIONS, "--", name, command], timeout=timeout))


def copying(name: str, path: str, into: str) -> List[str]:
    """Return what copies a file or directory from another host into a directory; see ``reached`` for its end."""
    return ["scp", "-q", "-r", "-p", *OPTIONS, "--", f"{name}:{path}", into]


def reached(name: str, answer: Answer) -> Answer:
    """Return the answer; NotRunnable where the other host was not reached or not in time."""
    if answer.status in (LOST, TIMED_OUT):
        raise NotRunnable(f"{name} cannot be reached over ssh ({answer.complaint}); see that ssh {name} works here")
    return answer
