# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of files that are not UTF-8, as on shares of old Windows in China, are backed up and excluded whole."""

from __future__ import annotations

import os
import re
import tarfile
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore import manifest as manifests
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Content
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.borg import excluding
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.files import Written
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.restic import ResticTaker
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.run import transact
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import NotTaken, TakeOrder

from tests.unit.take.conftest import Clock

RECORD = os.fsdecode(b"\xb2\xa1\xc0\xfa.txt")
"""病历.txt, as GBK has it."""
SOME_TIME_AGO = 1_000_000_000


@pytest.fixture
def share(tmp_path: Path) -> Path:
    root = tmp_path / "share"
    (root / os.fsdecode(b"\xb2\xa1")).mkdir(parents=True)
    for name in (RECORD, os.fsdecode(b"\xb2\xa1/\xc0\xfa.txt"), os.fsdecode(b"\xb2\xa1.tmp"), "a.tmp", "plain.txt"):
        (root / name).write_bytes(os.fsencode(name))
    for path in root.rglob("*"):
        os.utime(path, (SOME_TIME_AGO, SOME_TIME_AGO))
    return root


def test_a_tar_holds_them_and_its_manifest_names_them(share: Path, tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    host = Clock()
    host.time = SOME_TIME_AGO + 1e10
    options = {"paths": [str(share)], "exclude": ["*.tmp"], "format": "tar"}
    outcome = transact(host, TakeOrder("share", "tar", str(tmp_path / "backup"), reserve_bytes=0, options=options))
    assert outcome.msg is None
    manifest = manifests.read(host, f"{outcome.path}/manifest.json")
    inside = str(share).lstrip("/")
    named = {name for name in manifest["content"]["files"] if not name.endswith("/")}
    assert named == {f"{inside}/{name}" for name in (RECORD, os.fsdecode(b"\xb2\xa1/\xc0\xfa.txt"), "plain.txt")}
    assert not manifest["content"]["left_out"]
    with tarfile.open(f"{outcome.path}/share.tar", encoding="utf-8", errors="surrogateescape") as archive:
        assert {member.name for member in archive if member.isfile()} == named


def test_one_that_cannot_be_read_is_told_in_utf_8(share: Path, tmp_path: Path) -> None:
    options = {"paths": [str(share), f"{share}/{os.fsdecode(bytes([0xB2]))}"], "format": "tar"}
    outcome = transact(Clock(), TakeOrder("share", "tar", str(tmp_path), reserve_bytes=0, options=options))
    str(outcome.msg).encode("utf-8")
    assert "share/\ufffd on this host" in str(outcome.msg)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/srv/病历.txt", "pp:srv/病历.txt"),
        (f"/srv/{RECORD}", r"re:^srv/\U0000dcb2\U0000dca1\U0000dcc0\U0000dcfa\U0000002etxt(/|$)"),
    ],
)
def test_borg_is_told_in_ascii_of_a_name_that_is_not_utf_8(path: str, line: str) -> None:
    assert excluding(path) == line


def test_what_borg_is_told_means_that_path_and_what_is_below() -> None:
    name = f"srv/{RECORD} (1)$ "
    pattern = re.compile(excluding(f"/{name}").removeprefix("re:"))
    assert pattern.search(name)
    assert pattern.search(f"{name}/below")
    assert not pattern.search(f"{name}x")
    assert not pattern.search(f"other/{name}")


def test_restic_cannot_name_them_in_json_and_that_is_no_loss() -> None:
    order = TakeOrder("share", "restic", "/backup", options={"paths": ["/srv"], "repository": "/repo"})
    taker = ResticTaker(order, Clock())
    content = Content("m", files={f"srv/{RECORD}": "1", "srv/plain.txt": "2"})
    told = "/srv/\ufffd\ufffd\ufffd\ufffd.txt"
    taker._check_held(content, Written({}, [told, "/srv/plain.txt"]))
    with pytest.raises(NotTaken, match=r"left out srv/plain\.txt and 0 more"):
        taker._check_held(content, Written({}, [told]))
    with pytest.raises(NotTaken, match="left out srv/"):
        taker._check_held(content, Written({}, ["/srv/plain.txt"]))
