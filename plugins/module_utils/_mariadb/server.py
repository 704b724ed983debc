# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find a MariaDB server on its own host, and read what it is."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import Dict, List, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._mariadb import heard
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.client import Answered, Row, execute, only
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.model import MariadbError, Server, State

SOCKETS = ("/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/run/mysql/mysql.sock", "/tmp/mysql.sock")
CLIENTS = ("/usr/bin/mariadb", "/usr/local/bin/mariadb", "/usr/bin/mysql", "/usr/local/mysql/bin/mysql")
VARIABLES = [
    "version",
    "server_id",
    "read_only",
    "log_bin",
    "log_slave_updates",
    "sync_binlog",
    "gtid_strict_mode",
    "gtid_slave_pos",
    "gtid_current_pos",
    "gtid_binlog_pos",
    "gtid_binlog_state",
    "datadir",
    "relay_log",
    "relay_log_basename",
    "rpl_semi_sync_master_enabled",
]
STATUS = ["slaves_connected", "rpl_semi_sync_slave_status"]
FILTERS = [
    "replicate_do_db",
    "replicate_ignore_db",
    "replicate_do_table",
    "replicate_ignore_table",
    "replicate_wild_do_table",
    "replicate_wild_ignore_table",
    "replicate_do_domain_ids",
    "replicate_ignore_domain_ids",
    "replicate_rewrite_db",
]


def _named(table: str, names: List[str]) -> str:
    wanted = ", ".join(f"'{name.upper()}'" for name in names)
    return f"SELECT variable_name, variable_value FROM information_schema.{table} WHERE variable_name IN ({wanted});"


QUERY = "\n".join(
    (
        _named("global_variables", VARIABLES),
        _named("global_status", STATUS),
        "SELECT * FROM information_schema.system_variables WHERE variable_name = 'READ_ONLY';",
        "SELECT COUNT(*) AS disabled FROM information_schema.events WHERE status = 'SLAVESIDE_DISABLED';",
        "SHOW ALL SLAVES STATUS;",
        "",
    )
)


def find(
    host: Host,
    *,
    socket: Optional[str] = None,
    client: Optional[str] = None,
    defaults_file: Optional[str] = None,
    os_user: Optional[str] = None,
    unit: Optional[str] = None,
) -> Server:
    """Return how the server of this host is reached; what is given is taken as it is."""
    if defaults_file and not host.exists(defaults_file):
        raise MariadbError(f"There is no {defaults_file} on this host, which shall hold MariaDB's user and password.")
    return Server(
        client=client or next((path for path in CLIENTS if host.exists(path)), "mariadb"),
        socket=socket or next((path for path in SOCKETS if host.exists(path)), None),
        defaults_file=defaults_file,
        os_user=os_user,
        unit=unit or "mariadb.service",
    )


def read(
    host: Host,
    server: Server,
    timeout: float = 5.0,
    *,
    after: Sequence[str] = (),
    secrets: Sequence[str] = (),
    dated: bool = True,
) -> State:
    """Return the server's state; one that does not answer is not running, and ``errors`` has the sentence.

    Statements that shall go before it are run in the same session. When the primary was last heard is looked for only
    where it is wanted (``dated``), since that takes another program.
    """
    statements = "".join(f"{statement};\n" for statement in ("SET sql_mode = ''", *after))
    try:
        answers = execute(host, server, statements + QUERY, timeout, secrets)
        state, directory = state_of(answers, host.wall())
    except MariadbError as error:
        return State(running=False, read_at=host.wall(), errors=(error.message,))
    age = _heard(host, state, directory) if dated else heard.NOTHING
    free = host.free_bytes(state.data_directory) if state.data_directory else None
    return replace(state, free_bytes=free, heard_age=age.age, heard_by=age.by)


def _heard(host: Host, state: State, relay_directory: str) -> heard.Heard:
    if not state.is_replica:
        return heard.NOTHING
    found = heard.by_connection(host, state.primary_port or 3306) if state.io_running == "Yes" else heard.NOTHING
    return found if found.by else heard.by_relay_log(host, relay_directory, state.relay_file)


def state_of(answers: List[Answered], now: float) -> Tuple[State, str]:
    """Return the state, and the directory of the relay logs, from what the server answered to QUERY."""
    values = {**_pairs(only(answers, ".global_variables")), **_pairs(only(answers, ".global_status"))}
    if "mariadb" not in values.get("version", "").lower():
        raise MariadbError(
            f"The server says that it is version {values.get('version') or 'unknown'}, which is not MariaDB; "
            "MySQL counts its transactions in another way and is not known here."
        )
    connections = only(answers, "show all slaves status")
    replica = _replica(connections[0]) if connections else {}
    data = values.get("datadir", "")
    common = {
        "running": True,
        "read_at": now,
        "version": values.get("version"),
        "server_id": _number(values.get("server_id")),
        "read_only": _switch(values.get("read_only")),
        "read_only_from": _configured(only(answers, ".system_variables")),
        "log_bin": _switch(values.get("log_bin")),
        "log_slave_updates": _switch(values.get("log_slave_updates")),
        "sync_binlog": _number(values.get("sync_binlog")),
        "gtid_strict_mode": _switch(values.get("gtid_strict_mode")),
        "data_directory": data or None,
        "disabled_events": _number(next(iter(only(answers, ".events")), {}).get("disabled")) or 0,
        "semi_sync_primary": _switch(values.get("rpl_semi_sync_master_enabled")),
        "semi_sync_standby": _switch(values.get("rpl_semi_sync_slave_status")),
        "followers": _number(values.get("slaves_connected")) or 0,
        "connections": tuple(row.get("connection_name") or "" for row in connections),
    }
    positions = {name: values.get(name, "") for name in VARIABLES if name.startswith("gtid_") and "mode" not in name}
    relay = values.get("relay_log_basename") or values.get("relay_log") or ""
    return State.from_dict({**common, **positions, **replica}), posixpath.join(data, posixpath.dirname(relay))


def _replica(row: Row) -> Dict[str, object]:
    def text(name: str) -> str:
        return row.get(name) or ""

    return {
        "primary_host": text("master_host"),
        "primary_port": _number(row.get("master_port")),
        "primary_user": text("master_user"),
        "io_running": text("slave_io_running"),
        "sql_running": text("slave_sql_running"),
        "io_state": text("slave_io_state"),
        "sql_state": text("slave_sql_state"),
        "seconds_behind": _number(row.get("seconds_behind_master")),
        "using_gtid": text("using_gtid"),
        "gtid_io_pos": text("gtid_io_pos"),
        "read_file": text("master_log_file"),
        "read_position": _number(row.get("read_master_log_pos")) or 0,
        "exec_file": text("relay_master_log_file"),
        "exec_position": _number(row.get("exec_master_log_pos")) or 0,
        "relay_file": text("relay_log_file"),
        "relay_position": _number(row.get("relay_log_pos")) or 0,
        "relay_space": _number(row.get("relay_log_space")),
        "io_error": text("last_io_error"),
        "sql_error": text("last_sql_error"),
        "sql_delay": _number(row.get("sql_delay")) or 0,
        "heartbeat_period": float(text("slave_heartbeat_period") or 0),
        "received_heartbeats": _number(row.get("slave_received_heartbeats")),
        "filters": tuple(f"{name}={row[name]}" for name in FILTERS if row.get(name)),
    }


def _pairs(rows: List[Row]) -> Dict[str, str]:
    return {(row.get("variable_name") or "").lower(): row.get("variable_value") or "" for row in rows}


def _number(text: Optional[str]) -> Optional[int]:
    return int(text) if text and text.isascii() and text.isdigit() else None


def _switch(text: Optional[str]) -> Optional[bool]:
    """Return whether a variable is on; newer servers have kinds of read-only, all of which count."""
    return None if text is None or text == "" else text.upper() not in ("OFF", "0")


def _configured(rows: List[Row]) -> Optional[str]:
    """Return the option file, or the command line, that makes the server read-only when it starts."""
    row = rows[0] if rows else {}
    origin = row.get("global_value_origin")
    if origin not in ("CONFIG", "COMMAND-LINE") or not _switch(row.get("global_value")):
        return None
    return row.get("global_value_path") or "the command line"
