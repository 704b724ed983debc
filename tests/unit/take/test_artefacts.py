# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files against their sha256: what is flipped, cut, missing or outside is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore.artefacts import (
    Artefact,
    artefacts_of,
    compared,
    sha256_of,
)


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    (tmp_path / "base/sub").mkdir(parents=True)
    (tmp_path / "base/sub/large").write_bytes(bytes(range(256)) * 10000)
    (tmp_path / "empty").touch()
    (tmp_path / "link").symlink_to("base/sub/large")
    return tmp_path


def test_every_file_is_listed_once_and_links_are_not_followed(backup: Path) -> None:
    found = artefacts_of(str(backup))
    assert [entry.path for entry in found] == ["base/sub/large", "empty"]
    assert found[0].bytes == 2560000
    # By coreutils' sha256sum of nothing.
    assert found[1].sha256 == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_whole_backup_is_proven(backup: Path) -> None:
    seen = compared(str(backup), artefacts_of(str(backup)))
    assert not seen.findings
    assert seen.proven == ("2 files with 2560000 bytes have the sha256 of the manifest",)


def test_one_flipped_byte_is_named(backup: Path) -> None:
    expected = artefacts_of(str(backup))
    with (backup / "base/sub/large").open("r+b") as file:
        file.seek(1234567)
        file.write(b"!")
    finding = compared(str(backup), expected).findings[0]
    assert finding.what == "file base/sub/large"
    assert finding.seen == f"sha256 {sha256_of(str(backup / 'base/sub/large'))}"


def test_a_cut_file_and_a_missing_one_are_named(backup: Path) -> None:
    expected = artefacts_of(str(backup))
    (backup / "base/sub/large").write_bytes(b"short")
    (backup / "empty").unlink()
    said = [finding.sentence for finding in compared(str(backup), expected).findings]
    assert said == [
        "file base/sub/large: 5 bytes, expected 2560000 bytes",
        "file empty: No such file or directory, expected 0 bytes",
    ]


@pytest.mark.parametrize("path", ["/etc/passwd", "../secret", "a/../../b", ""])
def test_a_manifest_cannot_lead_out_of_the_backup(backup: Path, path: str) -> None:
    finding = compared(str(backup), [Artefact(path, 1, "x")]).findings[0]
    assert finding.seen == "a path that leads out of it"


def test_a_manifest_without_files_proves_nothing_of_them(backup: Path) -> None:
    seen = compared(str(backup), [])
    assert not seen.proven
    assert seen.unproven
