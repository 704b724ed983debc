# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""apcupsd's frames and fields, against real sockets and as its manual gives them."""

from __future__ import annotations

import socket
import time

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._ups.model import Reading
from ansible_collections.contingency.infra.plugins.module_utils._ups.source import read_all

from tests.unit.ups import daemons
from tests.unit.ups.daemons import ADDRESS, Behaviour, apcupsd, record, report, serving

TIMEOUT, SLACK_SECONDS = 0.6, 1.0


def read(port: int, timeout: float = 5.0) -> Reading:
    return read_all([{"name": "c", "kind": "apcupsd", "host": ADDRESS, "port": port}], timeout)[0]


def reading(**changed: str | None) -> Reading:
    with serving(apcupsd(report(**changed))) as port:
        return read(port)


def test_a_whole_reading() -> None:
    found = reading()
    assert (found.status, found.why, found.marks[:-1]) == ("online", None, ())
    assert (found.runtime_seconds, found.charge_percent, found.load_percent) == (1656, 100, 10)
    assert (found.nominal_watts, found.power_watts, found.age_seconds) == (480, 48, 4)
    assert found.marks[-1].why.startswith("Estimated as load times nominal")
    assert found.replace_battery is False
    assert found.raw["LINEV"] == "230.0 Volts"


@pytest.mark.parametrize(
    ("status", "flag", "expected"),
    [
        ("ONLINE", "0x05000008", "online"),
        ("TRIM ONLINE", "0x0500000A", "online"),
        ("ONLINE", None, "online"),
        ("ONLINE", "0x07000008 Status Flag", "online"),
        ("ONBATT", "0x05060010", "on_battery"),
        ("ONBATT LOWBATT", "0x05060050", "low_battery"),
        ("SHUTTING DOWN", "0x05060250", "low_battery"),
        ("CAL ONBATT", "0x05060011", "on_battery"),
        ("ONLINE", "0x05060010", "unknown"),
        ("ONBATT", "0x05000008", "unknown"),
        ("COMMLOST", "0x05000108", "unknown"),
        ("ONLINE", "garbage", "unknown"),
        ("SLAVE", None, "unknown"),
        (None, None, "unknown"),
    ],
)
def test_status_and_its_bits_have_to_agree(status: str | None, flag: str | None, expected: str) -> None:
    assert reading(STATUS=status, STATFLAG=flag).status == expected


@pytest.mark.parametrize(
    ("asked", "made", "status", "age"),
    [
        ("2026-11-22 10:00:00 +0800", "2026-11-22 10:01:00 +0800", "online", 60),
        ("2026-11-22 10:00:00 +0800", "2026-11-22 02:00:30 +0000", "online", 30),
        ("2026-11-22 10:00:00 +0800", "2026-11-22 10:02:01 +0800", "unknown", 121),
        ("2026-11-22 10:00:00 +0800", "2026-11-22 09:00:00 +0800", "unknown", 0),
        ("Sun Nov 22 10:00:00 2026", "2026-11-22 10:00:00 +0800", "unknown", None),
        (None, "2026-11-22 10:00:00 +0800", "unknown", None),
    ],
)
def test_only_what_is_known_to_be_fresh_is_online(asked: str | None, made: str, status: str, age: float | None) -> None:
    found = reading(DATE=asked, END_APC=made)
    assert (found.status, found.age_seconds) == (status, age)
    assert found.runtime_seconds == (1656 if status == "online" else None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("27.6 Minutes", 1656),
        ("27.6", 1656),
        ("90 Seconds", 90),
        ("1.5 Hours", 5400),
        ("65535.0 Minutes", None),
        ("0.0 Minutes", None),
        ("-1.0 Minutes", None),
        ("27.6 Parsecs", None),
        ("N/A", None),
        (None, None),
    ],
)
def test_time_left(text: str | None, seconds: float | None) -> None:
    found = reading(TIMELEFT=text)
    assert found.runtime_seconds == seconds
    assert (seconds is None) == any(mark.field == "runtime_seconds" for mark in found.marks)


def test_a_counter_of_the_last_outage_is_marked() -> None:
    found = reading(TONBATT="95 Seconds", XONBATT="2026-11-20 14:20:44 +0800")
    assert found.status == "online"
    assert "since 2026-11-20 14:20:44 +0800" in found.marks[0].why


def test_a_battery_to_be_replaced() -> None:
    assert reading(STATUS="ONLINE REPLACEBATT", STATFLAG="0x05000088").replace_battery is True


def sending(data: bytes) -> Behaviour:
    def behave(client: socket.socket) -> None:
        client.recv(64)
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        daemons.silent(client)

    return behave


WHOLE = b"".join(record(text) for text in report())


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "closed the connection within its answer"),
        (WHOLE, "closed the connection within its answer"),
        (WHOLE[:-7], "closed the connection within its answer"),
        (b"\0\0", "gives no whole status report (it says nothing)"),
        (record("Invalid command\n") + b"\0\0", "it says Invalid command"),
        (b"".join(record(text) for text in report(END_APC=None)) + b"\0\0", "gives no whole status report"),
        (b"HTTP/1.1 400 Bad Request\r\n", "does not answer as apcupsd does"),
        (b"\xff\xff" + b"x" * 70000, "does not answer as apcupsd does"),
    ],
)
def test_no_reading_says_why_and_what_to_do(data: bytes, why: str) -> None:
    with serving(sending(data)) as port:
        found = read(port)
    assert found.status == "unknown"
    assert why in str(found.why)


@pytest.mark.parametrize("behaviour", [daemons.silent, daemons.dripping])
def test_one_deadline_for_everything(behaviour: Behaviour) -> None:
    with serving(behaviour) as port:
        started = time.monotonic()
        found = read(port, TIMEOUT)
        seconds = time.monotonic() - started
    assert found.status == "unknown"
    assert seconds < TIMEOUT + SLACK_SECONDS


def test_a_report_without_end_is_cut_off() -> None:
    def endless(client: socket.socket) -> None:
        client.recv(64)
        while True:
            client.sendall(record("LINEV    : 230.0 Volts\n") * 1000)

    with serving(endless) as port:
        assert "sends without end" in str(read(port).why)
