# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A switch before its power goes: files of its configuration, and what is unsaved saved on it, or nothing claimed."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import CommandRejected, SwitchError
from ansible_collections.contingency.infra.plugins.module_utils._switch.keep import unsaved_lines
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import PLATFORMS
from ansible_collections.contingency.infra.plugins.module_utils._switch.session import Session
from ansible_collections.contingency.infra.plugins.module_utils._switch.target import Target
from ansible_collections.contingency.infra.plugins.plugin_utils import switch_save
from ansible_collections.contingency.infra.plugins.plugin_utils.durations import Durations
from ansible_collections.contingency.infra.plugins.plugin_utils.outage_run import Outcome
from ansible_collections.contingency.infra.plugins.plugin_utils.shutdown_world import SiteWorld

from tests.unit.switch.fake_switch import TARGET, FakePlatform, FakeSwitch

NODE = {"name": "access-ward: configuration", "kind": "save"}


class Site:
    """One switch in memory, saved through the site's world as a run does it."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.switch = FakeSwitch({"swp49": True, "swp50": False})
        self.platform = FakePlatform(self.switch)
        self.dest = tmp_path / "evidence"
        self.durations = Durations(str(tmp_path / "durations.json"))
        monkeypatch.setattr(switch_save, "platform_named", lambda _switch, _name: self.platform)
        monkeypatch.setattr(switch_save, "LOCKS", str(tmp_path / "locks"))

    def world(self, **variables: Any) -> SiteWorld:
        found = {"access-ward": {"ansible_host": TARGET.host, "ansible_password": "s3cret", **variables}}
        return SiteWorld(
            *([], found, [], 1.0, self.durations, lambda _line: None), switches=["access-ward"], dest=str(self.dest)
        )

    def save(self, **variables: Any) -> Outcome:
        return self.world(**variables).order(NODE, hurried=False)()

    def files(self) -> set[str]:
        return {path.name.partition("-")[0] for path in (self.dest / "switches" / "access-ward").glob("*-*Z.txt")}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(tmp_path, monkeypatch)


def test_an_unsaved_change_is_saved_on_the_switch_and_both_configurations_and_the_log_are_kept(site: Site) -> None:
    site.switch.running = {"swp49": False, "swp50": True}
    outcome = site.save()
    assert (outcome.state, outcome.how) == ("off", "saved, also on the switch")
    assert site.switch.startup == {"swp49": False, "swp50": True}
    assert {"running", "startup", "log"} <= site.files()
    (startup,) = (site.dest / "switches" / "access-ward").glob("startup-*")
    assert startup.read_text(encoding="utf-8").endswith("interface swp50\n shutdown\n"), "as it was found"


def test_a_switch_that_is_saved_is_only_read(site: Site) -> None:
    outcome = site.save()
    assert (outcome.state, outcome.how) == ("off", "saved")
    assert "save" not in site.switch.lines
    assert "running" in site.files()


def test_a_switch_that_does_not_save_is_never_called_saved(site: Site) -> None:
    site.switch.running["swp50"] = True
    site.switch.saves = False
    outcome = site.save()
    assert (outcome.state, outcome.how) == ("failed", "NOT saved")
    assert "still differs from the running one at swp50" in outcome.message
    site.switch.session_faults = {len(site.switch.lines): "reject"}
    assert "it answered 'save' with '% Invalid input'" in site.save().message


def test_a_change_that_waits_to_be_confirmed_is_not_made_lasting(site: Site) -> None:
    site.switch.running["swp50"] = True
    site.switch.revert_at = site.switch.clock.now + 1000
    outcome = site.save()
    assert outcome.state == "failed"
    assert "waits to be confirmed" in outcome.message
    assert "save" not in site.switch.lines


def test_a_switch_that_was_never_saved_is_saved(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = site.platform.startup_config

    def startup(session: Session) -> str:
        if "save" not in site.switch.lines:
            raise CommandRejected(TARGET.name, "show startup-config", "startup-config is not present")
        return saved(session)

    monkeypatch.setattr(site.platform, "startup_config", startup)
    assert site.save().how == "saved, also on the switch"


def test_a_full_disk_of_the_controller_keeps_nothing_from_being_saved_on_the_switch(site: Site) -> None:
    site.switch.running["swp50"] = True
    site.dest.write_text("in the way", encoding="ascii")
    outcome = site.save()
    assert outcome.state == "failed"
    assert "read but not stored" in outcome.message
    assert site.switch.startup == site.switch.running


@pytest.mark.parametrize("at", ["open", "running_config"])
def test_a_switch_that_hangs_ends_with_its_time_and_nothing_is_begun_on_it_later(
    site: Site, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    answers = threading.Event()
    site.switch.running["swp50"] = True
    real = getattr(site.platform, at)

    def hangs(given: Any) -> Any:
        answers.wait(20)
        return real(given)

    monkeypatch.setattr(site.platform, at, hangs)
    started = time.monotonic()
    outcome = site.save(shutdown_save_timeout=0.3)
    assert time.monotonic() - started < 5
    assert (outcome.state, "not ended within 0.3 s" in outcome.message) == ("failed", True)
    answers.set()
    settled()
    assert "save" not in site.switch.lines


def test_a_save_that_is_given_up_ends_at_once_and_begins_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.switch.running["swp50"] = True
    reads, world = site.platform.running_config, site.world()
    entered = threading.Event()

    def hangs(session: Session) -> str:
        entered.set()
        deadline = time.monotonic() + 20
        while not session.closed and time.monotonic() < deadline:  # type: ignore[attr-defined]
            time.sleep(0.01)
        return reads(session)

    monkeypatch.setattr(site.platform, "running_config", hangs)
    work, found = world.order(NODE, hurried=False), list[Outcome]()
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    assert entered.wait(5)
    world.give_up(NODE["name"])
    thread.join(5)
    assert [outcome.state for outcome in found] == ["failed"]
    assert "save" not in site.switch.lines


def settled() -> None:
    """Wait until no save is at work any more."""
    deadline = time.monotonic() + 10
    while any(thread.name.startswith("save of") for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_the_inventory_says_wrongly_is_the_failure_of_this_save(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(switch: str, _name: str) -> Any:
        raise SwitchError(switch, "has no platform; set switch_platform")

    monkeypatch.setattr(switch_save, "platform_named", unknown)
    outcome = site.save()
    assert (outcome.state, outcome.how, outcome.message) == (
        "failed",
        "NOT saved",
        "has no platform; set switch_platform",
    )


def test_the_password_is_in_no_message_and_known_as_a_secret(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(target: Target) -> Session:
        raise SwitchError(target.name, f"refused user x with {target.password}")

    monkeypatch.setattr(site.platform, "open", refuses)
    assert "s3cret" not in site.save().message
    assert site.world().secrets == {"s3cret"}


RUNNING = """Building configuration...

Current configuration : 4131 bytes
!
! Last configuration change at 10:00:01 UTC Sat Nov 21 2026
hostname access-ward
crypto pki certificate chain TP
 certificate self-signed 01
  3082022B 30820194 A0030201 02020101
  5C2B
  \tquit
interface Gi1/0/1
 shutdown
!
end
"""
STARTUP = """Using 1871 out of 524288 bytes
!
! NVRAM config last updated at 09:00:00 UTC Fri Nov 20 2026
hostname access-ward
crypto pki certificate chain TP
 certificate self-signed 01 nvram:IOS-Self-Sig#1.cer
interface Gi1/0/1
 shutdown
!
end
"""


def test_what_a_switch_shows_differently_is_not_unsaved_and_what_was_changed_is() -> None:
    ios = PLATFORMS["cisco_ios"]
    assert unsaved_lines(ios, RUNNING, STARTUP) == []
    assert unsaved_lines(ios, RUNNING.replace(" shutdown\n", ""), STARTUP) == ["-  shutdown"]
    assert unsaved_lines(ios, RUNNING.replace("interface", "vlan 7\ninterface"), STARTUP) == ["+ vlan 7"]


def test_netmiko_is_loaded_only_where_a_switch_is_saved() -> None:
    """It takes 0.2 s of every run of the timer."""
    look = (
        "import sys, ansible.plugins.loader as loader; loader.init_plugin_loader()\n"
        "import ansible_collections.contingency.infra.plugins.action.staged_shutdown\n"
        "sys.exit('netmiko' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
