# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup of pgBackRest in two repositories: from each it recovers to what its one manifest says."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore import manifest as manifests
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Content
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import inventory
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.content import (
    Reading,
    cluster_content,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.run import transact
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import SecondCopy, TakeOrder

from lab.rootfs import cache_directory
from tests.lab.take.server import HOST, USER, Server, new_server

CONFIG = """
[global]
repo1-path={root}/repo1
repo2-path={root}/repo2
repo1-retention-full=2
repo2-retention-full=2
log-path={root}/log
lock-path={root}/lock
spool-path={root}/spool
start-fast=y
log-level-file=off

[his]
pg1-path={root}/pg/data
pg1-socket-path={root}/pg
pg1-user={user}
"""


def program() -> Path:
    """This machine's own, else Debian's package unpacked into the lab's cache."""
    own = Path("/usr/bin/pgbackrest")
    if own.exists():
        return own
    root = cache_directory() / "pgbackrest"
    if not root.is_dir():
        building = root.with_name(f"{root.name}.building")
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        subprocess.run(["apt-get", "download", "pgbackrest"], cwd=building, check=True, capture_output=True)
        for package in building.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, building], check=True)
        building.rename(root)
    return root / "usr/bin/pgbackrest"


class Site:
    """A server whose WAL goes to two repositories."""

    def __init__(self, ground: Path) -> None:
        self.root = ground / "backrest"
        self.root.mkdir(mode=0o755)
        for name in ("repo1", "repo2", "log", "lock", "spool"):
            (self.root / name).mkdir(mode=0o700)
            shutil.chown(self.root / name, USER)
        self.program = self.root / "pgbackrest"
        shutil.copy(program(), self.program)
        self.config = self.root / "pgbackrest.conf"
        self.config.write_text(CONFIG.format(root=self.root, user=USER), encoding="utf-8")
        self.server = new_server(self.root / "pg", archive="on")
        push = f"{self.program} --config={self.config} --stanza=his archive-push %p"
        self.server.sql(f"ALTER SYSTEM SET archive_command = '{push}'", "postgres")
        self.server.sql("SELECT pg_reload_conf()", "postgres")
        self.run("stanza-create")

    def run(self, *arguments: str) -> str:
        command = [str(self.program), f"--config={self.config}", "--stanza=his", *arguments]
        answer = HOST.run(command, user=USER, timeout=120)
        assert answer.status == 0, answer.error + answer.output
        return answer.output


@pytest.fixture
def site(ground: Path) -> Iterator[Site]:
    made = Site(ground)
    try:
        yield made
    finally:
        made.server.stop()
        shutil.rmtree(made.root)


def order_of(site: Site, places: tuple[Path, Path]) -> TakeOrder:
    own = {"stanza": "his", "config": str(site.config), "program": str(site.program), "type": "full"}
    copies = (SecondCopy(str(places[1]), "2"),)
    options = {**site.server.options, **own}
    return TakeOrder("his", "pgbackrest", str(places[0]), copies, keep=1, reserve_bytes=1, options=options)


def test_each_repository_recovers_to_what_the_manifest_says(site: Site, places: tuple[Path, Path]) -> None:
    with site.server.writers():
        outcome = transact(HOST, order_of(site, places))
    assert outcome.msg is None
    assert not [warning for warning in outcome.warnings if "restore point" in warning]
    manifest = manifests.read(HOST, f"{places[1]}/his/latest/manifest.json")
    said = manifests.content_of(manifest)
    site.server.stop()
    for repository, label in manifest["position"]["repositories"].items():
        seen = restored(site, repository, label, manifest["position"])
        assert seen.tables == said.tables
        assert seen.objects == said.objects


def restored(site: Site, repository: str, label: str, position: dict[str, str]) -> Content:
    """Restore from one repository into a directory of its own, and return what is in it."""
    directory = site.root / f"restored-{repository}"
    directory.mkdir(mode=0o700)
    shutil.chown(directory, USER)
    server = Server(directory)
    server.data.mkdir(mode=0o700)
    shutil.chown(server.data, USER)
    where = [f"--repo={repository}", f"--set={label}", f"--pg1-path={server.data}"]
    target = ["--type=name", f"--target={position['restore_point']}", "--target-action=promote", "--archive-mode=off"]
    site.run(*where, *target, "restore")
    with (server.data / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
        file.write(f"unix_socket_directories = '{directory}'\n")
    server.start()
    try:
        while server.sql("SELECT pg_is_in_recovery()") == "t":
            HOST.sleep(0.1)
        client = server.client
        return cluster_content(client, inventory.databases(client), Reading(physical=True))
    finally:
        server.stop()


def test_a_page_that_is_damaged_on_the_source_is_no_backup(site: Site, places: tuple[Path, Path]) -> None:
    path = site.server.sql("SELECT pg_relation_filepath('patient')")
    site.server.sql("CHECKPOINT")
    with (site.server.data / path).open("r+b") as file:
        file.seek(8192 + 4000)
        file.write(b"\xff" * 16)
    outcome = transact(HOST, order_of(site, places))
    assert outcome.msg is not None
    assert "wrong checksum" in outcome.msg
    assert not [name for name in (places[0] / "his").iterdir() if name.name != ".lock"]
