# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where incidents are kept: two people at once, a full disk, a killed writer, a clock that jumps."""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._incident import store
from ansible_collections.contingency.infra.plugins.module_utils._record import chain

from tests.unit.incident.plans import DAY, MORNING

FIELDS = {"title": "HIS down", "place": "machine room", "discovered_epoch": MORNING}


def open_one(root: Path, now: float = MORNING, **fields: Any) -> store.Opened:
    drill = bool(fields.pop("drill", False))
    return store.open_incident(
        str(root), {**FIELDS, **fields}, by="duty@console", now=now, timezone="Asia/Shanghai", drill=drill
    )


def kinds(path: str) -> list[str]:
    return [str(line["kind"]) for line in store.load(path).lines]


def test_its_id_has_the_local_date_and_a_number(tmp_path: Path) -> None:
    midnight = MORNING + 15 * 3600.0
    assert open_one(tmp_path, midnight - 1).id == "INC-20261125-1"
    assert open_one(tmp_path, midnight, title="Another").id == "INC-20261126-1"
    assert open_one(tmp_path, midnight, title="Third").id == "INC-20261126-2"
    assert open_one(tmp_path / "drills", drill=True).id == "DRILL-20261125-1"


def test_opened_twice_it_is_the_same_until_it_is_closed(tmp_path: Path) -> None:
    first, second = open_one(tmp_path), open_one(tmp_path, MORNING + DAY, discovered_epoch=MORNING + DAY)
    assert (first.changed, second.changed, second.id) == (True, False, first.id)
    assert kinds(first.path) == ["opened"]
    store.append_event(first.path, "closed", {}, by="duty@console")
    assert open_one(tmp_path).id == "INC-20261125-2"


def test_it_is_for_its_owner_only(tmp_path: Path) -> None:
    opened = open_one(tmp_path / "incidents")
    for path in (tmp_path / "incidents", Path(opened.path)):
        assert path.stat().st_mode & 0o777 == 0o700
    assert (Path(opened.path) / "events.jsonl").stat().st_mode & 0o777 == 0o600


def _report(root: str, barrier: Any, number: int) -> None:
    barrier.wait()
    open_one(Path(root), title="HIS down" if number % 2 else "Mains lost")


def test_many_who_report_at_once_get_one_incident_for_each_fault(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(8)
    people = [context.Process(target=_report, args=(str(tmp_path), barrier, number)) for number in range(8)]
    for person in people:
        person.start()
    for person in people:
        person.join(30)
    assert [person.exitcode for person in people] == [0] * 8
    found = [each.incident for each in store.listed_in(str(tmp_path))]
    assert sorted(each.title for each in found if each) == ["HIS down", "Mains lost"]


def test_only_one_opens_at_a_time(tmp_path: Path) -> None:
    open_one(tmp_path, title="First")
    opened: list[store.Opened] = []
    second = threading.Thread(target=lambda: opened.append(open_one(tmp_path)))
    with open(tmp_path / ".lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second.start()
        second.join(0.5)
        assert opened == []
    second.join(30)
    assert [each.id for each in opened] == ["INC-20261125-2"]


def _note(path: str, barrier: Any, number: int) -> None:
    barrier.wait()
    for each in range(20):
        store.append_event(path, "note", {"text": f"{number}.{each}"}, by="x")


def test_many_who_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path = open_one(tmp_path).path
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(4)
    people = [context.Process(target=_note, args=(path, barrier, number)) for number in range(4)]
    for person in people:
        person.start()
    for person in people:
        person.join(60)
    loaded = store.load(path)
    assert loaded.damage is None
    assert len({line["text"] for line in loaded.lines if line["kind"] == "note"}) == 80


def test_a_directory_that_a_killed_opening_left_is_taken(tmp_path: Path) -> None:
    (tmp_path / "INC-20261125-1").mkdir()
    assert open_one(tmp_path).id == "INC-20261125-1"


def test_a_record_that_a_killed_opening_left_unfinished_is_taken(tmp_path: Path) -> None:
    (tmp_path / "INC-20261125-1").mkdir()
    (tmp_path / "INC-20261125-1/events.jsonl").write_text('{"kind": "ope')
    opened = open_one(tmp_path)
    assert opened.id == "INC-20261125-1"
    assert kinds(opened.path) == ["torn", "opened"]


def test_an_event_that_a_killed_writer_left_unfinished_is_told_and_the_next_one_follows(tmp_path: Path) -> None:
    path = open_one(tmp_path).path
    with open(os.path.join(path, "events.jsonl"), "a", encoding="utf-8") as file:
        file.write('{"kind": "note", "text": "hal')
    store.append_event(path, "note", {"text": "whole"}, by="x")
    assert kinds(path) == ["opened", "torn", "note"]
    assert store.load(path).damage is None


def test_an_event_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    path = open_one(tmp_path).path
    assert store.append_event(path, "activated", {}, by="x").changed
    assert not store.append_event(path, "activated", {}, by="y").changed
    assert kinds(path) == ["opened", "activated"]


def test_what_is_no_event_is_not_written(tmp_path: Path) -> None:
    path = open_one(tmp_path).path
    with pytest.raises(store.StoreError, match="lacks text"):
        store.append_event(path, "note", {}, by="x")
    assert kinds(path) == ["opened"]


def test_an_altered_record_is_told_and_still_read(tmp_path: Path) -> None:
    path = open_one(tmp_path).path
    store.append_event(path, "note", {"text": "first"}, by="x")
    store.append_event(path, "note", {"text": "second"}, by="x")
    file = Path(path) / "events.jsonl"
    file.write_bytes(file.read_bytes().replace(b"first", b"other"))
    loaded = store.load(path)
    assert loaded.damage is not None
    assert loaded.damage.line == 3
    assert loaded.incident.title == "HIS down"


def test_what_cannot_be_read_is_listed_and_counts_as_open(tmp_path: Path) -> None:
    opened = open_one(tmp_path)
    (tmp_path / "INC-20261125-2").mkdir()
    (tmp_path / "INC-20261125-2/events.jsonl").write_text("garbage\n")
    (tmp_path / "something else").mkdir()
    assert store.open_ids(str(tmp_path)) == (opened.id, "INC-20261125-2")
    assert "put back events.jsonl" in store.listed_in(str(tmp_path))[1].problem["en"]


def test_an_incident_without_a_record_is_told(tmp_path: Path) -> None:
    with pytest.raises(store.StoreError, match="There is no incident in"):
        store.load(str(tmp_path))


def test_where_there_are_none_none_are_open(tmp_path: Path) -> None:
    assert store.open_ids(str(tmp_path / "nothing")) == ()


def test_one_that_was_closed_is_watched_for_two_weeks(tmp_path: Path) -> None:
    opened = open_one(tmp_path)
    store.append_event(opened.path, "closed", {}, by="x", happened_epoch=MORNING)
    assert store.open_ids(str(tmp_path)) == ()
    assert [each.id for each in store.watched_in(str(tmp_path), MORNING + 13 * DAY)] == [opened.id]
    assert store.watched_in(str(tmp_path), MORNING + 15 * DAY) == ()


def test_a_directory_that_cannot_be_written_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(store.StoreError, match="write down on paper what happened and when"):
        open_one(tmp_path / "file")


def test_only_one_sends_at_a_time_and_nobody_waits_for_him(tmp_path: Path) -> None:
    path = open_one(tmp_path).path
    with store.sender(path) as first, store.sender(path) as second:
        assert (first, second) == (True, False)
        assert store.append_event(path, "note", {"text": "meanwhile"}, by="x").changed
    with store.sender(path) as again:
        assert again


def test_ten_come_after_nine(tmp_path: Path) -> None:
    for number in range(11):
        open_one(tmp_path, title=f"Fault {number}")
    assert store.open_ids(str(tmp_path))[-1] == "INC-20261125-11"


def test_its_lines_are_a_chain(tmp_path: Path) -> None:
    path = open_one(tmp_path).path
    raw = (Path(path) / "events.jsonl").read_bytes().splitlines()[0]
    assert json.loads(raw)["previous"] == chain.FIRST
    assert store.load(path).head == chain.digest(raw)


def test_a_second_answer_is_news_only_after_another_notice(tmp_path: Path) -> None:
    opened = open_one(tmp_path)
    answers = [store.append_event(opened.path, "acknowledged", {"who": "li"}, by="x").changed for _each in range(2)]
    store.append_event(opened.path, "notice", {"key": "b", "contact": "li", "state": "sent"}, by="x")
    answers += [store.append_event(opened.path, "acknowledged", {"who": "li"}, by="x").changed for _each in range(2)]
    assert answers == [True, False, True, False]


def test_old_closed_incidents_are_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed, going_on = open_one(tmp_path), open_one(tmp_path, title="Telephones down")
    store.append_event(closed.path, "note", {"text": '"kind":"closed"'}, by="x")
    assert store.open_ids(str(tmp_path)) == (closed.id, going_on.id)
    store.append_event(closed.path, "closed", {}, by="x")
    read: list[str] = []
    whole = store.load
    monkeypatch.setattr(store, "load", lambda path: read.append(path) or whole(path))  # type: ignore[func-returns-value]
    assert store.open_ids(str(tmp_path)) == (going_on.id,)
    assert store.watched_in(str(tmp_path), MORNING + 30 * DAY) == store.open_in(str(tmp_path))
    assert not open_one(tmp_path, title="Telephones down").changed
    assert set(read) == {going_on.path}


def test_two_people_who_type_the_same_title_a_little_differently_get_the_same_incident(tmp_path: Path) -> None:
    first = open_one(tmp_path, title="HIS does not answer")
    assert open_one(tmp_path, title=" his  does not answer ").id == first.id
    assert open_one(tmp_path, title="HIS does not answer", place="elsewhere").changed
