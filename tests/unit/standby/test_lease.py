# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One takeover at a time: whoever comes second is refused, and nothing has to be removed by hand."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._standby import lease as leases
from ansible_collections.contingency.infra.plugins.module_utils._standby.lease import (
    Lease,
    LeaseHeld,
    Owner,
    limitation,
)

ONE, OTHER = Owner("run-1", "wang on desk-1"), Owner("run-2", "li on desk-2")


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "run" / "takeover.lease")


def test_a_second_run_is_refused_and_told_who_is_at_work(path: str) -> None:
    Lease(path).take(ONE)
    with pytest.raises(LeaseHeld) as caught:
        Lease(path).take(OTHER)
    reason = limitation(caught.value, "his-db-2")
    assert reason is not None
    assert "wang on desk-1" in reason
    assert "run this again in" in reason


def test_the_same_run_may_take_it_again(path: str) -> None:
    Lease(path).take(ONE)
    Lease(path).take(ONE)


def test_it_can_be_had_when_it_was_given_back(path: str) -> None:
    Lease(path).take(ONE)
    Lease(path).release(ONE)
    Lease(path).take(OTHER)


def test_nobody_gives_back_what_another_has(path: str) -> None:
    Lease(path).take(ONE)
    Lease(path).release(OTHER)
    with pytest.raises(LeaseHeld):
        Lease(path).take(OTHER)


def test_it_ends_by_itself(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Lease(path).take(ONE, seconds=20)
    later = leases._now() + 20.1
    monkeypatch.setattr(leases, "_now", lambda: later)
    Lease(path).take(OTHER)


def test_a_run_that_is_known_to_be_dead_is_replaced(path: str) -> None:
    Lease(path).take(ONE)
    Lease(path).take(OTHER, instead_of=ONE.run)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"run": "x"'])
def test_what_nobody_can_read_is_nobodys(path: str, content: str) -> None:
    Path(path).parent.mkdir()
    Path(path).write_text(content, encoding="utf-8")
    Lease(path).take(ONE)


def _try(path: str, name: str, won: multiprocessing.Queue[str]) -> None:
    try:
        Lease(path).take(Owner(name, name))
    except LeaseHeld:
        return
    won.put(name)


def test_of_many_at_once_one_gets_it(path: str) -> None:
    won: multiprocessing.Queue[str] = multiprocessing.Queue()
    runs = [multiprocessing.Process(target=_try, args=(path, f"run-{n}", won)) for n in range(8)]
    for run in runs:
        run.start()
    for run in runs:
        run.join(20)
    assert won.get(timeout=5)
    assert won.empty()
