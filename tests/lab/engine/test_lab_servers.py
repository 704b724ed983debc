# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole Debian machines: their power, their network, and what switches them on and off."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time

import pytest

from lab import Lab, LabError, kernel, postgresql, standby
from lab.instance import CONTROLLER
from lab.kinds.bmc import PASSWORD, USER, Bmc
from lab.network import management_address

from .conftest import debian, eventually


def ready(lab: Lab, name: str) -> bool:
    return debian(lab, name).running() and debian(lab, name).not_ready() is None


def flags(lab: Lab, name: str, port: str) -> set[str]:
    argv = ["ip", "-j", "-n", lab.machine(name).namespace, "addr", "show", port]
    shown = json.loads(subprocess.run(argv, capture_output=True, check=True).stdout)[0]
    return {"UP"} & set(shown["flags"]) | {"address" for _address in shown["addr_info"]}


def test_a_server_runs_systemd_and_nothing_in_it_failed(pair: Lab) -> None:
    eventually(lambda: pair.exec("his-db-1", "systemctl", "is-system-running", check=False).stdout.strip() == "running")
    services = pair.exec("his-db-1", "systemctl", "list-units", "--plain", "--no-legend", "--state=active").stdout
    assert {"ssh.service", "postgresql@15-main.service"} <= set(services.split())


def test_two_servers_do_not_see_each_others_services(pair: Lab) -> None:
    pair.exec("his-db-2", "systemctl", "stop", "ssh.service")
    assert not debian(pair, "his-db-2").answers_ssh()
    assert debian(pair, "his-db-1").answers_ssh()
    pair.exec("his-db-2", "systemctl", "start", "ssh.service")


def test_a_server_that_loses_its_power_says_no_farewell_and_is_off_at_once(pair: Lab) -> None:
    server = debian(pair, "his-app-1")
    with kernel.network_namespace(pair.machine(CONTROLLER).namespace_path):
        session = socket.create_connection((server.spec.management, 22), timeout=2)
    with session:
        session.recv(4096)
        started = time.monotonic()
        server.power_off()
        assert time.monotonic() - started < 1
        session.settimeout(1)
        with pytest.raises(TimeoutError):
            session.recv(1)
    assert not server.running()
    assert flags(pair, "his-app-1", "eth0") == set()


def test_power_on_keeps_the_disk_and_forgets_addresses_given_at_run_time(pair: Lab) -> None:
    pair.exec("his-app-1", "sh", "-c", "echo kept > /root/note; ip addr add 10.9.0.199/24 dev eth0")
    pair.fault("power-off", "his-app-1")
    pair.heal("power-off", "his-app-1")
    eventually(lambda: ready(pair, "his-app-1"))
    assert pair.exec("his-app-1", "cat", "/root/note").stdout == "kept\n"
    addresses = pair.exec("his-app-1", "ip", "-4", "addr", "show", "dev", "eth0").stdout
    assert re.findall(r"inet (\S+)", addresses) == ["10.9.0.61/24"]


def test_shutting_down_from_inside_takes_the_links_down(pair: Lab) -> None:
    pair.exec("his-app-1", "systemctl", "poweroff")
    eventually(lambda: not debian(pair, "his-app-1").running())
    assert flags(pair, "his-app-1", "eth0") == set()
    assert not debian(pair, "his-app-1").answers_ssh()


def test_pressing_power_on_twice_changes_nothing(pair: Lab) -> None:
    before = debian(pair, "his-app-1").pid()
    debian(pair, "his-app-1").power_on()
    assert debian(pair, "his-app-1").pid() == before
    debian(pair, "his-app-1").power_off()
    debian(pair, "his-app-1").power_off()


# -- management controllers ----------------------------------------------------------------------------


def ipmitool(lab: Lab, address: str, *command: str) -> subprocess.CompletedProcess[str]:
    login = ["-I", "lanplus", "-C", "3", "-N", "1", "-R", "1", "-H", address, "-U", USER, "-P", PASSWORD]
    return lab.exec("his-db-2", "ipmitool", *login, *command, check=False)


@pytest.mark.parametrize(("controller", "server"), [("bmc-db-1", "his-db-1"), ("bmc-app-1", "his-app-1")])
def test_ipmi_switches_a_server_off_and_on(pair: Lab, controller: str, server: str) -> None:
    address = pair.topology.machine(controller).management
    assert ipmitool(pair, address, "power", "status").stdout == "Chassis Power is on\n"
    started = time.monotonic()
    ipmitool(pair, address, "power", "off")
    assert ipmitool(pair, address, "power", "status").stdout == "Chassis Power is off\n"
    assert time.monotonic() - started < 1.5
    assert not debian(pair, server).running()
    ipmitool(pair, address, "power", "on")
    ipmitool(pair, address, "power", "on")
    eventually(lambda: ready(pair, server))


def redfish(lab: Lab, controller: str, path: str = "", reset: str = "", password: str = PASSWORD) -> str:
    machine = lab.machine(controller)
    assert isinstance(machine, Bmc)
    argv = ["curl", "-sS", "--max-time", "5", "--cacert", str(machine.files / "certificate.pem")]
    argv += ["-u", f"{USER}:{password}", f"https://{machine.spec.management}/redfish/v1/Systems{path}"]
    if reset:
        argv[-1] += "/Actions/ComputerSystem.Reset"
        argv += ["-H", "Content-Type: application/json", "-d", json.dumps({"ResetType": reset})]
    return subprocess.run(lab.machine(CONTROLLER).command(argv), capture_output=True, text=True, check=True).stdout


def system_of(lab: Lab, controller: str) -> str:
    members = json.loads(redfish(lab, controller))["Members"]
    assert len(members) == 1
    return str(members[0]["@odata.id"]).removeprefix("/redfish/v1/Systems")


@pytest.mark.parametrize(("controller", "server"), [("bmc-db-2", "his-db-2"), ("bmc-cold-1", "his-cold-1")])
def test_redfish_switches_a_server_off_and_on(pair: Lab, controller: str, server: str) -> None:
    debian(pair, server).power_on()
    system = system_of(pair, controller)
    assert json.loads(redfish(pair, controller, system))["PowerState"] == "On"
    started = time.monotonic()
    redfish(pair, controller, system, reset="ForceOff")
    assert json.loads(redfish(pair, controller, system))["PowerState"] == "Off"
    assert time.monotonic() - started < 1.5
    assert not debian(pair, server).running()
    redfish(pair, controller, system, reset="On")
    eventually(lambda: ready(pair, server))
    redfish(pair, controller, system, reset="GracefulShutdown")
    eventually(lambda: json.loads(redfish(pair, controller, system))["PowerState"] == "Off")


def test_a_controller_refuses_a_wrong_password(pair: Lab) -> None:
    assert "Incorrect username or password" in redfish(pair, "bmc-db-2", password="guessed")
    address = pair.topology.machine("bmc-db-1").management
    login = ["-I", "lanplus", "-C", "3", "-N", "1", "-R", "1", "-H", address, "-U", USER, "-P", "guessed"]
    assert pair.exec("his-db-2", "ipmitool", *login, "power", "off", check=False).returncode != 0
    assert debian(pair, "his-db-1").running()


def test_a_dead_controller_does_not_answer_and_its_server_goes_on(pair: Lab) -> None:
    for server, controller in (("his-db-1", "bmc-db-1"), ("his-db-2", "bmc-db-2")):
        pair.fault("bmc-dead", server)
        assert not pair.machine(controller).running()
        assert debian(pair, server).running()
    assert ipmitool(pair, "10.77.0.151", "power", "status").returncode != 0
    pair.heal_all()
    eventually(lambda: pair.machine("bmc-db-1").not_ready() is None)
    assert ipmitool(pair, "10.77.0.151", "power", "status").stdout == "Chassis Power is on\n"


# -- the cold standby ----------------------------------------------------------------------------------


def magic(lab: Lab) -> bytes:
    address = bytes.fromhex(management_address(lab.topology, "his-cold-1").replace(":", ""))
    return b"\xff" * 6 + address * 16


def send_datagram(lab: Lab) -> None:
    with kernel.network_namespace(lab.machine(CONTROLLER).namespace_path):
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sender.sendto(magic(lab), ("10.77.0.255", 9))


def send_frame(lab: Lab) -> None:
    with kernel.network_namespace(lab.machine(CONTROLLER).namespace_path):
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sender.bind(("mgmt0", 0x0842))
    with sender:
        sender.send(b"\xff" * 6 + sender.getsockname()[4] + b"\x08\x42" + magic(lab))


@pytest.mark.parametrize("send", [send_datagram, send_frame])
def test_the_cold_standby_sleeps_until_a_frame_wakes_it(pair: Lab, send) -> None:  # type: ignore[no-untyped-def]
    cold = debian(pair, "his-cold-1")
    assert not cold.running()
    assert flags(pair, "his-cold-1", "mgmt0") == {"UP"}
    send(pair)
    eventually(lambda: ready(pair, "his-cold-1"))
    eventually(lambda: "his-cold-1" in postgresql.streaming(pair, "his-db-1"))


def test_up_puts_the_cold_standby_to_sleep_again_and_the_address_back(pair: Lab) -> None:
    debian(pair, "his-cold-1").power_on()
    debian(pair, "his-db-1").power_off()
    pair.up()
    assert not debian(pair, "his-cold-1").running()
    assert standby.service_at(pair) == ["his-db-1"]


def test_a_machine_without_a_controller_is_named(pair: Lab) -> None:
    with pytest.raises(LabError, match="rack-his has no management controller"):
        pair.fault("bmc-dead", "rack-his")
    assert pair.active_faults() == []
