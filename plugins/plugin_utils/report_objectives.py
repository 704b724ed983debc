# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objectives against what was achieved. What was not measured is not met."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ansible_collections.contingency.infra.plugins.plugin_utils.report_run import Line, Run, host_of, number

MET, MISSED, NOT_MEASURED = "met", "missed", "not_measured"
AT_LEAST = frozenset(("runtime_seconds", "charge_percent"))
"""Figures of which more is better; of all others the objective is the most that may be."""
MEASURED_BY: Mapping[str, tuple[str, ...]] = {
    "rto": ("outage_seconds", "recovery_seconds", "restore_seconds"),
    "rpo": ("data_loss_seconds",),
}
"""Figures of steps that tell how an objective of the plan was kept, the first that is there."""
OF_RUN = "recovery_seconds"


@dataclass(frozen=True)
class Objective:
    """``name``: of the figure, or rto or rpo. ``achieved`` is None where nothing measured it.

    ``of_run``: it was counted from the start of the run, and not from the fault.
    """

    procedure: str
    name: str
    limit: float
    achieved: float | None
    run: str
    host: str = ""
    at_least: bool = False
    of_run: bool = False

    @property
    def verdict(self) -> str:
        if self.achieved is None:
            return NOT_MEASURED
        kept = self.achieved >= self.limit if self.at_least else self.achieved <= self.limit
        return MET if kept else MISSED


def objectives_of(runs: Iterable[Run], plan: Mapping[str, Mapping[str, float]]) -> tuple[Objective, ...]:
    """Pure: the objectives of the runs' steps, and those of the plan for their procedures.

    ``plan``: by procedure, rto and rpo in seconds. A run in check mode did nothing, and is held against nothing.
    """
    done = [run for run in runs if not run.check]
    return tuple(each for run in done for each in (*_of_steps(run), *_of_plan(run, plan)))


def _of_steps(run: Run) -> Iterator[Objective]:
    for step in run.steps:
        figures = figures_of(step)
        for name, limit in figures_of(step, "objectives").items():
            if limit is not None:
                yield Objective(
                    str(step.get("procedure") or run.playbook),
                    str(name),
                    limit,
                    figures.get(name),
                    run.name,
                    host_of(step),
                    name in AT_LEAST,
                )


def _of_plan(run: Run, plan: Mapping[str, Mapping[str, float]]) -> Iterator[Objective]:
    for name, limit in plan.get(run.playbook, {}).items():
        measured = ((each, worst([run], each)) for each in MEASURED_BY.get(name, (name,)))
        figure, achieved = next((found for found in measured if found[1] is not None), ("", None))
        yield Objective(run.playbook, name, limit, achieved, run.name, of_run=figure == OF_RUN)


def figures_of(step: Line, key: str = "figures") -> dict[str, float | None]:
    """Pure: the figures of a step, or their objectives; None for what is no figure."""
    figures = step.get(key)
    return {str(name): number(value) for name, value in figures.items()} if isinstance(figures, Mapping) else {}


def worst(runs: Iterable[Run], name: str) -> float | None:
    """Pure: the largest value of a figure over all runs that did something, None where nobody measured it."""
    values = [figures_of(step).get(name) for run in runs if not run.check for step in run.steps]
    return max((value for value in values if value is not None), default=None)


def loss_unmeasured(runs: Iterable[Run]) -> bool:
    """Pure: whether a standby took over in a run and could not prove how much was lost."""
    steps = [step for run in runs if not run.check for step in run.steps if step.get("unproven")]
    figures = [figures_of(step) for step in steps]
    return any("takeover_seconds" in each and each.get("data_loss_seconds") is None for each in figures)
