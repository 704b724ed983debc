# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests and approvals on disk."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._approval.plan import Plan
from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Refused
from ansible_collections.contingency.infra.plugins.module_utils._approval.signature import signed
from ansible_collections.contingency.infra.plugins.module_utils._approval.store import Request, Store
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._record import chain

from tests.unit.approval.conftest import Keys
from tests.unit.approval.samples import NOW, PLAN, statement

REQUEST = Request(PLAN, 1, NOW, "wang", "INC-20261122-1")
OTHER = Plan(PLAN.procedure, PLAN.target, {}, {})
NEIGHBOR = Plan(PLAN.procedure, f"{PLAN.target}-2", {}, {})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(LocalHost(), str(tmp_path / "approvals"))


def approve(store: Store, keys: Keys, request: Request, approver: str = "li") -> list[str]:
    text = statement(approver, request.plan)
    return store.keep(request, text, signed(LocalHost(), text.text, str(getattr(keys, approver)), {}))


def test_a_request_is_found_by_the_first_digits_and_written_once(store: Store) -> None:
    request, new = store.request(REQUEST)
    assert new
    assert store.referred(PLAN.name) == request
    assert store.referred(PLAN.hash) == replace(REQUEST, directory=request.directory)
    assert store.request(replace(REQUEST, requested_at=NOW + 60)) == (request, False)
    assert store.request(replace(REQUEST, incident=""))[1]


def test_directories_and_files_are_for_their_owner(store: Store) -> None:
    request, _new = store.request(REQUEST)
    for path in (store.directory, request.directory):
        assert os.stat(path).st_mode & 0o777 == 0o700
    assert os.stat(os.path.join(request.directory, "request.json")).st_mode & 0o777 == 0o600


@pytest.mark.parametrize("reference", ["", "12", "../../etc", "zzzzzzzzzzzz", "ABCDEF123456"])
def test_what_is_no_name_of_a_request_is_refused(store: Store, reference: str) -> None:
    with pytest.raises(Refused) as refusal:
        store.referred(reference)
    assert refusal.value.said.key == "reference_garbled"


def test_a_request_that_is_not_there_is_refused(store: Store) -> None:
    with pytest.raises(Refused) as refusal:
        store.referred("0123456789ab")
    assert refusal.value.said.values["count"] == 0


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"plan": 5}', "\x00"])
def test_a_garbled_request_is_none_and_is_written_anew(store: Store, text: str) -> None:
    request, _new = store.request(REQUEST)
    Path(request.directory, "request.json").write_text(text, encoding="utf-8")
    assert store.requests() == []
    assert store.request(REQUEST)[1]
    assert len(store.requests()) == 1


def test_a_request_whose_plan_was_altered_is_none(store: Store) -> None:
    request, _new = store.request(REQUEST)
    path = Path(request.directory, "request.json")
    fields = json.loads(path.read_text(encoding="utf-8"))
    fields["plan"]["arguments"]["standby"] = "core-c"
    path.write_text(json.dumps(fields), encoding="utf-8")
    assert store.requests() == []


def test_an_approval_is_read_back_and_proven(store: Store, keys: Keys) -> None:
    request, _new = store.request(REQUEST)
    files = approve(store, keys, request)
    [found], plans, garbled = store.approvals(PLAN, str(keys.allowed))
    assert (found.statement, found.path, found.unproven) == (statement(), files[0], None)
    assert found.key.startswith("SHA256:")
    assert (plans, garbled) == ({}, [])


def test_an_approval_of_one_who_is_not_on_the_list_is_not_proven(store: Store, keys: Keys) -> None:
    request, _new = store.request(REQUEST)
    approve(store, keys, request, "zhao")
    [found], _plans, _garbled = store.approvals(PLAN, str(keys.allowed))
    assert found.key == ""
    assert found.unproven is not None


def test_an_altered_approval_is_not_proven(store: Store, keys: Keys) -> None:
    request, _new = store.request(REQUEST)
    path = Path(approve(store, keys, request)[0])
    path.write_text(path.read_text(encoding="utf-8").replace('"comment": ""', '"comment": "!"'), encoding="utf-8")
    [found], _plans, _garbled = store.approvals(PLAN, str(keys.allowed))
    assert found.key == ""


def test_garbage_beside_an_approval_is_told_and_takes_nothing_away(store: Store, keys: Keys) -> None:
    request, _new = store.request(REQUEST)
    approve(store, keys, request)
    Path(request.directory, "a.json").write_text("{", encoding="utf-8")
    Path(request.directory, "b.json").mkdir()
    Path(request.directory, "c.json").write_text("x" * (2 << 20), encoding="utf-8")
    Path(request.directory, "d.json").symlink_to("/nowhere")
    found, _plans, garbled = store.approvals(PLAN, str(keys.allowed))
    assert len(found) == 1
    assert [os.path.basename(path) for path, _said in garbled] == ["a.json", "b.json", "c.json", "d.json"]


def test_approvals_of_other_plans_explain_and_those_of_other_targets_do_not(store: Store, keys: Keys) -> None:
    for plan in (OTHER, NEIGHBOR):
        request, _new = store.request(replace(REQUEST, plan=plan))
        approve(store, keys, request)
    [found], plans, _garbled = store.approvals(PLAN, str(keys.allowed))
    assert found.statement.plan == OTHER.hash
    assert (found.key, plans) == ("", {OTHER.hash: OTHER})


def test_an_approval_of_this_plan_that_lies_elsewhere_is_proven_too(store: Store, keys: Keys) -> None:
    request, _new = store.request(replace(REQUEST, plan=OTHER))
    text = statement().text
    Path(request.directory, "forged.json").write_text(text, encoding="utf-8")
    Path(request.directory, "forged.json.sig").write_text("nothing", encoding="utf-8")
    found, _plans, _garbled = store.approvals(PLAN, str(keys.allowed))
    assert [one.unproven is not None for one in found] == [True]


def test_an_approval_without_its_signature_is_not_proven(store: Store, keys: Keys) -> None:
    request, _new = store.request(REQUEST)
    os.unlink(approve(store, keys, request)[1])
    [found], _plans, _garbled = store.approvals(PLAN, str(keys.allowed))
    assert found.unproven is not None


def test_uses_of_this_procedure_and_target_are_counted_whoever_writes_at_once(store: Store) -> None:
    counts: list[int] = []

    def one() -> None:
        with store.alone() as uses:
            counts.append(len(uses.of(PLAN)))
            uses.add({"procedure": PLAN.procedure, "target": PLAN.target})

    threads = [threading.Thread(target=one) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == list(range(8))
    with store.alone() as uses:
        assert uses.of(OTHER) == uses.of(PLAN)
        assert uses.of(NEIGHBOR) == []
    assert chain.read(os.path.join(store.directory, "uses.jsonl")).damage is None


def test_a_directory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    blocked = Store(LocalHost(), str(tmp_path / "file" / "approvals"))
    with pytest.raises(Refused) as refusal:
        blocked.request(REQUEST)
    assert refusal.value.said.key == "not_written"
    with pytest.raises(Refused), blocked.alone():
        raise AssertionError("it could not be held")
    with pytest.raises(Refused):
        blocked.requests()


def test_a_directory_that_cannot_be_looked_into_is_not_an_empty_one(tmp_path: Path) -> None:
    """A file in its place: root, as whom tests may run, is let into every directory."""
    taken = tmp_path / "approvals"
    taken.write_text("", encoding="utf-8")
    with pytest.raises(Refused) as refusal:
        Store(LocalHost(), str(taken)).requests()
    assert refusal.value.said.key == "not_read"
    assert Store(LocalHost(), str(tmp_path / "none")).requests() == []


def test_a_folder_that_cannot_be_looked_into_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    request, _new = store.request(REQUEST)
    listed = os.listdir

    def refusing(path: str) -> list[str]:
        if path == request.directory:
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "listdir", refusing)
    assert [said.key for _path, said in store.approvals(PLAN, "")[2]] == ["not_read"]


@pytest.mark.parametrize("kind", ["pipe", "deep"])
def test_garbage_neither_holds_a_run_up_nor_ends_it(store: Store, keys: Keys, kind: str) -> None:
    request, _new = store.request(REQUEST)
    approve(store, keys, request)
    for name in ("garbage.json", "request.json"):
        path = os.path.join(request.directory, name)
        if kind == "pipe":
            Path(path).unlink(missing_ok=True)
            os.mkfifo(path)
        else:
            Path(path).write_text("[" * 100_000, encoding="utf-8")
    assert store.requests() == []
    found, _plans, garbled = store.approvals(PLAN, str(keys.allowed))
    assert [given.key != "" for given in found] == [True]
    assert [said.key for _path, said in garbled] == ["statement_garbled"]
