# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault, as a client sees it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncssh
import paramiko
import pytest
from netmiko import NetmikoAuthenticationException, ReadTimeout

from lab.fakes import Credentials, Cut, Fake, FakeNetwork

Start = Callable[..., FakeNetwork]
Connect = Callable[..., Any]
Send = Callable[..., str]
FIRST, SECOND = "TenGigabitEthernet1/0/1", "TenGigabitEthernet1/0/2"


def test_a_line_is_refused_by_its_spelling_in_full(net: Start, connect: Connect, send: Send) -> None:
    handle = net(Fake("sw", "cisco_ios"))["sw"]
    handle.faults.reject = {f"interface {SECOND}": "", "description *": "% Not now"}
    connection = connect(handle)
    answer = send(connection, "conf t", "int te1/0/2", "int te1/0/1", "desc x")
    assert "          ^\n% Invalid input detected at '^' marker." in answer
    assert "% Not now" in answer
    assert handle.device.config_of(FIRST).description == "to core-a"


def test_a_save_may_store_nothing_or_something_else(net: Start, connect: Connect, send: Send) -> None:
    handle = net(Fake("sw", "cisco_ios"))["sw"]
    connection = connect(handle)
    before = handle.startup_config()
    send(connection, "conf t", "int te1/0/2", "no shut", "end")
    handle.faults.save_stores = "previous"
    assert "[OK]" in send(connection, "write memory")
    assert handle.startup_config() == before
    handle.faults.save_stores = "banner motd lost"
    assert "[OK]" in send(connection, "write memory")
    assert handle.startup_config() != handle.running_config()
    assert "banner motd lost" in connection.send_command("show startup-config")


def test_answers_are_slow(net: Start, connect: Connect) -> None:
    handle = net(Fake("sw", "cisco_ios"))["sw"]
    connection = connect(handle)
    handle.faults.delay = 0.3
    start = time.monotonic()
    connection.send_command("show version")
    assert time.monotonic() - start >= 0.3


@pytest.mark.parametrize(("when", "applied"), [("before", False), ("after", True)])
def test_the_session_is_cut_and_the_device_refuses_for_a_while(
    net: Start, connect: Connect, send: Send, when: str, applied: bool
) -> None:
    handle = net(Fake("sw", "cisco_ios"))["sw"]
    connection = connect(handle)
    handle.faults.cut = [Cut("no shutdown", when=when, refuse_for=0.5)]
    send(connection, "conf t", "int te1/0/2")
    connection.write_channel("no shut\n")
    deadline = time.monotonic() + 5
    while not connection.remote_conn.closed and time.monotonic() < deadline:
        time.sleep(0.01)
    assert connection.remote_conn.closed
    assert handle.device.config_of(SECOND).shutdown is not applied
    assert handle.lines()[-1] == "no shut"
    with pytest.raises(ConnectionRefusedError), socket.create_connection((handle.host, handle.port), timeout=1):
        pass
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            socket.create_connection((handle.host, handle.port), timeout=1).close()
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
    assert connect(handle).find_prompt() == "sw#"


def test_output_may_be_garbage_and_come_in_pieces(net: Start, connect: Connect) -> None:
    handle = net(Fake("sw", "cisco_ios"))["sw"]
    connection = connect(handle)
    handle.faults.fragment = 3
    whole = connection.send_command("show version")
    assert whole.rstrip().endswith("Configuration register is 0xF")
    handle.faults.garbage = {"show interfaces status": ""}
    assert "Te1/0/1" not in connection.send_command("show int status")


def test_ports_neighbors_addresses_and_pings_may_fail(net: Start, connect: Connect, send: Send) -> None:
    handle = net(Fake("sw", "cisco_ios", active=-1))["sw"]
    connection = connect(handle)
    handle.faults.neighbor = {FIRST: "stranger"}
    handle.faults.link_down = {SECOND}
    handle.faults.mac_not_learned = True
    status = connection.send_command("show interfaces status")
    assert "connected" in next(line for line in status.splitlines() if "Te1/0/1" in line)
    assert "notconnect" in next(line for line in status.splitlines() if "Te1/0/2" in line)
    assert "stranger" in connection.send_command("show lldp neighbors")
    assert "Te1/0/1" not in connection.send_command("show mac address-table")
    handle.faults.clear()
    handle.faults.ping_fails = {"10.9.0.1"}
    assert "(0/5)" in connection.send_command("ping 10.9.0.1")
    assert "(5/5)" in connection.send_command("ping 10.9.0.2")


def test_logins_may_be_denied(net: Start, connect: Connect) -> None:
    handle = net(Fake("sw", "cisco_ios"))["sw"]
    handle.faults.deny_login = True
    with pytest.raises(NetmikoAuthenticationException):
        connect(handle)
    handle.faults.clear()
    with pytest.raises(NetmikoAuthenticationException):
        connect(handle, password="guess")


def test_a_key_logs_in_when_the_device_knows_it(net: Start, connect: Connect, tmp_path: Path) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(tmp_path / "known")
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(tmp_path / "unknown")
    known = Credentials(authorized_keys=(key.export_public_key().decode(),))
    handle = net(Fake("sw", "cisco_ios", credentials=known))["sw"]
    options = {"use_keys": True, "password": None}
    assert connect(handle, key_file=str(tmp_path / "known"), **options).find_prompt() == "sw#"
    with pytest.raises(NetmikoAuthenticationException):
        connect(handle, key_file=str(tmp_path / "unknown"), **options)


def test_the_host_key_changes(net: Start, tmp_path: Path) -> None:
    network = net(Fake("sw", "cisco_ios"))
    handle = network["sw"]
    network.write_known_hosts(tmp_path / "known_hosts")

    def log_in() -> None:
        with paramiko.SSHClient() as client:
            client.load_host_keys(str(tmp_path / "known_hosts"))
            client.connect(handle.host, handle.port, "admin", "lab-password", allow_agent=False, look_for_keys=False)

    log_in()
    handle.change_host_key()
    with pytest.raises(paramiko.BadHostKeyException):
        log_in()


def test_a_device_hangs_after_a_line_and_at_the_login(net: Start, connect: Connect, send: Send) -> None:
    handle = net(Fake("sw", "cisco_ios"))["sw"]
    connection = connect(handle)
    handle.faults.hang = {"show version"}
    connection.write_channel("show version\n")
    with pytest.raises(ReadTimeout):
        connection.read_until_pattern("#", read_timeout=0.5)
    handle.faults.hang_login = True
    with pytest.raises(NetmikoAuthenticationException, match="timeout"):
        connect(handle, auth_timeout=0.5)


def test_a_session_is_silent_while_its_port_is_down(net: Start, connect: Connect) -> None:
    handle = net(Fake("sw", "cisco_ios", management="uplink"))["sw"]
    connection = connect(handle)
    handle.set_peer(FIRST, False)
    connection.write_channel("show version\n")
    with pytest.raises(ReadTimeout):
        connection.read_until_pattern("#", read_timeout=0.5)
    handle.set_peer(FIRST, True)
    assert "Configuration register" in connection.read_until_pattern("0xF")


def test_a_fault_that_does_not_exist_is_named(net: Start) -> None:
    handle = net(Fake("sw", "cisco_ios"))["sw"]
    with pytest.raises(ValueError, match="There is no fault 'reset'; the faults are cut, delay"):
        handle.faults.update({"reset": True})


def test_an_uplink_swap_the_wrong_way_round_is_on_record(net: Start, connect: Connect, send: Send) -> None:
    handle = net(Fake("sw", "cisco_ios", spanning_tree=False))["sw"]
    connection = connect(handle)
    send(connection, "conf t", "int te1/0/2", "no shut", "int te1/0/1", "shut")
    assert [names for _when, names in handle.device.history] == [(FIRST,), (FIRST, SECOND), (SECOND,)]


def test_what_was_typed_ahead_is_answered_before_the_end_of_input(net: Start) -> None:
    handle = net(Fake("sw", "huawei_vrp"))["sw"]
    with paramiko.SSHClient() as client:
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        client.connect(handle.host, handle.port, "admin", "lab-password", allow_agent=False, look_for_keys=False)
        channel = client.invoke_shell()
        channel.sendall(b"dis clock\r\nsystem-view\r\n")
        channel.shutdown_write()
        channel.settimeout(5)
        screen = b"".join(iter(lambda: channel.recv(4096), b"")).decode()
    assert "Time Zone" in screen
    assert screen.rstrip().endswith("[sw]")
