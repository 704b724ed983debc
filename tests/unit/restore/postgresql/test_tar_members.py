# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dump in tar format is whole, or it is told where it ends: pg_restore would read on for ever."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.tar_members import damage
from hypothesis import given
from hypothesis import strategies as st

MEMBERS = {"toc.dat": 700, "3344.dat": 2048, "blob_1.dat": 1, "restore.sql": 513}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """As pg_dump writes it: members in blocks of 512 bytes, and two blocks of zeros."""
    path = tmp_path_factory.mktemp("tar") / "his.tar"
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, size in MEMBERS.items():
            member = tarfile.TarInfo(name)
            member.size = size
            archive.addfile(member, io.BytesIO(b"x" * size))
        end = archive.offset
    return path.read_bytes()[: end + 1024]


def _damage(data: bytes, directory: Path) -> tuple[str, str] | None:
    path = directory / "his.tar"
    path.write_bytes(data)
    return damage(str(path))


def test_a_whole_archive(whole: bytes, tmp_path: Path) -> None:
    assert _damage(whole, tmp_path) is None
    assert _damage(whole + bytes(9 * 512), tmp_path) is None


@given(data=st.data())
def test_an_end_that_is_lost_is_told_wherever_it_was_cut(
    whole: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    kept = data.draw(st.integers(0, len(whole) - 1))
    assert _damage(whole[:kept], tmp_path_factory.getbasetemp()) is not None


def test_a_header_that_is_none_is_not_taken_for_the_end(whole: bytes, tmp_path: Path) -> None:
    second = 512 + 1024
    found = _damage(whole[:second] + b"?" * 512 + whole[second + 512 :], tmp_path)
    assert found is not None
    assert "after toc.dat" in found[1]
