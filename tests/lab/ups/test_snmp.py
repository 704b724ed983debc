# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SNMP against a real agent, version 2c and 3, and apcupsd, which reads its UPS from that agent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._ups.model import Reading
from ansible_collections.contingency.infra.plugins.module_utils._ups.source import read_all

from tests.lab.power.simulators import own_network
from tests.lab.ups import daemons
from tests.lab.ups.daemons import ADDRESS, APCUPSD_PORT, AUTH_PASSWORD, COMMUNITY, PRIVACY_PASSWORD, SNMP_PORT, wait

SECONDS = 5.0
U = "1.3.6.1.2.1.33.1"
A = "1.3.6.1.4.1.318.1.1.1"
Objects = dict[str, tuple[str, str]]
IETF: Objects = {
    f"{U}.1.2.0": ("octet_str", '"Lab UPS"'),
    f"{U}.2.1.0": ("integer", "2"),
    f"{U}.2.2.0": ("integer", "0"),
    f"{U}.2.3.0": ("integer", "55"),
    f"{U}.2.4.0": ("integer", "97"),
    f"{U}.4.1.0": ("integer", "3"),
    f"{U}.4.3.0": ("integer", "2"),
    f"{U}.4.4.1.4.1": ("integer", "400"),
    f"{U}.4.4.1.4.2": ("integer", "300"),
    f"{U}.4.4.1.5.1": ("integer", "40"),
    f"{U}.4.4.1.5.2": ("integer", "30"),
    f"{U}.6.1.0": ("uinteger", "0"),
    f"{U}.9.6.0": ("integer", "3000"),
}
ON_BATTERY: Objects = {
    **IETF,
    f"{U}.2.2.0": ("integer", "95"),
    f"{U}.4.1.0": ("integer", "5"),
    f"{U}.6.1.0": ("uinteger", "2"),
    f"{U}.6.2.1.2.1": ("object_id", f"{U}.6.3.2"),
    f"{U}.6.2.1.2.2": ("object_id", f"{U}.6.3.3"),
}
POWERNET: Objects = {
    f"{A}.1.1.1.0": ("octet_str", '"Smart-UPS 3000"'),
    f"{A}.2.1.1.0": ("integer", "2"),
    f"{A}.2.2.1.0": ("uinteger", "97"),
    f"{A}.2.2.3.0": ("timeticks", "330000"),
    f"{A}.2.2.4.0": ("integer", "1"),
    f"{A}.4.1.1.0": ("integer", "3"),
    f"{A}.4.2.3.0": ("uinteger", "35"),
    f"{A}.4.2.8.0": ("integer", "700"),
    f"{A}.8.1.0": ("integer", "1"),
}


@pytest.fixture
def network() -> Iterator[None]:
    with own_network():
        yield


def read(timeout: float = SECONDS, **more: Any) -> Reading:
    options = {"name": "b", "kind": "snmp", "host": ADDRESS, "port": SNMP_PORT, "community": COMMUNITY, **more}
    return read_all([options], timeout)[0]


@pytest.mark.usefixtures("network")
def test_a_whole_reading_of_rfc_1628(tmp_path: Path, record_property: Any) -> None:
    with daemons.snmpd(tmp_path, IETF):
        started = time.monotonic()
        found = read()
        record_property("snmp_read_seconds", time.monotonic() - started)
    assert (found.status, found.why, found.marks) == ("online", None, ())
    assert (found.runtime_seconds, found.charge_percent, found.load_percent) == (3300, 97, 35)
    assert (found.power_watts, found.nominal_watts) == (700, 3000)
    assert found.raw["upsEstimatedMinutesRemaining"] == "55"


@pytest.mark.usefixtures("network")
def test_alarms_are_read(tmp_path: Path) -> None:
    with daemons.snmpd(tmp_path, ON_BATTERY):
        found = read()
    assert found.status == "low_battery"
    assert found.raw["upsAlarmDescr"] == f"{U}.6.3.2 {U}.6.3.3"
    assert any("although 3300 s are left" in mark.why for mark in found.marks)


@pytest.mark.usefixtures("network")
def test_a_whole_reading_of_powernet(tmp_path: Path) -> None:
    with daemons.snmpd(tmp_path, POWERNET):
        found = read(mib="powernet")
        other = read(mib="ietf")
    assert (found.status, found.marks) == ("on_battery", ())
    assert (found.runtime_seconds, found.charge_percent, found.load_percent, found.power_watts) == (3300, 97, 35, 700)
    assert other.status == "unknown"
    assert "has no object of the MIB ietf; correct mib" in str(other.why)


USER: dict[str, Any] = {
    "community": None,
    "version": "3",
    "user": "reader",
    "auth_protocol": "sha256",
    "auth_password": AUTH_PASSWORD,
    "privacy_protocol": "aes",
    "privacy_password": PRIVACY_PASSWORD,
}


@pytest.mark.usefixtures("network")
def test_version_3(tmp_path: Path) -> None:
    with daemons.snmpd(tmp_path, IETF):
        assert read(**USER).status == "online"


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({**USER, "user": "nobody"}, "cannot be asked"),
        ({**USER, "auth_password": "not-the-one"}, "cannot be asked"),
        ({**USER, "privacy_password": "not-the-one"}, "did not answer"),
        ({**USER, "privacy_password": None}, "AuthorizationError"),
        ({"community": "not-the-one"}, "did not answer within 1.5 s"),
    ],
    ids=["user", "signature", "encryption", "no encryption", "community"],
)
def test_who_is_not_let_in_is_told_so(tmp_path: Path, wrong: dict[str, Any], why: str) -> None:
    with daemons.snmpd(tmp_path, IETF):
        found = read(1.5, **wrong)
    assert found.status == "unknown"
    assert why.lower() in str(found.why).lower()
    assert "not-the-one" not in str(found)


def read_apcupsd() -> Reading:
    return read_all([{"name": "c", "kind": "apcupsd", "host": ADDRESS, "port": APCUPSD_PORT}], SECONDS)[0]


@pytest.mark.usefixtures("network")
def test_apcupsd(tmp_path: Path) -> None:
    agent, reader = tmp_path / "agent", tmp_path / "reader"
    agent.mkdir()
    reader.mkdir()
    with daemons.apcupsd(reader, "RFC"):
        with daemons.snmpd(agent, IETF):
            wait(lambda: read_apcupsd().status == "online", "apcupsd on line")
            found = read_apcupsd()
        assert (found.runtime_seconds, found.charge_percent) == (3300, 97)
        assert found.age_seconds is not None
        assert found.age_seconds <= 5
        with daemons.snmpd(agent, {**IETF, f"{U}.4.1.0": ("integer", "5")}):
            wait(lambda: read_apcupsd().status == "on_battery", "apcupsd on battery")
        wait(lambda: read_apcupsd().status == "unknown", "apcupsd without its UPS", 60)
        assert "has no contact with the UPS" in str(read_apcupsd().why)
