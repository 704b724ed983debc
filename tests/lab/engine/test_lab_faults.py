# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand are what they say, and heal."""

from __future__ import annotations

import json
import socket
import subprocess
import time

import pytest

from lab import Lab, LabError, kernel
from lab.instance import CONTROLLER

from .conftest import eventually


def ssh(lab: Lab, user: str, machine: str, command: str, seconds: int = 10) -> subprocess.CompletedProcess[str]:
    argv = ["timeout", str(seconds), "ssh", "-i", str(lab.instance.client_key), "-o", "BatchMode=yes"]
    argv += ["-o", f"UserKnownHostsFile={lab.instance.known_hosts}", "-o", "StrictHostKeyChecking=yes"]
    argv += [f"{user}@{lab.topology.machine(machine).management}", command]
    return subprocess.run(
        lab.machine(CONTROLLER).command(argv), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def test_write_memory_fails_with_the_devices_own_words(lab: Lab) -> None:
    lab.fault("save-fails", "access-pharmacy")
    failed = ssh(lab, "admin", "access-pharmacy", "write memory")
    assert "% Configuration write failed." in failed.stdout + failed.stderr
    lab.heal("save-fails", "access-pharmacy")
    assert "[OK]" in ssh(lab, "admin", "access-pharmacy", "write memory").stdout


def test_a_cut_link_has_no_carrier_at_both_ends_and_is_administratively_up(lab: Lab) -> None:
    lab.fault("cut-link", "access-ward:swp49")
    assert [flags(lab, "access-ward", "swp49"), flags(lab, "core-a", "swp12")] == [{"UP", "NO-CARRIER"}] * 2
    lab.heal("cut-link", "access-ward:swp49")
    assert [flags(lab, "access-ward", "swp49"), flags(lab, "core-a", "swp12")] == [{"UP"}] * 2


def flags(lab: Lab, machine: str, port: str) -> set[str]:
    shown = json.loads(lab.exec(machine, "ip", "-j", "link", "show", port).stdout)
    return {"UP", "NO-CARRIER"} & set(shown[0]["flags"])


def test_a_cut_management_path_hides_the_machine_and_leaves_traffic_alone(lab: Lab) -> None:
    with lab.probe([("client-ward", "server-his")]) as probe:
        lab.fault("cut-management", "core-a")
        assert not answers(lab, "core-a")
        lab.heal("cut-management", "core-a")
        eventually(lambda: answers(lab, "core-a"))
    assert probe.stop()[0].lost == 0


def answers(lab: Lab, machine: str) -> bool:
    with kernel.network_namespace(lab.machine(CONTROLLER).namespace_path), socket.socket() as client:
        client.settimeout(0.5)
        try:
            client.connect((lab.topology.machine(machine).management, 22))
            return client.recv(4) == b"SSH-"
        except OSError:
            return False


def test_a_hanging_device_accepts_the_connection_and_says_nothing(lab: Lab) -> None:
    lab.fault("hang", "access-lab")
    with kernel.network_namespace(lab.machine(CONTROLLER).namespace_path):
        client = socket.create_connection((lab.topology.machine("access-lab").management, 22), timeout=1)
    with client, pytest.raises(TimeoutError):
        client.recv(1)
    lab.heal("hang", "access-lab")
    assert answers(lab, "access-lab")


def test_a_slow_device_takes_several_times_as_long(lab: Lab) -> None:
    command = "vtysh -c 'show running-config'"
    usual = min(duration(lab, command) for _round in range(3))
    lab.fault("slow", "access-lab")
    assert duration(lab, command) > 2 * usual
    lab.heal("slow", "access-lab")
    assert answers(lab, "access-lab")


def duration(lab: Lab, command: str) -> float:
    started = time.monotonic()
    done = ssh(lab, "root", "access-lab", command, seconds=30)
    assert done.returncode == 0, done.stderr
    return time.monotonic() - started


def test_a_session_is_cut_in_mid_command_and_the_next_one_is_let_in(lab: Lab) -> None:
    lab.exec("access-ward", "rm", "-f", "/run/here")
    argv = ["ssh", "-i", str(lab.instance.client_key), "-o", f"UserKnownHostsFile={lab.instance.known_hosts}"]
    argv += ["-o", "BatchMode=yes", f"root@{lab.topology.machine('access-ward').management}"]
    with subprocess.Popen(
        [*lab.machine(CONTROLLER).command(argv), "touch /run/here; sleep 30"],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as session:
        eventually(lambda: lab.exec("access-ward", "test", "-e", "/run/here", check=False).returncode == 0)
        lab.fault("cut-session", "access-ward")
        assert session.wait(timeout=5) == 255
    assert ssh(lab, "root", "access-ward", "true").returncode == 0


def test_up_heals_what_was_struck(lab: Lab) -> None:
    lab.fault("cut-link", "core-a:swp1")
    lab.fault("power-off", "core-b")
    lab.up()
    assert lab.active_faults() == []
    assert lab.machine("core-b").running()
    lab.wait_for_network()


def test_an_unknown_fault_or_target_is_named(lab: Lab) -> None:
    with pytest.raises(LabError, match="no fault flood: known are bmc-dead, cut-link"):
        lab.fault("flood", "core-a")
    with pytest.raises(LabError, match="no machine core-z"):
        lab.fault("power-off", "core-z")
    with pytest.raises(LabError, match="No link ends at core-a:swp99"):
        lab.fault("cut-link", "core-a:swp99")
    assert lab.active_faults() == []
