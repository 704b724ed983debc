# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MariaDB on the lab's database servers: a pair that replicates by GTID, set up on request.

from lab import Lab, mariadb

mariadb.set_up_pair(lab)                       # his-db-1 primary, his-db-2 read-only replica
mariadb.sql(lab, "his-db-2", "SHOW SLAVE STATUS")
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from lab.errors import LabError

if TYPE_CHECKING:
    from lab.engine import Lab

UNIT = "mariadb.service"
DATA = "/var/lib/mysql"
REPLICATOR = "replicator"
PASSWORD = "lab-only"
WITHIN = 20.0


def configuration(number: int, name: str) -> str:
    """What differs between the servers of a pair."""
    return f"[mariadbd]\nserver_id = {number}\nreport_host = {name}\n"


def set_up_pair(lab: Lab, primary: str = "his-db-1", replica: str = "his-db-2") -> None:
    """Both servers start, and the replica follows the primary; both have the database, the table and the users."""
    for machine in (primary, replica):
        lab.exec(machine, "systemctl", "enable", "--quiet", "--now", UNIT)
        _wait_for_answer(lab, machine)
    statements = [
        f"CREATE OR REPLACE USER {REPLICATOR}@'10.9.0.%' IDENTIFIED BY '{PASSWORD}'",
        f"GRANT REPLICATION SLAVE, REPLICA MONITOR, SLAVE MONITOR ON *.* TO {REPLICATOR}@'10.9.0.%'",
        f"CREATE OR REPLACE USER his@'10.9.0.%' IDENTIFIED BY '{PASSWORD}'",
        "GRANT ALL ON his.* TO his@'10.9.0.%'",
        "CREATE DATABASE IF NOT EXISTS his",
        "CREATE TABLE IF NOT EXISTS his.prescription (number bigint NOT NULL, source varchar(64) NOT NULL,"
        " written timestamp(6) NOT NULL DEFAULT current_timestamp(6), PRIMARY KEY (source, number))",
    ]
    sql(lab, primary, "; ".join(statements))
    follow(lab, replica, primary)


def follow(lab: Lab, replica: str, primary: str) -> None:
    """Let a server that is empty, or was a replica, follow another one from the beginning of its binary log."""
    address = lab.topology.machine(primary).address
    source = (
        f"CHANGE MASTER TO master_host='{address}', master_user='{REPLICATOR}', master_password='{PASSWORD}',"
        " master_use_gtid=slave_pos, master_connect_retry=1"
    )
    sql(lab, replica, f"STOP SLAVE; {source}; START SLAVE; SET GLOBAL read_only = ON")
    deadline = time.monotonic() + WITHIN
    while not replicates(lab, replica):
        if time.monotonic() > deadline:
            raise LabError(f"MariaDB on {replica} does not replicate from {primary} after {WITHIN:.0f} s.")
        time.sleep(0.05)


def replicates(lab: Lab, replica: str) -> bool:
    status = status_of_replica(lab, replica)
    return status.get("Slave_IO_Running") == "Yes" and status.get("Slave_SQL_Running") == "Yes"


def status_of_replica(lab: Lab, machine: str) -> dict[str, str]:
    """What the replica says of itself, by the names that MariaDB gives; nothing on a server that is none."""
    lines = lab.exec(machine, "mariadb", "--batch", "-e", "SHOW SLAVE STATUS\\G").stdout.splitlines()
    return {name.strip(): value.strip() for name, colon, value in (line.partition(":") for line in lines) if colon}


def sql(lab: Lab, machine: str, statement: str) -> str:
    """What statements answer, columns separated by tabs, without a heading."""
    return lab.exec(machine, "mariadb", "--batch", "--skip-column-names", "-e", statement).stdout.strip()


def _wait_for_answer(lab: Lab, machine: str) -> None:
    deadline = time.monotonic() + WITHIN
    while lab.exec(machine, "mariadb-admin", "ping", "--silent", check=False).returncode != 0:
        if time.monotonic() > deadline:
            raise LabError(f"MariaDB on {machine} does not answer after {WITHIN:.0f} s.")
        time.sleep(0.05)
