# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wake-on-LAN: it wakes, it never claims what it cannot see."""

from __future__ import annotations

import socket

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._power.control import (
    ensure_forced_off,
    ensure_off,
    ensure_on,
    open_control,
)
from ansible_collections.contingency.infra.plugins.module_utils._power.model import (
    Bmc,
    BmcRefused,
    PowerError,
    PowerState,
)

MAC = "52:54:00:12:34:56"


def wake(**more: object) -> Bmc:
    return Bmc.from_dict({"protocol": "wake_on_lan", "mac": MAC, "broadcast": "127.0.0.1", **more})


def test_the_packet_is_sent_and_nothing_is_claimed() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(2)
        outcome = ensure_on(open_control(wake(port=listener.getsockname()[1])), 5)
        packet = listener.recv(200)
    assert packet == b"\xff" * 6 + bytes.fromhex("525400123456") * 16
    assert outcome.changed
    assert outcome.after is PowerState.UNKNOWN
    assert not outcome.confirmed


def test_a_probe_that_is_answered_shows_that_it_is_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        outcome = ensure_on(open_control(wake(probe=f"127.0.0.1:{server.getsockname()[1]}")), 5)
    assert outcome.after is PowerState.ON
    assert outcome.confirmed
    assert not outcome.changed


def test_a_refused_probe_shows_it_too() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        control = open_control(wake(probe=f"127.0.0.1:{unused.getsockname()[1]}"))
        assert control.state() is PowerState.ON


def test_a_silent_probe_is_unknown_and_not_off(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object, **__: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", silent)
    assert open_control(wake(probe="10.0.0.9:22")).state() is PowerState.UNKNOWN


@pytest.mark.parametrize("more", [{}, {"probe": "127.0.0.1:1"}])
def test_it_cannot_switch_off(more: dict[str, str]) -> None:
    control = open_control(wake(**more))
    with pytest.raises(BmcRefused, match="cannot switch a machine off"):
        ensure_forced_off(control, 5)
    with pytest.raises(BmcRefused, match="cannot switch a machine off"):
        ensure_off(control, 60, 5)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"mac": "52:54:00"}, "is not a MAC address"),
        ({"probe": "10.0.0.9"}, "write it as address:port"),
        ({"probe": "10.0.0.9:ssh"}, "write it as address:port"),
    ],
)
def test_what_cannot_be_is_refused(more: dict[str, str], sentence: str) -> None:
    with pytest.raises(PowerError, match=sentence):
        open_control(wake(**more))


def test_an_interface_that_is_not_there_is_said_so() -> None:
    with pytest.raises(PowerError) as caught:
        open_control(wake(interface="nowhere0")).request("on")
    assert "could not be sent" in caught.value.message
