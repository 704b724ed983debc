# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shut down what is due in a loss of mains, and nothing else, from the controller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.contingency.infra.plugins.module_utils._shutdown import course
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.model import Policy, Problem
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.plan import make_plan
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.report import Facts, Reporter, Summary
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.store import (
    OFF,
    Moment,
    NodeState,
    OutageBusy,
    OutageError,
    Store,
)
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.words import WORDS
from ansible_collections.contingency.infra.plugins.module_utils._ups.model import UpsError
from ansible_collections.contingency.infra.plugins.module_utils._ups.source import SECRETS
from ansible_collections.contingency.infra.plugins.modules.staged_shutdown import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils import off_inventory
from ansible_collections.contingency.infra.plugins.plugin_utils.evidence import plain
from ansible_collections.contingency.infra.plugins.plugin_utils.outage_report import write_outage
from ansible_collections.contingency.infra.plugins.plugin_utils.outage_run import Report, Site
from ansible_collections.contingency.infra.plugins.plugin_utils.shutdown_run import ShutdownRun
from ansible_collections.contingency.infra.plugins.plugin_utils.shutdown_site import nodes_of
from ansible_collections.contingency.infra.plugins.plugin_utils.shutdown_world import SiteWorld


class ActionModule(ActionBase):
    """Wire the options and the inventory to one run."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        validation = ArgumentSpecValidator(ARGUMENT_SPEC).validate(self._task.args.copy())
        if validation.error_messages:
            raise AnsibleActionFail("; ".join(validation.error_messages))
        arguments = plain(validation.validated_parameters)
        mode = "check" if self._task.check_mode else arguments["mode"]
        hidden = {str(source[name]) for source in arguments["sources"] for name in SECRETS if source.get(name)}
        try:
            work = Work(arguments, (task_vars or {})["hostvars"], mode)
            hidden |= work.world.secrets
            result = work.result()
        except (Problem, UpsError, OutageError) as error:
            result = {"failed": True, "changed": False, "msg": str(error)}
        cleaned: dict[str, Any] = remove_values(result, hidden)
        return cleaned


class Work:
    """One run for the site of an inventory."""

    def __init__(self, arguments: Mapping[str, Any], hostvars: Mapping[str, Any], mode: str) -> None:
        self._arguments = arguments
        self._mode = mode
        durations = off_inventory.durations_from(arguments["durations_file"], arguments["dest"])
        nodes = nodes_of(arguments["hosts"], hostvars, durations)
        self.world = SiteWorld(
            arguments["hosts"], hostvars, arguments["sources"], arguments["timeout"], durations, Display().display
        )
        self._site = Site(nodes, arguments["upses"], _policy(arguments["policy"]))
        self._store = Store(arguments["state_dir"])

    def result(self) -> dict[str, Any]:
        """Do it, or in plan and check mode say what would be done; then show and write the report."""
        planned = self._arguments["outage"] == "planned"
        if self._mode != "run":
            return self._told(self._looked(planned))
        try:
            report = ShutdownRun(self._site, self.world, self._store, planner).run(planned)
        except OutageBusy as error:
            Display().display(WORDS[self._arguments["language"]]["busy"].format(why=error.message))
            return {"changed": False, "busy": True, "msg": error.message}
        told = self._told(report)
        self._last(report)
        return told

    def _looked(self, planned: bool) -> Report:
        """Return what a run would find, without writing anything."""
        remembered = self._store.remembered()
        readings = self.world.read(remembered)
        now = Moment.now()
        outage = self._store.load(keep_aside=False)
        outage = course.planned(outage, now) if planned else outage
        followed = course.followed(outage, readings, now, self._site.policy["stable_seconds"])
        state = None if followed is None else followed.for_plan(now)
        plan = planner(self._site, [*remembered, *readings], state, now.epoch)
        return Report(followed, course.mains(readings), readings, plan)

    def _told(self, report: Report) -> dict[str, Any]:
        facts = self._facts(report)
        summary = Reporter(facts, self._arguments["language"]).summary()
        for line in summary.shown:
            Display().display(line)
        files = self._written(report, facts, summary) if self._mode == "run" else []
        unclear = report.outage is None and report.mains == course.UNCLEAR
        return {
            "changed": self._mode == "run" and bool(report.outcomes or report.controller_due),
            "failed": bool(summary.failed or report.trouble or unclear or self._mode == "plan"),
            "mains": report.mains,
            "outage": None if report.outage is None else report.outage.as_dict(),
            "readings": list(report.readings),
            "plan": report.plan,
            "outcomes": list(facts.outcomes),
            "failed_hosts": list(summary.failed),
            "next_look_epoch": report.next_look_epoch,
            "files": files,
            "msg": ". ".join(summary.closing),
        }

    def _facts(self, report: Report) -> Facts:
        now = Moment.now()
        return Facts(
            mains=report.mains,
            readings=report.readings,
            hosts=[node["name"] for node in self._site.nodes if node["kind"] != "save"],
            mode=self._mode,
            outage=None if report.outage is None else report.outage.as_dict(),
            age=0.0 if report.outage is None else now.since(report.outage.began),
            plan=report.plan,
            outcomes=[asdict(outcome) for outcome in report.outcomes],
            next_look_epoch=report.next_look_epoch,
            now_epoch=now.epoch,
            trouble=report.trouble,
            controller_due=report.controller_due,
        )

    def _written(self, report: Report, facts: Facts, summary: Summary) -> list[str]:
        if report.outage is None:
            return []
        words = WORDS[self._arguments["language"]]
        samples = self._store.samples(report.outage)
        try:
            files = write_outage(
                self._arguments["dest"],
                report.outage,
                samples,
                facts.hosts,
                asdict(facts),
                summary.markdown,
                self._arguments["language"],
            )
        except OSError as error:
            Display().warning(words["trouble"].format(why=f"{self._arguments['dest']}: {error.strerror or error}"))
            return []
        for path in files:
            Display().display(words["record"].format(path=path))
        return files

    def _last(self, report: Report) -> None:
        """Shut this machine down, once all else is off and written down."""
        if report.controller_due is None or report.outage is None:
            return
        now = Moment.now()
        self._store.save(report.outage.with_node(report.controller_due, NodeState(OFF, now, now, "ordered")))
        self.world.order(self._site.node(report.controller_due), hurried=False)()


def planner(
    site: Site, readings: Sequence[Mapping[str, Any]], outage: Mapping[str, Any] | None, now_epoch: float
) -> dict[str, Any]:
    """Return the plan of a site; Problem where the site cannot be."""
    return make_plan(site.nodes, site.upses, site.policy, readings, outage, now_epoch)


def _policy(given: Mapping[str, Any]) -> dict[str, Any]:
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
