# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is due to messages: who is told what over which channels, with the record as the only memory."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.action.escalate import asks, looked, usable
from ansible_collections.contingency.infra.plugins.module_utils._incident import store
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Policy
from ansible_collections.contingency.infra.plugins.module_utils._incident.policy import policy_of
from ansible_collections.contingency.infra.plugins.module_utils._incident.regrade import regrade
from ansible_collections.contingency.infra.plugins.module_utils._notice.delivery import Limits, deliveries_of
from ansible_collections.contingency.infra.plugins.module_utils._notice.model import (
    FAILED,
    SENT,
    Message,
    Outcome,
    Reason,
)
from ansible_collections.contingency.infra.plugins.module_utils._notice.words import body_of
from ansible_collections.contingency.infra.plugins.plugin_utils import escalation, sender
from ansible_collections.contingency.infra.plugins.plugin_utils.escalate_report import Course
from ansible_collections.contingency.infra.plugins.plugin_utils.incident_policy import whole_plan
from ansible_collections.contingency.infra.plugins.plugin_utils.notices import NO_DOMAIN, Writer
from ansible_collections.contingency.infra.plugins.plugin_utils.outbox import Outbox, Wanted, is_trouble

from tests.unit.notice.site import Site, plan_for
from tests.unit.notice.test_outbox import Paper, StillClock

MAIL = {"kind": "smtp", "host": "mail.hospital.example", "from": "IT <duty@hospital.example>"}
CHAT = {"kind": "wecom", "url": "https://hook.example/send?key=planted-key"}
DOWN = Outcome(FAILED, Reason("silent", {"where": "mail", "seconds": "15"}))


@dataclass
class Office:
    """One incident of one plan, sent from in memory: ``down`` holds the addresses that nothing reaches."""

    path: Path
    plan: dict[str, Any]
    policy: Policy
    paper: Paper
    language: str = "en"
    down: set[str] = field(default_factory=set)
    mails: list[tuple[str, str, Message]] = field(default_factory=list)

    def post(self, channel: str, message: Message, address: str) -> Outcome:
        if address in self.down or channel in self.down:
            return DOWN
        self.mails.append((channel, address, message))
        return Outcome(SENT)

    def work(self, patience: float = 60.0) -> None:
        writer = Writer(self.policy, self.language)
        Outbox(
            self.paper, writer.wanted, self.post, limits=Limits(), language=self.language, clock=self.paper.clock
        ).work(patience)

    def tell(self, kind: str, **fields: Any) -> None:
        self.paper.written.append({"kind": kind, "epoch": self.paper.clock.wall(), "by": "test@here", **fields})

    def wanted(self) -> list[Wanted]:
        return Writer(self.policy, self.language).wanted(self.paper.lines(), self.paper.clock.wall())

    def told(self, key: str) -> list[str]:
        known = deliveries_of(self.paper.lines())
        return [contact for (name, contact), each in known.items() if name == key and each.state == SENT]

    def trouble(self) -> dict[tuple[str, str], str]:
        return {(line["key"], line["to"]): line["reason"] for line in self.paper.lines() if is_trouble(line)}


def office(home: Path, language: str = "en", drill: bool = False, **plan: Any) -> Office:
    channels = plan.pop("channels", {"mail": MAIL, "chat": CHAT})
    whole = whole_plan({**plan_for(channels), **plan})
    policy = policy_of(whole)
    path = Site(home, whole).opened("core-a\nis <down>", drill=drill, place="machine room 2", effect="no prescriptions")
    regrade(str(path), policy, by="test@here", now=time.time())
    clock = StillClock()
    clock.jumped = time.time() - clock.wall()
    paper = Paper(clock, [dict(line) for line in store.lines_of(str(path))])
    return Office(path, whole, policy, paper, language)


def test_each_person_gets_each_notice_once_however_many_roles_he_has(tmp_path: Path) -> None:
    found = office(tmp_path)
    found.work()
    assert found.told("working_group") == ["zhang", "li"]
    assert len({message.message_id for _channel, _to, message in found.mails}) == len(found.mails)
    before = len(found.mails)
    found.work()
    assert len(found.mails) == before


@pytest.mark.parametrize(("language", "mark"), [("en", "[DRILL] "), ("zh", "【演练】")])
@pytest.mark.parametrize("drill", [True, False])
def test_drill_is_marked_everywhere_and_an_incident_nowhere(
    tmp_path: Path, language: str, mark: str, drill: bool
) -> None:
    found = office(tmp_path, language, drill)
    found.work()
    for _channel, _to, message in found.mails:
        assert message.subject.startswith(mark) == drill
        assert message.short.startswith(mark) == drill
        assert (body_of(message).startswith(("THIS IS A DRILL", "这是演练"))) == drill


def test_message_says_what_is_known(tmp_path: Path) -> None:
    found = office(tmp_path)
    found.work()
    [lead] = [message for _channel, _to, message in found.mails if "reported to you" in message.text]
    body = body_of(lead)
    for part in (
        "A fault of class 1 is reported to you.",
        "core-a is <down>",
        "Grade: Class 1",
        "Place: machine room 2",
        "Effect: no prescriptions",
        "Expected to be back: ",
        "Please answer within 15 min, by telephone: zhang 13900000000",
        f"Incident: {found.path.name}",
        "Number of this notice: INC-",
    ):
        assert part in body, body
    assert lead.subject == "[Class 1] core-a is <down>: A fault of class 1 is reported to you."
    assert "\n" not in lead.subject + lead.short
    assert "planted-key" not in body


def test_person_on_duty_is_not_asked_to_call_himself(tmp_path: Path) -> None:
    found = office(tmp_path)
    found.work()
    [own] = [message for _channel, to, message in found.mails if to.startswith("zhang") and "Diagnose" in message.text]
    assert "13900000000" not in own.text


def test_recovery_and_unknown_end_are_told_as_they_are(tmp_path: Path) -> None:
    found = office(tmp_path)
    found.tell("updated", expected_outage_seconds=None)
    found.work()
    assert all("Expected to be back: not known yet" in message.text for _channel, _to, message in found.mails)
    sent = len(found.mails)
    found.tell("recovered", happened_epoch=found.paper.clock.wall())
    found.work()
    later = [message for _channel, _to, message in found.mails[sent:]]
    assert later
    assert all("Back since: " in message.text for message in later)


def test_second_channel_is_taken_where_the_first_is_down(tmp_path: Path) -> None:
    found = office(tmp_path)
    found.down = {"mail"}
    found.work()
    assert found.mails
    assert {channel for channel, _to, _message in found.mails} == {"chat"}


def test_deputy_is_told_where_the_lead_cannot_be(tmp_path: Path) -> None:
    found = office(tmp_path, channels={"mail": MAIL})
    found.down = {"wang@hospital.example"}
    found.work()
    assert found.told("lead") == ["zhao"]
    assert found.trouble() == {}
    found.down = set()
    found.work(4000)
    assert found.told("lead") == ["zhao"], "nobody is told a second time by another way"


def test_nobody_of_the_lead_is_told_and_then_somebody_is(tmp_path: Path) -> None:
    found = office(tmp_path, channels={"mail": MAIL})
    found.down = {"wang@hospital.example", "zhao@hospital.example"}
    found.work()
    trouble = found.trouble()
    assert "mail did not answer within 15 s" in trouble["lead", "lead"]
    assert "by telephone" in trouble["lead", "lead"]
    found.work()
    assert len([line for line in found.paper.lines() if is_trouble(line)]) == len(trouble)
    found.down = {"wang@hospital.example"}
    found.work(4000)
    assert found.told("lead") == ["zhao"]


def test_role_without_contacts_is_trouble_at_once(tmp_path: Path) -> None:
    roles = {**plan_for({"mail": MAIL})["roles"], "lead": {"contacts": []}}
    found = office(tmp_path, roles=roles)
    found.work()
    assert "lead has no contact" in found.trouble()["lead", "lead"]


def test_mail_needs_an_address_and_a_robot_does_not(tmp_path: Path) -> None:
    found = office(tmp_path)
    found.work()
    by_channel = {to: channel for channel, to, _message in found.mails}
    assert "" not in [to for channel, to, _message in found.mails if channel == "mail"]
    plan = found.plan
    plan["contacts"]["zhang"] = {"name": "zhang", "channels": ["mail", "chat"], "address": {}}
    writer = Writer(policy_of(plan), "en")
    assert writer.addresses(writer.policy.contacts["zhang"]) == {"chat": ""}
    assert by_channel


def test_number_stays_the_same_and_differs_between_incidents_of_one_name(tmp_path: Path) -> None:
    found = office(tmp_path)
    first = {each.key: each.message_id("zhang") for each in found.wanted()}
    assert first == {each.key: each.message_id("zhang") for each in found.wanted()}
    assert all(number.startswith(f"<{found.path.name}.") for number in first.values())
    assert all(number.endswith("@hospital.example>") for number in first.values())
    incident = store.load(str(found.path)).incident
    later = Writer(found.policy, "en").message_id(
        type(incident)(**{**incident.__dict__, "opened_epoch": incident.opened_epoch + 86400 * 365}), "lead\nwang"
    )
    assert later not in first.values()


def test_plan_without_mail_has_numbers_too(tmp_path: Path) -> None:
    found = office(tmp_path, channels={"chat": CHAT})
    assert all(each.message_id("li").endswith(f"@{NO_DOMAIN}>") for each in found.wanted())


def test_grade_follows_the_rules_and_a_hand_keeps_it(tmp_path: Path) -> None:
    found = office(tmp_path)
    assert store.load(str(found.path)).incident.severity == "class_1"
    assert not regrade(str(found.path), found.policy, by="test@here", now=time.time())
    by_hand = {"severity": "class_2", "rule": "by_hand", "why": {"en": "the lead says so", "zh": "领导决定"}}
    store.append_event(str(found.path), "graded", by_hand, by="lead@here")
    assert not regrade(str(found.path), found.policy, by="test@here", now=time.time())
    assert store.load(str(found.path)).incident.severity == "class_2"


def test_sender_imports_nothing_but_the_standard_library_and_this_collection(tmp_path: Path) -> None:
    code = f"import sys, {sender.__name__}; print([n for n in sys.modules if n.split('.')[0] in ('ansible', 'yaml')])"
    environment = escalation._environment()
    found = subprocess.run(
        [sys.executable, "-S", "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_order_that_was_cut_off_sends_nothing(tmp_path: Path) -> None:
    """Ansible was killed while it told the sender what to do."""
    found = office(tmp_path)
    before = (found.path / "events.jsonl").read_bytes()
    run = subprocess.run(
        [sys.executable, "-S", "-m", sender.__name__],
        env=escalation._environment(),
        input='{"path": "' + str(found.path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode != 0
    assert (found.path / "events.jsonl").read_bytes() == before


def test_incident_that_asks_for_nothing_needs_no_sender(tmp_path: Path) -> None:
    plan = plan_for({"chat": CHAT})
    policy = policy_of(whole_plan(plan))
    path = Site(tmp_path, plan).opened()
    assert asks(policy, store.load(str(path)), time.time())
    store.append_event(str(path), "closed", {}, by="test@here")
    assert not asks(policy, store.load(str(path)), time.time())
    under_way = {"key": "lead", "contact": "wang", "state": "attempt"}
    store.append_event(str(path), "notice", under_way, by="test@here")
    assert asks(policy, store.load(str(path)), time.time())


def test_sender_that_holds_the_incident_and_tells_nobody_makes_the_run_fail(tmp_path: Path) -> None:
    plan = plan_for({"chat": CHAT})
    loaded = store.load(str(Site(tmp_path, plan).opened()))
    busy = Course(policy_of(whole_plan(plan)), "en", loaded, loaded, {"busy": True}, time.time())
    assert [each for each in busy.problems if "sender.lock" in each and str(loaded.path) in each]
    fresh = {"key": "lead", "contact": "wang", "state": "attempt"}
    store.append_event(loaded.path, "notice", fresh, by="test@here")
    at_it = store.load(loaded.path)
    assert not Course(busy.policy, "en", at_it, at_it, {"busy": True}, time.time()).problems


def test_looking_tells_of_an_incident_that_cannot_be_read(tmp_path: Path) -> None:
    site = usable(plan_for({"chat": CHAT}), {})
    unread = store.listed(str(tmp_path), "INC-20261122-1")
    found = looked(site, {"language": "en"}, [unread])
    assert found["failed"]
    assert "INC-20261122-1" in found["msg"]


def test_the_screen_says_as_what_each_person_was_told(tmp_path: Path) -> None:
    people = {"repair_team": {"contacts": ["zhao"]}, "coordination": {"contacts": ["wang"]}}
    plan = plan_for({"chat": CHAT})
    policy = policy_of(whole_plan({**plan, "roles": {**plan["roles"], **people}}))
    before = store.load(str(Site(tmp_path, plan).opened()))
    told = {"state": "sent", "channel": "chat", "key": "working_group"}
    for contact in ("zhao", "li"):
        store.append_event(before.path, "notice", {**told, "contact": contact}, by="test@here")
    shown = Course(policy, "zh", before, store.load(before.path), {}, time.time()).shown
    assert [line for line in shown if line.startswith("  已通知")] == [
        "  已通知    zhao（故障检修组），渠道 chat：working_group",
        "  已通知    li（应急工作小组、技术联络组），渠道 chat：working_group",
    ]
    store.append_event(before.path, "recovered", {}, by="test@here")
    store.append_event(before.path, "notice", {**told, "key": "recovered", "contact": "li"}, by="test@here")
    shown = Course(policy, "zh", before, store.load(before.path), {}, time.time()).shown
    assert "  已通知    li（所有已通知人员），渠道 chat：recovered" in shown


@pytest.mark.parametrize("language", ["en", "zh"])
def test_whoever_a_sender_did_not_tell_is_named_with_his_number(tmp_path: Path, language: str) -> None:
    plan = plan_for({"chat": CHAT})
    loaded = store.load(str(Site(tmp_path, plan).opened()))
    policy = policy_of(whole_plan(plan))
    broken = Course(policy, language, loaded, loaded, {"error": "disk full"}, time.time())
    waiting = [line for line in broken.shown if line.endswith(("not tried yet", "尚未尝试"))]
    assert waiting
    assert [line for line in waiting if "139" not in line] == []
    assert [each for each in broken.problems if "CALL THOSE" in each or "请打电话" in each]
    sent = Course(policy, language, loaded, loaded, {}, time.time())
    assert [line for line in sent.shown if "139" in line and "尚未尝试" in line] == []


def test_a_record_that_cannot_be_locked_is_told_as_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(store.StoreError, match="write down on paper"), store.sender(str(tmp_path / "gone")):
        raise AssertionError("nobody sends without the lock")
