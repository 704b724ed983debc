# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the state of a server: one psql that returns one row, or pg_controldata where the server is down."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any, Dict, Optional

from ansible_collections.contingency.infra.plugins.module_utils._host.run import TIMED_OUT, Answer, Host
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.evidence import (
    ends_within_a_page,
    heard,
    segment_name,
)
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.find import Wanted, find
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.model import (
    Cluster,
    PostgresqlError,
    State,
    behind,
    lsn,
)

__all__ = ["Wanted", "find", "psql", "read", "state_of_row"]

READ_TIMEOUT = 5.0
QUERY = """
WITH me AS MATERIALIZED (SELECT pg_is_in_recovery() AS standby, clock_timestamp() AS at),
receiver AS MATERIALIZED (SELECT * FROM pg_stat_wal_receiver LIMIT 1)
SELECT row_to_json(answer) FROM (SELECT
  me.standby AS in_recovery,
  extract(epoch FROM me.at) AS read_at,
  (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier,
  current_setting('server_version_num')::int AS server_version,
  CASE WHEN me.standby THEN NULL ELSE pg_current_wal_lsn()::text END AS current_lsn,
  CASE WHEN me.standby THEN NULL ELSE pg_walfile_name(pg_current_wal_lsn()) END AS wal_file,
  (SELECT timeline_id FROM pg_control_checkpoint()) AS checkpoint_timeline,
  (SELECT checkpoint_lsn::text FROM pg_control_checkpoint()) AS checkpoint_lsn,
  (SELECT min_recovery_end_timeline FROM pg_control_recovery()) AS recovery_timeline,
  -- After a start the receiver counts from the beginning of a segment that may long have been replayed.
  CASE WHEN me.standby THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::text END AS receive_lsn,
  CASE WHEN me.standby THEN pg_last_wal_replay_lsn()::text END AS replay_lsn,
  CASE WHEN me.standby THEN pg_is_wal_replay_paused() END AS replay_paused,
  CASE WHEN me.standby THEN extract(epoch FROM me.at - pg_last_xact_replay_timestamp()) END AS commit_age,
  receiver.status AS receiver,
  receiver.latest_end_lsn::text AS latest_end_lsn,
  receiver.received_tli AS received_timeline,
  receiver.sender_host AS sender_host,
  receiver.sender_port AS sender_port,
  extract(epoch FROM me.at - receiver.last_msg_receipt_time) AS message_age,
  extract(epoch FROM receiver.last_msg_receipt_time - receiver.last_msg_send_time) AS journey,
  coalesce((SELECT json_object_agg(name, setting) FROM pg_settings WHERE name IN ('hot_standby',
    'synchronous_standby_names', 'synchronous_commit', 'wal_receiver_timeout', 'primary_slot_name', 'primary_conninfo',
    'data_checksums', 'wal_log_hints', 'wal_segment_size')), '{}') AS settings,
  coalesce((SELECT setting <> '' FROM pg_settings WHERE name = 'restore_command'), true) AS restore_command,
  coalesce((SELECT json_agg(slot_name ORDER BY slot_name) FROM pg_replication_slots), '[]') AS slots,
  coalesce((SELECT json_agg(application_name ORDER BY 1) FROM pg_stat_replication WHERE state = 'streaming'), '[]')
    AS followers
FROM me LEFT JOIN receiver ON true) AS answer
"""
DOWN = ("No such file or directory", "Connection refused")
NO_HOT_STANDBY = "Hot standby mode is disabled"


def read(host: Host, cluster: Cluster, timeout: float = READ_TIMEOUT) -> State:
    """Return what the server says of itself; a server that hangs, or that is down, is a state and not an error."""
    answer = psql(host, cluster, QUERY, timeout)
    state = _state(host, cluster, answer)
    data = cluster.data_directory
    return replace(
        state,
        read_at=state.read_at or host.wall(),
        standby_signal=host.exists(f"{data}/standby.signal"),
        free_bytes=host.free_bytes(data),
        wal_free_bytes=host.free_bytes(f"{data}/pg_wal"),
    )


def psql(
    host: Host,
    cluster: Cluster,
    statement: str,
    timeout: float = READ_TIMEOUT,
    conninfo: Optional[str] = None,
) -> Answer:
    """Run SQL on the server itself, or on the one that ``conninfo`` names, without a password in any argument."""
    local = f"host={quoted(cluster.socket_directory)} port={cluster.port} user={cluster.os_user} dbname=postgres"
    command = [cluster.program("psql"), "-XAtqw", "-v", "ON_ERROR_STOP=1", "-d", conninfo or local, "-f", "-"]
    environment = {
        "PGCONNECT_TIMEOUT": str(max(2, int(timeout))),
        "PGOPTIONS": f"-c statement_timeout={int(timeout * 1000)}",
        "PGAPPNAME": "contingency",
    }
    return host.run(command, user=cluster.os_user, timeout=timeout, stdin=statement, environment=environment)


def quoted(value: str) -> str:
    """One value of a connection string."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _state(host: Host, cluster: Cluster, answer: Answer) -> State:
    if answer.status == 0:
        try:
            row = json.loads(answer.output)
        except ValueError:
            return State(running=True, errors=(f"psql answered {answer.output[:80]!r} and not JSON",))
        return state_of_row(row, _wal_age(host, cluster, row))
    if answer.status == TIMED_OUT:
        return State(running=True, errors=(f"the server on port {cluster.port} {_no_answer(answer)}",))
    if any(words in answer.error for words in DOWN):
        return _down(host, cluster, answer)
    if NO_HOT_STANDBY in answer.error:
        return State(running=True, hot_standby=False, errors=(answer.complaint,))
    return State(running=True, errors=(answer.complaint,))


def _no_answer(answer: Answer) -> str:
    return f"gave no answer ({answer.complaint})"


def state_of_row(row: Dict[str, Any], wal_age: Optional[float] = None) -> State:
    """Pure: the row that the query returns, as a state."""
    settings: Dict[str, str] = row["settings"]
    conninfo = settings.get("primary_conninfo", "")
    lag = behind(row["latest_end_lsn"], row["receive_lsn"])
    age, kind = heard(_number(row["message_age"]), _number(row["journey"]), lag, _number(row["commit_age"]), wal_age)
    if not row["in_recovery"]:
        age, kind = None, None
    port = row["sender_port"] or conninfo_value(conninfo, "port") or (5432 if conninfo else None)
    return State(
        running=True,
        read_at=float(row["read_at"]),
        in_recovery=row["in_recovery"],
        system_identifier=row["system_identifier"],
        timeline=_timeline(row),
        server_version=row["server_version"],
        receiver=row["receiver"],
        message_age=_number(row["message_age"]),
        heard_age=age,
        heard_by=kind,
        receive_lsn=row["receive_lsn"],
        replay_lsn=row["replay_lsn"],
        latest_end_lsn=row["latest_end_lsn"],
        current_lsn=row["current_lsn"],
        received_timeline=row["received_timeline"],
        commit_age=_number(row["commit_age"]),
        lag_bytes=lag,
        replay_lag_bytes=behind(row["receive_lsn"], row["replay_lsn"]),
        replay_paused=row["replay_paused"],
        hot_standby=settings.get("hot_standby") == "on",
        synchronous_standby_names=settings.get("synchronous_standby_names"),
        synchronous_commit=settings.get("synchronous_commit"),
        receiver_timeout=float(settings.get("wal_receiver_timeout", "60000")) / 1000,
        restore_command=row["restore_command"],
        slots=tuple(row["slots"]),
        followers=tuple(row["followers"]),
        primary_host=row["sender_host"] or conninfo_value(conninfo, "host"),
        primary_port=int(port) if port else None,
        primary_slot=settings.get("primary_slot_name") or None,
        checksums=settings.get("data_checksums") == "on",
        wal_log_hints=settings.get("wal_log_hints") == "on",
        checkpoint_lsn=row["checkpoint_lsn"],
    )


def _number(value: Any) -> Optional[float]:
    return None if value is None else float(value)


def _timeline(row: Dict[str, Any]) -> int:
    """The control file is late by a checkpoint; what is written or replayed now tells more."""
    if row["wal_file"]:
        return int(row["wal_file"][:8], 16)
    known = [row["checkpoint_timeline"], row["recovery_timeline"] or 0]
    received, replayed = lsn(row["receive_lsn"]), lsn(row["replay_lsn"])
    if row["received_timeline"] and received is not None and replayed is not None and replayed >= received:
        known.append(row["received_timeline"])
    return int(max(known))


def _wal_age(host: Host, cluster: Cluster, row: Dict[str, Any]) -> Optional[float]:
    """How long ago the last WAL came, where no receiver tells and the file is one that only a receiver writes."""
    position = lsn(row["receive_lsn"])
    if row["receiver"] or not row["in_recovery"] or row["restore_command"] or position is None:
        return None
    if not ends_within_a_page(row["receive_lsn"]):
        return None
    segment = segment_name(_timeline(row), position, int(row["settings"].get("wal_segment_size", 16777216)))
    answer = host.run(["stat", "--format=%.6Y", f"{cluster.data_directory}/pg_wal/{segment}"], user=cluster.os_user)
    try:
        return max(0.0, float(row["read_at"]) - float(answer.output))
    except ValueError:
        return None


CONNINFO = r"(?:^|\s){name}\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S+))"


def conninfo_value(conninfo: str, name: str) -> Optional[str]:
    """Return one value of a connection string, the first of a list."""
    found = re.search(CONNINFO.format(name=name), conninfo)
    if found is None:
        return None
    value = re.sub(r"\\(.)", r"\1", found.group(1)) if found.group(1) is not None else found.group(2)
    return value.split(",")[0] or None


CONTROL = {
    "Database system identifier": "system_identifier",
    "Database cluster state": "control_state",
    "Latest checkpoint location": "checkpoint_lsn",
    "Latest checkpoint's TimeLineID": "timeline",
    "Min recovery ending loc's timeline": "recovery_timeline",
    "wal_log_hints setting": "wal_log_hints",
    "Data page checksum version": "checksums",
}


def _down(host: Host, cluster: Cluster, answer: Answer) -> State:
    return replace(read_control(host, cluster), errors=(answer.complaint,))


def read_control(host: Host, cluster: Cluster) -> State:
    """Return what pg_controldata says of a server that is down."""
    answer = host.run([cluster.program("pg_controldata"), "-D", cluster.data_directory], user=cluster.os_user)
    if answer.status != 0:
        return State(running=False, errors=(answer.complaint,))
    return control_state(answer.output)


def control_state(text: str) -> State:
    """Pure: the output of pg_controldata, as a state."""
    found = {}
    for line in text.splitlines():
        name, _separator, value = line.partition(":")
        if name in CONTROL:
            found[CONTROL[name]] = value.strip()
    try:
        return State(
            running=False,
            system_identifier=found["system_identifier"],
            control_state=found["control_state"],
            checkpoint_lsn=found["checkpoint_lsn"],
            timeline=max(int(found["timeline"]), int(found["recovery_timeline"])),
            wal_log_hints=found["wal_log_hints"] == "on",
            checksums=found["checksums"] != "0",
        )
    except (KeyError, ValueError) as error:
        raise PostgresqlError(f"pg_controldata answered without {error}; is it of the server's version?") from error
