# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person has to know about a plan: what is strange in the readings and the record, and what cannot be met."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.battery import Loads
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.endurance import present_loads
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.forecast import Forecast
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.foresight import unreached
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.model import HOST, SAVE
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.situation import ACTIVE, IDLE, Situation


def problems(
    situation: Situation, readings: Sequence[Mapping[str, Any]], record: Mapping[str, Any] | None
) -> Iterator[str]:
    """Yield the problems as sentences that name node, UPS and figures."""
    yield from situation.outage.remarks
    yield from (battery.remark for battery in situation.held.values() if battery.remark)
    yield from _strays(situation, readings, record or {})
    yield from _failed(situation)
    yield from _overloads(situation)
    yield from _stage_order(situation)


def shortage(situation: Situation, forecast: Forecast, slack: float | None, stages: bool = True) -> Iterator[str]:
    """Yield why the shutdown cannot be in time, or, if asked, which of the ``stages`` the batteries never reach."""
    active = situation.mode == ACTIVE
    margin = 0.0 if active else situation.policy.poll
    late = forecast.late(margin)
    if late and slack is not None:
        yield _too_late(situation, forecast, late, slack)
    elif stages and situation.mode == IDLE and slack is not None:
        yield from unreached(situation)


def _too_late(situation: Situation, forecast: Forecast, late: Sequence[str], slack: float) -> str:
    first = late[0]
    end = forecast.schedule.slots[first][1]
    dark = forecast.dark_at()[first]
    feeds = " and ".join(situation.nodes[first].feeds)
    begin = "now" if situation.mode == ACTIVE else "when mains is lost"
    latest = f"{-slack:.0f} s before that" if slack < 0 else f"{slack:.0f} s after that"
    more = f" (and {len(late) - 1} more)" if len(late) > 1 else ""
    return (
        f"The batteries are too small for the shutdown: begun {begin}, {first}{more} is off after {end:.0f} s and "
        f"needs {situation.policy.reserve:.0f} s in reserve; with everything on, {feeds} is empty after {dark:.0f} s. "
        f"The latest start is {latest}; mains may be lost for {situation.policy.poll:.0f} s before the first look."
    )


def _strays(situation: Situation, readings: Sequence[Mapping[str, Any]], record: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys(str(each.get("name")) for each in readings):
        if name not in situation.site.upses:
            yield f"There is a reading of {name}, which is not among the UPSes; it is not used."
    for name in situation.outage.states:
        if name not in situation.nodes:
            yield f"The outage's record has the node {name}, which is not among the nodes; it is not looked after."
    stages = {stage.name for stage in situation.policy.stages}
    for name in sorted(situation.outage.due_stages - stages):
        yield f"The outage's record has the stage {name}, which the policy does not have."
    if record.get("ended_at_epoch") is not None and situation.mode == ACTIVE and not situation.recorded:
        yield "The outage on record has ended, but mains is lost again: record a new one."


def _failed(situation: Situation) -> Iterator[str]:
    for name in situation.failed:
        how = situation.outage.state(name).how
        said = f" ({how})" if how else ""
        if situation.nodes[name].kind == SAVE:
            yield f"{name} was not saved{said}; see to it, or save it by hand."
        else:
            yield f"{name} was not confirmed off{said}; look at it, it counts as on."


def _overloads(situation: Situation) -> Iterator[str]:
    """Yield the UPSes that carry, or alone would carry, more than they are made for."""
    loads = present_loads(situation.cells, situation.draws)
    for name, ups in situation.site.upses.items():
        if ups.nominal is None:
            continue
        alone = situation.cells[name].background + Loads.of(ups, situation.on).full
        if loads[name] > ups.nominal:
            yield f"{name} carries {loads[name]:.0f} W and is made for {ups.nominal:.0f} W; take load off it."
        elif alone > ups.nominal:
            yield (
                f"{name} would carry {alone:.0f} W without the UPS beside it and is made for {ups.nominal:.0f} W; "
                f"take load off it, or the hosts on both lose power with the first."
            )


def _stage_order(situation: Situation) -> Iterator[str]:
    """Yield the nodes that would wait for a later stage."""
    order = {stage.name: number for number, stage in enumerate(situation.policy.stages)}
    for node in situation.nodes.values():
        for each in node.after:
            later = situation.nodes[each]
            if node.kind == HOST and order[later.stage] > order[node.stage]:
                yield (
                    f"{node.name} is in the stage {node.stage} and goes after {each}, which is kept until the stage "
                    f"{later.stage}; put both in one stage, or change the order."
                )
