# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPMI and Redfish as BMC simulators speak them, and Wake-on-LAN frames on a wire."""

from __future__ import annotations

import socket
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._power.control import (
    ensure_forced_off,
    ensure_off,
    ensure_on,
    open_control,
)
from ansible_collections.contingency.infra.plugins.module_utils._power.model import (
    Bmc,
    BmcLoginFailed,
    BmcUnreachable,
    Outcome,
    PowerError,
    PowerState,
)

from tests.lab.power import simulators
from tests.lab.power.simulators import Simulated

FENCED_SECONDS = {"ipmi": 0.3, "redfish": 0.25}


@pytest.fixture(scope="module", params=["ipmi", "redfish"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    simulator = getattr(simulators, request.param)
    with simulators.own_network(), simulator(tmp_path_factory.mktemp(request.param)) as found:
        yield found


@pytest.fixture
def simulated(shared: Simulated) -> Simulated:
    """On, and heeding its operating system."""
    shared.power(True)
    shared.stuck.unlink(missing_ok=True)
    return shared


def bmc(simulated: Simulated, **more: Any) -> Bmc:
    return Bmc.from_dict({**simulated.described, **more})


def forced_off(simulated: Simulated) -> Outcome:
    with open_control(bmc(simulated)) as control:
        return ensure_forced_off(control, 5)


def test_forced_off_is_quick_and_true(simulated: Simulated, record_property: Any) -> None:
    seconds = []
    for _round in range(7):
        simulated.power(True)
        outcome = forced_off(simulated)
        assert outcome.confirmed
        assert not simulated.is_on()
        seconds.append(outcome.seconds)
    record_property("fence_seconds", seconds)
    print(f"{simulated.described['protocol']}: {seconds}")
    assert statistics.median(seconds) <= FENCED_SECONDS[simulated.described["protocol"]]


def test_a_second_time_changes_nothing(simulated: Simulated) -> None:
    assert forced_off(simulated).changed
    assert not forced_off(simulated).changed


def test_on_again(simulated: Simulated) -> None:
    simulated.power(False)
    with open_control(bmc(simulated)) as control:
        assert ensure_on(control, 5).after is PowerState.ON
    assert simulated.is_on()


def test_off_by_the_operating_system(simulated: Simulated) -> None:
    with open_control(bmc(simulated)) as control:
        outcome = ensure_off(control, 5, 5)
    assert "requested forced_off" not in outcome.steps
    assert not simulated.is_on()


def test_off_by_force_where_the_operating_system_hangs(simulated: Simulated) -> None:
    simulated.stuck.touch()
    with open_control(bmc(simulated)) as control:
        outcome = ensure_off(control, 1, 5)
    assert "requested forced_off" in outcome.steps
    assert 1 <= outcome.seconds < 2
    assert not simulated.is_on()


def test_from_a_thread(simulated: Simulated) -> None:
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(forced_off(simulated)))
    thread.start()
    thread.join(10)
    assert outcomes[0].confirmed


@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"user": "nobody"}])
def test_a_wrong_login_is_said_in_one_sentence(simulated: Simulated, wrong: dict[str, str]) -> None:
    with open_control(bmc(simulated, **wrong)) as control, pytest.raises(BmcLoginFailed) as caught:
        ensure_forced_off(control, 5)
    assert "\n" not in caught.value.message
    assert simulated.is_on()


@pytest.mark.parametrize("shared", ["redfish"], indirect=True)
def test_an_untrusted_certificate_is_refused(simulated: Simulated) -> None:
    with open_control(bmc(simulated, ca_file=None)) as control, pytest.raises(PowerError, match="set ca_file"):
        control.state()
    with open_control(bmc(simulated, ca_file=None, verify_tls=False)) as control:
        assert control.state() is PowerState.ON


def test_a_dead_bmc_costs_its_time_out(simulated: Simulated) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.create_server(("127.0.0.1", 0)) as tcp:
        udp.bind(tcp.getsockname())
        started = time.monotonic()
        silent = bmc(simulated, port=tcp.getsockname()[1], timeout=1)
        with open_control(silent) as control, pytest.raises(BmcUnreachable, match="does not answer"):
            ensure_forced_off(control, 30)
    assert time.monotonic() - started < 1.2
    assert simulated.is_on()


def test_a_bmc_that_hangs_is_never_taken_for_off(simulated: Simulated) -> None:
    """This runs last: the simulator is not woken again."""
    simulated.silence()
    with open_control(bmc(simulated, timeout=1)) as control, pytest.raises(PowerError) as caught:
        ensure_forced_off(control, 3)
    assert caught.value.outcome is not None
    assert caught.value.outcome.after is PowerState.UNKNOWN


def test_wake_on_lan_reaches_the_wire_both_ways() -> None:
    with simulators.own_network():
        link = ["ip", "link", "add", "wol0", "type", "veth", "peer", "name", "wol1"]
        for argv in (link, ["ip", "link", "set", "wol0", "up"], ["ip", "link", "set", "wol1", "up"]):
            subprocess.run(argv, check=True)
        subprocess.run(["ip", "address", "add", "10.77.9.1/24", "dev", "wol0"], check=True)
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as wire:
            wire.bind(("wol1", 3))
            wire.settimeout(3)
            described = {"protocol": "wake_on_lan", "mac": "52:54:00:12:34:56", "interface": "wol0"}
            ensure_on(open_control(Bmc.from_dict({**described, "broadcast": "10.77.9.255"})), 5)
            packet = b"\xff" * 6 + bytes.fromhex("525400123456") * 16
            frames: list[bytes] = []
            while sum(packet in frame for frame in frames) < 2:
                frames.append(wire.recv(2000))
    kinds = {frame[12:14] for frame in frames if packet in frame}
    assert kinds == {b"\x08\x42", b"\x08\x00"}
