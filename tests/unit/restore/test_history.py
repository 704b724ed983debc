# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history of a set: whatever moment a run is killed at, what came before can be read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._restore.history import (
    History,
    last_success,
    name_limitation,
    of_a_year,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    Damaged,
    Finding,
    NotRunnable,
    Order,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.stages import run

from tests.unit.restore.memory import CONTENT, MANIFEST, NOW, ORDER, Shelf, raising

BAD = {"restore": raising(Damaged(Finding("restore", "archive", "whole", "cut")))}


@pytest.fixture
def order(tmp_path: Path) -> Order:
    return replace(ORDER, history_directory=str(tmp_path / "history"))


def test_runs_are_kept_in_order_and_the_good_one_is_what_the_next_is_compared_with(order: Order) -> None:
    history = History.of(LocalHost(), order)
    assert history.entries() == []
    assert history.last_good() is None
    history.add(run(order, Shelf().tools()))
    history.add(run(order, Shelf(BAD, BAD).tools()))
    assert [entry["verdict"] for entry in history.entries()] == ["passed", "failed"]
    assert history.entries()[1]["findings"] == ["restore: archive: cut, expected whole"] * 2
    last = history.last_good()
    assert last is not None
    assert (last.at_epoch, last.content, last.server) == (NOW, CONTENT, MANIFEST["server"])
    assert last_success(history.entries()) == NOW


def test_a_line_cut_at_any_byte_costs_only_itself(order: Order) -> None:
    history = History.of(LocalHost(), order)
    history.add(run(order, Shelf().tools()))
    whole = Path(history.path).read_bytes()
    for length in range(0, len(whole), 7):
        Path(history.path).write_bytes(whole + whole[:length])
        assert 1 <= len(history.entries()) <= 2
        history.add(run(order, Shelf(BAD, BAD).tools()))
        assert history.entries()[0]["verdict"] == "passed"
        assert history.entries()[-1]["verdict"] == "failed"


def test_a_last_good_test_that_cannot_be_read_is_not_taken_for_none(order: Order) -> None:
    history = History.of(LocalHost(), order)
    history.add(run(order, Shelf().tools()))
    path = Path(history.last_good_path)
    for text in ("", "{}", "[]", path.read_text(encoding="utf-8")[:-40], json.dumps({"format": 2})):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(NotRunnable, match="move it away"):
            history.last_good()


def test_only_twelve_months_are_shown() -> None:
    entries = [{"began_at_epoch": NOW - days * 86400, "verdict": "passed"} for days in (400, 360, 1)]
    assert of_a_year(entries, NOW) == entries[1:]


@pytest.mark.parametrize(
    ("name", "fine"),
    [
        ("his", True),
        ("his-2.prod_x", True),
        ("../x", False),
        ("", False),
        ("a b", False),
        (".x", False),
        ("a..b", False),
        ("a\n", False),
    ],
)
def test_a_name_is_one_of_a_file(name: str, fine: bool) -> None:
    assert (name_limitation(name) is None) is fine
