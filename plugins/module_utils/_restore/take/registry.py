# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which engine is taken by which class."""

from __future__ import annotations

from typing import Callable, Dict, Type

from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import NotTaken, Taker


def taker_class(engine: str) -> Type[Taker]:
    """Return the class that takes this kind of backup; NotTaken names the kinds that there are."""
    if engine not in TAKERS:
        raise NotTaken(f"{engine} is no engine that takes backups; there are {', '.join(TAKERS)}.")
    return TAKERS[engine]()


# Written out as imports, since Ansible sends to a host what it finds imported; only the one asked for is loaded.


def _pg_dump() -> Type[Taker]:
    from ansible_collections.contingency.infra.plugins.module_utils._restore.take.pg_dump import PgDumpTaker

    return PgDumpTaker


def _pg_basebackup() -> Type[Taker]:
    from ansible_collections.contingency.infra.plugins.module_utils._restore.take.pg_basebackup import BaseBackupTaker

    return BaseBackupTaker


def _pgbackrest() -> Type[Taker]:
    from ansible_collections.contingency.infra.plugins.module_utils._restore.take.pgbackrest import PgBackRestTaker

    return PgBackRestTaker


def _mariadb_dump() -> Type[Taker]:
    from ansible_collections.contingency.infra.plugins.module_utils._restore.take.mariadb_dump import MariadbDumpTaker

    return MariadbDumpTaker


def _mariabackup() -> Type[Taker]:
    from ansible_collections.contingency.infra.plugins.module_utils._restore.take.mariabackup import MariabackupTaker

    return MariabackupTaker


def _restic() -> Type[Taker]:
    from ansible_collections.contingency.infra.plugins.module_utils._restore.take.restic import ResticTaker

    return ResticTaker


def _borg() -> Type[Taker]:
    from ansible_collections.contingency.infra.plugins.module_utils._restore.take.borg import BorgTaker

    return BorgTaker


def _tar() -> Type[Taker]:
    from ansible_collections.contingency.infra.plugins.module_utils._restore.take.tar import TarTaker

    return TarTaker


TAKERS: Dict[str, Callable[[], Type[Taker]]] = {
    "pg_dump": _pg_dump,
    "pg_basebackup": _pg_basebackup,
    "pgbackrest": _pgbackrest,
    "mariadb_dump": _mariadb_dump,
    "mariabackup": _mariabackup,
    "restic": _restic,
    "borg": _borg,
    "tar": _tar,
}
