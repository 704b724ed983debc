# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs and files on the machine where backups are taken and tried."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.kinds.layered import LayeredMachine

if TYPE_CHECKING:
    from lab.engine import Lab

NAME = "backup-1"


class BackupServer:
    """Everything of the lab's backups goes through here: paths are those within the machine, as text."""

    def __init__(self, lab: Lab, name: str = NAME) -> None:
        machine = lab.machine(name)
        if not isinstance(machine, LayeredMachine):
            raise LabError(f"{name} has no disk of its own: backups need a machine of kind debian.")
        self.machine = machine

    def command(
        self, argv: Sequence[str], user: str | None = None, environment: Mapping[str, str] | None = None
    ) -> list[str]:
        """The host's command line of a program on the machine."""
        become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
        values = [f"{name}={value}" for name, value in (environment or {}).items()]
        return self.machine.command([*become, *(["env", *values] if values else []), *argv])

    def run(
        self,
        *argv: str,
        user: str | None = None,
        feed: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> str:
        """What a program prints; LabError with its last words where it fails."""
        done = subprocess.run(
            self.command(argv, user, environment), input=feed or "", capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
            raise LabError(f"{' '.join(argv)[:200]} on {self.machine.name} ended with status {done.returncode}: {said}")
        return done.stdout.strip()

    def shell(self, script: str, user: str | None = None) -> str:
        """What a script prints; any step that fails ends it, also within a pipe."""
        return self.run("bash", "-euo", "pipefail", "-c", script, user=user)

    def path(self, inside: str) -> Path:
        """A file of the machine as this process reaches it."""
        return self.machine.inside(inside)

    def fresh_copy(self, source: str, target: str) -> str:
        """A copy with owners, times, links and holes; what lay at the target before is gone."""
        self.shell(f"rm -rf '{target}'; mkdir -p \"$(dirname '{target}')\"; cp -a --reflink=auto '{source}' '{target}'")
        return target
