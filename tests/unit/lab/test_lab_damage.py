# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Damage is damage: what is changed in a backup is really another backup afterwards."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from lab import LabError, hospital_data
from lab.damage import DAMAGES
from lab.damage.model import aged, cut, flip, half_without_a_torn_line, remove, repack, replace, segment_of, zero


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "his.dump"
    path.write_bytes(bytes(range(1, 251)) * 100)
    return path


def differing(path: Path, before: bytes) -> list[int]:
    return [where for where, (old, new) in enumerate(zip(before, path.read_bytes(), strict=False)) if old != new]


def test_one_bit_of_one_byte_is_another(file: Path) -> None:
    before = file.read_bytes()
    flip(file)
    assert differing(file, before) == [12500]
    flip(file, 7)
    assert differing(file, before) == [7, 12500]


def test_the_end_is_lost(file: Path) -> None:
    cut(file, 0.99)
    assert file.stat().st_size == 24750


def test_a_block_is_zero_and_one_that_was_zero_is_refused(file: Path) -> None:
    before = file.read_bytes()
    zero(file)
    assert differing(file, before) == list(range(12500, 16596))
    with pytest.raises(LabError, match="this would be no damage"):
        zero(file)


def test_what_is_not_there_cannot_be_replaced_or_removed(file: Path) -> None:
    replace(file, b"\x01\x02\x03", b"\x01\x02\x04")
    assert file.read_bytes()[:4] == b"\x01\x02\x04\x04"
    with pytest.raises(LabError, match="does not hold"):
        replace(file, b"F0000000005", b"F9999999999")
    with pytest.raises(LabError, match="no file to be removed"):
        remove([])


def test_half_of_a_script_is_a_whole_gzip_file_without_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "his.sql.gz"
    path.write_bytes(gzip.compress(b"".join(b"row %d\n" % number for number in range(1000))))
    repack(path, half_without_a_torn_line)
    assert gzip.decompress(path.read_bytes()).endswith(b"\n")
    assert 490 < len(gzip.decompress(path.read_bytes()).splitlines()) < 520
    with pytest.raises(LabError, match="this would be no damage"):
        repack(path, lambda text: text)


def test_a_backup_of_earlier_has_earlier_times() -> None:
    times = {"began_at_epoch": 100.0, "current_at_epoch": 110.0, "ended_at_epoch": 120.0, "name": "his"}
    assert aged(times, 10.0) == {
        "began_at_epoch": 90.0,
        "current_at_epoch": 100.0,
        "ended_at_epoch": 110.0,
        "name": "his",
    }


def test_the_segment_of_a_position() -> None:
    assert segment_of({"lsn": "1/A3F00028", "timeline": 2}) == "0000000200000001000000A3"


def test_each_damage_has_a_name_of_its_own_and_stages_that_exist() -> None:
    assert len({str(damage) for damage in DAMAGES}) == len(DAMAGES) > 100
    stages = {"fetch", "checksums", "age", "restore", "start", "identity", "structure", "content", "drift"}
    assert all(damage.stages and set(damage.stages) <= stages for damage in DAMAGES)


def test_the_same_seed_writes_the_same_files_and_another_one_others(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        (tmp_path / name).mkdir()
        hospital_data.write_files(tmp_path / name, count=9, seed=seed)
    contents = {
        name: {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in ("one", "same", "other")
    }
    assert contents["one"] == contents["same"]
    assert contents["one"].keys() == contents["other"].keys()
    assert contents["one"] != contents["other"]


def test_every_value_of_the_mariadb_script_is_filled_in() -> None:
    text = hospital_data.mariadb("clinic", rows=400, seed=7, at=1.8e9)
    assert "seq_1_to_400" in text
    assert "seq_1_to_100" in text
    assert "'2027-01-15 08:00:00'" in text
    body = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    assert "{" not in body
