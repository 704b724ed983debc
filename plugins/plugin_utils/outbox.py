# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sending what is due of one incident: no notice is lost, and none is repeated that is known to have arrived.

A notice is an event of the record before it is sent, and so is each attempt. What became of it is written by the
process that sent it. One such process is at work on an incident at a time (see sender.py); it reads the record anew
before each attempt, so what others write meanwhile counts. Standard library only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ansible_collections.contingency.infra.plugins.module_utils._notice.delivery import (
    Delivery,
    Limits,
    Name,
    deliveries_of,
    health_of,
    next_try,
    quick_is_over,
)
from ansible_collections.contingency.infra.plugins.module_utils._notice.model import (
    ATTEMPT,
    FAILED,
    PLANNED,
    SENT,
    UNKNOWN,
    Message,
    Outcome,
    Reason,
)
from ansible_collections.contingency.infra.plugins.module_utils._notice.words import sentence_of

AT_ONCE = 8
LOOK_SECONDS = 0.2
Lines = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Wanted:
    """A notice that is due to one recipient. ``contacts``: who is to be told now -> addresses by channel, in order.

    ``lost``: why nobody of the recipient could be told, which has to be told in turn; nothing where there is hope.
    ``compose``: the message to a contact, given its Message-ID. ``unreached``: why a contact has no address.
    """

    key: str
    to: str
    contacts: Mapping[str, Mapping[str, str]]
    compose: Callable[[str, str], Message]
    message_id: Callable[[str], str]
    unreached: Callable[[str], Reason]
    lost: str = ""


class Record(Protocol):
    """The record of the incident."""

    def lines(self) -> Lines:
        """Return all that is written, now."""

    def append(self, fields: Mapping[str, Any]) -> None:
        """Write one notice event; OSError where it cannot be written."""


class Clock:
    """The clocks, for tests to replace."""

    def wall(self) -> float:
        return time.time()

    def steady(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True)
class Sending:
    """One attempt that is under way."""

    name: Name
    channel: str
    number: int
    message_id: str
    channels: tuple[str, ...] = ()


class Outbox:
    """The notices of one incident."""

    def __init__(
        self,
        record: Record,
        wanted: Callable[[Lines, float], Sequence[Wanted]],
        post: Callable[[str, Message, str], Outcome],
        *,
        limits: Limits,
        language: str,
        clock: Clock | None = None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._record, self._wanted, self._post = record, wanted, post
        self._limits, self._language, self._stopping = limits, language, stopping
        self._clock = clock or Clock()

    def work(self, patience: float) -> None:
        """Send what is due, and for ``patience`` seconds what is to be tried again."""
        self._mend()
        until = self._clock.steady() + patience
        running: dict[Future[Outcome], Sending] = {}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while True:
                late = self._clock.steady() >= until
                at = None if self._stopping() else self._begin(pool, running, late)
                if running:
                    self._finish(running)
                elif at is None or late:
                    break
                else:
                    self._clock.sleep(min(max(at - self._clock.wall(), 0.01), 1.0))
        self._tell_trouble()

    def _mend(self) -> None:
        """An attempt that nobody finished: its sender died, and nobody knows."""
        for delivery in deliveries_of(self._record.lines()).values():
            if delivery.open_attempt:
                sending = Sending(
                    (delivery.key, delivery.contact), delivery.last_channel, delivery.attempts, delivery.message_id
                )
                self._write(sending, UNKNOWN, sentence_of(Reason("sender_died"), self._language))

    def _begin(self, pool: ThreadPoolExecutor, running: dict[Future[Outcome], Sending], late: bool) -> float | None:
        """Begin what can be begun; return when the next attempt is due, None where there is none to come."""
        now = self._clock.wall()
        lines = self._record.lines()
        wanted = self._wanted(lines, now)
        before, health = deliveries_of(lines), health_of(lines, now)
        known = self._planned(wanted, before)
        # Who was given up just now leaves his turn to the next one, who is wanted when this looks again.
        next_epoch = now if _given_up(known) > _given_up(before) else None
        for each in wanted:
            for contact, addresses in each.contacts.items():
                delivery = known[each.key, contact]
                attempt = next_try(delivery, list(addresses), self._limits, now, health)
                under_way = any(sending.name == (each.key, contact) for sending in running.values())
                if attempt is None or under_way or (late and delivery.channels.get(attempt.channel)):
                    continue
                if attempt.at_epoch <= now and len(running) < AT_ONCE:
                    future, sending = self._started(pool, each, delivery, attempt.channel)
                    running[future] = sending
                else:
                    next_epoch = min(attempt.at_epoch, next_epoch or attempt.at_epoch)
        return next_epoch

    def _planned(self, wanted: Sequence[Wanted], known: dict[Name, Delivery]) -> dict[Name, Delivery]:
        """Write down what is new before any of it is sent; a contact without a channel is given up at once."""
        found = dict(known)
        for each in wanted:
            for contact, addresses in each.contacts.items():
                name = (each.key, contact)
                if name not in found:
                    found[name] = Delivery(*name, each.message_id(contact))
                    self._write(Sending(name, "", 0, found[name].message_id), PLANNED, "")
                if not addresses and not found[name].given_up:
                    found[name] = replace(found[name], given_up=True)
                    self._give_up(Sending(name, "", 0, found[name].message_id), each.unreached(contact))
        return found

    def _started(
        self, pool: ThreadPoolExecutor, wanted: Wanted, delivery: Delivery, channel: str
    ) -> tuple[Future[Outcome], Sending]:
        message = wanted.compose(delivery.contact, delivery.message_id)
        message = message.again() if delivery.perhaps_arrived else message
        addresses = wanted.contacts[delivery.contact]
        name = (delivery.key, delivery.contact)
        sending = Sending(name, channel, delivery.attempts + 1, delivery.message_id, tuple(addresses))
        self._write(sending, ATTEMPT, "")
        return pool.submit(self._post, channel, message, addresses[channel]), sending

    def _finish(self, running: dict[Future[Outcome], Sending]) -> None:
        """Write what became of attempts as soon as it is known."""
        done, _open = wait(running, LOOK_SECONDS, FIRST_COMPLETED)
        for future in done:
            sending = running.pop(future)
            self._told(sending, outcome_of(future))

    def _told(self, sending: Sending, outcome: Outcome) -> None:
        final = outcome.state != SENT and self._is_last(sending, outcome)
        more: dict[str, Any] = {}
        if outcome.state == FAILED:
            more = {"permanent": outcome.permanent, "wait_seconds": outcome.wait_seconds, "final": final}
        self._write(sending, outcome.state, sentence_of(outcome.reason, self._language), **more)
        if final and outcome.state == UNKNOWN:
            self._give_up(sending, Reason("unconfirmed", {"attempts": sending.number}))

    def _is_last(self, sending: Sending, outcome: Outcome) -> bool:
        """Is it somebody else's turn now?"""
        delivery = deliveries_of(self._record.lines())[sending.name]
        refused = {sending.channel} if outcome.permanent else set()
        after = replace(delivery, refused=delivery.refused | refused)
        return quick_is_over(after, sending.channels, self._limits)

    def _give_up(self, sending: Sending, reason: Reason) -> None:
        self._write(sending, FAILED, sentence_of(reason, self._language), final=True)

    def _write(self, sending: Sending, state: str, reason: str, **more: Any) -> None:
        key, contact = sending.name
        told = {"key": key, "state": state, "contact": contact, "channel": sending.channel, "reason": reason}
        self._record.append({**told, "message_id": sending.message_id, "attempt": sending.number, **more})

    def _tell_trouble(self) -> None:
        """Write once of each recipient of whom nobody could be told."""
        lines = self._record.lines()
        told = {(line["key"], line.get("to")) for line in lines if is_trouble(line)}
        for each in self._wanted(lines, self._clock.wall()):
            if each.lost and (each.key, each.to) not in told:
                self._record.append({"key": each.key, "to": each.to, "state": FAILED, "reason": each.lost})


def _given_up(deliveries: Mapping[Name, Delivery]) -> set[Name]:
    return {name for name, each in deliveries.items() if each.given_up}


def outcome_of(future: Future[Outcome]) -> Outcome:
    """Return what became of an attempt; one contact that nobody foresaw must not keep the others from being told."""
    error = future.exception()
    if isinstance(error, Exception):
        # Its text may hold a secret.
        return Outcome(UNKNOWN, Reason("unforeseen", {"why": type(error).__name__}))
    return future.result()


def is_trouble(line: Mapping[str, Any]) -> bool:
    """Does this line say that nobody of a recipient could be told?"""
    return line.get("kind") == "notice" and line.get("state") == FAILED and not line.get("contact")
