# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links in a copied data directory: root follows none, and what the data lies behind is no backup."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer, LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Copy, Damaged, Order
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import links, physical
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.basebackup import BaseBackup

DIRECTORIES = ("base/5", "global", "pg_wal/archive_status", "pg_tblspc", "pg_notify", "pg_replslot", "pg_xact", "log")


class Place:
    """A scratch whose programs run without walls."""

    unlimited = None

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.host = LocalHost()

    def check_time(self) -> None:
        """There is time."""

    def outside(self, argv: list[str], **how: Any) -> Answer:
        return self.host.run(argv, **how)

    def reader(self, path: str, user: str) -> str:
        return user


@pytest.fixture
def production(tmp_path: Path) -> Path:
    """What no test may touch."""
    made = tmp_path / "production"
    made.mkdir()
    (made / "precious").write_text("x")
    return made


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return _made(tmp_path / "backup")


def _made(data: Path) -> Path:
    for name in DIRECTORIES:
        (data / name).mkdir(parents=True)
    for name in (
        "PG_VERSION",
        "backup_label",
        "postgresql.auto.conf",
        "base/5/1259",
        "pg_wal/000000010000000000000001",
    ):
        (data / name).write_text("15\n")
    return data


def _linked(path: Path, target: Path) -> None:
    if path.is_dir():
        subprocess.run(["rm", "-r", str(path)], check=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _trial(tmp_path: Path, path: Path, **options: str) -> BaseBackup:
    order = Order("his", "pg_basebackup", (Copy(str(path)),), str(tmp_path), str(tmp_path / "h"), options=options)
    trial = BaseBackup(order, order.copies[0])
    scratch = tmp_path / "scratch"
    (scratch / "pg").mkdir(parents=True)
    trial._scratch = Place(scratch)  # type: ignore[assignment]
    trial.data = str(scratch / "pg" / "data")
    trial.fetch()
    return trial


def _whole(production: Path) -> bool:
    return [each.name for each in production.iterdir()] == ["precious"] and (production / "precious").read_text() == "x"


@pytest.mark.parametrize("name", ["pg_notify", "pg_stat_tmp", "pg_replslot", "pg_snapshots", "pg_wal"])
def test_a_directory_that_is_a_link_is_not_emptied_where_it_leads_to(data: Path, production: Path, name: str) -> None:
    _linked(data / name, production)
    physical.strip(str(data))
    assert _whole(production)
    assert (data / name).is_dir()
    assert not (data / name).is_symlink()


@pytest.mark.parametrize("name", ["postgresql.auto.conf", "recovery.signal", "postmaster.pid"])
def test_a_file_that_is_a_link_is_not_written_where_it_leads_to(data: Path, production: Path, name: str) -> None:
    _linked(data / name, production / "precious")
    physical.strip(str(data))
    assert _whole(production)
    assert not (data / name).is_symlink()


def test_what_a_server_fills_anew_and_what_is_no_data_is_left_out(
    data: Path, production: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pg_stat_tmp", "pg_replslot", "pg_wal", "log", "postgresql.conf", "postgresql.auto.conf"):
        _linked(data / name, production)
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(data)
        listening.bind(".s.PGSQL.5432")
    left_out = links.settle(str(data))
    assert {each.name for each in left_out} == {
        "pg_wal",
        "log",
        "postgresql.conf",
        "postgresql.auto.conf",
        ".s.PGSQL.5432",
    }
    assert f"log: it is a link to {production}, and no part of the backup" in {each.sentence for each in left_out}
    assert all((data / name).is_dir() for name in ("pg_stat_tmp", "pg_replslot", "pg_wal"))
    assert list(links.strange(str(data))) == []
    assert _whole(production)


@pytest.mark.parametrize("name", ["base", "base/5", "base/5/1259", "global", "pg_xact", "PG_VERSION", "pg_tblspc"])
@pytest.mark.parametrize("dangling", [False, True])
def test_data_behind_a_link_is_no_part_of_the_backup(data: Path, production: Path, name: str, dangling: bool) -> None:
    target = production / "gone" if dangling else production
    _linked(data / name, target)
    with pytest.raises(Damaged) as caught:
        links.settle(str(data))
    assert [(each.what, each.seen) for each in caught.value.findings] == [(name, f"a link to {target}")]


def test_a_device_or_a_pipe_among_the_data_is_none(data: Path) -> None:
    os.mkfifo(data / "base" / "5" / "2600")
    with pytest.raises(Damaged, match="base/5/2600: neither a file nor a directory"):
        links.settle(str(data))


def test_a_link_that_stays_in_the_data_and_a_tablespaces_are_let_be(data: Path, production: Path) -> None:
    (data / "base" / "6").symlink_to("5")
    (data / "pg_tblspc" / "16999").symlink_to(production)
    assert links.settle(str(data)) == ()
    assert (data / "base" / "6").is_symlink()
    assert (data / "pg_tblspc" / "16999").is_symlink()


def test_a_copy_whose_tablespaces_directory_is_a_link_changes_nothing_there(
    tmp_path: Path, data: Path, production: Path
) -> None:
    inner = data / "spaces"
    inner.mkdir()
    (production / "16999").symlink_to(inner)
    _linked(data / "pg_tblspc", production)
    with pytest.raises(Damaged, match="pg_tblspc: a link to"):
        _trial(tmp_path, data).place(None)
    assert os.readlink(production / "16999") == str(inner)


def test_wal_behind_a_link_has_to_be_somewhere_else(tmp_path: Path, data: Path, production: Path) -> None:
    """As the manual has a site do it (Making a Base Backup Using the Low Level API): WAL is in the archive."""
    _linked(data / "pg_wal", production)
    with pytest.raises(Damaged, match=r"pg_wal: a link to .*, expected WAL in the backup, or in options\.wal"):
        _trial(tmp_path, data).place(None)
    archive = tmp_path / "archive"
    archive.mkdir()
    (tmp_path / "again").mkdir()
    trial = _trial(tmp_path / "again", data, wal=str(archive), user="root")
    trial.place(None)
    assert str(archive) in trial.recovery["restore_command"]
    assert [each.name for each in trial.left_out] == ["pg_wal"]


def test_a_link_within_a_tablespace_is_none_of_the_backup(tmp_path: Path, data: Path, production: Path) -> None:
    space = data.parent / "backup" / "space"
    (space / "PG_15_202209061").mkdir(parents=True)
    (space / "PG_15_202209061" / "5").symlink_to(production)
    (data / "pg_tblspc" / "16999").symlink_to(space)
    with pytest.raises(Damaged, match="tablespace 16999: PG_15_202209061/5: a link to"):
        _trial(tmp_path, data).place(None)


def _packed(directory: Path, archive: Path, *names: str) -> None:
    subprocess.run(["tar", "-cf", str(archive), "-C", str(directory), *names], check=True)


def test_an_archive_that_is_nothing_but_a_link_is_no_data_directory(tmp_path: Path, production: Path) -> None:
    real = _made(tmp_path / "real")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "main").symlink_to(real)
    _packed(tmp_path / "in", tmp_path / "main.tar", "main")
    trial = _trial(tmp_path, tmp_path / "main.tar")
    trial.place(None)
    assert not Path(trial.data).is_symlink()
    with pytest.raises(Damaged, match="PG_VERSION"):
        physical.data_version(trial.data)


def test_archives_are_not_unpacked_through_links_of_the_first(tmp_path: Path, data: Path, production: Path) -> None:
    _linked(data / "pg_wal", production)
    _linked(data / "backup_manifest", production / "precious")
    whole = tmp_path / "whole"
    whole.mkdir()
    _packed(data, whole / "base.tar", ".")
    wal = tmp_path / "wal"
    wal.mkdir()
    (wal / "000000010000000000000001").write_text("wal")
    _packed(wal, whole / "pg_wal.tar", ".")
    trial = _trial(tmp_path, whole)
    trial.place({})
    assert _whole(production)
    assert (Path(trial.data) / "pg_wal" / "000000010000000000000001").read_text() == "wal"


def test_recovery_is_asked_for_by_the_servers_user(tmp_path: Path, data: Path) -> None:
    trial = _trial(tmp_path, data, user="postgres")
    asked: list[tuple[list[str], str | None]] = []

    def run(command: list[str], user: str | None = None) -> Answer:
        asked.append((command, user))
        return Answer(0, "", "")

    trial.scratch.host.run = run  # type: ignore[method-assign,assignment]
    trial._signal_recovery()
    assert asked == [(["touch", "--", f"{trial.data}/recovery.signal"], "postgres")]
