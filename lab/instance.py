# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One running copy of the lab: its name, and what on this machine belongs to it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError

STATE_ROOT = Path("/run/contingency-lab")
NAMESPACES = Path("/run/netns")
MARK = "CONTINGENCY_LAB_MACHINE"
MANAGEMENT = "management"
CONTROLLER = "controller"


@dataclass(frozen=True)
class Instance:
    """The name decides everything else, so several labs live side by side with the same addresses."""

    name: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", self.name):
            raise LabError(
                f"LAB_NAME is {self.name!r}: use 1 to 32 lower-case letters, digits and hyphens, such as 'contingency'."
            )

    @classmethod
    def from_environment(cls) -> Instance:
        return cls(os.environ.get("LAB_NAME") or "contingency")

    @property
    def state(self) -> Path:
        return STATE_ROOT / self.name

    @property
    def lock_file(self) -> Path:
        return STATE_ROOT / f"{self.name}.lock"

    @property
    def prefix(self) -> str:
        """A dot cannot occur in an instance's name, so no prefix is the beginning of another one."""
        return f"{self.name}."

    def namespace(self, machine: str) -> str:
        return f"{self.prefix}{machine}"

    def namespace_path(self, machine: str) -> Path:
        return NAMESPACES / self.namespace(machine)

    def mark(self, machine: str) -> str:
        """What the first process of a machine carries in its arguments, and all of them in their environment."""
        return f"{self.name}:{machine}"

    @property
    def client_key(self) -> Path:
        return self.state / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        return self.state / "known_hosts"

    @property
    def control_paths(self) -> Path:
        """Sockets of the logins that Ansible keeps open; an instance's own, as other instances have its addresses."""
        return self.state / "ssh"

    @property
    def inventory(self) -> Path:
        return self.state / "inventory.json"

    @property
    def complete(self) -> Path:
        """Exists once `up` has finished; holds the digest of the topology that it built."""
        return self.state / "complete"

    @property
    def plan(self) -> Path:
        """The whole topology as `up` read it, for the lab's own processes that are not the one that called `up`."""
        return self.state / "topology"

    def machine_state(self, machine: str) -> Path:
        return self.state / "machines" / machine


def require_root() -> None:
    if os.geteuid() != 0:
        raise LabError("The lab makes network namespaces and mounts, which needs root: run it as root or with sudo.")
