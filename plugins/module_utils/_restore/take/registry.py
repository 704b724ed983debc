# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which engine is taken by which class; imported only when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import Dict, Type, cast

from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import NotTaken, Taker

PACKAGE = "ansible_collections.contingency.infra.plugins.module_utils._restore"

TAKERS: Dict[str, str] = {
    "pg_dump": f"{PACKAGE}.take.pg_dump:PgDumpTaker",
    "pg_basebackup": f"{PACKAGE}.take.pg_basebackup:BaseBackupTaker",
    "pgbackrest": f"{PACKAGE}.take.pgbackrest:PgBackRestTaker",
    "mariadb_dump": f"{PACKAGE}.take.mariadb_dump:MariadbDumpTaker",
    "mariabackup": f"{PACKAGE}.take.mariabackup:MariabackupTaker",
    "restic": f"{PACKAGE}.take.restic:ResticTaker",
    "borg": f"{PACKAGE}.take.borg:BorgTaker",
    "tar": f"{PACKAGE}.take.tar:TarTaker",
}
"""{engine: "module:class"}."""


def taker_class(engine: str) -> Type[Taker]:
    """Return the class that takes this kind of backup; NotTaken names the kinds that there are."""
    place = TAKERS.get(engine)
    if place is None:
        raise NotTaken(f"{engine} is no engine that takes backups; there are {', '.join(sorted(TAKERS))}.")
    module, _separator, name = place.partition(":")
    return cast(Type[Taker], getattr(import_module(module), name))
