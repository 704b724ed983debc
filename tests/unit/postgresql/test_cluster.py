# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding a server in the layouts that exist, and reading it where it is up, down, or does not answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.run import TIMED_OUT, Answer
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.cluster import (
    conninfo_value,
    control_state,
    read,
    state_of_row,
)
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.find import Wanted, find
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.model import Cluster, PostgresqlError

from tests.unit.postgresql.fake_host import FakeHost

PID = "4711\n{data}\n1795310911\n5433\n{sockets}\n*\n  5767169         0\nready   \n"
CONTROL = """pg_control version number:            1300
Database system identifier:           7710804407663321060
Database cluster state:               shut down in recovery
Latest checkpoint location:           0/312E140
Latest checkpoint's TimeLineID:       1
Min recovery ending loc's timeline:   2
wal_log_hints setting:                on
Data page checksum version:           0
"""
CLUSTER = Cluster(15, "main", "/data", "/data", "/bin")


def debian(version: int = 15, name: str = "main", files: dict[str, str] | None = None) -> FakeHost:
    data = f"/var/lib/postgresql/{version}/{name}"
    return FakeHost(
        files={
            f"{data}/PG_VERSION": f"{version}\n",
            f"{data}/postmaster.pid": PID.format(data=data, sockets="/var/run/postgresql"),
            f"/etc/postgresql/{version}/{name}/postgresql.conf": "",
            f"/usr/lib/postgresql/{version}/bin/psql": "",
            f"/usr/lib/postgresql/{version}/bin/pg_ctl": "",
            "/run/systemd/system/x": "",
            **(files or {}),
        },
        answers={"sh": Answer(0, f"{data}/\n", "")},
    )


@pytest.mark.parametrize("version", range(13, 19))
def test_debian(version: int) -> None:
    assert find(debian(version), Wanted()) == Cluster(
        version=version,
        name="main",
        data_directory=f"/var/lib/postgresql/{version}/main",
        config_directory=f"/etc/postgresql/{version}/main",
        bin_directory=f"/usr/lib/postgresql/{version}/bin",
        port=5433,
        socket_directory="/var/run/postgresql",
        unit=f"postgresql@{version}-main.service",
    )


@pytest.mark.parametrize("version", range(13, 19))
def test_red_hat_while_it_is_down(version: int) -> None:
    data = f"/var/lib/pgsql/{version}/data"
    host = FakeHost(
        files={f"{data}/PG_VERSION": str(version), f"/usr/pgsql-{version}/bin/psql": "", "/run/systemd/system/x": ""},
        answers={"sh": Answer(0, f"{data}/\n", ""), "postgres": Answer(0, "5444\n", "")},
    )
    found = find(host, Wanted(socket_directory="/run/postgresql"))
    assert found == Cluster(
        version,
        "data",
        data,
        data,
        f"/usr/pgsql-{version}/bin",
        5444,
        "/run/postgresql",
        "postgres",
        f"postgresql-{version}.service",
    )


def test_explicit_paths() -> None:
    host = debian(files={"/srv/pg/PG_VERSION": "15", "/opt/pg/psql": ""})
    found = find(host, Wanted(data_directory="/srv/pg/", bin_directory="/opt/pg", port=6000, socket_directory="/tmp"))
    assert (found.data_directory, found.config_directory, found.bin_directory) == ("/srv/pg", "/srv/pg", "/opt/pg")


def test_errors_name_what_was_seen() -> None:
    host = debian()
    host.answers["sh"] = Answer(0, "/var/lib/postgresql/15/main/\n/var/lib/postgresql/16/main/\n", "")
    with pytest.raises(PostgresqlError, match=r"several servers fit .*15/main, .*16/main"):
        find(host, Wanted())
    with pytest.raises(PostgresqlError, match=r"15 shop: there is no server"):
        find(host, Wanted(version=15, name="shop"))
    with pytest.raises(PostgresqlError, match="nothing below"):
        find(FakeHost(), Wanted())
    with pytest.raises(PostgresqlError, match="has no PG_VERSION"):
        find(host, Wanted(data_directory="/srv/nothing"))
    with pytest.raises(PostgresqlError, match="is not supported"):
        find(debian(12), Wanted())


def test_what_a_rejoin_leaves_beside_the_data_is_no_server() -> None:
    host = debian()
    lines = "".join(f"/var/lib/postgresql/15/main{end}/\n" for end in ("", ".rejoin-old", ".rejoin-new"))
    host.answers["sh"] = Answer(0, lines, "")
    assert find(host, Wanted()).name == "main"


SERVER_IS_DOWN = (
    "psql: error: could not connect to server: No such file or directory\n\tIs the server running locally and\n"
    '\taccepting connections on Unix domain socket "/var/run/postgresql/.s.PGSQL.5432"?\n',
    'psql: error: connection to server on socket "/run/postgresql/.s.PGSQL.5432" failed: No such file or directory\n',
    'psql: error: connection to server on socket "/run/postgresql/.s.PGSQL.5432" failed: Connection refused\n',
)


@pytest.mark.parametrize("error", SERVER_IS_DOWN)
def test_a_server_that_is_down_tells_what_its_control_file_says(error: str) -> None:
    host = FakeHost(answers={"psql": Answer(2, "", error), "pg_controldata": Answer(0, CONTROL, "")})
    state = read(host, CLUSTER)
    assert (state.running, state.control_state, state.timeline) == (False, "shut down in recovery", 2)
    assert (state.wal_log_hints, state.checksums) == (True, False)


def test_servers_that_run_and_do_not_answer() -> None:
    hung = FakeHost(answers={"psql": Answer(TIMED_OUT, "", "psql did not end within 5 s")})
    assert "gave no answer" in read(hung, CLUSTER).errors[0]
    text = "psql: error: FATAL:  the database system is not accepting\nDETAIL:  Hot standby mode is disabled.\n"
    cold = read(FakeHost(answers={"psql": Answer(2, "", text)}), CLUSTER)
    assert (cold.running, cold.hot_standby) == (True, False)
    full = read(
        FakeHost(answers={"psql": Answer(2, "", "psql: error: FATAL:  sorry, too many clients already")}), CLUSTER
    )
    assert (full.running, full.in_recovery) == (True, None)
    assert "too many clients" in full.errors[0]


def test_a_control_file_of_another_version_is_told() -> None:
    with pytest.raises(PostgresqlError, match="is it of the server's version"):
        control_state("pg_control version number: 1\n")


def row(**changes: Any) -> dict[str, Any]:
    """As PostgreSQL 15 answered on a standby."""
    recorded: dict[str, Any] = json.loads(
        """{"in_recovery":true,"read_at":1795310911.390587,"system_identifier":"7710800629339385374",
        "server_version":150018,"current_lsn":null,"wal_file":null,"checkpoint_timeline":1,"checkpoint_lsn":"0/2000060",
        "recovery_timeline":0,"receive_lsn":"0/304B690","replay_lsn":"0/304B690","replay_paused":false,
        "commit_age":146.672124,"receiver":"streaming","latest_end_lsn":"0/304B690","received_timeline":1,
        "sender_host":"127.0.0.1","sender_port":55401,"message_age":5.800091,"journey":0.000037,
        "settings":{"hot_standby":"on","wal_receiver_timeout":"60000","primary_slot_name":"s1","wal_segment_size":"16777216",
        "primary_conninfo":"user=replicator password=secret host=127.0.0.1 port=55401","data_checksums":"off",
        "wal_log_hints":"on","synchronous_commit":"on","synchronous_standby_names":""},
        "restore_command":false,"slots":[],"followers":[]}"""
    )
    return {**recorded, **changes}


def test_a_row_of_a_standby() -> None:
    state = state_of_row(row())
    assert (state.lag_bytes, state.heard_by, state.primary_port, state.primary_slot) == (0, "message", 55401, "s1")
    assert state.heard_age == pytest.approx(5.800128)
    assert "secret" not in str(state.to_dict())


def test_a_lag_of_nothing_is_not_claimed_where_the_primary_told_nothing_yet() -> None:
    state = state_of_row(row(latest_end_lsn=None))
    assert (state.lag_bytes, state.heard_by) == (None, "commit")


def test_a_standby_that_follows_a_promotion_is_on_the_new_timeline_once_it_replayed() -> None:
    assert state_of_row(row(received_timeline=2)).timeline == 2
    assert state_of_row(row(received_timeline=2, replay_lsn="0/3000000")).timeline == 1


def test_values_of_a_connection_string() -> None:
    text = "user=replicator host='10.9.0.51,10.9.0.52' port=5433 application_name='O\\'Brien'"
    assert conninfo_value(text, "host") == "10.9.0.51"
    assert conninfo_value(text, "application_name") == "O'Brien"
    assert conninfo_value(text, "port") == "5433"
    assert conninfo_value(text, "slot") is None
