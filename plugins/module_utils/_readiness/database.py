# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database server as a readiness check sees it, whichever product it is."""

from __future__ import annotations

import socket
import time
from typing import Any, Dict, Mapping, Optional

from .._host.run import Host

CONNECT_TIMEOUT = 2.0
NOTHING: Dict[str, Any] = {
    "error": None,
    "role": None,
    "version": None,
    "major": None,
    "streaming": None,
    "receiver": None,
    "message_age": None,
    "quiet_interval": None,
    "received": None,
    "position": None,
    "slot": None,
    "slots": None,
    "followers": None,
    "free_bytes": None,
    "wal_free_bytes": None,
    "directory": None,
    "source": None,
    "source_trouble": None,
    "refusal": None,
    "unit": None,
    "system_identifier": None,
}
"""What every engine tells; None is what it does not know. ``received`` and ``position`` are comparable numbers."""
PRIMARY, STANDBY, DOWN = "primary", "standby", "down"


def read_database(host: Host, arguments: Mapping[str, Any]) -> Dict[str, Any]:
    """Return what the server of this host is; ``error`` is the sentence where it cannot be told."""
    # Only the one that is asked for is loaded.
    if arguments["engine"] == "mariadb":
        from .mariadb import read_mariadb

        return {**NOTHING, **read_mariadb(host, arguments)}
    from .postgresql import read_postgresql

    return {**NOTHING, **read_postgresql(host, arguments)}


def pretended_proof() -> Dict[str, Any]:
    """Return the fence that a failover at this moment would make."""
    return {"method": "assumed", "what": "it is fenced now", "at_epoch": time.time(), "confirmed": True}


def structural(limits: Mapping[str, Any], unbounded: float) -> Dict[str, Any]:
    """Return the site's limits without the one on lost writes: that one is judged from both servers of a pair."""
    return {**limits, "accept_data_loss": unbounded, "max_lag_bytes": 1 << 62}


def connection_trouble(name: Optional[str], port: Optional[int]) -> Optional[str]:
    """Return why no connection to a server can be made from here, None where one can or none is known.

    Nothing is sent: the server sees a client that leaves again.
    """
    if not name or not port or name.startswith("/"):
        return None
    try:
        socket.create_connection((name, port), CONNECT_TIMEOUT).close()
    except OSError as error:
        timed_out = isinstance(error, (socket.timeout, TimeoutError))
        return f"no answer within {CONNECT_TIMEOUT:g} s" if timed_out else (error.strerror or str(error))
    return None
