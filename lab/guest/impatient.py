# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection to the hospital's database that gives up soon: shared by the programs that write through the service.

libpq's own limits are whole seconds; here each wait of the driver has a deadline in milliseconds, so that what is
measured is the outage of the service and not the patience of its client. It runs inside a machine.
"""

from __future__ import annotations

import select
import socket
import time
from typing import Any

import psycopg2
from psycopg2 import extensions

PORT = 5432
REACH_WITHIN = 0.05
LOGIN = "user=his password=lab-only dbname=his connect_timeout=2 tcp_user_timeout=2000 keepalives_idle=1"
KEEPALIVES = "keepalives_interval=1 keepalives_count=2"


class TooSlow(psycopg2.OperationalError):
    """The server said nothing within the limit."""


class Patience:
    """How long the driver waits, from when it is set."""

    def __init__(self) -> None:
        self.deadline = 0.0

    def for_seconds(self, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds

    def wait(self, connection: Any) -> None:
        while (state := connection.poll()) != extensions.POLL_OK:
            left = self.deadline - time.monotonic()
            reading = [connection] if state == extensions.POLL_READ else []
            writing = [connection] if state == extensions.POLL_WRITE else []
            if left <= 0 or not any(select.select(reading, writing, [], left)):
                raise TooSlow("the server did not answer in time")


patience = Patience()
extensions.set_wait_callback(patience.wait)


def connect(address: str, within: float) -> Any:
    """A connection in autocommit mode; the first packet is lost on the way to a machine that is dead, so it is asked
    for with a limit of its own and not repeated a second later by TCP."""
    socket.create_connection((address, PORT), timeout=REACH_WITHIN).close()
    patience.for_seconds(within)
    connection = psycopg2.connect(f"host={address} port={PORT} {LOGIN} {KEEPALIVES}")
    connection.autocommit = True
    return connection


def execute(connection: Any, within: float, statement: str, *values: object) -> Any:
    """Run one statement; returns the cursor."""
    patience.for_seconds(within)
    cursor = connection.cursor()
    cursor.execute(statement, values)
    return cursor
