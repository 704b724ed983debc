# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limit of inotify instances is raised for labs that run beside each other, and put back by the last one."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import watches


@pytest.fixture
def limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(watches, "LIMIT", tmp_path / "max_user_instances")
    monkeypatch.setattr(watches, "BEFORE", tmp_path / "before")
    watches.LIMIT.write_text("128\n")
    return watches.LIMIT


def test_the_last_lab_puts_back_what_the_first_one_found(limit: Path) -> None:
    watches.raise_limit()
    watches.raise_limit()
    assert limit.read_text() == "1024"
    watches.put_back()
    watches.put_back()
    assert limit.read_text() == "128"
    assert not watches.BEFORE.exists()


def test_one_that_crashed_before_is_put_back_to_what_was_there_first(limit: Path) -> None:
    watches.raise_limit()
    limit.write_text("128")
    watches.raise_limit()
    watches.put_back()
    assert limit.read_text() == "128"


def test_a_limit_that_is_high_enough_is_left_alone(limit: Path) -> None:
    limit.write_text("8192\n")
    watches.raise_limit()
    watches.put_back()
    assert limit.read_text() == "8192\n"


def test_where_the_kernel_forbids_it_one_lab_gets_along(limit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_path: Path, _text: str, encoding: str = "") -> int:
        raise PermissionError

    monkeypatch.setattr(Path, "write_text", forbidden)
    watches.raise_limit()
    assert (limit.read_text(), watches.BEFORE.exists()) == ("128\n", False)
