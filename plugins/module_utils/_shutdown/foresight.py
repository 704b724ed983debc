# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the batteries carry the policy, before there is an outage: stage by stage, with what each one sheds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.endurance import Cells, Draws, drained
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.forecast import Forecast
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.situation import Situation


@dataclass(frozen=True)
class _Moment:
    """Where an outage that begins now would stand ``elapsed`` seconds later, with these nodes ``left``."""

    elapsed: float
    left: frozenset[str]
    cells: Cells
    draws: Draws

    def forecast(self, situation: Situation) -> Forecast:
        schedule = situation.schedule(sorted(self.left), saves=False)
        return Forecast(self.cells, self.draws, situation.nodes, schedule, situation.policy.reserve)

    def after(self, situation: Situation, wait: float, names: frozenset[str]) -> _Moment:
        """Return the moment at which, after a wait, these nodes are off."""
        shutdown = Forecast(self.cells, self.draws, situation.nodes, situation.schedule(sorted(names)), 0.0)
        span = wait + shutdown.schedule.makespan
        cells, draws = drained(self.cells, self.draws, shutdown.sheds, wait, span)
        return _Moment(self.elapsed + span, self.left - names, cells, draws)


def unreached(situation: Situation) -> Iterator[str]:
    """Yield the first stage that the batteries do not reach by its age, with the figures; later ones fall with it."""
    policy = situation.policy
    moment = _Moment(0.0, situation.concerned, situation.cells, situation.draws)
    passed: set[str] = set()
    for stage in policy.stages:
        passed.add(stage.name)
        going = frozenset(name for name in moment.left if situation.nodes[name].stage in passed)
        if stage.after is None or not going:
            continue
        wait = max(0.0, stage.after - moment.elapsed)
        forecast = moment.forecast(situation)
        if forecast.late(wait + policy.poll):
            yield _sentence(situation, stage.name, stage.after, moment.elapsed, forecast)
            return
        moment = moment.after(situation, wait, going)


def _sentence(situation: Situation, stage: str, due: float, elapsed: float, forecast: Forecast) -> str:
    dark = forecast.dark_at()
    first = min(dark, key=lambda name: dark[name])
    forced = max(0.0, elapsed + (forecast.slack() or 0.0) - situation.policy.poll)
    return (
        f"The stage {stage} is due {due:.0f} s after mains is lost, which the batteries do not reach: {first} on "
        f"{' and '.join(situation.nodes[first].feeds)} would lose power after {elapsed + dark[first]:.0f} s, and the "
        f"hard trigger shuts everything after about {forced:.0f} s; shed more before, or set the stage earlier."
    )
