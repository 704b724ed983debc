# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When did this standby last hear from its primary? What MariaDB and the kernel can tell, and what they cannot.

MariaDB itself keeps no such time: Slave_received_heartbeats is a count, Seconds_Behind_Master is 0 for a primary that
has been silent for an hour, and the replication threads say that they run until slave_net_timeout is over.

- While the connection is there, the kernel knows when the last byte came over it (``ss``, lastrcv): heartbeats too, so
  that on an idle primary the age is at most its heartbeat period.
- When it has broken, the relay log was last written when the last event came; heartbeats are not written there. This
  is an upper bound of the age. It is worth nothing where MariaDB has begun a new relay log by itself since (FLUSH LOGS,
  a restart, START SLAVE with both threads stopped): such a file holds nothing but its header, and the age is unknown.
- Nothing on the standby tells how much the primary had written and not yet sent. A link that is too slow looks like a
  fresh one.
"""

from __future__ import annotations

import posixpath
import re
from typing import List, NamedTuple, Optional

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host

# A relay log without a single event of the primary: magic number, format description, list of GTIDs.
HEADER_BYTES = 320
LAST_RECEIVED = re.compile(r"\blastrcv:(\d+)")
OF_SERVER = re.compile(r'\("(?:mariadbd|mysqld)",')


class Heard(NamedTuple):
    """How long ago, and from what that is known."""

    age: Optional[float]
    by: Optional[str]


NOTHING = Heard(None, None)


def by_connection(host: Host, port: int) -> Heard:
    """Ask the kernel when the last byte came over the connection to the primary."""
    command = ["ss", "--tcp", "--info", "--numeric", "--processes", "--no-header", "--oneline"]
    answer = host.run([*command, "state", "established", "dport", "=", f":{port}"], timeout=2.0)
    return connection_age(answer.output) if answer.status == 0 else NOTHING


def connection_age(listing: str) -> Heard:
    lines = [line for line in listing.splitlines() if "bytes_received:" in line]
    if "users:(" in listing:
        lines = [line for line in lines if OF_SERVER.search(line)]
    ages = [int(found.group(1)) / 1000 for found in map(LAST_RECEIVED.search, lines) if found]
    return Heard(max(ages), "connection") if ages else NOTHING


def by_relay_log(host: Host, directory: str, relay_file: str) -> Heard:
    """Tell from the newest relay log when the last event came."""
    newest = newest_relay_log(host.read(posixpath.join(directory, index_of(relay_file))), directory)
    if newest is None:
        return NOTHING
    answer = host.run(["stat", "--format=%s %.Y", "--", newest], timeout=2.0)
    return relay_log_age(answer.output, host.wall()) if answer.status == 0 else NOTHING


def index_of(relay_file: str) -> str:
    return f"{relay_file.rpartition('.')[0]}.index"


def newest_relay_log(index: Optional[str], directory: str) -> Optional[str]:
    names: List[str] = [line.strip() for line in (index or "").splitlines() if line.strip()]
    return posixpath.normpath(posixpath.join(directory, names[-1])) if names else None


def relay_log_age(stat: str, now: float) -> Heard:
    size, _separator, changed = stat.strip().partition(" ")
    try:
        empty, age = int(size) <= HEADER_BYTES, now - float(changed.replace(",", "."))
    except ValueError:
        return NOTHING
    return NOTHING if empty else Heard(max(0.0, age), "relay log")
