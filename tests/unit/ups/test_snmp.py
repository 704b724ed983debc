# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the objects of SNMP agents say, and agents that do not answer."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._ups.mibs import MIBS
from ansible_collections.contingency.infra.plugins.module_utils._ups.model import Reading
from ansible_collections.contingency.infra.plugins.module_utils._ups.reading import normalise
from ansible_collections.contingency.infra.plugins.module_utils._ups.source import read_all

IETF = {
    "upsBatteryStatus": "2",
    "upsSecondsOnBattery": "0",
    "upsEstimatedMinutesRemaining": "55",
    "upsEstimatedChargeRemaining": "97",
    "upsOutputSource": "3",
    "upsAlarmsPresent": "0",
    "upsConfigOutputPower": "3000",
    "upsConfigLowBattTime": "2",
    "upsOutputPower.1": "400",
    "upsOutputPower.2": "300",
    "upsOutputPercentLoad.1": "40",
    "upsOutputPercentLoad.2": "30",
}
POWERNET = {
    "upsBasicBatteryStatus": "2",
    "upsAdvBatteryCapacity": "97",
    "upsAdvBatteryRunTimeRemaining": "330000",
    "upsAdvBatteryReplaceIndicator": "1",
    "upsBasicOutputStatus": "2",
    "upsAdvOutputLoad": "35",
    "upsAdvOutputActivePower": "700",
    "upsCommStatus": "1",
}
ALARM = "1.3.6.1.2.1.33.1.6.3."


def reading(mib: str, alarms: Sequence[str] = (), **changed: str | None) -> Reading:
    values: dict[str, str | None] = dict.fromkeys(MIBS[mib].scalars)
    values.update(IETF if mib == "ietf" else POWERNET)
    values.update(changed)
    return normalise("b", f"snmp://b/{mib}", MIBS[mib].observe(values, {"upsAlarmDescr": alarms}), [], 0.0)


def test_every_object_that_is_read_is_asked_for() -> None:
    assert set(IETF) <= set(MIBS["ietf"].scalars)
    assert set(POWERNET) <= set(MIBS["powernet"].scalars)


@pytest.mark.parametrize("mib", ["ietf", "powernet"])
def test_a_whole_reading(mib: str) -> None:
    found = reading(mib)
    assert (found.status, found.marks) == ("online", ())
    assert (found.runtime_seconds, found.charge_percent, found.load_percent, found.power_watts) == (3300, 97, 35, 700)
    assert found.nominal_watts == (3000 if mib == "ietf" else None)


@pytest.mark.parametrize(
    ("output", "battery", "alarms", "status"),
    [
        ("3", "2", (), "online"),
        ("6", "2", (), "online"),
        ("7", "1", (), "online"),
        ("5", "2", (), "on_battery"),
        ("5", "3", (), "low_battery"),
        ("5", "4", (), "low_battery"),
        ("5", "2", ("3",), "low_battery"),
        ("3", "2", ("1",), "online"),
        ("3", "2", ("2",), "unknown"),
        ("3", "2", ("20",), "unknown"),
        ("3", "2", ("14",), "unknown"),
        ("4", "2", (), "unknown"),
        ("2", "2", (), "unknown"),
        ("1", "2", (), "unknown"),
        (None, "2", (), "unknown"),
    ],
)
def test_status_of_rfc_1628(output: str | None, battery: str, alarms: tuple[str, ...], status: str) -> None:
    found = reading("ietf", [f"{ALARM}{alarm}" for alarm in alarms], upsOutputSource=output, upsBatteryStatus=battery)
    assert found.status == status
    assert found.replace_battery == ("1" in alarms if output and output != "1" else None)


@pytest.mark.parametrize(
    ("output", "changed", "status"),
    [
        ("2", {}, "online"),
        ("4", {}, "online"),
        ("12", {}, "online"),
        ("3", {}, "on_battery"),
        ("15", {}, "on_battery"),
        ("3", {"upsBasicBatteryStatus": "3"}, "low_battery"),
        ("2", {"upsCommStatus": "2"}, "unknown"),
        ("6", {}, "unknown"),
        ("7", {}, "unknown"),
        ("10", {}, "unknown"),
        ("1", {}, "unknown"),
        ("99", {}, "unknown"),
        (None, {}, "unknown"),
    ],
)
def test_status_of_powernet(output: str | None, changed: dict[str, str], status: str) -> None:
    assert reading("powernet", upsBasicOutputStatus=output, **changed).status == status


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"upsEstimatedMinutesRemaining": "-1"}, "runtime_seconds"),
        ({"upsEstimatedMinutesRemaining": "65535"}, "runtime_seconds"),
        ({"upsEstimatedMinutesRemaining": "0"}, "runtime_seconds"),
        ({"upsEstimatedChargeRemaining": "65535"}, "charge_percent"),
        ({"upsOutputPercentLoad.2": "-1"}, "load_percent"),
        ({"upsOutputPower.1": "-1"}, "power_watts"),
    ],
)
def test_an_implausible_figure_is_named(changed: dict[str, str], field: str) -> None:
    found = reading("ietf", **changed)
    assert any(mark.field == field for mark in found.marks)
    assert getattr(found, field) != float(next(iter(changed.values())))


def test_a_counter_of_the_last_outage_is_marked() -> None:
    assert "although it is on line" in reading("ietf", upsSecondsOnBattery="95").marks[0].why


@pytest.mark.parametrize(
    ("changed", "flagged"),
    [({"upsBasicBatteryStatus": "5"}, False), ({"upsAdvBatteryReplaceIndicator": "2"}, True)],
)
def test_a_battery_that_is_none_or_to_be_replaced(changed: dict[str, str], flagged: bool) -> None:
    found = reading("powernet", **changed)
    assert found.replace_battery is flagged
    assert (found.runtime_seconds is None) is not flagged


def ask(port: int, timeout: float, **more: Any) -> Reading:
    source = {"name": "b", "kind": "snmp", "host": "127.0.0.1", "port": port, "community": "not-public", **more}
    return read_all([source], timeout)[0]


@pytest.mark.parametrize(
    "more",
    [{}, {"community": None, "version": "3", "user": "reader", "auth_password": "s3cret-one"}],
    ids=["2c", "3"],
)
@pytest.mark.parametrize("answer", [b"", b"garbage", b"\x30\x82\xff\xff"], ids=["silent", "garbage", "cut off"])
def test_an_agent_that_does_not_answer_costs_no_more_than_the_deadline(more: dict[str, Any], answer: bytes) -> None:
    def repeat(agent: socket.socket) -> None:
        while True:
            question, asker = agent.recvfrom(4096)
            if not question:
                return
            agent.sendto(answer, asker)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
        agent.bind(("127.0.0.1", 0))
        answering = threading.Thread(target=repeat, args=(agent,))
        if answer:
            answering.start()
        started = time.monotonic()
        found = ask(agent.getsockname()[1], 0.8, **more)
        seconds = time.monotonic() - started
        if answer:
            agent.sendto(b"", agent.getsockname())
            answering.join()
    assert found.status == "unknown"
    assert "did not answer within 0.8 s" in str(found.why)
    assert "not-public" not in str(found)
    assert seconds < 2.5


def test_without_the_package_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "pysnmp"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pysnmp", None)
    found = ask(9, 2)
    assert found.status == "unknown"
    assert "pip install 'pysnmp>=7.1,<8'" in str(found.why)


def test_a_name_that_is_not_known() -> None:
    found = read_all([{"name": "b", "kind": "snmp", "host": "ups.invalid", "community": "not-public"}], 5)[0]
    assert found.status == "unknown"
    assert "ups.invalid" in str(found.why)
