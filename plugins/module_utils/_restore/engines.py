# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of backup that can be tested, by the name that the site gives as engine."""

from __future__ import annotations

from typing import Callable, Dict

from ansible_collections.contingency.infra.plugins.module_utils._restore.engine import Trial
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Copy, NotRunnable, Order

OpenTrial = Callable[[Order, Copy], Trial]
ENGINES = ("pg_dump", "pg_basebackup", "pgbackrest", "mariadb_dump", "mariabackup", "restic", "borg", "tar")


def open_trial(order: Order, copy: Copy) -> Trial:
    """Return a trial of one copy; nothing is done yet. NotRunnable where the engine is not known."""
    if order.engine not in LOADERS:
        raise NotRunnable(f"engine {order.engine} is not known; name one of {', '.join(ENGINES)}")
    return LOADERS[order.engine]()(order, copy)


# Written out as imports, since Ansible sends to a host what it finds imported; only the one asked for is loaded.


def _pg_dump() -> OpenTrial:
    from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.dump import open_trial as found

    return found


def _pg_basebackup() -> OpenTrial:
    from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.basebackup import (
        open_trial as found,
    )

    return found


def _pgbackrest() -> OpenTrial:
    from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.pgbackrest import (
        open_trial as found,
    )

    return found


def _mariadb_dump() -> OpenTrial:
    from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.dump import open_trial as found

    return found


def _mariabackup() -> OpenTrial:
    from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.mariabackup import (
        open_trial as found,
    )

    return found


def _restic() -> OpenTrial:
    from ansible_collections.contingency.infra.plugins.module_utils._restore.files.restic import open_trial as found

    return found


def _borg() -> OpenTrial:
    from ansible_collections.contingency.infra.plugins.module_utils._restore.files.borg import open_trial as found

    return found


def _tar() -> OpenTrial:
    from ansible_collections.contingency.infra.plugins.module_utils._restore.files.tar import open_trial as found

    return found


LOADERS: Dict[str, Callable[[], OpenTrial]] = {
    "pg_dump": _pg_dump,
    "pg_basebackup": _pg_basebackup,
    "pgbackrest": _pgbackrest,
    "mariadb_dump": _mariadb_dump,
    "mariabackup": _mariabackup,
    "restic": _restic,
    "borg": _borg,
    "tar": _tar,
}
