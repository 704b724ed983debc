# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which engine a takeover is of. Only the one that is asked for is loaded: every file costs time."""

from __future__ import annotations

from typing import Any, Mapping

from .._host.run import Host
from .engine import Engine

NAMES = ("postgresql", "mariadb")


def engine_named(host: Host, arguments: Mapping[str, Any]) -> Engine:
    """Return the engine of these arguments; EngineError where its server cannot be found."""
    if arguments["engine"] == "mariadb":
        from .mariadb import MariadbEngine

        return MariadbEngine(host, arguments)
    from .postgresql import PostgresqlEngine

    return PostgresqlEngine(host, arguments)
