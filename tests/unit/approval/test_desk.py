# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run is told at its head, and what is written down of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._approval.person import Person
from ansible_collections.contingency.infra.plugins.module_utils._approval.plan import Plan
from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Refused
from ansible_collections.contingency.infra.plugins.module_utils._approval.signature import signed
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.plugin_utils.approval_desk import Desk, Rules

from tests.unit.approval.conftest import Keys
from tests.unit.approval.samples import NOBODY, NOW, PLAN, statement

WANG = Person(frozenset({"wang"}), True, "/dev/pts/1")
MAINS = Plan("staged_shutdown", "mains", {}, {"a": {}})
STANDING = [{"procedure": "staged_shutdown", "targets": ["mains"], "until": "2099-01-01", "by": "lead"}]
MakeDesk = Callable[..., Desk]


@pytest.fixture
def make_desk(tmp_path: Path, keys: Keys) -> MakeDesk:
    def made(required: int = 1, person: Person = NOBODY, now: float = NOW, **more: Any) -> Desk:
        rules = Rules(required, str(keys.allowed), str(tmp_path / "approvals"), **more)
        return Desk(rules, person, now)

    return made


def approve(desk: Desk, keys: Keys, *approvers: str, plan: Plan = PLAN) -> None:
    request, _new = desk.requested(plan)
    for approver in approvers:
        text = statement(approver, plan)
        desk.store.keep(request, text, signed(LocalHost(), text.text, str(getattr(keys, approver)), {}))


def uses(desk: Desk) -> Sequence[dict[str, Any]]:
    path = Path(desk.rules.directory, "uses.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def kinds(desk: Desk, plan: Plan = PLAN) -> list[str]:
    return list(desk.record(desk.looked(plan))["lacks"])


def test_without_an_approval_it_is_refused_and_no_use_is_written(make_desk: MakeDesk) -> None:
    desk = make_desk()
    verdict = desk.asked(PLAN)
    assert not verdict.granted
    assert kinds(desk) == ["no_approval"]
    assert uses(desk) == []


def test_an_approval_is_written_down_before_the_run_goes_on(make_desk: MakeDesk, keys: Keys) -> None:
    desk = make_desk(incident="INC-20261122-1", person=WANG)
    approve(desk, keys, "li")
    assert desk.asked(PLAN).new
    [line] = uses(desk)
    assert (line["basis"], line["person"], line["incident"]) == ("signed", ["wang"], "INC-20261122-1")
    assert line["approvals"][0]["approver"] == "li"
    assert line["approvals"][0]["own"] is False


def test_the_one_who_runs_it_and_approves_it_is_marked(make_desk: MakeDesk, keys: Keys) -> None:
    desk = make_desk(person=WANG)
    approve(desk, keys, "wang")
    assert desk.asked(PLAN).own == ("wang",)


def test_of_two_neither_may_be_the_one_who_runs_it(make_desk: MakeDesk, keys: Keys) -> None:
    desk = make_desk(2, WANG)
    approve(desk, keys, "li", "wang")
    assert not desk.asked(PLAN).granted
    assert kinds(desk) == ["own_approval", "one_more"]
    assert make_desk(2, Person(frozenset({"zhou"}), True)).asked(PLAN).granted


def test_where_only_root_is_known_two_approvals_need_a_name(make_desk: MakeDesk, keys: Keys) -> None:
    desk = make_desk(2, Person(frozenset(), True))
    approve(desk, keys, "li", "wang")
    assert kinds(desk) == ["person_unknown", "person_unknown"]


def test_a_list_that_could_never_give_as_many_is_told(make_desk: MakeDesk, tmp_path: Path, keys: Keys) -> None:
    one = tmp_path / "one"
    one.write_text(f"li,wang {keys.li.with_suffix('.pub').read_text()}", encoding="utf-8")
    desk = Desk(Rules(2, str(one), str(tmp_path / "approvals")), NOBODY, NOW)
    assert kinds(desk) == ["signers_too_few"]


def test_garbage_beside_good_approvals_is_no_hindrance(make_desk: MakeDesk, keys: Keys) -> None:
    desk = make_desk()
    approve(desk, keys, "li")
    request, _new = desk.requested(PLAN)
    Path(request.directory, "zz.json").write_text("garbage", encoding="utf-8")
    assert desk.asked(PLAN).granted


def test_a_run_without_a_terminal_may_have_a_standing_approval(make_desk: MakeDesk) -> None:
    verdict = make_desk(standing=STANDING).asked(MAINS)
    assert (verdict.basis, verdict.granted) == ("standing", True)
    attended = make_desk(standing=STANDING, person=WANG)
    assert kinds(attended, MAINS) == ["standing_attended"]
    assert not attended.asked(MAINS).granted


def test_standing_approvals_that_cannot_be_read_are_told(make_desk: MakeDesk) -> None:
    assert kinds(make_desk(standing=[{"procedure": "x"}]), MAINS) == ["standing_lacks"]


def test_what_cannot_wait_goes_on_and_says_why_it_was_not_allowed(make_desk: MakeDesk) -> None:
    ended = [{**STANDING[0], "until": "2001-01-01"}]
    desk = make_desk(standing=ended)
    verdict = desk.asked(MAINS, unavoidable=True)
    assert (verdict.basis, verdict.granted, verdict.new) == ("unavoidable", True, True)
    assert uses(desk)[0]["lacks"] == ["standing_expired"]


def test_in_a_loss_of_mains_a_person_may_do_what_the_timer_may(make_desk: MakeDesk) -> None:
    assert make_desk(standing=STANDING, person=WANG).asked(MAINS, unavoidable=True).basis == "standing"


def test_what_runs_each_minute_is_written_down_once_a_day_or_where_it_changes(make_desk: MakeDesk) -> None:
    def run(now: float, **more: Any) -> bool:
        # The record has the time of this machine; what counts is how long ago that was.
        return make_desk(now=now, **more).asked(MAINS, unavoidable=True).new

    first = make_desk().asked(MAINS, unavoidable=True)
    at = float(uses(make_desk())[0]["epoch"])
    assert first.new
    assert not run(at + 60)
    assert not run(at + 86399)
    assert run(at + 120, standing=STANDING)
    assert run(at + 200000, standing=STANDING)


def test_a_limit_of_uses_holds(make_desk: MakeDesk, tmp_path: Path) -> None:
    limited = [{**STANDING[0], "limits": {"max_uses_per_day": 2}}]

    def run() -> bool:
        rules = Rules(1, "", str(tmp_path / "approvals"), standing=limited)
        return Desk(rules, NOBODY).asked(MAINS).granted

    assert [run() for _number in range(3)] == [True, True, False]


def test_a_directory_that_cannot_be_written_stops_the_run(make_desk: MakeDesk, tmp_path: Path) -> None:
    (tmp_path / "approvals").write_text("in the way", encoding="utf-8")
    with pytest.raises(Refused):
        make_desk(standing=STANDING).asked(MAINS)


def test_looking_writes_nothing(make_desk: MakeDesk, keys: Keys) -> None:
    desk = make_desk()
    approve(desk, keys, "li")
    assert desk.looked(PLAN).granted
    desk.requested(MAINS, write=False)
    assert uses(desk) == []
    assert len(os.listdir(desk.rules.directory)) == 1
