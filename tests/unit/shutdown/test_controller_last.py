# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller shuts itself down as the very last: all else is off, the state and the report are on disk.

Real files, a real login to this machine and a real command, which notes what is on disk and harms nothing.
"""

from __future__ import annotations

import json
import os
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.action.staged_shutdown import Work
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.store import Outage, OutageError, Store
from ansible_collections.contingency.infra.plugins.plugin_utils import host_off, shutdown_world
from ansible_collections.contingency.infra.plugins.plugin_utils.outage_run import Outcome

DELAY = 1.0
ON_BATTERY = {
    "name": "ups-a",
    "status": "on_battery",
    "runtime_seconds": 3000.0,
    "charge_percent": 100.0,
    "load_percent": 10.0,
    "marks": [],
}
NODE = {"shutdown_stage": "all", "shutdown_power_watts": 50, "shutdown_feeds": ["ups-a"], "shutdown_seconds": 5}


class Duty:
    """A site of one web server and this machine. The server goes off as `server` says."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.state, self.evidence, self.seen = path / "state", path / "evidence", path / "seen"
        self.server = Outcome("web-1", "off", "off (graceful, by bmc)", 1.0)
        look = (
            f"cat {shlex.quote(str(self.state))}/outage.json {shlex.quote(str(self.evidence))}/outage-*.json >"
            f" {shlex.quote(str(self.seen))}.new; mv {shlex.quote(str(self.seen))}.new {shlex.quote(str(self.seen))}"
        )
        self.hostvars = {
            "web-1": {**NODE, "ansible_host": "192.0.2.81"},
            "duty": {
                **NODE,
                "ansible_connection": "local",
                "shutdown_kind": "controller",
                "shutdown_command": look,
            },
        }
        self.user = path / "bin" / "id"
        self.user.parent.mkdir()
        self.is_user(0)
        monkeypatch.setenv("PATH", f"{self.user.parent}:{os.environ['PATH']}")
        monkeypatch.setattr(host_off, "CONTROLLER_DELAY", DELAY)
        real = shutdown_world.SiteWorld._shutting
        monkeypatch.setattr(
            shutdown_world.SiteWorld,
            "_shutting",
            lambda world, host: self._web if host == "web-1" else real(world, host),
        )
        monkeypatch.setattr(
            shutdown_world.SiteWorld, "read", lambda _world, _previous: [{**ON_BATTERY, "read_at_epoch": time.time()}]
        )

    def is_user(self, number: int) -> None:
        """What a login to this machine says of who it is, as nobody knows who runs the tests."""
        self.user.write_text(f"#!/bin/sh\necho {number}\n", encoding="ascii")
        self.user.chmod(0o755)

    def _web(self) -> Outcome:
        assert not self.seen.exists()
        return self.server

    def run(self) -> dict[str, Any]:
        arguments = {
            "hosts": ["duty", "web-1"],
            "save_switches": [],
            "sources": [],
            "upses": [{"name": "ups-a", "nominal_watts": 1000, "runtime_table": [[10, 100], [100, 10]]}],
            "policy": {"stages": [{"name": "all", "after_seconds": 0}], "poll_seconds": 1},
            "timeout": 1.0,
            "outage": "planned",
            "state_dir": str(self.state),
            "dest": str(self.evidence),
            "durations_file": None,
            "language": "en",
        }
        return Work(arguments, self.hostvars, "run").result()

    def only_others(self, instead: Callable[..., Any]) -> Callable[..., Any]:
        """Return the order of a node, and of this machine something else."""
        real = shutdown_world.SiteWorld.order

        def order(world: Any, node: Any, hurried: bool) -> Any:
            return instead() if node["name"] == "duty" else real(world, node, hurried)

        return order

    def command_began(self, within: float) -> bool:
        deadline = time.monotonic() + within
        while not self.seen.exists():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def states(self) -> dict[str, str]:
        found = json.loads((self.state / "outage.json").read_text(encoding="utf-8"))
        return {name: state["state"] for name, state in found["nodes"].items()}


@pytest.fixture
def duty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Duty:
    return Duty(tmp_path, monkeypatch)


def test_its_command_begins_when_all_else_is_off_and_the_state_and_the_report_are_written(duty: Duty) -> None:
    result = duty.run()
    assert not duty.seen.exists(), "the run ends before this machine goes"
    assert (result["failed"], result["changed"]) == (False, True)
    assert duty.states() == {"web-1": "off", "duty": "off"}
    assert duty.command_began(DELAY + 10)
    decoder, text = json.JSONDecoder(), duty.seen.read_text(encoding="utf-8")
    state, end = decoder.raw_decode(text)
    report, _end = decoder.raw_decode(text[end:].lstrip())
    assert {name: each["state"] for name, each in state["nodes"].items()} == {"web-1": "off", "duty": "off"}
    assert state["nodes"]["duty"]["how"] == "ordered"
    assert report["outage"]["nodes"]["web-1"]["state"] == "off"
    assert report["last_run"]["controller_due"] == "duty"
    assert all(Path(path).exists() for path in result["files"])


def test_it_stays_on_while_a_host_is_not_confirmed_off(duty: Duty) -> None:
    duty.server = Outcome("web-1", "failed", "NOT confirmed off", 1.0, "its BMC does not answer")
    result = duty.run()
    assert result["failed_hosts"] == ["web-1"]
    assert duty.states() == {"web-1": "failed"}
    assert not duty.command_began(DELAY + 1)


def test_a_command_that_is_refused_is_a_failure_and_not_called_off(duty: Duty) -> None:
    duty.is_user(1000)
    result = duty.run()
    assert (result["failed"], result["failed_hosts"]) == (True, ["duty"])
    assert "it is not root there" in result["msg"]
    assert duty.states() == {"web-1": "off", "duty": "failed"}
    assert not duty.command_began(DELAY + 1)


def test_a_disk_that_refuses_the_last_note_keeps_nothing_on(duty: Duty, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = Store.save

    def save(store: Store, outage: Outage) -> None:
        if "duty" in outage.nodes:
            raise OutageError("the state of the outage cannot be kept: no space left on device")
        saved(store, outage)

    monkeypatch.setattr(Store, "save", save)
    assert not duty.run()["failed"]
    assert duty.command_began(DELAY + 10)


def test_a_run_that_is_killed_before_its_command_is_given_is_gone_on_with(
    duty: Duty, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_given: object, **_more: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(shutdown_world.SiteWorld, "order", duty.only_others(killed))
        with pytest.raises(Killed):
            duty.run()
    assert duty.states() == {"web-1": "off", "duty": "off"}
    assert duty.run()["changed"]
    assert duty.command_began(DELAY + 10)
