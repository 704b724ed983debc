# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""UPSes whose batteries the hosts really drain, and hosts that really go off."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._power.control import (
    PowerControl,
    ensure_forced_off,
    ensure_on,
    open_control,
)
from ansible_collections.contingency.infra.plugins.module_utils._power.model import (
    Bmc,
    NotConfirmed,
    Outcome,
    PowerState,
)

from lab import Lab, LabError, kernel
from lab.instance import CONTROLLER, Instance
from lab.kinds.host import Host
from lab.kinds.ups import CERTIFICATE, NUT_PORT
from lab.power import control
from lab.topology import load

from .conftest import NAME, eventually
from .test_lab_faults import ssh
from .test_lab_lifecycle import interfaces, lab_command, left_over

ONLY_A = {"lis-web-1", "lis-report-1"}
ONLY_B = {"lis-web-2", "lis-files-1"}
NEARLY_EMPTY = 0.005


def on(lab: Lab) -> set[str]:
    return {host.name for host in control.hosts(lab) if host.running()}


def host(lab: Lab, name: str) -> Host:
    return next(found for found in control.hosts(lab) if found.name == name)


def told(lab: Lab, ups: str, variable: str) -> str:
    return control.ups(lab, ups).variable(variable)


def number(lab: Lab, ups: str, variable: str) -> float:
    return float(told(lab, ups, variable))


def status(lab: Lab, ups: str) -> set[str]:
    return set(told(lab, ups, "ups.status").split())


def on_battery(lab: Lab, *upses: str) -> None:
    for ups in upses:
        lab.fault("mains-off", ups)
    eventually(lambda: all("OB" in status(lab, ups) for ups in upses))


def health(lab: Lab, name: str) -> int:
    """The HTTP status of a host's health."""
    address = f"http://{lab.topology.machine(name).management}:8080/health"
    with kernel.network_namespace(lab.machine(CONTROLLER).namespace_path):
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code


def described(lab: Lab, name: str) -> dict[str, Any]:
    inventory = json.loads(lab.instance.inventory.read_text(encoding="utf-8"))
    variables: dict[str, Any] = inventory["_meta"]["hostvars"][name]
    return variables


@contextmanager
def controller_of(lab: Lab, name: str) -> Iterator[PowerControl]:
    """The management controller of a host as the collection finds it in the inventory, from Ansible's machine."""
    bmc = Bmc.from_dict(described(lab, name)["shutdown_bmc"])
    with kernel.network_namespace(lab.machine(CONTROLLER).namespace_path), open_control(bmc) as opened:
        yield opened


def told_by_controller(lab: Lab, name: str) -> PowerState:
    with controller_of(lab, name) as opened:
        return opened.state()


def press(lab: Lab, name: str, action: Callable[[PowerControl, float], Outcome]) -> Outcome:
    """Press a button (ensure_on, ensure_forced_off) and wait until the controller confirms it."""
    with controller_of(lab, name) as opened:
        return action(opened, 3)


# -- the battery ------------------------------------------------------------------------------------------


def test_upsd_tells_what_the_hosts_draw_each_of_two_feeds_half(power: Lab) -> None:
    assert [number(power, ups, "ups.realpower") for ups in ("ups-a", "ups-b")] == [1050, 1150]
    assert [number(power, ups, "ups.load") for ups in ("ups-a", "ups-b")] == [39, 43]
    assert [status(power, ups) for ups in ("ups-a", "ups-b")] == [{"OL"}] * 2


def test_the_battery_drains_as_fast_as_it_says(power: Lab) -> None:
    on_battery(power, "ups-a")
    first, moment = power_of(power, "ups-a"), time.monotonic()
    time.sleep(2)
    last = power_of(power, "ups-a")
    assert first - last == pytest.approx(time.monotonic() - moment, abs=0.6)


def power_of(lab: Lab, ups: str) -> float:
    """Seconds that are left, as the battery itself knows; upsd tells them a little later, without a fraction."""
    return control.ups(lab, ups).store.read().runtime_seconds


def test_shutting_hosts_down_over_ssh_lengthens_the_runtime_that_upsd_tells(power: Lab) -> None:
    on_battery(power, "ups-a", "ups-b")
    before = {ups: number(power, ups, "battery.runtime") for ups in ("ups-a", "ups-b")}
    for name in ONLY_A:
        assert ssh(power, "root", name, "systemctl poweroff").returncode in (0, 255)
    eventually(lambda: not on(power) & ONLY_A)
    eventually(lambda: number(power, "ups-a", "battery.runtime") > 1.3 * before["ups-a"])
    assert number(power, "ups-b", "battery.runtime") <= before["ups-b"]


def test_mains_that_are_back_charge_the_battery(power: Lab) -> None:
    control.set_battery(power, "ups-a", charge=0.5)
    on_battery(power, "ups-a")
    power.heal("mains-off", "ups-a")
    eventually(lambda: status(power, "ups-a") == {"OL", "CHRG"})
    charge = number(power, "ups-a", "battery.charge")
    eventually(lambda: number(power, "ups-a", "battery.charge") > charge)
    assert status(power, "ups-b") == {"OL"}


def test_another_pace_changes_the_readings_and_the_tables_alike(power: Lab) -> None:
    pace = 30.0
    table = [seconds / 60 / pace for _load, seconds in control.ups(power, "ups-a").battery.table.points]
    runtime = number(power, "ups-a", "battery.runtime")
    try:
        control.set_pace(power, pace * 4)
        eventually(lambda: number(power, "ups-a", "battery.runtime") == pytest.approx(runtime / 4, abs=2))
        everywhere = json.loads(power.instance.inventory.read_text(encoding="utf-8"))["all"]["vars"]
        minutes = [minutes for _load, minutes in everywhere["shutdown_upses"][0]["runtime_table"]]
        assert minutes == pytest.approx([minutes / 4 for minutes in table])
        assert everywhere["lab_pace"] == pace * 4
    finally:
        control.set_pace(power, pace)


def test_upsd_offers_tls_with_a_certificate_that_can_be_verified(power: Lab) -> None:
    ups = control.ups(power, "ups-a")
    context = ssl.create_default_context(cafile=str(ups.disk / CERTIFICATE))
    with kernel.network_namespace(power.machine(CONTROLLER).namespace_path):
        plain = socket.create_connection((ups.spec.management, NUT_PORT), timeout=5)
    with plain:
        plain.sendall(b"STARTTLS\n")
        assert plain.recv(100) == b"OK STARTTLS\n"
        with context.wrap_socket(plain, server_hostname=ups.spec.management) as private:
            private.sendall(b"GET VAR ups-a ups.status\n")
            assert private.recv(100) == b'VAR ups-a ups.status "OL"\n'


# -- an empty one -----------------------------------------------------------------------------------------


def test_an_empty_ups_takes_the_power_from_the_hosts_that_it_alone_feeds(power: Lab) -> None:
    everything = on(power)
    with kernel.network_namespace(power.machine(CONTROLLER).namespace_path):
        session = socket.create_connection((power.topology.machine("lis-web-1").management, 22), timeout=5)
    control.set_battery(power, "ups-a", charge=NEARLY_EMPTY)
    power.fault("mains-off", "ups-a")
    with session:
        session.recv(4096)
        eventually(lambda: on(power) == everything - ONLY_A)
        session.settimeout(0.5)
        with pytest.raises(TimeoutError):
            session.recv(1)
    assert not power.machine("ups-a").running()
    eventually(lambda: number(power, "ups-b", "ups.realpower") == 1150 + 600)
    time.sleep(0.6)
    assert on(power) == everything - ONLY_A


def test_when_both_are_empty_nothing_is_left_running(power: Lab) -> None:
    for ups in ("ups-a", "ups-b"):
        control.set_battery(power, ups, charge=NEARLY_EMPTY)
        power.fault("mains-off", ups)
    eventually(lambda: on(power) == set())
    power.heal_all()
    eventually(lambda: all(answer(power, ups).endswith('"OL CHRG"') for ups in ("ups-a", "ups-b")))
    assert on(power) == set()


def test_a_ups_that_breaks_leaves_its_load_to_the_other(power: Lab) -> None:
    everything = on(power)
    power.fault("power-off", "ups-b")
    assert on(power) == everything - ONLY_B
    eventually(lambda: number(power, "ups-a", "ups.realpower") == 1050 + 600)
    with pytest.raises(LabError, match="lis-web-2 has no power: nothing comes from ups-b"):
        power.machine("lis-web-2").power_on()


def test_the_button_of_a_host_without_power_does_nothing_until_mains_are_back(power: Lab) -> None:
    control.set_battery(power, "ups-b", charge=NEARLY_EMPTY)
    power.fault("mains-off", "ups-b")
    eventually(lambda: not on(power) & ONLY_B)
    with pytest.raises(NotConfirmed):
        press(power, "lis-files-1", ensure_on)
    assert told_by_controller(power, "lis-files-1") is PowerState.OFF
    power.heal("mains-off", "ups-b")
    press(power, "lis-files-1", ensure_on)
    eventually(lambda: host(power, "lis-files-1").not_ready() is None)


# -- faults -----------------------------------------------------------------------------------------------


def answer(lab: Lab, ups: str) -> str:
    return control.ups(lab, ups).ask(f"GET VAR {ups} ups.status")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("ups-stale", "ERR DATA-STALE"),
        ("ups-driver-killed", "ERR DRIVER-NOT-CONNECTED"),
        ("cut-management", ""),
    ],
)
def test_a_ups_that_cannot_be_read_says_so_and_goes_on(power: Lab, fault: str, said: str) -> None:
    power.fault(fault, "ups-a")
    eventually(lambda: answer(power, "ups-a") == said)
    assert (on(power) >= ONLY_A, status(power, "ups-b")) == (True, {"OL"})
    power.heal(fault, "ups-a")
    eventually(lambda: answer(power, "ups-a") == 'VAR ups-a ups.status "OL"')


@pytest.mark.parametrize(
    ("fault", "runtimes"),
    [
        ("runtime-65535", {65535}),
        ("runtime-zero", {0}),
        ("runtime-negative", {-1}),
        ("runtime-jumps", {65535, 18358, 12, 7000}),
    ],
)
def test_a_ups_lies_about_its_runtime_until_that_is_healed(power: Lab, fault: str, runtimes: set[int]) -> None:
    honest = number(power, "ups-a", "battery.runtime")
    power.fault(fault, "ups-a")
    for runtime in runtimes:
        eventually(lambda runtime=runtime: number(power, "ups-a", "battery.runtime") == runtime)  # type: ignore[misc]
    assert number(power, "ups-b", "battery.runtime") not in runtimes
    power.heal(fault, "ups-a")
    eventually(lambda: number(power, "ups-a", "battery.runtime") == pytest.approx(honest, abs=1))


def test_a_battery_is_low_at_once_with_all_of_its_runtime_left(power: Lab) -> None:
    runtime = number(power, "ups-a", "battery.runtime")
    power.fault("low-battery", "ups-a")
    power.fault("mains-off", "ups-a")
    eventually(lambda: status(power, "ups-a") == {"OB", "DISCHRG", "LB"})
    assert number(power, "ups-a", "battery.runtime") > 0.9 * runtime
    power.heal("low-battery", "ups-a")
    eventually(lambda: status(power, "ups-a") == {"OB", "DISCHRG"})


def test_a_worn_battery_lasts_a_fifth(power: Lab) -> None:
    runtime = number(power, "ups-a", "battery.runtime")
    power.fault("worn-battery", "ups-a")
    eventually(lambda: number(power, "ups-a", "battery.runtime") == pytest.approx(runtime / 5, abs=2))
    assert number(power, "ups-a", "battery.charge") == 100


def test_mains_flap_until_that_is_healed(power: Lab) -> None:
    power.fault("mains-flap", "ups-a")
    for word in ("OB", "OL", "OB"):
        eventually(lambda word=word: word in status(power, "ups-a"))  # type: ignore[misc]
    power.heal("mains-flap", "ups-a")
    eventually(lambda: "OL" in status(power, "ups-a"))
    time.sleep(3.5)
    assert "OL" in status(power, "ups-a")


def test_a_fault_of_a_ups_is_refused_for_a_host(power: Lab) -> None:
    with pytest.raises(LabError, match="lis-web-1 is no UPS: the lab has ups-a, ups-b"):
        power.fault("mains-off", "lis-web-1")
    assert power.active_faults() == []


# -- the hosts --------------------------------------------------------------------------------------------


def test_a_host_takes_as_long_to_stop_as_topology_yml_says(power: Lab) -> None:
    started = time.monotonic()
    power.exec("lis-db-1", "systemctl", "poweroff")
    eventually(lambda: "lis-db-1" not in on(power))
    assert 3 <= time.monotonic() - started < 6


def test_a_host_hangs_in_its_shutdown_until_that_is_healed(power: Lab) -> None:
    power.fault("shutdown-hangs", "lis-web-1")
    power.exec("lis-web-1", "systemctl", "poweroff")
    time.sleep(2.5)
    assert "lis-web-1" in on(power)
    power.heal("shutdown-hangs", "lis-web-1")
    eventually(lambda: "lis-web-1" not in on(power))


def test_controllers_tell_the_truth_and_switch_one_host_alone(power: Lab) -> None:
    names = ["lis-web-2", "lis-dns-1"]
    power.fault("shutdown-hangs", "lis-web-2")
    power.exec("lis-web-2", "systemctl", "poweroff")
    assert {name: told_by_controller(power, name) for name in on(power)} == dict.fromkeys(on(power), PowerState.ON)
    everything = on(power)
    for name in names:
        press(power, name, ensure_forced_off)
        assert told_by_controller(power, name) is PowerState.OFF
    assert on(power) == everything - set(names)
    for name in names:
        press(power, name, ensure_on)
    eventually(lambda: all(host(power, name).not_ready() is None for name in names))


def test_a_host_is_healthy_only_with_those_that_it_needs(power: Lab) -> None:
    eventually(lambda: health(power, "lis-web-1") == 200)
    assert health(power, "lis-report-1") == 200
    power.machine("lis-db-1").power_off()
    assert [health(power, name) for name in ("lis-web-1", "lis-app-1", "lis-report-1")] == [503] * 3
    assert [health(power, name) for name in ("lis-dns-1", "lis-files-1")] == [200] * 2


# -- nothing is left --------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [1.5, 3.0])
def test_down_cleans_up_after_an_up_of_the_part_that_was_killed(after: float) -> None:
    before = interfaces()
    lab = Lab(Instance(f"{NAME}-killed"), load())
    building = lab_command(lab, "up", "--part", "power")
    time.sleep(after)
    assert building.poll() is None, "it ended before it was killed"
    os.kill(building.pid, signal.SIGKILL)
    building.wait()
    lab.down()
    assert left_over(lab) == []
    assert interfaces() == before


def test_status_shows_how_each_ups_stands(power: Lab) -> None:
    shown = lab_command(power, "status", stdout=subprocess.PIPE).communicate()[0]
    lines = [line.split(maxsplit=3)[3] for line in shown.splitlines() if line.startswith("ups-a")]
    assert len(lines) == 1
    assert lines[0].startswith("UPS, 2700 W: OL, charge 100 %, runtime 25")
    assert lines[0].endswith("load 1050 W")
