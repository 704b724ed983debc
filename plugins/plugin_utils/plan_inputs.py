# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that the plan document is made from, and its hash: the same inputs give the same document."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Policy
from ansible_collections.contingency.infra.plugins.module_utils._record import chain
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_procedures import Procedure
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_site import Resource, Site
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_thresholds import Threshold

NEEDS: Mapping[str, str] = {
    "core_switch_failover": "core_switches",
    "standby_failover": "databases",
    "staged_shutdown": "shutdown_hosts",
    "staged_startup": "shutdown_hosts",
    "restore_test": "backup_sets",
    "core_switch_failback": "core_switches",
    "standby_rejoin": "databases",
    "standby_switchover": "databases",
}
"""The procedures of an emergency in the order in which people look for them, with the group that each needs."""
_NAMED = re.compile(r"-e (?:failed|primary)=(\S+)")


@dataclass(frozen=True)
class DrillState:
    """A scenario. ``held``: date of its last drill, empty where there was none; ``due``: not within a year."""

    key: str
    title: Mapping[str, str]
    held: str = ""
    score: float | None = None
    due: bool = True


@dataclass(frozen=True)
class PlanInputs:
    """``procedures``: every playbook, those of the site last; ``inventory``: as commands name it."""

    policy: Policy | None
    site: Site
    procedures: tuple[Procedure, ...]
    thresholds: tuple[Threshold, ...]
    resources: tuple[Resource, ...]
    drills: tuple[DrillState, ...] = ()
    own: tuple[Procedure, ...] = ()
    inventory: str = ""
    version: str = ""

    @property
    def emergencies(self) -> tuple[Procedure, ...]:
        """The procedures for which this site has machines, and its own."""
        by_name = {procedure.name: procedure for procedure in self.procedures}
        shown = (by_name[name] for name, group in NEEDS.items() if name in by_name and self.site.of(group))
        return (*shown, *self.own)

    @property
    def routine(self) -> tuple[Procedure, ...]:
        return tuple(procedure for procedure in self.procedures if procedure.name not in NEEDS)

    def commands(self, procedure: Procedure) -> tuple[tuple[str, str], ...]:
        """Return (machine, command) for each machine that the procedure can be about; ("", command) where none is."""
        command = self.here(procedure.command)
        named = _NAMED.search(command)
        hosts = self.site.of(NEEDS.get(procedure.name, ""))
        if named is None or not hosts:
            return (("", command),)
        return tuple((host, re.sub(rf"(?<==){re.escape(named[1])}(?=\s|$)", host, command)) for host in hosts)

    def here(self, command: str) -> str:
        """Return a command with the inventory of this site."""
        return command.replace("-i INVENTORY", f"-i {self.inventory}") if self.inventory else command

    def digests(self) -> dict[str, str]:
        """Return the hash of each input by its name in the words, in a fixed order."""
        everything = (*self.procedures, *self.own)
        return {
            "policy": self.policy.digest if self.policy is not None else "",
            **{f"procedure {each.name}": each.sha256 for each in everything},
            "thresholds": _digest([asdict(each) for each in self.thresholds]),
            "resources": _digest([asdict(each) for each in self.resources]),
            "drills": _digest([asdict(each) for each in self.drills]),
        }

    @property
    def sha256(self) -> str:
        """The hash over all of it."""
        commands = [self.commands(each) for each in self.emergencies]
        return _digest({"of": self.digests(), "commands": commands, "version": self.version})


def _digest(value: object) -> str:
    return hashlib.sha256(chain.canonical({"value": value})).hexdigest()
