# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restores of hospitals of several sizes: by hand and tested, with their time and memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.backup.cluster import Cluster
from lab.backup.ground import ARCHIVE, BACKUPS, PORT, REPOSITORY, Ground
from lab.backup.mariadb import MariadbServer
from lab.backup.server import BackupServer
from lab.damage.model import Backup
from lab.errors import LabError
from tests.bench._bare import TUNED, BareServer
from tests.bench._memory import MemoryWatch
from tests.lab.restore.shelf import WORK, Shelf, words

LOGICAL, PHYSICAL = "pg_dump-directory", "pgbackrest"
ROWS_PER_GB = 660_000
"""Visits, with all that belongs to them."""
MEMORY_LIMIT = "1G"
"""What a test may take where its memory is measured; else it takes its cache from what is free, as on a site."""


@dataclass(frozen=True)
class Tested:
    """What restore_test took: seconds of all, and by stage."""

    seconds: float
    stages: Mapping[str, float]


@dataclass(frozen=True)
class Round:
    """One restore of each kind, right after each other; seconds.

    ``amcheck`` and ``count``: of what pgBackRest restored, PostgreSQL's own check, and to read each row once.
    """

    tuned: float
    default: float
    logical: Tested
    pgbackrest: float
    amcheck: float
    count: float
    physical: Tested


@dataclass(frozen=True)
class Size:
    """A tested restore of a database of so many bytes, within MEMORY_LIMIT."""

    bytes: int
    seconds: float
    peak_bytes: int


class Hospital:
    """A cluster that holds one database of a size, and backups of it that were taken with their manifests."""

    def __init__(self, server: BackupServer, gigabytes: float) -> None:
        # Its WAL is not archived while it is filled: that is not what is measured.
        cluster = Cluster(server, "production", PORT, {**ARCHIVE, "archive_command": "true", "max_wal_size": "4GB"})
        self.server = server
        self.ground = Ground(server, cluster, MariadbServer(server))
        server.shell(f"rm -rf {BACKUPS} {WORK}; mkdir -p {BACKUPS}")
        self.ground.make_postgresql(round(gigabytes * ROWS_PER_GB))
        cluster.sql(f"ALTER SYSTEM SET archive_command = '{ARCHIVE['archive_command']}'", "postgres")
        cluster.sql("SELECT pg_reload_conf()", "postgres")
        cluster.sql("CHECKPOINT", "postgres")
        self.shelf = Shelf(self.ground)

    def remove(self) -> None:
        """Nothing of it takes room any longer."""
        self.shelf.close()
        self.ground.production.drop()
        self.server.shell(f"rm -rf {BACKUPS} {WORK} {REPOSITORY}")

    @property
    def bytes(self) -> int:
        return int(self.ground.production.sql("SELECT pg_database_size(current_database())"))

    def rounds(self, count: int) -> list[Round]:
        """Restores of the same two backups, in turn."""
        logical, physical = self.shelf.take(LOGICAL), self.shelf.take(PHYSICAL)
        found = []
        for number in range(count):
            found.append(self._round(logical, physical))
            one = found[-1]
            print(
                f"    round {number + 1}: tuned {one.tuned:.1f}, default {one.default:.1f},"
                f" ours {one.logical.seconds:.1f}; pgBackRest {one.pgbackrest:.1f}, ours {one.physical.seconds:.1f}",
                flush=True,
            )
        return found

    def _round(self, logical: Backup, physical: Backup) -> Round:
        dump = f"{logical.directory}/his.dir"
        with BareServer(self.server, "tuned", TUNED) as tuned:
            tuned_seconds = tuned.pg_restore(dump)
        ours = self._tested(LOGICAL, logical)
        with BareServer(self.server, "default") as default:
            default_seconds = default.pg_restore(dump)
        bare = BareServer(self.server, "pgbackrest")
        try:
            recovered = bare.pgbackrest(target=str(physical.manifest["position"]["restore_point"]))
            checked, counted = bare.amcheck(), bare.count()
        finally:
            bare.remove()
        proven = self._tested(PHYSICAL, physical)
        return Round(tuned_seconds, default_seconds, ours, recovered, checked, counted, proven)

    def size(self) -> Size:
        """A tested restore of a dump, with what it held of memory."""
        backup = self.shelf.take(LOGICAL)
        with MemoryWatch(self.shelf.module("restore_test").pid) as watch:
            seconds = self._tested(LOGICAL, backup, memory=MEMORY_LIMIT).seconds
        return Size(self.bytes, seconds, watch.peak_bytes)

    def _tested(self, name: str, backup: Backup, **options: Any) -> Tested:
        self.server.shell("sync")
        result = self.shelf.test(name, backup, **options)
        if result["verdict"] != "passed":
            raise LabError(f"The test of an undamaged backup did not pass: {words(result)}")
        stages = {stage["name"]: float(stage["seconds"]) for stage in result["copies"][0]["stages"]}
        return Tested(float(result["seconds"]), stages)
