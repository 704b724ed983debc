# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When each scenario was drilled last, for the plan."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ansible_collections.contingency.infra.plugins.module_utils._drill.model import Text
from ansible_collections.contingency.infra.plugins.module_utils._incident.workdays import zone
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_record import Held, held_in
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_scenarios import all_scenarios
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_inputs import DrillState

YEAR_SECONDS = 366 * 86400.0


def drills_of(directory: str | None, own: Iterable[str], now: float, timezone: str) -> tuple[DrillState, ...]:
    """Return every scenario with its last drill that was judged."""
    held = held_in(directory) if directory else ()
    last = {each.scenario: each for each in sorted(held, key=lambda each: each.evaluated_epoch)}
    return tuple(
        _state(key, file.scenario.title, last.get(key), now, timezone) for key, file in all_scenarios(own).items()
    )


def _state(key: str, title: Text, last: Held | None, now: float, timezone: str) -> DrillState:
    if last is None:
        return DrillState(key, title)
    day = datetime.fromtimestamp(last.evaluated_epoch, zone(timezone)).strftime("%Y-%m-%d")
    return DrillState(key, title, day, last.score, now - last.evaluated_epoch > YEAR_SECONDS)
