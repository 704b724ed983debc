# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contingency plan as data: what `policy.policy_of` makes of the inventory's contingency_plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, FrozenSet, Mapping, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._record.steps import Text

COUNTED_FROM = ("occurred", "discovered", "graded", "activated", "recovered", "closed")
MODES = ("all", "first")
SMTP = "smtp"
CHANNEL_KINDS = (SMTP, "wecom", "dingtalk", "feishu", "slack", "generic")
DUTY = "duty"
"""The role that the roster of on-call people fills."""
TOLD = "told"
"""The recipients who were told something of the incident before."""


class PolicyError(ValueError):
    """The plan cannot be used; the sentence names the place in it, what was seen and what may stand there."""


@dataclass(frozen=True)
class Span:
    """How long: one of seconds, working days, working hours (in seconds), or ends of calendar days (0: today's)."""

    written: str
    seconds: Optional[float] = None
    working_days: Optional[int] = None
    working_seconds: Optional[float] = None
    day_ends: Optional[int] = None


@dataclass(frozen=True)
class Calendar:
    """When is worked. ``opens`` and ``closes``: seconds since midnight of a working day, local time."""

    timezone: str
    holidays: FrozenSet[date] = frozenset()
    extra_workdays: FrozenSet[date] = frozenset()
    opens: int = 8 * 3600
    closes: int = 17 * 3600 + 1800


@dataclass(frozen=True)
class Contact:
    """A person or a mailbox. ``channels``: in the order in which they are tried; ``address``: by channel."""

    key: str
    name: str
    phone: str = ""
    channels: Tuple[str, ...] = ()
    address: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Role:
    """Who has a task in an incident. Deputies stand in where a contact cannot be told or does not answer."""

    key: str
    title: Text
    contacts: Tuple[str, ...] = ()
    deputies: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Department:
    """Who works with the systems, is told, and confirms that they are back."""

    key: str
    name: Text
    contacts: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Shift:
    """Who is on call from one moment until just before another, for a role."""

    begin_epoch: float
    end_epoch: float
    contacts: Tuple[str, ...]
    role: str = DUTY


@dataclass(frozen=True)
class Channel:
    """A way to send. ``settings`` may hold secrets: they are never shown, recorded or hashed."""

    key: str
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Titled:
    """A key with its title: a class of incident, or a scope."""

    key: str
    title: Text


@dataclass(frozen=True)
class Severity:
    """A grade. ``rank`` 1 is the worst."""

    key: str
    title: Text
    rank: int
    major: bool = False


@dataclass(frozen=True)
class Condition:
    """What has to hold; None asks for nothing. Outages count from the fault on, in seconds."""

    classes: Optional[Tuple[str, ...]] = None
    scopes: Optional[Tuple[str, ...]] = None
    outage_over: Optional[float] = None
    outage_up_to: Optional[float] = None
    elapsed_over: Optional[float] = None
    elapsed_up_to: Optional[float] = None
    core_service: Optional[bool] = None
    data_loss: Optional[bool] = None
    handling_error: Optional[bool] = None
    affected_at_least: Optional[int] = None
    recovered: Optional[bool] = None
    activated: Optional[bool] = None


@dataclass(frozen=True)
class Rule:
    """A line of the severity rule; the first whose condition holds gives the grade."""

    severity: str
    when: Condition
    written: str


@dataclass(frozen=True)
class Notice:
    """Who is told what. Due ``after`` what it is counted from, late once ``within`` has passed.

    ``severities``: those at which it goes out, all where empty. ``on_change``: goes out at each change of the grade
    after the first one.
    """

    key: str
    to: Tuple[str, ...]
    counted_from: str
    text: Text
    within: Optional[Span] = None
    after: Optional[Span] = None
    severities: Tuple[str, ...] = ()
    when: Condition = Condition()
    mode: str = "all"
    acknowledge_within: Optional[float] = None
    on_change: bool = False


@dataclass(frozen=True)
class Deadline:
    """What has to be done until when. ``done_by``: kinds of events; ``needs``: fields that must be known by then."""

    key: str
    title: Text
    within: Span
    counted_from: str
    done_by: Tuple[str, ...]
    needs: Tuple[str, ...] = ()
    severities: Tuple[str, ...] = ()
    when: Condition = Condition()
    remind_before: Optional[float] = None
    to: Tuple[str, ...] = ()


@dataclass(frozen=True)
class ManualWork:
    """Departments that go to manual work when the outage lasts, or is expected to last, longer than ``after``."""

    after: float
    departments: Tuple[str, ...]
    severities: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Revision:
    version: str
    date: str
    by: str
    what: Text


@dataclass(frozen=True)
class Policy:
    """A contingency plan. ``digest``: SHA-256 over all of it but the settings of channels."""

    organisation: Text
    calendar: Calendar
    digest: str
    preset: str = ""
    revision: Tuple[Revision, ...] = ()
    roles: Mapping[str, Role] = field(default_factory=dict)
    contacts: Mapping[str, Contact] = field(default_factory=dict)
    on_call: Tuple[Shift, ...] = ()
    departments: Mapping[str, Department] = field(default_factory=dict)
    channels: Mapping[str, Channel] = field(default_factory=dict)
    notice_board: Mapping[str, Any] = field(default_factory=dict)
    classes: Mapping[str, Titled] = field(default_factory=dict)
    scopes: Mapping[str, Titled] = field(default_factory=dict)
    severities: Mapping[str, Severity] = field(default_factory=dict)
    severity_rules: Tuple[Rule, ...] = ()
    notices: Tuple[Notice, ...] = ()
    deadlines: Tuple[Deadline, ...] = ()
    manual_work: Tuple[ManualWork, ...] = ()
    advise: Tuple[str, ...] = ()
    """Who is told that departments should go to manual work."""
    objectives: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By procedure (a playbook's name): rto and rpo in seconds."""

    @property
    def ranked(self) -> Tuple[Severity, ...]:
        """The grades, worst first."""
        return tuple(sorted(self.severities.values(), key=lambda severity: severity.rank))
