# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers as their clients describe them, recorded from MariaDB 10.11.19 and shortened where nothing reads it."""

from __future__ import annotations

from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._mariadb.model import State

HEADER = '<?xml version="1.0"?>\n\n'
SPACE = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def document(statement: str, *rows: dict[str, str | None]) -> str:
    """One answer as the client writes it with --xml."""
    lines = [f'<resultset statement="{statement}" {SPACE}>']
    for row in rows:
        lines.append("  <row>")
        for name, value in row.items():
            nil = f'\t<field name="{name}" xsi:nil="true" />'
            lines.append(nil if value is None else f'\t<field name="{name}">{value}</field>')
        lines.append("  </row>")
    return HEADER + "\n".join([*lines, "</resultset>", ""])


def pairs(table: str, values: dict[str, str]) -> str:
    statement = f"SELECT variable_name, variable_value FROM information_schema.{table} WHERE variable_name IN (...)"
    rows: list[dict[str, str | None]] = [
        {"variable_name": name.upper(), "variable_value": value} for name, value in values.items()
    ]
    return document(statement, *rows)


VARIABLES = {
    "datadir": "/var/lib/mysql/",
    "gtid_binlog_pos": "0-1-10",
    "gtid_binlog_state": "0-1-10",
    "gtid_current_pos": "0-1-10",
    "gtid_slave_pos": "0-1-10",
    "gtid_strict_mode": "ON",
    "log_bin": "ON",
    "log_slave_updates": "ON",
    "read_only": "ON",
    "relay_log": "",
    "relay_log_basename": "",
    "rpl_semi_sync_master_enabled": "OFF",
    "server_id": "2",
    "sync_binlog": "0",
    "version": "10.11.19-MariaDB-0+deb12u1-log",
}
STATUS = {"slaves_connected": "0", "rpl_semi_sync_slave_status": "OFF"}
READ_ONLY: dict[str, str | None] = {
    "VARIABLE_NAME": "READ_ONLY",
    "GLOBAL_VALUE": "ON",
    "GLOBAL_VALUE_ORIGIN": "CONFIG",
    "GLOBAL_VALUE_PATH": "/etc/mysql/mariadb.conf.d/50-server.cnf",
}
RUNNING: dict[str, str | None] = {
    "Connection_name": "",
    "Slave_SQL_State": "Slave has read all relay log; waiting for more updates",
    "Slave_IO_State": "Waiting for master to send event",
    "Master_Host": "10.88.0.1",
    "Master_User": "repl",
    "Master_Port": "3306",
    "Master_Log_File": "bin.000001",
    "Read_Master_Log_Pos": "973",
    "Relay_Log_File": "relay.000002",
    "Relay_Log_Pos": "1266",
    "Relay_Master_Log_File": "bin.000001",
    "Slave_IO_Running": "Yes",
    "Slave_SQL_Running": "Yes",
    "Replicate_Do_DB": "",
    "Exec_Master_Log_Pos": "973",
    "Relay_Log_Space": "1573",
    "Seconds_Behind_Master": "0",
    "Last_IO_Error": "",
    "Last_SQL_Error": "",
    "Using_Gtid": "Slave_Pos",
    "Gtid_IO_Pos": "0-1-10",
    "SQL_Delay": "0",
    "SQL_Remaining_Delay": None,
    "Slave_received_heartbeats": "2",
    "Slave_heartbeat_period": "0.500",
    "Gtid_Slave_Pos": "0-1-10",
}
CONNECTING = {
    **RUNNING,
    "Slave_IO_State": "Reconnecting after a failed master event read",
    "Slave_IO_Running": "Connecting",
    "Seconds_Behind_Master": None,
    "Last_IO_Error": "error reconnecting to master 'repl@10.88.0.1:3306' - retry-time: 60  maximum-retries: 100000  "
    "message: Can't connect to server on '10.88.0.1' (113 &quot;No route to host&quot;)",
}
# The SQL thread of 10.11 on a row that is not there; the server puts the raw key in, which may be any byte.
FAILED = {
    **RUNNING,
    "Slave_SQL_Running": "No",
    "Slave_SQL_State": "",
    "Last_SQL_Error": "Could not execute Delete_rows_v1 event on table his.prescription; "
    "Can't find record in '\x01\x02prescription', Error_code: 1032",
}


def answer(connection: dict[str, str | None] | None, **variables: str) -> str:
    """What the client prints for the whole question."""
    parts = [
        pairs("global_variables", {**VARIABLES, **variables}),
        pairs("global_status", STATUS),
        document("SELECT * FROM information_schema.system_variables WHERE variable_name = 'READ_ONLY'", READ_ONLY),
        document("SELECT COUNT(*) AS disabled FROM information_schema.events WHERE status = ...", {"disabled": "3"}),
    ]
    return "".join([*parts, document("SHOW ALL SLAVES STATUS", connection) if connection else ""])


# The kernel's list of connections, once with a second client of the same primary and once while connecting anew.
SOCKETS = (
    '0 0 10.88.0.2:35302 10.88.0.1:3306 users:(("mariadbd",pid=7,fd=33)) bbr wscale:10,10 rto:204 bytes_sent:618 '
    "bytes_acked:619 bytes_received:5774 segs_out:123 lastsnd:53524 lastrcv:404 lastack:404 rcv_space:14480\n"
    '0 0 10.88.0.2:35310 10.88.0.1:3306 users:(("python3",pid=9,fd=5)) bbr bytes_received:90 lastsnd:1 lastrcv:2\n'
)


def standby(**changed: Any) -> State:
    """A standby that may be promoted."""
    usual: dict[str, Any] = {
        "running": True,
        "read_at": 1000.0,
        "version": "10.11.19-MariaDB",
        "server_id": 2,
        "read_only": True,
        "log_bin": True,
        "log_slave_updates": True,
        "sync_binlog": 1,
        "gtid_slave_pos": "0-1-10",
        "gtid_current_pos": "0-1-10",
        "gtid_binlog_pos": "0-1-10",
        "gtid_binlog_state": "0-1-10",
        "data_directory": "/var/lib/mysql/",
        "free_bytes": 1 << 40,
        "connections": ("",),
        "primary_host": "his-maria-1",
        "primary_port": 3306,
        "io_running": "Yes",
        "sql_running": "Yes",
        "using_gtid": "Slave_Pos",
        "gtid_io_pos": "0-1-10",
        "relay_file": "relay.000002",
        "relay_position": 658,
        "heartbeat_period": 1.0,
        "heard_age": 0.4,
        "heard_by": "connection",
    }
    return State(**{**usual, **changed})
