# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of files without their programs: what is promised, what is compared, and what the programs' answers mean."""

from __future__ import annotations

import hashlib
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore.compare import compare
from ansible_collections.contingency.infra.plugins.module_utils._restore.files import borg, repository, restic, tree
from ansible_collections.contingency.infra.plugins.module_utils._restore.files.tar import open_trial
from ansible_collections.contingency.infra.plugins.module_utils._restore.files.trial import (
    CHANGED,
    LATER,
    later,
    parents,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Content, Copy, Order
from ansible_collections.contingency.infra.plugins.module_utils._restore.stream import StreamBroken, read_through
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.files import GONE, content_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.restic import literal, snapshot_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import NotTaken
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.tar import only_gone, unescaped

SOME_TIME_AGO = 1_000_000_000


@pytest.fixture
def ward(tmp_path: Path) -> Path:
    root = tmp_path / "ward"
    (root / "cache").mkdir(parents=True)
    (root / "影像").mkdir()
    (root / "影像" / "a b.dcm").write_bytes(b"image")
    (root / "cache" / "x").write_bytes(b"x")
    (root / "note").write_bytes(b"note")
    (root / "link").symlink_to("note")
    for path in root.rglob("*"):
        os.utime(path, (SOME_TIME_AGO, SOME_TIME_AGO), follow_symlinks=False)
    return root


def looked(root: Path) -> tree.Survey:
    return tree.survey([str(root)], ["cache"], root=str(root))


def promised(root: Path, change: Any, began: float = float("inf")) -> Content:
    before = looked(root)
    read = tree.hashes(before.entries, 2, str(root))
    change()
    return content_of(before, read, looked(root), began)


def manifest_of(content: Content, began: float = 0.0) -> dict[str, Any]:
    return {"content": content.as_dict(), "began_at_epoch": began}


def test_what_did_not_change_is_promised_with_its_hash(ward: Path) -> None:
    content = promised(ward, lambda: None)
    assert content.files == {
        "./": "directory",
        "影像/": "directory",
        "影像/a b.dcm": hashlib.sha256(b"image").hexdigest(),
        "note": hashlib.sha256(b"note").hexdigest(),
        "link": "link to note",
    }
    assert content.left_out == {}


def test_what_changed_meanwhile_is_left_out_by_name(ward: Path) -> None:
    def change() -> None:
        (ward / "note").write_bytes(b"another note")
        (ward / "影像" / "a b.dcm").unlink()
        (ward / "new").write_bytes(b"new")

    content = promised(ward, change)
    assert content.left_out == {"note": CHANGED, "影像/a b.dcm": GONE, "new": LATER}


def test_a_file_that_was_written_just_before_is_not_promised(ward: Path) -> None:
    """Its next change could have the same time."""
    began = os.lstat(ward / "note").st_ctime + 0.5
    assert "note" in promised(ward, lambda: None, began).left_out


def test_a_file_that_cannot_be_read_ends_the_backup(ward: Path) -> None:
    survey = looked(ward)
    read = tree.Hashes({}, {name: OSError(5, "Input/output error") for name in survey.entries})
    with pytest.raises(NotTaken, match="Input/output error"):
        content_of(survey, read, survey, float("inf"))


def test_a_lost_file_and_another_byte_are_differences(ward: Path) -> None:
    content = promised(ward, lambda: None)
    restored = {**content.files, "note": "0"}
    del restored["影像/a b.dcm"]
    found = compare(manifest_of(content), Content(tree.METHOD, files=restored))
    assert sorted(finding.what for finding in found.findings) == ["file note", "file 影像/a b.dcm"]


def test_what_came_during_the_backup_is_no_difference_and_what_is_older_is_one() -> None:
    manifest = manifest_of(Content(tree.METHOD, files={"srv/a": "1"}), began=5000.0)
    found = {
        "srv/": tree.Entry("d", 0, (), 1.0, 1.0),
        "srv/a": tree.Entry("f", 1, (), 1.0, 1.0),
        "srv/new": tree.Entry("f", 1, (), 5001.0, 5001.0),
        "srv/old": tree.Entry("f", 1, (), 100.0, 9000.0),
    }
    assert parents(manifest, found) == ["srv/"]
    assert list(later(manifest, {name: found[name] for name in found if name != "srv/"})) == ["srv/new"]


def archive(tmp_path: Path, ward: Path) -> Path:
    path = tmp_path / "his.tar"
    with tarfile.open(path, "w") as packed:
        packed.add(ward, "srv")
    return path


def checked(path: Path) -> list[str]:
    order = Order("his", "tar", (), "/nowhere/scratch", "/nowhere/history")
    trial = open_trial(order, Copy(str(path)))
    trial.fetch()
    return [finding.expected for finding in trial.checksums(None).findings]


def test_an_archive_without_its_end_is_found(tmp_path: Path, ward: Path) -> None:
    path = archive(tmp_path, ward)
    assert checked(path) == []
    data = path.read_bytes().rstrip(b"\0")
    path.write_bytes(data[: len(data) // 512 * 512])
    assert checked(path) == ["two blocks of zeros at the end"]


def test_a_packed_file_is_known_by_its_bytes_and_read_to_its_end(tmp_path: Path) -> None:
    import gzip

    path = tmp_path / "misnamed.zst"
    packed = gzip.compress(os.urandom(300_000), 1)
    path.write_bytes(packed)
    assert read_through(str(path)).size == 300_000
    path.write_bytes(packed[:-20])
    with pytest.raises(StreamBroken, match="gzip"):
        read_through(str(path))


@pytest.mark.parametrize(
    ("text", "epoch"),
    [
        ("2026-11-22T08:00:00.5Z", 1795334400.5),
        ("2026-11-22T16:00:00.123456789+08:00", 1795334400.123456789),
        ("2026-11-22T08:00:00+00:00", 1795334400.0),
    ],
)
def test_times_of_restic_have_any_number_of_digits(text: str, epoch: float) -> None:
    assert restic.epoch_of(text) == pytest.approx(epoch, abs=1e-6)


def test_times_of_borg_are_utc_as_it_was_asked() -> None:
    assert borg.borg_environment(None)["TZ"] == "UTC"
    assert borg.epoch_of("2026-11-22T08:00:00.000000") == 1795334400.0


SNAPSHOTS = """[{"time":"2026-11-22T09:00:00Z","paths":["/srv"],"hostname":"his-db-1","id":"bbbb2222"},
{"time":"2026-11-21T09:00:00Z","paths":["/srv"],"hostname":"his-db-1","id":"aaaa1111","original":"cccc3333"}]"""


def test_the_snapshot_of_the_manifest_is_found_also_where_it_was_copied_to() -> None:
    listed = restic.snapshots_in(SNAPSHOTS)
    assert repository.chosen(listed, "cccc3333").id == "aaaa1111"
    assert repository.chosen(listed, None).id == "bbbb2222"


def test_an_archive_that_was_broken_off_is_not_restored() -> None:
    rows = '{{"archives":[{}]}}'.format(
        ",".join(
            '{{"name":"{}","id":"{}","start":"2026-11-{}T08:00:00.000000","hostname":"h"}}'.format(*row)
            for row in (("his-1", "a", 21), ("his-2.checkpoint", "b", 22))
        )
    )
    assert repository.chosen(borg.archives_in(rows), None).name == "his-1"


def test_what_restic_answers_at_the_end_is_its_snapshot() -> None:
    output = '{"message_type":"status"}\n{"message_type":"summary","snapshot_id":"bbbb2222"}\n'
    assert snapshot_of(output) == "bbbb2222"
    assert snapshot_of('{"message_type":"status"}\n') is None


def test_files_that_go_while_tar_reads_are_no_failure_and_a_full_disk_is() -> None:
    gone = "tar: srv/live/.new: Cannot stat: No such file or directory\n"
    follows = "tar: Exiting with failure status due to previous errors\n"
    assert only_gone(gone + follows)
    assert not only_gone(gone + "tar: /b/his.tar: Wrote only 4096 of 10240 bytes\n" + follows)
    assert not only_gone("")


def test_a_name_with_a_line_break_is_one_name_in_what_tar_lists() -> None:
    assert unescaped("srv/new\\nline") == "srv/new\nline"
    assert unescaped("srv/\\345\\275\\261\\345\\203\\217") == "srv/影像"
    assert unescaped("srv/a\\\\nb") == "srv/a\\nb"


def test_an_excluded_path_means_just_itself() -> None:
    assert literal("/srv/a*[1]$x") == "/srv/a\\*\\[1]$$x"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("his-db-1", "his-db-1", True),
        ("his-db-1.hospital.example", "his-db-1", True),
        ("his-db-1", "his-db-1.hospital.example", True),
        ("his-db-1.hospital.example", "his-db-1.clinic.example", False),
        ("his-db-1", "his-db-2", False),
    ],
)
def test_a_host_is_the_same_with_its_domain_and_without(one: str, other: str, same: bool) -> None:
    assert repository.same_host(one, other) is same
