# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No notice is lost and none is repeated that is known to have arrived, whatever servers, clocks and killers do."""

from __future__ import annotations

import errno
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._notice.delivery import (
    Limits,
    deliveries_of,
)
from ansible_collections.contingency.infra.plugins.module_utils._notice.model import (
    FAILED,
    SENT,
    STATES,
    UNKNOWN,
    Message,
    Outcome,
    Reason,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.outbox import Clock, Lines, Outbox, Wanted, is_trouble
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.shutdown.examples import tried

LIMITS = Limits(quick=3, pause_seconds=5.0, longest_pause_seconds=300.0, most=200)
REFUSED = Outcome(FAILED, Reason("silent", {"where": "mail:587", "seconds": "15"}))
FOR_GOOD = Outcome(FAILED, Reason("login_refused", {"where": "mail:587", "code": 535, "said": "no"}), permanent=True)
LEFT_OPEN = Outcome(UNKNOWN, Reason("handed_over", {"where": "mail:587", "why": "no answer"}))
TAKEN = Outcome(SENT)


class Killed(BaseException):
    """The sender was killed here."""


class StillClock(Clock):
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.seconds, self.jumped = 0.0, 0.0

    def wall(self) -> float:
        return 1_795_348_800.0 + self.seconds + self.jumped

    def steady(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Paper:
    """The record of an incident, in memory; ``kill_at``: the number of the line that is not written any more."""

    clock: StillClock
    written: list[dict[str, Any]] = field(default_factory=list)
    kill_at: int | None = None

    def lines(self) -> Lines:
        return list(self.written)

    def append(self, fields: Mapping[str, Any]) -> None:
        if self.kill_at == len(self.written):
            self.kill_at = None
            raise Killed
        self.written.append({"kind": "notice", "epoch": self.clock.wall(), **fields})

    def states(self, contact: str = "zhang") -> list[str]:
        return [line["state"] for line in self.written if line.get("contact") == contact]


@dataclass
class Server:
    """Servers by channel: each attempt takes the next of its outcomes, and the last one for ever."""

    outcomes: dict[str, list[Outcome | BaseException]]
    accepted: list[tuple[str, str, Message]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def post(self, channel: str, message: Message, address: str) -> Outcome:
        with self.lock:
            self.asked.append((channel, address))
            queue = self.outcomes[channel]
            outcome = queue.pop(0) if len(queue) > 1 else queue[0]
            if isinstance(outcome, BaseException):
                # Killed between the server's consent and the event.
                self.accepted.append((channel, address, message))
                raise outcome
            if outcome.state in (SENT, UNKNOWN):
                self.accepted.append((channel, address, message))
            return outcome


def wanted(key: str, recipients: Mapping[str, Sequence[str]], lost: str = "") -> Wanted:
    return Wanted(
        key=key,
        to="lead",
        contacts={
            contact: {channel: f"{contact}@{channel}" for channel in channels}
            for contact, channels in recipients.items()
        },
        compose=lambda contact, message_id: Message(message_id, "INC-1", "subject", f"to {contact}", "short"),
        message_id=lambda contact: f"<INC-1.{key}-{contact}@example>",
        unreached=lambda contact: Reason("no_channel", {"contact": contact}),
        lost=lost,
    )


def box(paper: Paper, server: Server, *notices: Wanted) -> Outbox:
    return Outbox(paper, lambda _lines, _now: notices, server.post, limits=LIMITS, language="en", clock=paper.clock)


@pytest.fixture
def paper() -> Paper:
    return Paper(StillClock())


def test_plan_and_attempt_are_written_before_and_the_outcome_after(paper: Paper) -> None:
    server = Server({"mail": [TAKEN]})
    box(paper, server, wanted("first", {"zhang": ["mail"]})).work(0)
    assert paper.states() == ["planned", "attempt", "sent"]
    assert {line["message_id"] for line in paper.written} == {"<INC-1.first-zhang@example>"}


def test_what_was_sent_is_never_sent_again(paper: Paper) -> None:
    server = Server({"mail": [TAKEN]})
    for _run in range(3):
        box(paper, server, wanted("first", {"zhang": ["mail"]})).work(600)
    assert len(server.accepted) == 1


def test_other_channel_comes_at_once_and_the_same_one_after_a_pause(paper: Paper) -> None:
    server = Server({"mail": [REFUSED, TAKEN], "sms": [REFUSED]})
    box(paper, server, wanted("first", {"zhang": ["mail", "sms"]})).work(0)
    assert [channel for channel, _to in server.asked] == ["mail", "sms"]
    box(paper, server, wanted("first", {"zhang": ["mail", "sms"]})).work(60)
    assert [channel for channel, _to in server.asked] == ["mail", "sms", "mail"]
    assert 5 <= paper.clock.seconds < 7


def test_pauses_double_up_to_the_longest(paper: Paper) -> None:
    server = Server({"mail": [REFUSED]})
    box(paper, server, wanted("first", {"zhang": ["mail"]})).work(3600)
    epochs = [line["epoch"] for line in paper.written if line["state"] == "attempt"]
    pauses = [round(after - before) for before, after in pairwise(epochs)]
    assert pauses[:8] == [5, 10, 20, 40, 80, 160, 300, 300]


def test_refusal_for_good_is_not_hammered(paper: Paper) -> None:
    server = Server({"mail": [FOR_GOOD]})
    box(paper, server, wanted("first", {"zhang": ["mail"]})).work(250)
    assert len(server.asked) == 1


def test_server_that_asks_for_rest_gets_it(paper: Paper) -> None:
    tired = Outcome(FAILED, Reason("http_refused", {"where": "x", "code": 429, "said": ""}), wait_seconds=60.0)
    server = Server({"chat": [tired, TAKEN]})
    box(paper, server, wanted("first", {"zhang": ["chat"]})).work(50)
    assert len(server.asked) == 1
    box(paper, server, wanted("first", {"zhang": ["chat"]})).work(20)
    assert paper.states()[-1] == "sent"


def test_dead_server_costs_its_time_limit_only_to_the_first(paper: Paper) -> None:
    server = Server({"mail": [REFUSED], "sms": [TAKEN]})
    people = {f"person{place}": ["mail", "sms"] for place in range(30)}
    box(paper, server, wanted("first", people)).work(0)
    assert len(server.accepted) == 30
    assert sum(channel == "mail" for channel, _to in server.asked) <= 8


def test_robot_that_was_asked_too_often_is_left_alone_by_all(paper: Paper) -> None:
    tired = Outcome(FAILED, Reason("webhook_refused", {"where": "x", "code": 45009, "said": ""}), wait_seconds=60.0)
    server = Server({"chat": [*[tired] * 8, TAKEN]})
    people = {f"person{place}": ["chat"] for place in range(20)}
    box(paper, server, wanted("first", people)).work(55)
    assert len(server.asked) == 8
    box(paper, server, wanted("first", people)).work(10)
    assert len(server.accepted) == 20


def test_contact_is_given_up_after_the_quick_attempts_and_tried_on(paper: Paper) -> None:
    """The plan then names the next contact; where there is none, this one again."""
    server = Server({"mail": [REFUSED], "sms": [REFUSED]})
    box(paper, server, wanted("first", {"zhang": ["mail", "sms"]})).work(60)
    finals = [line["final"] for line in paper.written if line["state"] == FAILED]
    assert finals[:6] == [False] * 5 + [True]
    assert set(finals[6:]) <= {True}


def test_contact_of_whom_it_is_never_known_is_given_up_too(paper: Paper) -> None:
    server = Server({"mail": [LEFT_OPEN]})
    box(paper, server, wanted("first", {"zhang": ["mail"]})).work(20)
    assert paper.states()[:8] == ["planned", *["attempt", "unknown"] * 3, "failed"]
    assert "not confirmed in 3 attempts" in paper.written[7]["reason"]


def test_nobody_reached_is_written_once(paper: Paper) -> None:
    server = Server({"mail": [REFUSED]})
    for _minute in range(10):
        box(paper, server, wanted("first", {"zhang": ["mail"]}, lost="nobody could be told yet")).work(30)
    assert [line["reason"] for line in paper.written if is_trouble(line)] == ["nobody could be told yet"]


def test_contact_without_a_channel_is_given_up_at_once_and_once(paper: Paper) -> None:
    for _minute in range(3):
        box(paper, Server({}), wanted("first", {"zhang": []})).work(60)
    assert paper.states() == ["planned", "failed"]
    assert paper.written[1]["final"] is True
    assert "zhang has no channel" in paper.written[1]["reason"]


def test_one_dead_server_does_not_hold_up_the_others(paper: Paper) -> None:
    server = Server({"mail": [REFUSED], "sms": [TAKEN]})
    notices = [wanted(f"n{place}", {"zhang": ["mail"], "li": ["sms"]}) for place in range(10)]
    box(paper, server, *notices).work(0)
    assert sum(channel == "sms" for channel, _to, _message in server.accepted) == 10


def test_error_that_nobody_foresaw_keeps_nobody_else_from_being_told(paper: Paper) -> None:
    server = Server({"mail": [KeyError("planted-secret")], "sms": [TAKEN]})
    box(paper, server, wanted("first", {"zhang": ["mail"], "li": ["sms"]})).work(60)
    assert paper.states("li") == ["planned", "attempt", "sent"]
    assert paper.states()[:3] == ["planned", "attempt", "unknown"]
    assert "KeyError" in paper.written[-1]["reason"] or "not confirmed" in paper.written[-1]["reason"]
    assert "planted-secret" not in str(paper.written)


def test_record_that_cannot_be_written_sends_nothing(paper: Paper) -> None:
    class Full(Paper):
        def append(self, fields: Mapping[str, Any]) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    server = Server({"mail": [TAKEN]})
    outbox = box(Full(paper.clock), server, wanted("first", {"zhang": ["mail"]}))
    with pytest.raises(OSError, match="No space left"):
        outbox.work(0)
    assert server.asked == []


def test_clock_that_was_set_back_keeps_nobody_waiting(paper: Paper) -> None:
    server = Server({"mail": [REFUSED, TAKEN]})
    notice = wanted("first", {"zhang": ["mail"]})
    box(paper, server, notice).work(0)
    paper.clock.jumped = -86400.0 * 365
    box(paper, server, notice).work(0.5)
    box(paper, server, notice).work(60)
    assert paper.states()[-1] == "sent"


def test_attempts_end_some_time_and_that_is_told(paper: Paper) -> None:
    server = Server({"mail": [REFUSED]})
    notice = wanted("first", {"zhang": ["mail"]})
    few = Limits(most=10)
    Outbox(paper, lambda _lines, _now: [notice], server.post, limits=few, language="en", clock=paper.clock).work(4000)
    assert len(server.asked) == few.most
    finals = [line["final"] for line in paper.written if line["state"] == FAILED]
    assert finals == [False] * 2 + [True] * 8


def test_contact_of_a_killed_attempt_is_told_that_it_may_be_a_repetition(paper: Paper) -> None:
    server = Server({"mail": [Killed(), TAKEN]})
    notice = wanted("first", {"zhang": ["mail"]})
    with pytest.raises(Killed):
        box(paper, server, notice).work(0)
    assert paper.states() == ["planned", "attempt"]
    box(paper, server, notice).work(60)
    assert paper.states() == ["planned", "attempt", "unknown", "attempt", "sent"]
    first, second = (message for _channel, _to, message in server.accepted)
    assert first.message_id == second.message_id
    assert (first.repeated, second.repeated) == (False, True)


def test_notice_that_is_no_longer_due_is_not_tried_again(paper: Paper) -> None:
    """As when the grade changed while a server was down."""
    server = Server({"mail": [REFUSED]})
    notices = {False: [wanted("grade_one", {"li": ["mail"]})], True: []}
    outbox = Outbox(
        paper,
        lambda lines, _now: notices[any(line["state"] == FAILED for line in lines)],
        server.post,
        limits=LIMITS,
        language="en",
        clock=paper.clock,
    )
    outbox.work(600)
    assert len(server.asked) == 1


@tried(200)
@given(
    outcomes=st.lists(st.sampled_from([TAKEN, REFUSED, FOR_GOOD, LEFT_OPEN, "killed"]), min_size=0, max_size=25),
    kills=st.lists(st.integers(0, 40), max_size=8),
    jumps=st.lists(st.sampled_from([-1e6, -60.0, 0.0, 0.0, 60.0, 1e6]), min_size=1, max_size=8),
)
def test_never_lost_and_never_repeated_unsaid(outcomes: list[Any], kills: list[int], jumps: list[float]) -> None:
    paper = Paper(StillClock())
    events = [Killed() if each == "killed" else each for each in outcomes]
    server = Server({"mail": [*events, TAKEN], "sms": [*reversed(events), TAKEN]})
    notices = [wanted(key, {"zhang": ["mail", "sms"], "li": ["sms"]}) for key in ("a", "b")]
    for number in range(60):
        paper.kill_at = kills.pop() if kills else None
        paper.clock.jumped = jumps[number % len(jumps)] if number < 30 else paper.clock.jumped
        try:
            box(paper, server, *notices).work(700)
        except Killed:
            continue
    known = deliveries_of(paper.written)
    for key in ("a", "b"):
        sent = [name for name, delivery in known.items() if name[0] == key and delivery.state == SENT]
        assert len(sent) == 2
    for (key, contact), delivery in known.items():
        own = [message for _channel, _to, message in server.accepted if message.message_id == delivery.message_id]
        assert all(message.repeated for message in own[1:]), (key, contact)
        unknown = [
            line
            for line in paper.written
            if (line["key"], line.get("contact")) == (key, contact) and line["state"] == UNKNOWN
        ]
        assert len(own) <= 1 + len(unknown)


@given(st.lists(st.sampled_from(STATES), max_size=6), st.lists(st.sampled_from(STATES), max_size=6))
def test_what_was_sent_stays_sent_whatever_is_written_later(before: list[str], after: list[str]) -> None:
    """As by a sender on a machine that hung, which writes what it had under way after another one went on."""
    lines = [
        {"kind": "notice", "key": "a", "contact": "zhang", "channel": "mail", "state": state, "epoch": float(place)}
        for place, state in enumerate([*before, SENT, *after])
    ]
    assert deliveries_of(lines)["a", "zhang"].state == SENT
