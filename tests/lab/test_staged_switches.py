# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook staged_shutdown and the switches: saved first, off last, and never waited for when time is short."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lab.engine import Lab
from lab.instance import Instance
from lab.topology import load
from tests.lab.room import ALL, EARLY, NEVER, PLANNED, UPSES, Room, policy

SWITCHES = ("access-ward", "access-pharmacy")
"""One whose login is a Linux shell, one whose login is vtysh."""
NOTE = "not saved by anybody"
SAVED = ("-e", json.dumps({"staged_shutdown_save_switches": SWITCHES}))
UPLINK, CORE_PORT = "swp49", "swp12"
BEHIND_THE_UPSES = {
    "shutdown_hosts": {
        "hosts": {
            # The lab's switches have no power of their own; without its uplink nobody reaches anybody through it.
            "access-ward": {
                "shutdown_kind": "switch",
                "shutdown_stage": "critical",
                "shutdown_feeds": ["ups-a"],
                "shutdown_power_watts": 50,
                "shutdown_seconds": 10,
                "shutdown_command": f"ip link set {UPLINK} down",
                "shutdown_confirm": {"link": {"switch": "core-a", "port": CORE_PORT}},
            },
            "core-a": {"shutdown_kind": "switch"},
        }
    }
}


class Site(Room):
    """The laboratory's information system and the hospital's switches."""

    def vtysh(self, switch: str, *lines: str) -> str:
        commands = [word for line in lines for word in ("-c", line)]
        return self.lab.exec(switch, "vtysh", *commands).stdout

    def startup(self, switch: str) -> str:
        return self.lab.exec(switch, "cat", "/etc/frr/frr.conf").stdout

    def leave_unsaved(self, switch: str) -> None:
        self.vtysh(switch, "configure terminal", "interface swp1", f"description {NOTE}")
        assert NOTE not in self.startup(switch)

    def clean(self) -> None:
        for switch in SWITCHES:
            self.vtysh(switch, "configure terminal", "interface swp1", "no description")
            self.vtysh(switch, "write memory")
        self.lab.exec("access-ward", "ip", "link", "set", UPLINK, "up")

    def kept(self, switch: str, name: str) -> str:
        (path,) = (self.work / "evidence" / "switches" / switch).glob(f"{name}-*Z.txt")
        return path.read_text(encoding="utf-8")

    def moments(self) -> dict[str, tuple[float, float]]:
        """When each node was begun and was done, by the record."""
        nodes = self.report()["outage"]["nodes"]
        return {name: (state["since"]["epoch"], state["off_at"]["epoch"]) for name, state in nodes.items()}


@pytest.fixture(scope="module")
def both_parts() -> Iterator[Lab]:
    found = Lab(Instance(f"{os.environ.get('LAB_NAME', 'test')}-both"), load())
    found.up(parts=["network", "power"])
    yield found
    found.down()


@pytest.fixture
def site(both_parts: Lab, tmp_path: Path) -> Iterator[Site]:
    both_parts.heal_all()
    both_parts.up(parts=["network", "power"])
    found = Site(both_parts, tmp_path)
    found.clean()
    yield found
    both_parts.heal_all()
    found.clean()


def test_what_is_unsaved_on_a_switch_survives_the_loss_of_its_power(site: Site) -> None:
    for switch in SWITCHES:
        site.leave_unsaved(switch)
    site.mains_off()
    played = site.shutdown(*policy(0, 600, 600), *SAVED)
    assert played.status == 0, played.output
    for switch in SWITCHES:
        assert played.line(f"{switch}: configuration").startswith("saved, also on the switch")
        assert NOTE in site.kept(switch, "running")
        assert NOTE not in site.kept(switch, "startup"), "as it was found"
        assert NOTE in site.startup(switch)
    assert "access-pharmacy" in site.kept("access-pharmacy", "version") + site.kept("access-pharmacy", "running")
    moments = site.moments()
    last_save = max(moments[f"{switch}: configuration"][0] for switch in SWITCHES)
    assert last_save <= min(moments[host][0] for host in EARLY), "begun before any host"
    assert "3 of 8 hosts are off" in played.output

    again = site.shutdown(*policy(0, 600, 600), *SAVED)
    assert again.status == 0, again.output
    assert not again.changed
    site.lab.fault("power-off", "access-ward")
    site.lab.heal("power-off", "access-ward")
    deadline = time.monotonic() + 30
    while site.lab.machine("access-ward").not_ready():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert NOTE in site.vtysh("access-ward", "show running-config")


def test_a_switch_goes_after_its_save_and_all_hosts_and_one_without_a_command_is_only_saved(site: Site) -> None:
    inventory = site.work / "switches.json"
    inventory.write_text(json.dumps(BEHIND_THE_UPSES), encoding="utf-8")
    site.leave_unsaved("access-ward")
    more = ("-i", str(inventory), *policy(0, 0, 0))
    check = site.shutdown("--check", "-e", "outage=planned", *more)
    assert check.line("core-a: configuration") == "would be saved now", check.output
    assert NOTE not in site.startup("access-ward")
    played = site.shutdown(*PLANNED, *more)
    assert played.status == 0, played.output
    assert "all 9 hosts are off" in played.output, "core-a is not claimed off"
    assert played.line("access-ward").startswith("off (graceful, by link)"), played.output
    assert NOTE in site.startup("access-ward")
    moments = site.moments()
    assert set(moments) == {*ALL, "access-ward", "access-ward: configuration", "core-a: configuration"}
    save, switch = moments["access-ward: configuration"], moments["access-ward"]
    assert save[0] <= min(moments[host][0] for host in ALL)
    assert save[1] <= switch[0]
    assert max(moments[host][1] for host in ALL) <= switch[0]


def test_a_save_that_hangs_is_dropped_when_the_batteries_press_and_delays_nothing(site: Site) -> None:
    patience = {"switch_connect_timeout": 600, "switch_login_timeout": 600, "shutdown_save_timeout": 600}
    patient = ("-e", json.dumps(patience))
    with ExitStack() as stack:
        stack.enter_context(site.fault("hang", "access-ward"))
        for ups in UPSES:
            stack.enter_context(site.fault("worn-battery", ups))
        site.mains_off()
        first = (*policy(0, 3000, 3000), *SAVED, *patient)
        started = time.monotonic()
        played = site.shutdown(*first)
        assert played.status == 0, played.output
        print(f"the run took {time.monotonic() - started:.1f} s")
        assert "access-ward: configuration: broken off for lack of time" in played.output
        assert "all 8 hosts are off" in played.output, played.output
        assert site.on() == set()
        assert all(site.charge(ups) > 0 for ups in UPSES), "none of them lost its power"
    nodes = site.report()["outage"]["nodes"]
    assert nodes["access-ward: configuration"]["state"] == "dropped"
    assert nodes["access-pharmacy: configuration"]["how"] == "saved"


def test_a_save_that_fails_is_named_and_keeps_no_host_on(site: Site) -> None:
    site.leave_unsaved("access-ward")
    with site.fault("save-fails", "access-ward"), site.fault("cut-management", "access-pharmacy"):
        played = site.shutdown(*PLANNED, *policy(0, 0, 0), *SAVED, "-e", "switch_connect_timeout=2")
    assert played.status != 0
    assert "access-ward: configuration      NOT saved: NOT SAVED on the switch: it answered" in played.output
    assert "access-pharmacy: configuration  NOT saved: no answer from" in played.output
    assert "access-ward: configuration was not saved (NOT saved); see to it" in played.output
    assert site.on() == set()
    assert NOTE in site.kept("access-ward", "running")
    again = site.shutdown(*PLANNED, *policy(0, 0, 0), *SAVED)
    assert again.status == 0, again.output
    assert NOTE in site.startup("access-ward")


def test_no_switch_is_touched_before_a_stage_is_due(site: Site) -> None:
    site.leave_unsaved("access-ward")
    site.mains_off()
    played = site.shutdown(*NEVER, *SAVED)
    assert played.status == 0, played.output
    assert NOTE not in site.startup("access-ward")
    assert not (site.work / "evidence" / "switches").exists()
