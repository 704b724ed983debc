# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fakes as a process of their own: inventory, control interface, end."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from netmiko import ConnectHandler

from lab.fakes import Fake

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the process writes."""
    return tmp_path_factory.mktemp("fakes")


@pytest.fixture(scope="module")
def process(place: Path) -> Iterator[subprocess.Popen[str]]:
    """Two devices of two platforms in a process."""
    options = ["--platform", "cisco_ios", "--platform", "huawei_vrp", "--count", "2"]
    paths = ["--inventory", str(place / "fakes.yml"), "--control", str(place / "control")]
    command = [sys.executable, "-m", "lab.fakes", *options, *paths]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith("ready 2 127.0.0.1:")
        yield running
        running.communicate("")
        assert running.returncode == 0
    assert not (place / "control").exists()


@pytest.fixture
def hosts(process: subprocess.Popen[str], place: Path) -> dict[str, dict[str, Any]]:
    """The hosts of the inventory."""
    inventory = yaml.safe_load((place / "fakes.yml").read_text())
    return dict(inventory["all"]["children"]["access_switches"]["hosts"])


def ask(place: Path, **request: Any) -> Any:
    """Send one request to the control interface."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(place / "control"))
        client.sendall(json.dumps(request).encode() + b"\n")
        with client.makefile() as answer:
            return json.loads(answer.readline())


def log_in(host: dict[str, Any]) -> Any:
    """Log in with what the inventory says."""
    return ConnectHandler(
        device_type=host["switch_platform"],
        host=host["ansible_host"],
        port=host["ansible_port"],
        username=host["ansible_user"],
        password=host["ansible_password"],
        ssh_strict=True,
        alt_host_keys=True,
        alt_key_file=host["switch_known_hosts"],
    )


def test_the_inventory_is_enough_to_log_in_with_checked_host_keys(hosts: dict[str, dict[str, Any]]) -> None:
    assert [host["switch_platform"] for host in hosts.values()] == ["cisco_ios", "huawei_vrp"]
    assert hosts["access-002"]["core_switch_uplinks"] == Fake("x", "huawei_vrp").uplinks()
    with log_in(hosts["access-001"]) as connection:
        assert connection.find_prompt() == "access-001#"


def test_faults_are_set_and_the_log_is_read_over_the_control_interface(
    hosts: dict[str, dict[str, Any]], place: Path
) -> None:
    assert ask(place, do="faults", device="*", set={"refuse_save": "full"}) == {"result": None}
    with log_in(hosts["access-001"]) as connection:
        assert "Configuration buffer full" in connection.save_config()
    log = ask(place, do="log", device="access-001")["result"]
    assert [entry["mode"] for entry in log if entry["line"] == "write mem"] == ["privileged"]
    assert ask(place, do="faults", device="*", clear=True) == {"result": None}

    assert ask(place, do="peer", device="access-001", port="TenGigabitEthernet1/0/1", up=False) == {"result": None}
    state = ask(place, do="state", device="access-001")["result"]
    assert state["active_uplink"] is None
    assert set(ask(place, do="list")["result"]) == {"access-001", "access-002"}


def test_a_wrong_request_is_answered_with_an_error(process: subprocess.Popen[str], place: Path) -> None:
    assert "There is no fault" in ask(place, do="faults", device="*", set={"flood": 1})["error"]
    assert "error" in ask(place, do="state", device="access-999")
