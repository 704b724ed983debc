# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every machine of the lab can do, whatever its kind."""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from lab.errors import LabError
from lab.instance import Instance
from lab.rootfs import Recipe
from lab.topology import MachineSpec, Topology

KINDS: dict[str, type[Machine]] = {}


@dataclass(frozen=True)
class Site:
    """What a machine needs to know of the lab around it."""

    instance: Instance
    topology: Topology


class Machine(ABC):
    """A kind of machine is one subclass in one file of lab/kinds, registered by its name."""

    kind: ClassVar[str]

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if "kind" in cls.__dict__:
            KINDS[cls.kind] = cls

    def __init__(self, spec: MachineSpec, site: Site) -> None:
        self.spec = spec
        self.site = site

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def state(self) -> Path:
        return self.site.instance.machine_state(self.name)

    @property
    def namespace(self) -> str:
        return self.site.instance.namespace(self.name)

    @property
    def namespace_path(self) -> Path:
        return self.site.instance.namespace_path(self.name)

    @abstractmethod
    def prepare(self) -> None:
        """Write the files that the machine needs before it first starts."""

    @abstractmethod
    def start(self) -> None:
        """Begin to start; return at once."""

    @abstractmethod
    def not_ready(self) -> str | None:
        """Why the machine does not yet do its work, or None; raises LabError if it never will."""

    @abstractmethod
    def running(self) -> bool:
        """Whether it is powered on."""

    @abstractmethod
    def power_off(self) -> None:
        """Take the power away: no farewell on the network, nothing written to disk."""

    @abstractmethod
    def power_on(self) -> None:
        """Start again from what is on its disk; return at once."""

    @abstractmethod
    def command(self, argv: Sequence[str]) -> list[str]:
        """The host's command line that runs a program inside the machine."""

    def exec(self, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a program inside the machine and wait for it."""
        done = subprocess.run(self.command(argv), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            said = " ".join((done.stderr or done.stdout).split())
            raise LabError(f"{' '.join(argv)} on {self.name} ended with status {done.returncode}: {said}")
        return done

    @classmethod
    def recipes(cls) -> tuple[Recipe, ...]:
        """The root file systems that it needs."""
        return ()

    def login(self) -> Mapping[str, str]:
        """How the collection reaches it: inventory variables that only this kind has."""
        return {}

    def variables(self) -> Mapping[str, Any]:
        """Inventory variables that say what it does."""
        return {}

    def variables_of_others(self) -> Mapping[str, Mapping[str, Any]]:
        """What other hosts need to know of it: inventory variables by host."""
        return {}

    def lists_of_all(self) -> Mapping[str, Sequence[Any]]:
        """What it adds to lists that every host of the inventory has."""
        return {}

    def describe(self) -> str:
        """A few words for status and drawings."""
        return f"{self.spec.role}, {self.kind}" if self.spec.role != self.kind else self.kind

    def shut_ports(self) -> Sequence[str]:
        """Ports that are administratively down when it first starts."""
        return ()

    def groups(self) -> Sequence[str]:
        """The inventory's groups that it is in."""
        return ()

    def backup_sets(self) -> Mapping[str, Mapping[str, Any]]:
        """What is restored on it: names of the inventory without a machine of their own, with their variables."""
        return {}


def create(spec: MachineSpec, site: Site) -> Machine:
    if spec.kind not in KINDS:
        raise LabError(f"machine {spec.name} has the kind {spec.kind}: known are {', '.join(sorted(KINDS))}.")
    return KINDS[spec.kind](spec, site)
