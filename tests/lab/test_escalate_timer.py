# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timer that tells people what is due, on a real Debian with systemd."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab import duty
from tests.lab.duty import SITE, USER, Duty, eventually
from tests.lab.pair import APPLICATION, Pair
from tests.lab.run import Run

UNIT = "contingency-escalate"
NEVER = "2099-01-01"
REMOVE = f"""
systemctl disable --now {UNIT}.timer
rm -f /etc/systemd/system/{UNIT}.*
{duty.REMOVE}"""
PLAYBOOK = f"""
- name: Have people told each minute
  hosts: {APPLICATION}
  gather_facts: false
  tasks:
    - name: Install the timer
      ansible.builtin.import_role:
        name: contingency.infra.escalate
        tasks_from: timer
"""


class Controller(Duty):
    """A machine that the timer is installed on."""

    def install(self, *extra: str, **variables: Any) -> Run:
        """Run the role, by default with a run every 3 seconds."""
        playbook = self.work / "timer.yml"
        playbook.write_text(PLAYBOOK, encoding="utf-8")
        given = {
            "escalate_timer_user": USER,
            "escalate_timer_directory": SITE,
            "escalate_timer_inventory": f"{SITE}/inventory",
            "escalate_timer_vault_password_file": f"{SITE}/vault",
            "escalate_timer_calendar": "*:*:00/3",
            **variables,
        }
        return self.play(str(playbook), *extra, **given)

    def ran_again(self, times: int, seconds: float) -> bool:
        """Wait for that many runs from now on."""
        before = len(self.runs())
        return eventually(lambda: len(self.runs()) >= before + times, seconds)


@pytest.fixture
def controller(shared_pair: Pair, tmp_path: Path) -> Iterator[Controller]:
    found = Controller(shared_pair.lab, tmp_path)
    found.shell(duty.PREPARE)
    yield found
    found.shell(REMOVE, check=False)


def test_the_timer_runs_the_playbook_again_and_again_until_it_is_switched_off(controller: Controller) -> None:
    dry = controller.install("--check")
    assert (dry.status, dry.changed[APPLICATION] > 0) == (0, True)
    assert controller.installed(UNIT) == ""
    assert controller.install().status == 0
    assert controller.install().changed == {APPLICATION: 0}
    assert controller.complaints(UNIT, "service", "timer") == ""
    assert controller.ran_again(3, 20)
    arguments = ["contingency.infra.escalate", "-i", f"{SITE}/inventory", "--vault-password-file", f"{SITE}/vault"]
    assert controller.runs()[0] == [USER, SITE, *arguments]
    assert controller.shell(f"ls /var/lib/{USER} | grep two-at-once || true") == ""
    assert controller.install(escalate_timer_enabled=False).status == 0
    assert controller.state(f"{UNIT}.timer") == "inactive"
    assert not controller.ran_again(1, 6)


def test_a_run_that_fails_is_seen_by_systemd_and_followed_by_the_next_whatever_the_clock_says(
    controller: Controller,
) -> None:
    controller.shell(f"echo 2 > /var/lib/{USER}/status")
    assert controller.install(escalate_timer_calendar=NEVER, escalate_timer_again_seconds=2).status == 0
    controller.shell(f"systemctl start {UNIT}.service", check=False)
    assert controller.ran_again(2, 20)
    assert eventually(lambda: controller.state(f"{UNIT}.service") == "failed", 5)
    assert controller.state(f"{UNIT}.timer") == "active"


def test_what_could_tell_nobody_is_refused(controller: Controller) -> None:
    refused = controller.install(escalate_timer_vault_password_file="/nowhere")
    assert refused.status != 0
    assert f"/nowhere does not exist on {APPLICATION}" in " ".join(refused.output.split())
    assert controller.installed(UNIT) == ""
