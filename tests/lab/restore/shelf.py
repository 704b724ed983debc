# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backup sets of the lab: how each is taken by backup_manifest, and how its copy is given to restore_test."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._restore.artefacts import artefacts_of, as_rows
from ansible_collections.contingency.infra.plugins.module_utils._restore.manifest import sealed

from lab.backup.ground import BACKUPS, BORG, FILES, PASSWORD_FILE, PORT, REPOSITORY, RESTIC, STANZA, Ground
from lab.damage.model import MANIFEST, Backup
from tests.lab.module_session import ModuleSession

AREAS = ("_host", "_postgresql", "_mariadb", "_restore")
SCRATCH = "/srv/scratch"
HISTORY = "/srv/history"
WORK = "/srv/work"
WITHIN = 30.0


@dataclass(frozen=True)
class BackupSet:
    """`data`: the artefact that a copy is, below the backup's directory; the directory itself where it is empty."""

    engine: str
    take: Mapping[str, Any]
    test: Mapping[str, Any] = field(default_factory=dict)
    data: str = ""
    repository: str | None = None


def _dump(form: str, suffix: str) -> BackupSet:
    return BackupSet("pg_dump", {"port": PORT, "database": "his", "format": form}, data=f"his{suffix}")


SETS: dict[str, BackupSet] = {
    "pg_dump-custom": _dump("custom", ".dump"),
    "pg_dump-directory": _dump("directory", ".dir"),
    "pg_dump-tar": _dump("tar", ".tar"),
    "pg_dump-plain": _dump("plain", ".sql"),
    "pg_dump-plain.gz": _dump("plain.gz", ".sql.gz"),
    "pg_dump-plain.zst": _dump("plain.zst", ".sql.zst"),
    "pg_basebackup-plain": BackupSet("pg_basebackup", {"port": PORT, "format": "plain"}),
    "pg_basebackup-tar": BackupSet("pg_basebackup", {"port": PORT, "format": "tar"}),
    "pg_basebackup-tar.gz": BackupSet("pg_basebackup", {"port": PORT, "format": "tar.gz"}),
    "pgbackrest": BackupSet(
        "pgbackrest", {"port": PORT, "stanza": STANZA, "type": "full"}, {"stanza": STANZA}, repository=REPOSITORY
    ),
    "mariadb_dump-plain": BackupSet("mariadb_dump", {"databases": ["his"], "format": "plain"}, data="his.sql"),
    "mariadb_dump-gz": BackupSet("mariadb_dump", {"databases": ["his"], "format": "plain.gz"}, data="his.sql.gz"),
    "mariabackup": BackupSet("mariabackup", {}),
    "restic": BackupSet(
        "restic",
        {"paths": [FILES], "password_file": PASSWORD_FILE},
        {"password_file": PASSWORD_FILE},
        repository=RESTIC,
    ),
    "borg": BackupSet(
        "borg", {"paths": [FILES], "password_file": PASSWORD_FILE}, {"password_file": PASSWORD_FILE}, repository=BORG
    ),
    "tar-tar": BackupSet("tar", {"paths": [FILES], "format": "tar"}, data="his.tar"),
    "tar-tar.gz": BackupSet("tar", {"paths": [FILES], "format": "tar.gz"}, data="his.tar.gz"),
    "tar-tar.zst": BackupSet("tar", {"paths": [FILES], "format": "tar.zst"}, data="his.tar.zst"),
}


class Shelf:
    """Takes backups of the ground, keeps one of each set, and hands out fresh copies of it to be damaged."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._modules: dict[str, ModuleSession] = {}
        self._kept: dict[str, Backup] = {}

    def close(self) -> None:
        for module in self._modules.values():
            module.__exit__(None, None, None)

    def module(self, name: str) -> ModuleSession:
        """A module of the collection, loaded on the machine; each call of it is a run."""
        if name not in self._modules:
            command = self.ground.server.command
            session = ModuleSession(lambda script: command(["sh", "-c", script]), name, AREAS)
            self._modules[name] = session.__enter__()
        return self._modules[name]

    def take(self, name: str, **options: Any) -> Backup:
        """A new backup of a set, with its manifest; options of the engine that differ from those of the set."""
        wanted = SETS[name]
        directory = "-".join((f"{BACKUPS}/{name}", *map(str, options.values())))
        self.ground.server.shell(f"mkdir -p '{directory}'")
        repository = {"repository": wanted.repository} if wanted.engine in ("restic", "borg") else {}
        taken = self.module("backup_manifest")(
            name="his", engine=wanted.engine, directory=directory, options={**wanted.take, **repository, **options}
        )
        assert not taken["failed"], taken
        return Backup(self.ground.server, wanted.engine, taken["path"], wanted.repository)

    def fresh(self, name: str) -> Backup:
        """A copy of the kept backup of a set, with its repository; the kept one stays as it is."""
        if name not in self._kept:
            self._kept[name] = self._keep(name, self.take(name))
        kept = self._kept[name]
        self.ground.server.shell(f"rm -rf {HISTORY}")
        copy = self.ground.server.fresh_copy
        repository = copy(kept.repository, f"{WORK}/{name}.repository") if kept.repository else None
        return Backup(kept.server, kept.engine, copy(kept.directory, f"{WORK}/{name}"), repository)

    def _keep(self, name: str, taken: Backup) -> Backup:
        """Later backups go into the same repository: what is kept is a copy of it as it is now."""
        if taken.repository is None:
            return taken
        copied = self.ground.server.fresh_copy(taken.repository, f"{BACKUPS}/{name}.repository")
        return Backup(taken.server, taken.engine, taken.directory, copied)

    def test(self, name: str, backup: Backup, *more: Backup, manifest: bool = True, **options: Any) -> dict[str, Any]:
        """What restore_test says of copies of a set."""
        return self.module("restore_test")(**self.arguments(name, backup, *more, manifest=manifest, **options))

    def arguments(
        self, name: str, backup: Backup, *more: Backup, manifest: bool = True, **options: Any
    ) -> dict[str, Any]:
        """What restore_test is asked for that."""
        wanted = SETS[name]
        copies = [self._copy(wanted, each, manifest) for each in (backup, *more)]
        self.ground.server.shell(f"mkdir -p {SCRATCH} {HISTORY}")
        return {
            "name": "his",
            "engine": wanted.engine,
            "copies": copies,
            "scratch_directory": SCRATCH,
            "history_directory": f"{HISTORY}/{backup.directory.replace('/', '_')}",
            "max_age": "26h",
            "options": dict(wanted.test),
            "fail_on": ["not_run"],
            **options,
        }

    @staticmethod
    def _copy(wanted: BackupSet, backup: Backup, manifest: bool) -> dict[str, str]:
        path = backup.repository or f"{backup.directory}/{wanted.data}".rstrip("/")
        return {"path": path, **({"manifest": f"{backup.directory}/{MANIFEST}"} if manifest else {})}


def reseal(backup: Backup) -> None:
    """The manifest as it would be had it been made of these files: their sums, and its digest."""
    directory = str(backup.server.path(backup.directory))
    rows = as_rows(artefacts_of(directory, left_out=(MANIFEST,)))
    backup.write_manifest(sealed({**backup.manifest, "artefacts": rows, "signature": None}))


def spoken(result: Mapping[str, Any]) -> list[str]:
    """The stages that found something in the first copy."""
    return [finding["stage"] for stage in result["copies"][0]["stages"] for finding in stage["findings"]]


def words(result: Mapping[str, Any]) -> str:
    """What matters of a result, for the message of a test that failed."""
    stages = [stage for copy in result.get("copies", []) for stage in copy["stages"]]
    told = {
        "verdict": result.get("verdict"),
        "not_run": result.get("not_run"),
        "message": result.get("msg"),
        "stages": {stage["name"]: stage["seconds"] for stage in stages},
        "findings": [finding for stage in stages for finding in stage["findings"]][:5],
        "unproven": [line for stage in stages for line in stage["unproven"]],
    }
    return json.dumps(told, ensure_ascii=False, indent=1)


def until(condition: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.1)
