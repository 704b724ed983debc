# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NUT: a real upsd with dummy drivers, over TLS, and with a driver that hangs, is gone, or lies."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._ups.model import Reading
from ansible_collections.contingency.infra.plugins.module_utils._ups.source import read_all

from tests.lab.power.simulators import own_network
from tests.lab.ups import daemons
from tests.lab.ups.daemons import ADDRESS, UPSD_PORT, Upsd, wait

CHECKOUT = Path(__file__).resolve().parents[3]
ANSIBLE = Path(sys.executable).with_name("ansible")
COMMAND = (str(ANSIBLE), "localhost", "-i", "localhost,", "-c", "local", "-m", "contingency.infra.ups_info")
ONLINE = {
    "ups.status": "OL CHRG",
    "battery.runtime": "1800",
    "battery.charge": "97",
    "ups.load": "40",
    "ups.realpower.nominal": "3000",
}
OUTAGE = {**ONLINE, "ups.status": "OB DISCHRG", "battery.runtime": "1200", "battery.charge": "90"}
ODD = {**ONLINE, "ups.id": '"the \\"big\\" one \\\\ left"'}
UPSES = ("ups-a", "ups-b", "ups-c", "ups-d")
SECONDS = 5.0


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upsd]:
    upses = {**dict.fromkeys(UPSES, ONLINE), "ups-b": ODD}
    with own_network(), daemons.upsd(tmp_path_factory.mktemp("upsd"), upses, tls=True) as found:
        wait(lambda: all(read(name).status == "online" for name in UPSES), "all UPSes on line")
        yield found


def options(ups: str, **more: Any) -> dict[str, Any]:
    return {"name": ups, "kind": "nut", "host": ADDRESS, "ups": ups, **more}


def read(ups: str, **more: Any) -> Reading:
    return read_all([options(ups, **more)], SECONDS)[0]


def test_a_whole_reading(shared: Upsd, record_property: Any) -> None:
    started = time.monotonic()
    found = read("ups-a")
    record_property("nut_read_seconds", time.monotonic() - started)
    assert (found.status, found.why) == ("online", None)
    assert (found.runtime_seconds, found.charge_percent, found.load_percent) == (1800, 97, 40)
    assert (found.power_watts, found.nominal_watts, found.age_seconds) == (1200, 3000, 1)
    assert found.raw["driver.name"] == "dummy-ups"


def test_an_outage_is_seen_and_a_runtime_that_lies_is_not_believed(shared: Upsd) -> None:
    shared.say("ups-a", OUTAGE)
    wait(lambda: read("ups-a").status == "on_battery", "on battery")
    outage = read("ups-a").as_dict()
    shared.say("ups-a", {**OUTAGE, "battery.runtime": "18358"})
    wait(lambda: read("ups-a").runtime_seconds == 18358, "the lie, taken alone")
    found = read_all([options("ups-a")], SECONDS, [outage])[0]
    assert (found.status, found.runtime_seconds) == ("on_battery", None)
    shared.say("ups-a", {**OUTAGE, "ups.status": "OB LB", "battery.runtime": "1000"})
    wait(lambda: read("ups-a").status == "low_battery", "low battery")
    assert any("low battery is believed" in mark.why for mark in read("ups-a").marks)


def test_odd_texts_come_as_they_are(shared: Upsd) -> None:
    assert read("ups-b").raw["ups.id"] == 'the "big" one \\ left'


def test_a_name_that_is_wrong(shared: Upsd) -> None:
    found = read("ups-x")
    assert found.status == "unknown"
    assert "it has no UPS of the name ups-x; correct ups" in str(found.why)


def test_a_driver_that_hangs_is_stale_and_one_that_is_gone_is_unknown(shared: Upsd) -> None:
    shared.drivers["ups-c"].send_signal(signal.SIGSTOP)
    wait(lambda: "says DATA-STALE" in str(read("ups-c").why), "stale data")
    assert read("ups-c").status == "unknown"
    shared.drivers["ups-c"].send_signal(signal.SIGCONT)
    wait(lambda: read("ups-c").status == "online", "fresh data")
    shared.drivers["ups-c"].kill()
    wait(lambda: "the driver of ups-c does not run" in str(read("ups-c").why), "no driver")
    assert [each.status for each in read_all([options("ups-c"), options("ups-d")], SECONDS)] == ["unknown", "online"]


def test_tls_with_its_own_certificate(shared: Upsd) -> None:
    found = read("ups-d", tls=True, ca_file=str(shared.certificate), user="monitor", password="lab-only")
    assert (found.status, found.why) == ("online", None)


def test_tls_with_a_certificate_that_nobody_signed(shared: Upsd) -> None:
    found = read("ups-d", tls=True)
    assert found.status == "unknown"
    assert "shows a certificate that is not trusted" in str(found.why)


def test_a_client_that_stalls_in_tls_blocks_upsd_but_not_the_reading(shared: Upsd) -> None:
    with socket.create_connection((ADDRESS, UPSD_PORT)) as staller:
        staller.sendall(b"STARTTLS\n")
        assert staller.recv(64) == b"OK STARTTLS\n"
        started = time.monotonic()
        found = read_all([options("ups-d")], 1)[0]
        assert time.monotonic() - started < 2
        assert found.status == "unknown"
        assert "did not answer in full within 1 s" in str(found.why)
    wait(lambda: read("ups-d").status == "online", "upsd again")


def test_the_module(shared: Upsd, tmp_path: Path) -> None:
    lost = {**options("ups-x"), "name": "lost", "user": "monitor", "password": "lab-only"}
    arguments = json.dumps({"sources": [options("ups-d"), lost], "timeout": SECONDS})
    done = subprocess.run(
        [*COMMAND, "-a", arguments, "--check", "-vvv"],
        cwd=CHECKOUT,
        env={**os.environ, "ANSIBLE_HOME": str(tmp_path), "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout[done.stdout.index("=> {") + 3 :])
    assert (result["changed"], result["on_battery"], result["unknown"]) == (False, [], ["lost"])
    assert [reading["status"] for reading in result["readings"]] == ["online", "unknown"]
    assert "lab-only" not in done.stdout + done.stderr


def test_nothing_is_asked_of_a_upsd_without_tls_where_tls_is_asked_for(tmp_path: Path) -> None:
    with own_network(), daemons.upsd(tmp_path, {"ups-a": ONLINE}):
        wait(lambda: read("ups-a").status == "online", "on line without TLS")
        found = read("ups-a", tls=True)
    assert found.status == "unknown"
    assert "it is not set up for TLS" in str(found.why)
