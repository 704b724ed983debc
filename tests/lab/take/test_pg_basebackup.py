# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A base backup that is taken beside writers and recovered to its restore point holds what its manifest says."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore import manifest as manifests
from ansible_collections.contingency.infra.plugins.module_utils._restore.artefacts import artefacts_in, compared
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import inventory
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.content import (
    Reading,
    cluster_content,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.take import restore_point
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.pg_basebackup import FORMATS
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.run import transact
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import TakeOrder

from tests.lab.take.server import HOST, USER, Server
from tests.lab.take.test_restore_point import LATE

RECOVERY = """
unix_socket_directories = '{sockets}'
archive_mode = off
restore_command = 'cp {wal}/%f %p'
recovery_target_name = '{point}'
recovery_target_action = promote
recovery_target_timeline = '{timeline}'
"""


def order_of(server: Server, places: tuple[Path, Path], kind: str) -> TakeOrder:
    options = {**server.options, "format": kind, "restore_point_seconds": 60}
    return TakeOrder("cluster", "pg_basebackup", str(places[0]), keep=2, reserve_bytes=1, options=options)


def taken(server: Server, order: TakeOrder) -> Path:
    outcome = transact(HOST, order)
    assert outcome.msg is None, outcome.msg
    assert not outcome.warnings, outcome.warnings
    assert outcome.path
    return Path(outcome.path)


def recovered(backup: Path, ground: Path, manifest: dict[str, object]) -> Server:
    """Unpack a base backup into a new directory and let it recover to the restore point."""
    directory = ground / "recovered"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(mode=0o700)
    server = Server(directory)
    if (backup / "base" / "PG_VERSION").exists():
        shutil.copytree(backup / "base", server.data)
    else:
        with tarfile.open(next((backup / "base").glob("base.tar*"))) as file:
            file.extractall(server.data, filter="fully_trusted")
    shutil.copytree(backup / "wal", directory / "wal")
    position = manifest["position"]
    assert isinstance(position, dict)
    text = RECOVERY.format(
        sockets=directory, wal=directory / "wal", point=position["restore_point"], timeline=position["timeline"]
    )
    with (server.data / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(text)
    (server.data / "recovery.signal").touch()
    subprocess.run(["chown", "-R", USER, str(directory)], check=True)
    server.data.chmod(0o700)
    server.start()
    return server


def assert_exact(backup: Path, ground: Path) -> None:
    manifest = manifests.read(HOST, str(backup / "manifest.json"))
    assert not compared(str(backup), artefacts_in(manifest)).findings
    said = manifests.content_of(manifest)
    assert not said.left_out
    server = recovered(backup, ground, manifest)
    try:
        while server.sql("SELECT pg_is_in_recovery()") == "t":
            HOST.sleep(0.1)
        client = server.client
        seen = cluster_content(client, inventory.databases(client), Reading(physical=True))
    finally:
        server.stop()
    assert seen.tables == said.tables
    assert seen.objects == said.objects
    for name, (value, _same) in seen.sequences.items():
        low, high = said.sequences[name]
        assert low <= value <= high, name
    assert manifest["content"]["tables"]["his:public.charge"]["rows"] > 0


@pytest.mark.parametrize("kind", FORMATS)
def test_each_format_recovers_to_what_its_manifest_says(
    server: Server, places: tuple[Path, Path], ground: Path, kind: str
) -> None:
    with server.writers():
        backup = taken(server, order_of(server, places, kind))
    assert_exact(backup, ground)


def test_five_base_backups_in_a_row_beside_writers_are_exact(
    server: Server, places: tuple[Path, Path], ground: Path
) -> None:
    for _number in range(5):
        with server.writers(clients=4):
            backup = taken(server, order_of(server, places, "plain"))
        assert_exact(backup, ground)


def test_one_beside_thousands_of_commits_that_wait_for_the_disk_is_exact(
    server: Server, places: tuple[Path, Path], ground: Path
) -> None:
    with server.durable(), server.writers(clients=2, hurried=10):
        backup = taken(server, order_of(server, places, "plain"))
    assert_exact(backup, ground)


def test_one_whose_restore_point_is_not_exact_is_kept_and_is_a_failure_unless_that_is_accepted(
    server: Server, places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore_point, "SIGHT", LATE)
    monkeypatch.setattr(restore_point, "INSTANTS", 1)
    order = order_of(server, places, "tar")
    order = dataclasses.replace(order, options={**order.options, "restore_point_seconds": 1})
    with server.writers():
        outcome = transact(HOST, order)
        assert "No restore point was exactly the moment of a snapshot" in str(outcome.msg)
        assert "or set accept_inexact" in str(outcome.msg)
        manifest = manifests.read(HOST, f"{outcome.path}/manifest.json")
        assert set(manifest["content"]["tables"]) <= set(manifest["content"]["left_out"])
        assert "committed just before the restore point" in manifest["position"]["inexact"]
        accepted = dataclasses.replace(order, options={**order.options, "accept_inexact": True})
        outcome = transact(HOST, accepted)
    assert outcome.msg is None
    assert [warning for warning in outcome.warnings if "can be proven" in warning]


def test_nothing_is_left_on_the_server(server: Server, places: tuple[Path, Path]) -> None:
    taken(server, order_of(server, places, "tar"))
    assert server.sql("SELECT count(*) FROM pg_replication_slots") == "0"
    ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'contingency%'"
    assert server.sql(ours) == "0"
