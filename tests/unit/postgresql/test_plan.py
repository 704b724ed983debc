# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back: nothing that works is replaced, and data that is not whole is never trusted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.model import Cluster, State
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.plan import (
    BACKUP,
    FOLLOW,
    NOTHING,
    REWIND,
    START,
    WAIT,
    Here,
    Options,
    Way,
    choose,
    rejoin_limitation,
    settings_text,
    way_limitation,
)
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.source import Source, SourceState, fork_in
from hypothesis import given
from hypothesis import strategies as st

CLUSTER = Cluster(15, "main", "/var/lib/postgresql/15/main", "/etc/postgresql/15/main", "/usr/lib/postgresql/15/bin")
SOURCE = Source("10.9.0.52", slot="his_db_1")
PRIMARY = SourceState(
    in_recovery=False,
    system_identifier="77",
    server_version=150010,
    timeline=2,
    checkpoint_timeline=2,
    current_lsn="0/6000000",
    bytes=1 << 30,
    tablespaces=0,
    slots=(),
    may_rewind=True,
)
CRASHED = State(
    running=False,
    system_identifier="77",
    timeline=1,
    control_state="in production",
    wal_log_hints=True,
    checksums=False,
)
CLEAN = replace(CRASHED, control_state="shut down", checkpoint_lsn="0/50000D0")
FOLLOWS = State(running=True, in_recovery=True, system_identifier="77", timeline=2, wal_log_hints=True)


@pytest.mark.parametrize(
    ("here", "way"),
    [
        (Here(FOLLOWS, settings_right=True, streams=True), NOTHING),
        (Here(FOLLOWS, settings_right=False, streams=True), FOLLOW),
        (Here(FOLLOWS, settings_right=True, streams=False), WAIT),
        (Here(replace(FOLLOWS, running=False, in_recovery=None, standby_signal=True)), START),
        (Here(CLEAN, fork_lsn="0/5000148"), START),
        (Here(CLEAN, fork_lsn="0/50000D0"), REWIND),
        (Here(CRASHED, fork_lsn="0/5000148"), REWIND),
        (Here(replace(CRASHED, wal_log_hints=False)), BACKUP),
        (Here(replace(CRASHED, wal_log_hints=False, checksums=True)), REWIND),
        (Here(replace(CLEAN, timeline=3)), BACKUP),
        (Here(State(running=False), initialised=False), BACKUP),
        (Here(CRASHED, marker="rewinding"), BACKUP),
        (Here(CLEAN, marker="backing up"), BACKUP),
        (Here(State(running=False), marker="swapping", initialised=False), BACKUP),
        (Here(CLEAN, marker="rewound"), START),
    ],
)
def test_the_cheapest_way_that_is_sure(here: Here, way: str) -> None:
    assert choose(here, SOURCE, PRIMARY, Options()).kind == way


@given(
    control=st.sampled_from(["in production", "shut down", "in archive recovery", "shut down in recovery"]),
    timeline=st.integers(1, 5),
    running=st.booleans(),
    standby=st.booleans(),
    marker=st.sampled_from(["rewinding", "backing up", "swapping"]),
    fork=st.sampled_from([None, "0/1", "F/0"]),
)
def test_data_that_is_not_whole_is_never_started(
    control: str, timeline: int, running: bool, standby: bool, marker: str, fork: str | None
) -> None:
    state = replace(
        CRASHED, control_state=control, timeline=timeline, standby_signal=standby, checkpoint_lsn="0/50000D0"
    )
    assert choose(Here(state, marker=marker, fork_lsn=fork), SOURCE, PRIMARY, Options()).kind == BACKUP


@pytest.mark.parametrize(
    ("here", "primary", "said"),
    [
        (Here(CRASHED), replace(PRIMARY, in_recovery=True), "is a standby itself"),
        (Here(CRASHED), replace(PRIMARY, system_identifier="78"), "is another database"),
        (Here(CRASHED), replace(PRIMARY, server_version=160004), "needs the same major version"),
        (Here(State(running=True, errors=("it hangs",))), PRIMARY, "cannot be told (it hangs)"),
        (
            Here(State(running=True, in_recovery=False, system_identifier="77", timeline=1, followers=("his-db-3",))),
            PRIMARY,
            "that his-db-3 follows now",
        ),
        (
            Here(State(running=True, in_recovery=False, system_identifier="77", timeline=3)),
            PRIMARY,
            "the one that was promoted last is here",
        ),
    ],
)
def test_what_must_not_become_a_standby(here: Here, primary: SourceState, said: str) -> None:
    assert said in str(rejoin_limitation(here, CLUSTER, SOURCE, primary))


def test_a_base_backup_needs_room_a_directory_of_its_own_and_leave() -> None:
    backup, here = Way(BACKUP, "the histories differ"), Here(CRASHED, parent_free=1 << 40)
    assert way_limitation(backup, here, CLUSTER, PRIMARY, Options()) is None
    assert "are free; make room" in str(
        way_limitation(backup, replace(here, parent_free=1 << 30), CLUSTER, PRIMARY, Options())
    )
    assert "is a mount point" in str(way_limitation(backup, replace(here, is_mount=True), CLUSTER, PRIMARY, Options()))
    assert "tablespaces" in str(way_limitation(backup, here, CLUSTER, replace(PRIMARY, tablespaces=2), Options()))
    assert "forbids" in str(way_limitation(backup, here, CLUSTER, PRIMARY, Options(allow_base_backup=False)))


AUTO = """# Do not edit this file manually!
work_mem = '64MB'
primary_conninfo = 'host=10.9.0.51 user=replicator'
primary_slot_name = 'his_db_2'
recovery_target_time = '2026-01-01'
"""


def test_only_what_it_follows_is_replaced_in_the_settings() -> None:
    text = settings_text(AUTO, "host='10.9.0.52'", "his_db_1")
    assert text.splitlines() == [
        "# Do not edit this file manually!",
        "work_mem = '64MB'",
        "primary_conninfo = 'host=''10.9.0.52'''",
        "primary_slot_name = 'his_db_1'",
        "recovery_target_timeline = 'latest'",
    ]


@given(st.text(alphabet="abc=' #\n_", max_size=80), st.text(alphabet="abc' =", max_size=20))
def test_settings_are_stable(text: str, conninfo: str) -> None:
    once = settings_text(text, conninfo, "slot")
    assert settings_text(once, conninfo, "slot") == once


def test_the_password_is_in_no_connection_string() -> None:
    conninfo = replace(SOURCE, passfile="/var/lib/postgresql/.pgpass").conninfo()
    assert "password" not in conninfo
    assert "passfile='/var/lib/postgresql/.pgpass'" in conninfo


def test_where_a_timeline_was_left() -> None:
    answer = (
        "00000003.history|1\t0/5000148\tno recovery target specified\n\n2\t0/7000000\tno recovery target specified\n"
    )
    assert (fork_in(answer, 1), fork_in(answer, 2), fork_in(answer, 3)) == ("0/5000148", "0/7000000", None)
