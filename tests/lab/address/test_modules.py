# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""floating_ip and service_health as a playbook calls them, on a machine of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.address.network import Network, network, until
from tests.lab.address.play import play

ADDRESS = "10.9.0.100/24"
WANTED = {"contingency.infra.floating_ip": {"interface": "eth0", "addresses": [ADDRESS], "announcements": 1}}


@pytest.fixture(scope="module")
def net() -> Iterator[Network]:
    with network() as made:
        yield made


def healthy(*services: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"contingency.infra.service_health": {"services": services}, **more}


def test_the_address_is_shown_taken_and_kept(net: Network) -> None:
    machine = net.machine("server-a")
    done = play(machine.namespace, {**WANTED, "check_mode": True}, WANTED, WANTED)
    assert not done.failed, done.output
    shown, taken, kept = done.results
    assert shown["steps"] == taken["steps"] == ["ip address add 10.9.0.100/24 dev eth0"]
    assert "+10.9.0.100/24\n" in done.output
    assert [one["changed"] for one in done.results] == [True, True, False]
    assert taken["before"]["addresses"] == kept["before"]["addresses"][:1] + kept["before"]["addresses"][2:]
    assert ADDRESS in machine.addresses()

    refused = play(net.machine("server-b").namespace, WANTED)
    assert refused.failed
    assert refused.results[0]["holder"] == {"address": "10.9.0.100", "mac": machine.mac}
    assert "Traceback" not in refused.output
    assert until(lambda: not machine.processes()), "the repetition did not end"

    gone = {"contingency.infra.floating_ip": {"interface": "eth0", "addresses": [ADDRESS], "state": "absent"}}
    assert play(machine.namespace, gone).results[0]["changed"]
    assert ADDRESS not in machine.addresses()


def test_services_are_gone_through_until_one_is_not_healthy(net: Network) -> None:
    tcp = {"kind": "tcp", "host": "127.0.0.1", "port": 9}
    command = {"name": "his", "health": {"kind": "command", "command": ["echo", "ready"], "body": "^ready$"}}
    closed = {"name": "database", "timeout": 0.3, "health": tcp}
    never = {"name": "reports", "health": {"kind": "command", "command": ["true"]}}
    done = play(net.machine("client").namespace, healthy(command), healthy(command, closed, never))
    assert done.failed
    well, ill = done.results
    assert not well["changed"]
    assert [(one["name"], one["passed"]) for one in well["services"]] == [("his", True)]
    assert [(one["name"], one["passed"]) for one in ill["services"]] == [("his", True), ("database", False)]
    assert "database did not get healthy within 0.3 s: tcp 127.0.0.1:9 saw no connection" in ill["msg"]


def test_a_check_that_is_written_wrong_is_told(net: Network) -> None:
    done = play(
        net.machine("client").namespace, healthy({"name": "his", "health": {"kind": "tcp", "host": "127.0.0.1"}})
    )
    assert done.results[0]["msg"] == "A health check of kind tcp needs port; add what is missing."
