# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a promotion would do, and when the record of a killed one counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.journal import Record, continues
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.journal import read as read_record
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.model import FenceProof, Limits, Server, Source
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.promote import preparation, promote, takeover
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.rejoin import (
    Primary,
    change_master,
    pointing,
    rejoin_limitation,
)

from tests.unit.mariadb.fake_host import FakeHost
from tests.unit.mariadb.recorded import RUNNING, SOCKETS, answer, standby

RECORD = Record(1000.0, "/var/lib/mysql/", 2, "his-maria-1:3306", "0-1-10", 0.4)
SOURCE = Source("his-maria-2", "replicator", "secret")
NEW = Primary(3, False, True, "0-3-12", "0-1-10,0-3-12", "10.11")


@pytest.mark.parametrize(
    ("changed", "statements"),
    [
        ({}, ["STOP SLAVE IO_THREAD"]),
        ({"io_running": "Connecting"}, ["STOP SLAVE IO_THREAD"]),
        ({"sql_running": "No"}, ["START SLAVE SQL_THREAD", "STOP SLAVE IO_THREAD"]),
        ({"io_running": "No"}, []),
        ({"io_running": "No", "sql_running": "No"}, []),
        (
            {"io_running": "No", "sql_running": "No", "gtid_io_pos": "0-1-12"},
            [
                "CHANGE MASTER TO MASTER_USE_GTID=no, RELAY_LOG_FILE='relay.000002', RELAY_LOG_POS=658",
                "START SLAVE SQL_THREAD",
            ],
        ),
        (
            {"io_running": "No", "sql_running": "No", "gtid_io_pos": "0-1-12", "using_gtid": "No"},
            ["START SLAVE SQL_THREAD"],
        ),
    ],
)
def test_received_transactions_are_applied_whatever_runs(changed: dict[str, Any], statements: list[str]) -> None:
    assert preparation(standby(**changed)) == statements


def test_writes_are_let_in_last() -> None:
    assert takeover(standby()) == ["STOP SLAVE", "RESET SLAVE ALL", "SET GLOBAL read_only = OFF"]
    assert takeover(standby(connections=())) == ["SET GLOBAL read_only = OFF"]
    assert takeover(standby(read_only=False))[-1] == "RESET SLAVE ALL"


def test_the_record_counts_while_the_server_looks_as_it_was_left() -> None:
    stopped = standby(io_running="No")
    assert continues(RECORD, stopped, 1010.0)
    assert continues(RECORD, standby(connections=()), 1010.0)
    assert not continues(RECORD, standby(connections=(), gtid_slave_pos="0-1-9"), 1010.0)
    assert not continues(RECORD, standby(), 1010.0)
    assert not continues(RECORD, standby(io_running="No", primary_host="another"), 1010.0)
    assert not continues(replace(RECORD, finished=True), stopped, 1010.0)
    assert not continues(replace(RECORD, server_id=7), stopped, 1010.0)
    assert not continues(RECORD, stopped, 1000.0 + 3601)
    assert not continues(RECORD, stopped, 900.0)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"at_epoch": 1}', '{"other": 1}'])
def test_a_record_that_cannot_be_read_is_none(text: str) -> None:
    host = FakeHost()
    host.files["/j"] = text
    assert read_record(host, "/j") is None


def test_applying_that_takes_too_long_ends_in_a_sentence() -> None:
    lagging = {**RUNNING, "Gtid_IO_Pos": "0-1-12"}
    host = FakeHost(mariadb=[Answer(0, answer(lagging), "")], ss=[Answer(0, SOCKETS, "")])
    proof = FenceProof("ipmi", "x", 1000.0, True)
    outcome = promote(host, Server(), proof, Limits(), apply_timeout=0.5, journal_path="/j")
    assert outcome.msg is not None
    assert "After 0.5 s the standby has applied up to 0-1-10 of the 0-1-12" in outcome.msg
    assert not any("RESET" in stdin for _first, stdin in host.ran)
    assert read_record(host, "/j") is not None


@pytest.mark.parametrize(
    ("changed", "primary", "reason"),
    [
        ({"server_id": 3}, {}, "both have server_id 3"),
        ({}, {"read_only": True}, "so it is no primary"),
        ({}, {"log_bin": False}, "nothing can follow it"),
        ({"log_bin": False, "connections": ()}, {}, "take a new copy of the data"),
        ({"gtid_binlog_state": "0-1-12", "gtid_binlog_pos": "0-1-12"}, {}, "has not: 0-1-11 to 0-1-12."),
    ],
)
def test_a_server_that_must_not_follow_says_why(changed: dict[str, Any], primary: dict[str, Any], reason: str) -> None:
    found = rejoin_limitation(standby(**changed), replace(NEW, **primary), SOURCE)
    assert found is not None
    assert reason in found


def test_a_former_primary_starts_from_where_its_binary_log_ends() -> None:
    former = standby(connections=(), primary_host=None, gtid_slave_pos="", gtid_binlog_pos="0-2-10")
    assert rejoin_limitation(standby(), NEW, SOURCE) is None
    assert pointing(former, SOURCE, hidden=True) == [
        "SET GLOBAL gtid_slave_pos = '0-2-10'",
        change_master(SOURCE, hidden=True),
        "START SLAVE",
    ]


def test_a_standby_of_another_primary_forgets_it() -> None:
    assert pointing(standby(), SOURCE)[:2] == ["STOP ALL SLAVES", "RESET SLAVE '' ALL"]
    assert pointing(standby(primary_host="his-maria-2"), SOURCE) == []


def test_no_password_in_what_people_read() -> None:
    assert "secret" in change_master(SOURCE)
    assert "secret" not in change_master(SOURCE, hidden=True)
