# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of one incident: the shape that `state.incident_of` folds its events into."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping, Optional, Tuple

KINDS: Mapping[str, Tuple[str, ...]] = {
    "opened": ("id", "title", "discovered_epoch"),
    "updated": (),
    "graded": ("severity", "rule", "why"),
    "activated": (),
    "acknowledged": ("who",),
    "manual_work": ("departments", "state"),
    "recovered": (),
    "relapsed": (),
    "confirmed": ("department", "who"),
    "reentered": ("department", "what"),
    "note": ("text",),
    "run": ("run",),
    "approval": (),
    "break_glass": (),
    "notice": ("key", "state"),
    "deadline_met": ("key",),
    "report": ("path", "sha256"),
    "closed": (),
}
"""Kinds of events, each with the fields that it must have."""

DETAILS = (
    "title",
    "incident_class",
    "place",
    "occurred_epoch",
    "discovered_epoch",
    "reported_by",
    "cause",
    "effect",
    "scope",
    "expected_outage_seconds",
    "data_loss",
    "core_service",
    "affected",
    "cause_found",
    "handling",
    "handling_error",
    "rule_broken",
    "prevention",
)
"""Fields that `updated` may carry. ``expected_outage_seconds``: the whole of it, from the fault on."""

PLANNED, ATTEMPT, SENT, FAILED, UNKNOWN = NOTICE_STATES = ("planned", "attempt", "sent", "failed", "unknown")
STARTED, ENDED = MANUAL_STATES = ("started", "ended")
BY_HAND = "by_hand"
"""The rule of a grade that a person gave; it stays until a person changes it."""


@dataclass(frozen=True)
class Grading:
    severity: str
    rule: str
    why: Any
    epoch: float
    by: str = ""


@dataclass(frozen=True)
class Delivery:
    """What became of one notice to one contact.

    ``sent_epoch`` stays once it is there. ``given_up``: failed for good. ``attempts``: the highest number told of.
    """

    key: str
    contact: str
    state: str
    epoch: float
    channel: str = ""
    message_id: str = ""
    reason: str = ""
    attempts: int = 0
    planned_epoch: Optional[float] = None
    sent_epoch: Optional[float] = None
    given_up: bool = False


@dataclass(frozen=True)
class ManualState:
    """Since when a department works by hand, and until when; told by event."""

    started_epoch: Optional[float] = None
    ended_epoch: Optional[float] = None
    times: int = 0

    @property
    def going_on(self) -> bool:
        return self.started_epoch is not None and self.ended_epoch is None


@dataclass(frozen=True)
class Event:
    """A line as the time line shows it. ``epoch``: when it happened, else when it was written."""

    n: int
    kind: str
    epoch: float
    by: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Incident:
    """One incident or drill. Times are epochs; None is not known, or has not happened."""

    id: str
    opened_epoch: float
    discovered_epoch: float
    occurred_epoch: Optional[float] = None
    drill: bool = False
    policy_hash: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    history: Mapping[str, Tuple[Tuple[float, Any], ...]] = field(default_factory=dict)
    """By name of a detail: since when it has which value, oldest first; None is not known."""
    gradings: Tuple[Grading, ...] = ()
    activated_epoch: Optional[float] = None
    recovered_epoch: Optional[float] = None
    closed_epoch: Optional[float] = None
    acknowledged: Mapping[str, float] = field(default_factory=dict)
    """By contact: when he answered first."""
    manual_work: Mapping[str, ManualState] = field(default_factory=dict)
    confirmed: Mapping[str, str] = field(default_factory=dict)
    deliveries: Mapping[Tuple[str, str], Delivery] = field(default_factory=dict)
    """By key of the notice and contact."""
    deadlines_met: Mapping[str, float] = field(default_factory=dict)
    runs: Tuple[Mapping[str, Any], ...] = ()
    events: Tuple[Event, ...] = ()
    unreadable: Tuple[int, ...] = ()
    """Numbers of lines that are no events of an incident; none unless somebody wrote into the record."""

    @property
    def title(self) -> str:
        return str(self.details.get("title", ""))

    @property
    def severity(self) -> Optional[str]:
        return self.gradings[-1].severity if self.gradings else None

    @property
    def began_epoch(self) -> float:
        """When the fault began, or when it was seen where that is not known."""
        return self.discovered_epoch if self.occurred_epoch is None else self.occurred_epoch

    @property
    def latest_epoch(self) -> float:
        """When the last thing happened of which the record tells."""
        return max((event.epoch for event in self.events), default=self.opened_epoch)

    @property
    def relapses(self) -> Tuple[float, ...]:
        """When it failed again after it had been said to be over."""
        return tuple(event.epoch for event in self.events if event.kind == "relapsed")

    @property
    def changes(self) -> Tuple[Grading, ...]:
        """The gradings that changed the grade, the first one included."""
        pairs = zip((None, *self.gradings), self.gradings)
        return tuple(now for before, now in pairs if before is None or before.severity != now.severity)

    @property
    def graded_epoch(self) -> Optional[float]:
        """Since when it has the grade that it has."""
        return self.changes[-1].epoch if self.gradings else None

    def outage_seconds(self, now: float) -> float:
        """How long the outage lasted, or has lasted until now."""
        end = now if self.recovered_epoch is None else self.recovered_epoch
        return max(0.0, end - self.began_epoch)
