# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far each notice has come, from what the incident's record holds, and what to try next: pure.

One delivery is one notice to one contact. Its events in the record: planned, then for each attempt one event before it
and one after it. An attempt without an event after it is one whose sender died: nobody knows what became of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Dict, FrozenSet, Iterable, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._notice.model import (
    ATTEMPT,
    FAILED,
    PLANNED,
    SENT,
    UNKNOWN,
)

KIND = "notice"
TIRED_SECONDS = 60.0
Name = Tuple[str, str]
"""Key of the notice, and the contact."""


@dataclass(frozen=True)
class Limits:
    """How hard it is tried. ``quick``: attempts on each channel before the next contact's turn.

    Where nobody is left it goes on, each pause twice the one before up to the longest, up to ``most`` attempts of one
    delivery: some 16 hours.
    """

    quick: int = 3
    pause_seconds: float = 5.0
    longest_pause_seconds: float = 300.0
    most: int = 200


@dataclass(frozen=True)
class Delivery:
    """How far one notice to one contact has come. ``channels``: attempts by channel."""

    key: str
    contact: str
    message_id: str
    state: str = PLANNED
    channels: Mapping[str, int] = field(default_factory=dict)
    refused: FrozenSet[str] = frozenset()
    last_channel: str = ""
    last_epoch: float = 0.0
    perhaps_arrived: bool = False
    reason: str = ""
    given_up: bool = False

    @property
    def attempts(self) -> int:
        return sum(self.channels.values())

    @property
    def open_attempt(self) -> bool:
        """Was an attempt begun of which nothing is known?"""
        return self.state == ATTEMPT


@dataclass(frozen=True)
class Health:
    """How channels do. ``tired``: their last attempt came to nothing a moment ago; ``rests``: left alone until then."""

    tired: FrozenSet[str] = frozenset()
    rests: Mapping[str, float] = field(default_factory=dict)


HEALTHY = Health()


class Try(NamedTuple):
    """What to do next, and when at the earliest."""

    channel: str
    at_epoch: float


def deliveries_of(lines: Iterable[Mapping[str, Any]]) -> Dict[Name, Delivery]:
    """Return all deliveries of an incident's record, as they were planned."""
    found: Dict[Name, Delivery] = {}
    for line in lines:
        if line.get("kind") == KIND and line.get("contact"):
            name = (str(line["key"]), str(line["contact"]))
            found[name] = _after(found.get(name) or Delivery(*name, message_id=str(line.get("message_id"))), line)
    return found


def _after(delivery: Delivery, line: Mapping[str, Any]) -> Delivery:
    state, channel, epoch = str(line["state"]), str(line.get("channel") or ""), float(line["epoch"])
    if delivery.state == SENT:
        # What was sent stays sent, whatever is written later.
        return delivery
    if state == ATTEMPT:
        channels = {**delivery.channels, channel: delivery.channels.get(channel, 0) + 1}
        begun = replace(delivery, state=state, channels=channels, last_channel=channel, last_epoch=epoch)
        return replace(begun, given_up=False)
    told = replace(delivery, state=state, last_epoch=epoch, reason=str(line.get("reason") or ""))
    if state == UNKNOWN:
        return replace(told, perhaps_arrived=True)
    if state == FAILED:
        refused = told.refused | {channel} if line.get("permanent") else told.refused - {channel}
        return replace(told, refused=refused, given_up=bool(line.get("final")))
    return told


def health_of(lines: Iterable[Mapping[str, Any]], now: float) -> Health:
    """Return how the channels do by their last outcomes, whomever those were to. A time to come tells nothing."""
    last = {
        str(line["channel"]): line
        for line in lines
        if line.get("kind") == KIND and line.get("channel") and line.get("state") in (SENT, FAILED, UNKNOWN)
    }
    past = {channel: line for channel, line in last.items() if line["state"] != SENT and line["epoch"] <= now}
    return Health(
        tired=frozenset(
            channel
            for channel, line in past.items()
            if not line.get("permanent") and now - line["epoch"] <= TIRED_SECONDS
        ),
        rests={channel: line["epoch"] + float(line.get("wait_seconds") or 0.0) for channel, line in past.items()},
    )


def next_try(
    delivery: Delivery, channels: Sequence[str], limits: Limits, now: float, health: Health = HEALTHY
) -> Optional[Try]:
    """Return the next attempt; None where it was sent, has no channel, or was tried often enough.

    The channel with the fewest attempts comes first, in the contact's order: all of them once, then all a second time.
    One that just failed for somebody comes later, so that a dead server does not cost each contact its time limit.
    """
    if delivery.state == SENT or not channels or delivery.attempts >= limits.most:
        return None
    counts = {channel: delivery.channels.get(channel, 0) for channel in channels}
    usable = [channel for channel in channels if channel not in delivery.refused] or list(channels)
    channel = min(usable, key=lambda each: counts[each] + (each in health.tired))
    rest = health.rests.get(channel, now)
    if counts[channel] == 0:
        return Try(channel, max(now, rest))
    pause = min(limits.pause_seconds * 2.0 ** min(counts[channel] - 1, 20), limits.longest_pause_seconds)
    if channel in delivery.refused:
        # Until somebody has corrected the address or the password.
        pause = limits.longest_pause_seconds
    # A clock that was set back must not keep a notice waiting.
    return Try(channel, max(rest, now if delivery.last_epoch > now else delivery.last_epoch + pause))


def quick_is_over(delivery: Delivery, channels: Sequence[str], limits: Limits) -> bool:
    """Has every channel had its quick attempts, or refused for good?"""
    return all(channel in delivery.refused or delivery.channels.get(channel, 0) >= limits.quick for channel in channels)
