# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a drill that was held, as it is judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, FrozenSet, Mapping, Optional, Tuple, Union

from ansible_collections.contingency.infra.plugins.module_utils._drill.model import Answer, Scenario, Text

OK, REFUSED, FAILED, UNKNOWN = "ok", "refused", "failed", "unknown"


@dataclass(frozen=True)
class Run:
    """A procedure that was run. ``check``: with --check. ``status``: unknown where its journal has no end.

    ``confirm``: what contingency_confirm was, empty where nobody confirmed it or it is not known.
    """

    procedure: str
    status: str
    check: bool = False
    arguments: Mapping[str, str] = field(default_factory=dict)
    began_epoch: Optional[float] = None
    seconds: Optional[float] = None
    steps: Tuple[Mapping[str, Any], ...] = ()
    why: Union[str, Text] = ""
    confirm: str = ""
    directory: str = ""
    output: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Clock:
    """A deadline of the plan. ``state`` as incident_due says it: met, missed, overdue, due."""

    key: str
    title: Text
    phase: str
    state: str


@dataclass(frozen=True)
class Goal:
    """An objective of a procedure. ``achieved``: None where nobody measured it, which is not met."""

    procedure: str
    name: str
    limit: float
    achieved: Optional[float]
    met: bool
    at_least: bool = False


@dataclass(frozen=True)
class Facts:
    """A drill that was held. ``events``: the kinds of events in its record."""

    scenario: Scenario
    mode: str
    answers: Mapping[str, Answer]
    runs: Tuple[Run, ...] = ()
    goals: Tuple[Goal, ...] = ()
    clocks: Tuple[Clock, ...] = ()
    events: FrozenSet[str] = frozenset()

    def of(self, procedure: str) -> Tuple[Run, ...]:
        return tuple(run for run in self.runs if run.procedure == procedure)
