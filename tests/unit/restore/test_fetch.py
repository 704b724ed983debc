# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy on another host: the copy is to blame where it is missing or cannot be read, this host where that is not."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer
from ansible_collections.contingency.infra.plugins.module_utils._restore.bounded import Bounded
from ansible_collections.contingency.infra.plugins.module_utils._restore.fetch import fetched, here
from ansible_collections.contingency.infra.plugins.module_utils._restore.limits import BACKGROUND
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Copy, Damaged, NotRunnable, Order
from ansible_collections.contingency.infra.plugins.module_utils._restore.scratch import Scratch

from tests.unit.postgresql.fake_host import FakeHost

COPY = Copy("/backup/it's/his.dump", host="offsite-1")
GOOD = {"test": (0, ""), "du": (0, "1000\t/backup"), "scp": (0, ""), "chown": (0, ""), "chmod": (0, "")}


class Offsite(FakeHost):
    """What runs on the other host answers by its own name."""

    def run(self, command: Sequence[str], **how: Any) -> Answer:
        if tuple(command[: len(BACKGROUND)]) == BACKGROUND:
            command = command[len(BACKGROUND) :]
        there = shlex.split(command[-1])[:1] if command[0] == "ssh" else []
        return super().run([*there, *command], **how)


@pytest.fixture
def opening(tmp_path: Path) -> Callable[..., Scratch]:
    """A scratch of this host; {program: (status, what it says)} tells where it goes otherwise than well."""

    def opened(free: int = 10**12, **answers: tuple[int, str]) -> Scratch:
        told = {name: Answer(status, said, said) for name, (status, said) in {**GOOD, **answers}.items()}
        host = Offsite(answers=told, free=free)
        order = Order("his", "pg_dump", (COPY,), str(tmp_path), str(tmp_path))
        path, record = tmp_path / "his-00000001", str(tmp_path / "record")
        path.mkdir()
        return Scratch(Bounded(host, host.now() + 100), order, str(path), record, 1 << 30, -1)

    return opened


def test_a_copy_is_fetched_into_the_scratch_under_its_name(opening: Callable[..., Scratch]) -> None:
    scratch = opening()
    assert fetched(scratch, COPY, "offsite-1", "nobody") == f"{scratch.path}/fetched/his.dump"


def test_what_was_fetched_is_readable_for_the_server_and_nobody_else(opening: Callable[..., Scratch]) -> None:
    scratch = opening()
    fetched(scratch, COPY, "offsite-1", "nobody")
    into = f"{scratch.path}/fetched"
    assert stat.S_IMODE(os.stat(into).st_mode) == 0o700
    commands = scratch.host._host.commands  # type: ignore[attr-defined]
    assert commands[-2:] == [
        ["chown", "-h", "-R", "nobody:", into],
        ["chmod", "-R", "u+rwX,go=", into],
    ]


@pytest.mark.parametrize(
    ("status", "said", "remedy"),
    [(1, "scp: write local: No space left on device", "free space"), (-9, "", "raise memory")],
)
def test_a_copy_for_which_this_host_has_no_room_is_no_damage(
    opening: Callable[..., Scratch], status: int, said: str, remedy: str
) -> None:
    with pytest.raises(NotRunnable, match=remedy):
        fetched(opening(scp=(status, said)), COPY, "offsite-1", "nobody")


@pytest.mark.parametrize(
    ("answers", "seen"),
    [
        ({"test": (1, "")}, "not there"),
        ({"du": (1, "du: /backup: Permission denied")}, "Permission denied"),
        ({"scp": (1, "scp: read: Input/output error")}, "Input/output error"),
    ],
)
def test_a_copy_that_is_missing_or_cannot_be_read_is_to_blame(
    opening: Callable[..., Scratch], answers: dict[str, tuple[int, str]], seen: str
) -> None:
    with pytest.raises(Damaged, match=seen) as caught:
        fetched(opening(**answers), COPY, "offsite-1", "nobody")
    assert caught.value.findings[0].stage == "fetch"
    assert caught.value.findings[0].what == "offsite-1:/backup/it's/his.dump"


@pytest.mark.parametrize("program", ["test", "du", "scp"])
def test_a_host_that_cannot_be_reached_is_no_damage(opening: Callable[..., Scratch], program: str) -> None:
    with pytest.raises(NotRunnable, match="offsite-1 cannot be reached over ssh"):
        fetched(opening(**{program: (255, "Connection timed out")}), COPY, "offsite-1", "nobody")


def test_a_copy_that_does_not_fit_is_not_fetched(opening: Callable[..., Scratch]) -> None:
    scratch = opening(free=999)
    with pytest.raises(NotRunnable, match="free space"):
        fetched(scratch, COPY, "offsite-1", "nobody")
    assert not Path(scratch.path, "fetched").exists()


def test_a_copy_here_is_where_its_name_leads(tmp_path: Path) -> None:
    (tmp_path / "his.dump").write_bytes(b"PGDMP")
    (tmp_path / "latest").symlink_to("his.dump")
    assert here(Copy(str(tmp_path / "latest"))) == str(tmp_path / "his.dump")
    with pytest.raises(Damaged, match="not there"):
        here(Copy(str(tmp_path / "older")))
