# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backup set of the lab's inventory: the hospital's database on the backup server, and what is kept of it."""

from __future__ import annotations

from lab.backup.cluster import DATABASE
from lab.backup.ground import BACKUPS, Ground
from lab.backup.server import BackupServer
from lab.damage.model import Backup
from lab.engine import Lab

SET = "hospital"
OFFSITE = "/mnt/offsite"
PLACES = (BACKUPS, OFFSITE)
"""The copies in the order in which they are tried; as in inventories/lab/group_vars/backup_sets.yml."""
SCRATCH = "/srv/scratch"
HISTORY = "/var/lib/contingency/restore_history"
ROWS = 2000


def furnish(lab: Lab, rows: int = ROWS) -> Ground:
    """The database as new, on a server that knows of no backup of it yet; `rows` visits."""
    ground = Ground.on(BackupServer(lab))
    places = " ".join(PLACES)
    kept = " ".join(f"{place}/{SET}" for place in PLACES)
    ground.server.shell(f"mkdir -p {places}; rm -rf {kept} {HISTORY}/{SET}.*")
    ground.make_postgresql(rows)
    return ground


def copies(ground: Ground) -> list[Backup]:
    """The newest backup of the set in each place."""
    return [Backup(ground.server, "pg_dump", f"{place}/{SET}/latest") for place in PLACES]


def described(ground: Ground) -> str:
    """How much there is of it, in a few words."""
    said = ground.production.sql(f"SELECT count(*), pg_database_size('{DATABASE}') / 1000000 FROM visit")
    visits, megabytes = said.split("|")
    return f"{visits} visits, {megabytes} MB"
