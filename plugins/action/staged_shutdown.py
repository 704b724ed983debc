# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shut down what is due in a loss of mains, and nothing else, from the controller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ansible.utils.display import Display
from ansible_collections.contingency.infra.plugins.module_utils._shutdown import course
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.plan import make_plan
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.report import Facts, Reporter, Summary
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.sentences import outcome_told
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.steps import steps_of
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.store import (
    FAILED,
    OFF,
    Moment,
    NodeState,
    Outage,
    OutageError,
)
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.words import WORDS
from ansible_collections.contingency.infra.plugins.modules.staged_shutdown import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_run_facts import began_epoch
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_told import with_steps
from ansible_collections.contingency.infra.plugins.plugin_utils.outage_report import write_outage
from ansible_collections.contingency.infra.plugins.plugin_utils.outage_run import Report, Site, recovered
from ansible_collections.contingency.infra.plugins.plugin_utils.outage_work import OutageAction, OutageWork
from ansible_collections.contingency.infra.plugins.plugin_utils.shutdown_run import ShutdownRun


class ActionModule(OutageAction):
    """Wire the options and the inventory to one run."""

    argument_spec = ARGUMENT_SPEC

    def work(self, arguments: Mapping[str, Any], hostvars: Mapping[str, Any], mode: str) -> OutageWork:
        return Work(arguments, hostvars, mode)


class Work(OutageWork):
    """One run of a shutdown."""

    @property
    def _planned(self) -> bool:
        return bool(self.arguments["outage"] == "planned")

    def looked(self) -> Report:
        remembered = self.store.remembered()
        readings = self.world.read(remembered)
        now = Moment.now()
        outage = recovered(self.site, self.store.load(keep_aside=False), Moment.now())
        outage = course.planned(outage, now) if self._planned else outage
        followed = course.followed(outage, readings, now, self.site.policy["stable_seconds"])
        state = None if followed is None else followed.for_plan(now)
        plan = planner(self.site, [*remembered, *readings], state, now.epoch)
        return Report(followed, course.mains(readings), readings, plan)

    def done(self) -> Report:
        return ShutdownRun(self.site, self.world, self.store, planner).run(self._planned)

    def told(self, report: Report) -> dict[str, Any]:
        facts = self.facts(report)
        summaries = {language: Reporter(facts, language).summary() for language in WORDS}
        summary = summaries[self.arguments["language"]]
        for line in summary.shown:
            Display().display(line)
        files = self._written(report, facts, summary) if self.mode == "run" else []
        unclear = report.outage is None and report.mains == course.UNCLEAR
        result = {
            "changed": self.mode == "run" and bool(report.outcomes or report.controller_due),
            "failed": bool(summary.failed or report.trouble or facts.remarks or unclear or self.mode == "plan"),
            "mains": report.mains,
            "outage": None if report.outage is None else report.outage.as_dict(),
            "readings": list(report.readings),
            "plan": report.plan,
            "outcomes": list(facts.outcomes),
            "failed_hosts": list(summary.failed),
            "next_look_epoch": report.next_look_epoch,
            "files": files,
            "msg": summary.message,
        }
        return with_steps(result, steps_of("staged_shutdown", facts, summaries, self.samples(report), began_epoch()))

    def _written(self, report: Report, facts: Facts, summary: Summary) -> list[str]:
        if report.outage is None:
            return []
        try:
            samples = self.store.samples(report.outage)
            files = write_outage(
                self.arguments["dest"],
                report.outage,
                samples,
                facts.hosts,
                asdict(facts),
                summary.markdown,
                self.arguments["language"],
            )
        except OSError as error:
            Display().warning(self.words["trouble"].format(why=f"{self.arguments['dest']}: {error.strerror or error}"))
            return []
        for path in files:
            Display().display(self.words["record"].format(path=path))
        return files

    def last(self, report: Report) -> dict[str, Any]:
        """Shut this machine down, once all else is off and written down."""
        name, outage = report.controller_due, report.outage
        if name is None or outage is None:
            return {}
        now = Moment.now()
        self._kept(outage.with_node(name, NodeState(OFF, now, now, "ordered")))
        outcome = self.world.order(self.site.node(name), hurried=False)()
        if outcome.state != FAILED:
            return {}
        self._kept(outage.with_node(name, NodeState(FAILED, now, Moment.now(), outcome.how)))
        how = outcome_told(outcome.how, self.arguments["language"])
        said = self.words["failed"].format(how=how, why=outcome.message)
        Display().display(f"{name}  {said}")
        return {"failed": True, "failed_hosts": [name], "msg": f"{name}: {said}"}

    def _kept(self, outage: Outage) -> None:
        """Write it down; a full disk is no reason to stay on until the batteries are empty."""
        try:
            self.store.save(outage)
        except OutageError as error:
            Display().warning(self.words["trouble"].format(why=error.message))


def planner(
    site: Site, readings: Sequence[Mapping[str, Any]], outage: Mapping[str, Any] | None, now_epoch: float
) -> dict[str, Any]:
    """Return the plan of a site; Problem where the site cannot be."""
    return make_plan(site.nodes, site.upses, site.policy, readings, outage, now_epoch)
