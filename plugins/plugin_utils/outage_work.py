# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the actions of an outage have in common: from options and inventory to the site, its world, its state."""

from __future__ import annotations

from abc import abstractmethod
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.model import Policy, Problem
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.report import Facts
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.store import (
    Moment,
    OutageBusy,
    OutageError,
    Store,
)
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.words import WORDS
from ansible_collections.contingency.infra.plugins.module_utils._ups.model import UpsError
from ansible_collections.contingency.infra.plugins.module_utils._ups.source import SECRETS
from ansible_collections.contingency.infra.plugins.plugin_utils import off_inventory
from ansible_collections.contingency.infra.plugins.plugin_utils.durations import Durations, DurationsError
from ansible_collections.contingency.infra.plugins.plugin_utils.evidence import plain
from ansible_collections.contingency.infra.plugins.plugin_utils.outage_run import Report, Site
from ansible_collections.contingency.infra.plugins.plugin_utils.shutdown_mend import mended, read_sources
from ansible_collections.contingency.infra.plugins.plugin_utils.shutdown_site import nodes_of, without_faults
from ansible_collections.contingency.infra.plugins.plugin_utils.shutdown_world import SiteWorld


class OutageAction(ActionBase):
    """Wire the options and the inventory to one run."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    argument_spec: Mapping[str, Any]

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        validation = ArgumentSpecValidator(self.argument_spec).validate(self._task.args.copy())
        if validation.error_messages:
            raise AnsibleActionFail("; ".join(validation.error_messages))
        arguments = plain(validation.validated_parameters)
        hidden = {str(source[name]) for source in arguments["sources"] for name in SECRETS if source.get(name)}
        mode = "check" if self._task.check_mode else arguments.get("mode", "run")
        try:
            work = self.work(arguments, (task_vars or {})["hostvars"], mode)
            hidden |= work.world.secrets
            result = work.result()
        except (Problem, UpsError, OutageError) as error:
            result = {"failed": True, "changed": False, "msg": str(error)}
        cleaned: dict[str, Any] = remove_values(result, hidden)
        return cleaned

    @abstractmethod
    def work(self, arguments: Mapping[str, Any], hostvars: Mapping[str, Any], mode: str) -> OutageWork:
        """Return the run."""


class OutageWork:
    """One run for the site of an inventory; ``mode`` is run, plan or check."""

    def __init__(self, arguments: Mapping[str, Any], hostvars: Mapping[str, Any], mode: str) -> None:
        self.arguments = arguments
        self.mode = mode
        durations = off_inventory.durations_from(arguments["durations_file"], arguments["dest"])
        warn_of(durations)
        policy, switches = filled_in(arguments["policy"]), arguments.get("save_switches") or []
        first = str(policy["stages"][0]["name"])
        remarks: list[str] = []
        try:
            nodes = nodes_of(arguments["hosts"], hostvars, durations, switches, first)
        except AnsibleError:
            usable, remarks = without_faults(arguments["hosts"], hostvars, durations)
            hostvars = ChainMap(usable, hostvars)  # type: ignore[arg-type]
            nodes = nodes_of(arguments["hosts"], hostvars, durations, switches, first)
        nodes, changed = mended(nodes, arguments["upses"], policy)
        if not nodes:
            raise Problem("There is no host to shut down; put them into the group that staged_shutdown_group names.")
        sources, strays = read_sources(arguments["sources"], arguments["upses"])
        self.remarks = [*remarks, *changed, *strays]
        self.world = SiteWorld(
            *(arguments["hosts"], hostvars, sources, arguments["timeout"], durations, Display().display),
            switches=switches,
            dest=arguments["dest"],
            upses=arguments["upses"],
            language=arguments["language"],
        )
        self.site = Site(nodes, arguments["upses"], policy)
        self.store = Store(arguments["state_dir"])

    def result(self) -> dict[str, Any]:
        """Do it, or in plan and check mode say what would be done."""
        if self.mode != "run":
            return self.told(self.looked())
        try:
            report = self.done()
        except OutageBusy as error:
            Display().display(self.words["busy"].format(why=error.message))
            return {"changed": False, "busy": True, "msg": error.message}
        try:
            told = self.told(report)
        finally:
            # What is left to do is done also where it cannot be told.
            after = self.last(report)
        return {**told, **after}

    @property
    def words(self) -> Mapping[str, str]:
        return WORDS[self.arguments["language"]]

    @abstractmethod
    def looked(self) -> Report:
        """Return what a run would find, without writing anything."""

    @abstractmethod
    def done(self) -> Report:
        """Do it."""

    @abstractmethod
    def told(self, report: Report) -> dict[str, Any]:
        """Show it, write it down, and return the task's result."""

    def last(self, report: Report) -> dict[str, Any]:
        """Do what comes after all is written, and return what that changes in the task's result."""
        return {}

    def samples(self, report: Report) -> list[dict[str, Any]]:
        """Return what the UPSes told since the outage began; nothing where that cannot be read."""
        try:
            return [] if report.outage is None else self.store.samples(report.outage)
        except OSError as error:
            Display().warning(self.words["trouble"].format(why=f"{error.filename}: {error.strerror or error}"))
            return []

    def facts(self, report: Report) -> Facts:
        now = Moment.now()
        return Facts(
            mains=report.mains,
            readings=report.readings,
            hosts=[node["name"] for node in self.site.nodes if node["kind"] != "save"],
            mode=self.mode,
            outage=None if report.outage is None else report.outage.as_dict(),
            age=0.0 if report.outage is None else now.since(report.outage.began),
            plan=report.plan,
            outcomes=[asdict(outcome) for outcome in report.outcomes],
            next_look_epoch=report.next_look_epoch,
            now_epoch=now.epoch,
            trouble=report.trouble,
            controller_due=report.controller_due,
            remarks=[*self.remarks, *self.world.refused],
        )


def warn_of(durations: Durations) -> None:
    """Warn where the measured durations cannot be read, so that those of the inventory count."""
    try:
        durations.of("")
    except DurationsError as error:
        Display().warning(str(error))


def filled_in(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the policy with what is missing filled in; Problem names what cannot be."""
    known = Policy.from_dict(given)
    filled = {
        "reserve_seconds": known.reserve,
        "concurrency": known.concurrency,
        "poll_seconds": known.poll,
        "minimum_charge_percent": known.minimum_charge,
        "stable_seconds": known.stable,
    }
    return {**given, **filled}
