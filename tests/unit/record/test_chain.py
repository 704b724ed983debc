# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A chain of lines: what is written is read, and what was altered is found where it was."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._record import chain
from hypothesis import given
from hypothesis import strategies as st


def written(path: Path, count: int) -> list[bytes]:
    for number in range(count):
        chain.append(str(path), "note", {"text": f"line {number}, 值班"})
    return path.read_bytes().splitlines(keepends=True)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    lines = written(path, 3)
    reading = chain.read(str(path))
    assert [line["text"] for line in reading.lines] == ["line 0, 值班", "line 1, 值班", "line 2, 值班"]
    assert reading.damage is None
    assert reading.head == chain.digest(lines[-1].rstrip(b"\n"))


def test_it_is_for_its_owner_only(tmp_path: Path) -> None:
    written(tmp_path / "journal.jsonl", 1)
    assert (tmp_path / "journal.jsonl").stat().st_mode & 0o777 == 0o600


@given(number=st.integers(0, 4), value=st.text(min_size=1))
def test_an_altered_line_is_found(tmp_path_factory: pytest.TempPathFactory, number: int, value: str) -> None:
    lines = written(tmp_path_factory.mktemp("chain") / "journal.jsonl", 6)
    line = json.loads(lines[number])
    line["text"] += value
    lines[number] = chain.canonical(line) + b"\n"
    damage = chain.reading_of(b"".join(lines)).damage
    assert damage is not None
    assert damage.line == number + 2


@given(number=st.integers(0, 4))
def test_a_line_that_is_gone_is_found(tmp_path_factory: pytest.TempPathFactory, number: int) -> None:
    lines = written(tmp_path_factory.mktemp("chain") / "journal.jsonl", 6)
    del lines[number]
    damage = chain.reading_of(b"".join(lines)).damage
    assert damage is not None
    assert damage.line == number + 1


def test_a_line_that_is_no_line_is_found(tmp_path: Path) -> None:
    lines = written(tmp_path / "journal.jsonl", 3)
    lines[1] = b"[]\n"
    damage = chain.reading_of(b"".join(lines)).damage
    assert damage == (2, "is not a line of a journal")


@pytest.mark.parametrize("kept", [1, 40])
def test_a_killed_writer_leaves_what_it_wrote(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "journal.jsonl"
    lines = written(path, 3)
    path.write_bytes(b"".join(lines[:2]) + lines[2][:kept])
    assert chain.read(str(path)).torn == lines[2][:kept].decode()
    chain.append(str(path), "note", {"text": "after"})
    reading = chain.read(str(path))
    assert [line["kind"] for line in reading.lines] == ["note", "note", chain.TORN, "note"]
    assert reading.lines[2]["text"] == lines[2][:kept].decode()
    assert reading.damage is None
    assert not reading.torn


def test_an_altered_last_line_does_not_stop_the_next_and_is_told_by_the_head(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    lines = written(path, 3)
    head = chain.read(str(path)).head
    path.write_bytes(b"".join(lines[:2]) + b"garbage\n")
    assert chain.read(str(path)).head != head
    assert chain.append(str(path), "note", {"text": "after"})["n"] == 4


def test_lines_longer_than_what_is_read_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    for _number in range(3):
        chain.append(str(path), "note", {"text": "x" * 3 * chain.TAIL_BYTES})
    reading = chain.read(str(path))
    assert len(reading.lines) == 3
    assert reading.damage is None


def test_many_writers_at_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    threads = [threading.Thread(target=written, args=(path, 20)) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reading = chain.read(str(path))
    assert len(reading.lines) == 80
    assert reading.damage is None


def test_a_link_in_its_place_is_refused(tmp_path: Path) -> None:
    os.symlink(tmp_path / "elsewhere", tmp_path / "journal.jsonl")
    with pytest.raises(OSError, match="symbolic links"):
        chain.append(str(tmp_path / "journal.jsonl"), "note", {})


def test_a_writer_that_was_stopped_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    path = str(tmp_path / "journal.jsonl")
    with chain.locked(path), pytest.raises(TimeoutError, match="another process has held it"):
        chain.Writer(path, patience=0.1)
    assert chain.append(path, "note", {})["n"] == 1
