# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start what a loss of mains has shut down, each host healthy before the next, from the controller."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ansible.utils.display import Display
from ansible_collections.contingency.infra.plugins.module_utils._shutdown import course
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.start import make_start
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.start_report import WORDS, StartReporter
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.steps import steps_of
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.store import Moment
from ansible_collections.contingency.infra.plugins.modules.staged_startup import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_run_facts import began_epoch
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_told import with_steps
from ansible_collections.contingency.infra.plugins.plugin_utils.outage_run import Report, Site, recovered
from ansible_collections.contingency.infra.plugins.plugin_utils.outage_work import OutageAction, OutageWork
from ansible_collections.contingency.infra.plugins.plugin_utils.start_run import StartRun, looked_at


class ActionModule(OutageAction):
    """Wire the options and the inventory to one run."""

    argument_spec = ARGUMENT_SPEC

    def work(self, arguments: Mapping[str, Any], hostvars: Mapping[str, Any], mode: str) -> OutageWork:
        return Work(arguments, hostvars, mode)


class Work(OutageWork):
    """One run of a start."""

    @property
    def _over(self) -> bool:
        return bool(self.arguments["outage"] == "over")

    def looked(self) -> Report:
        outage = recovered(self.site, self.store.load(keep_aside=False), Moment.now())
        if outage is None:
            return Report(None, course.UNCLEAR, [])
        remembered = self.store.remembered()
        readings = self.world.read(remembered)
        now = Moment.now()
        followed = course.followed(outage, readings, now, self.site.policy["stable_seconds"]) or outage
        plan = looked_at(planner, self.site, [*remembered, *readings], followed, now, self._over)
        return Report(followed, course.mains(readings), readings, plan)

    def done(self) -> Report:
        return StartRun(self.site, self.world, self.store, planner).run(self._over)

    def told(self, report: Report) -> dict[str, Any]:
        facts = self.facts(report)
        summaries = {language: StartReporter(facts, report.closed, language).summary() for language in WORDS}
        summary = summaries[self.arguments["language"]]
        for line in summary.shown:
            Display().display(line)
        result = {
            "changed": self.mode == "run" and bool(report.outcomes or report.closed),
            "failed": bool(summary.failed or report.trouble or facts.remarks),
            "mains": report.mains,
            "outage": None if report.outage is None else report.outage.as_dict(),
            "readings": list(report.readings),
            "limitation": (report.plan or {}).get("limitation"),
            "closed": report.closed,
            "outcomes": list(facts.outcomes),
            "failed_hosts": list(summary.failed),
            "next_look_epoch": report.next_look_epoch,
            "msg": summary.message,
        }
        return with_steps(result, steps_of("staged_startup", facts, summaries, self.samples(report), began_epoch()))


def planner(
    site: Site,
    readings: Sequence[Mapping[str, Any]],
    outage: Mapping[str, Any],
    now_epoch: float,
    online_since_epoch: float | None,
    up: Collection[str],
) -> dict[str, Any]:
    """Return what may be started; Problem where the site cannot be."""
    return make_start(site.nodes, site.upses, site.policy, readings, outage, now_epoch, online_since_epoch, up)
