# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is due: the shapes that `due.incident_due` answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._incident.severity import Grade
from ansible_collections.contingency.infra.plugins.module_utils._record.steps import Text

COMING, DUE, OVERDUE, SENT, LATE, FAILED, UNANSWERED = NOTICE_STATES = (
    "coming",
    "due",
    "overdue",
    "sent",
    "late",
    "failed",
    "unanswered",
)
MET, MISSED = "met", "missed"
DEADLINE_STATES = (DUE, OVERDUE, MET, MISSED)
KINDS = ("notice", "reminder", "overdue", "manual_advice", "manual_start", "manual_end")


@dataclass(frozen=True)
class DueNotice:
    """One notice to one recipient.

    ``key``: what its events carry; with a contact it names one delivery, which happens once. ``source``: the key of the
    notice, deadline or department in the plan. ``candidates``: all who may be told, in the order in which they are
    tried; ``chosen``: those who are, as things stand; ``pending``: those to send to now, empty where nothing is to be
    done. ``since_epoch``: due from then on; ``by_epoch``: late after it, None where no limit is set. ``text``: by
    language. ``state``: one of NOTICE_STATES.
    """

    key: str
    kind: str
    source: str
    to: str
    state: str
    since_epoch: float
    by_epoch: Optional[float]
    candidates: Tuple[str, ...]
    pending: Tuple[str, ...]
    text: Text
    mode: str = "all"
    acknowledge_within: Optional[float] = None
    problem: Optional[Mapping[str, str]] = None
    chosen: Tuple[str, ...] = ()


@dataclass(frozen=True)
class DueDeadline:
    """One deadline whose clock runs or ran. ``met_epoch``: when it was done; ``needed``: details that lack still."""

    key: str
    title: Text
    state: str
    start_epoch: float
    due_epoch: float
    met_epoch: Optional[float] = None
    needed: Tuple[str, ...] = ()


@dataclass(frozen=True)
class ManualAdvice:
    """Departments that should start or end manual work. ``after``: the length of the outage that calls for it."""

    departments: Tuple[str, ...]
    action: str
    since_epoch: float
    after: float


@dataclass(frozen=True)
class Due:
    """What an incident asks for now. ``grade``: what the rules give now; ``regrade``: the record has to follow it.

    ``next_epoch``: before it nothing of this changes unless something happens; None where time changes nothing more.
    """

    grade: Grade
    regrade: bool
    severity: str
    notices: Tuple[DueNotice, ...] = ()
    deadlines: Tuple[DueDeadline, ...] = ()
    manual_work: Tuple[ManualAdvice, ...] = ()
    next_epoch: Optional[float] = None

    @property
    def pending(self) -> Tuple[DueNotice, ...]:
        """The notices that have to be sent now."""
        return tuple(notice for notice in self.notices if notice.pending)
