# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is particular to repositories of files: second ones, passwords, and that a test leaves them as they are."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from lab.backup.ground import BACKUPS, PASSWORD_FILE
from tests.lab.restore.left import left_over
from tests.lab.restore.shelf import SETS, Shelf, spoken, words

REPOSITORIES = ["restic", "borg"]


def digests(shelf: Shelf, directory: str) -> str:
    return shelf.ground.server.shell(f"cd '{directory}'; find . -type f -print0 | sort -z | xargs -0 sha256sum")


@pytest.mark.parametrize("name", REPOSITORIES)
def test_a_test_does_not_write_to_the_repository(shelf: Shelf, name: str) -> None:
    backup = shelf.fresh(name)
    assert backup.repository is not None
    before = digests(shelf, backup.repository)
    result = shelf.test(name, backup)
    assert result["verdict"] == "passed", words(result)
    assert digests(shelf, backup.repository) == before
    assert left_over(shelf.ground.server) == []


@pytest.mark.parametrize("name", REPOSITORIES)
def test_a_second_repository_serves_with_the_same_manifest(shelf: Shelf, name: str) -> None:
    second, directory = f"/srv/second-{name}", f"{BACKUPS}/second-{name}"
    shelf.ground.server.shell(f"rm -rf {second}; mkdir -p {directory} {directory}-copy")
    wanted = SETS[name]
    copies = [{"directory": f"{directory}-copy", "repository": second}]
    taken: dict[str, Any] = shelf.module("backup_manifest")(
        name="his",
        engine=name,
        directory=directory,
        copies=copies,
        keep=1,
        options={**wanted.take, "repository": f"{second}-first"},
    )
    assert not taken["failed"], taken
    backup = dataclasses.replace(shelf.fresh(name), directory=taken["path"], repository=second)
    result = shelf.test(name, backup)
    assert result["verdict"] == "passed", words(result)


@pytest.mark.parametrize("name", REPOSITORIES)
def test_a_wrong_password_is_the_copys_and_a_missing_one_is_this_hosts(shelf: Shelf, name: str) -> None:
    backup = shelf.fresh(name)
    shelf.ground.server.shell(f"echo wrong > {PASSWORD_FILE}.wrong")
    result = shelf.test(name, backup, options={"password_file": f"{PASSWORD_FILE}.wrong"})
    assert (result["verdict"], spoken(result)) == ("failed", ["fetch"]), words(result)
    result = shelf.test(name, backup, options={"password_file": f"{PASSWORD_FILE}.none"})
    assert result["verdict"] == "not_run", words(result)
    assert f"{PASSWORD_FILE}.none" in words(result)


@pytest.mark.parametrize("name", ["restic", "borg", "tar-tar.zst"])
def test_a_command_of_the_site_sees_what_was_restored(shelf: Shelf, name: str) -> None:
    path = shelf.ground.files.lstrip("/")
    asked = [
        {"name": "there are images", "command": f"test -d {path}"},
        {"name": "the live ones are out of sight", "command": "test -d /srv/backups", "expect": 1},
        {"name": "no root", "command": "sh -c 'test $(id -u) -ne 0'"},
    ]
    result = shelf.test(name, shelf.fresh(name), assertions=asked)
    assert result["verdict"] == "passed", words(result)
