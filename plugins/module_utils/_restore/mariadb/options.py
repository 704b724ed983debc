# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site may say of how its MariaDB backups are tested: keys of ``options``."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Dict, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._restore.model import NotRunnable, Order


@dataclass(frozen=True)
class MariadbOptions:
    """``user``: who the scratch server runs as. ``programs``: directory of this version's programs, None: search path.

    ``plugins``: storage engines and functions that the scratch server loads (plugin-load-add), for example ha_rocksdb.
    ``server_options``: more options of the server, such as --lower-case-table-names=1; those that keep the scratch
    apart are given after them and win. ``database``: into which a dump of one database is loaded, None: as it says.
    ``memory``: of mariadb-backup --prepare, in bytes.
    """

    user: str = "mysql"
    programs: Optional[str] = None
    plugins: Tuple[str, ...] = ()
    server_options: Tuple[str, ...] = ()
    database: Optional[str] = None
    memory: Optional[int] = None

    def program(self, name: str) -> str:
        return f"{self.programs}/{name}" if self.programs else name


def options_of(order: Order) -> MariadbOptions:
    """Return the order's options; NotRunnable names what is not known."""
    known = {entry.name for entry in fields(MariadbOptions)}
    unknown = sorted(set(order.options) - known)
    if unknown:
        raise NotRunnable(
            f"engine {order.engine} has no option {', '.join(unknown)}; it has {', '.join(sorted(known))}"
        )
    given: Dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in order.options.items()
        if value is not None
    }
    return MariadbOptions(**given)
