# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watch of the staged shutdown on a real Debian with systemd: installed by the playbook, run by timer and hook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab import duty
from tests.lab.duty import SITE, USER, Duty, eventually
from tests.lab.pair import APPLICATION, Pair
from tests.lab.run import Run

UNIT = "contingency-staged-shutdown"
PREPARE = f"""{duty.PREPARE}
mkdir -p /etc/nut /run/systemd/system
echo 'MONITOR ups-a@10.77.0.71 1 monitor lab-only secondary' > /etc/nut/upsmon.conf
printf '[Service]\\nExecStart=/bin/sleep infinity\\n' > /run/systemd/system/nut-monitor.service
systemctl daemon-reload
"""
REMOVE = f"""
systemctl disable --now {UNIT}.timer {UNIT}.path nut-monitor
rm -rf /etc/systemd/system/{UNIT}.* /etc/tmpfiles.d/{UNIT}.conf /run/{UNIT} /usr/local/lib/contingency /etc/nut
rm -rf /run/systemd/system/nut-monitor.service /var/lib/contingency/outage
{duty.REMOVE}"""


class Controller(Duty):
    """A machine that the watch is installed on."""

    def install(self, *extra: str, **variables: Any) -> Run:
        """Run the playbook, by default with the hook of NUT and a run every 3 seconds."""
        given = {
            "watch": APPLICATION,
            "staged_shutdown_watch_user": USER,
            "staged_shutdown_watch_directory": SITE,
            "staged_shutdown_watch_inventory": f"{SITE}/inventory",
            "staged_shutdown_watch_vault_password_file": f"{SITE}/vault",
            "staged_shutdown_watch_calendar": "*-*-* *:*:00/3",
            "staged_shutdown_watch_nut": True,
            "staged_shutdown_watch_nut_user": "daemon",
            # The lab's own policy is for its quick batteries.
            "staged_shutdown_watch_reserve_seconds": 120,
            **variables,
        }
        return self.play("contingency.infra.staged_shutdown_watch", *extra, **given)

    def is_active(self, unit: str) -> bool:
        return self.state(f"{UNIT}.{unit}") == "active"


@pytest.fixture
def controller(shared_pair: Pair, tmp_path: Path) -> Iterator[Controller]:
    found = Controller(shared_pair.lab, tmp_path)
    found.shell(PREPARE)
    yield found
    found.shell(REMOVE, check=False)


def test_timer_runs_the_playbook_again_and_again_and_a_second_installation_changes_nothing(
    controller: Controller,
) -> None:
    dry = controller.install("--check")
    assert (dry.status, dry.changed[APPLICATION] > 0) == (0, True)
    assert controller.installed(UNIT) == ""
    assert controller.install().status == 0
    assert controller.install().changed == {APPLICATION: 0}
    assert controller.install("--check").changed == {APPLICATION: 0}
    assert controller.complaints(UNIT, "service", "timer", "path") == ""
    assert eventually(lambda: len(controller.runs()) >= 3, 20)
    arguments = ["contingency.infra.staged_shutdown", "-i", f"{SITE}/inventory", "--vault-password-file"]
    assert controller.runs()[0] == [USER, SITE, *arguments, f"{SITE}/vault"]
    assert controller.shell("stat -c %U /var/lib/contingency/outage") == USER
    assert controller.install(staged_shutdown_watch_enabled=False).status == 0
    assert not controller.is_active("timer")
    assert not controller.is_active("path")


def test_hook_starts_a_run_at_once_and_never_two(controller: Controller) -> None:
    assert controller.install(staged_shutdown_watch_calendar="*-*-* 04:00:00").status == 0
    assert eventually(lambda: controller.state(UNIT) == "inactive", 10)
    before = len(controller.runs())
    hook = "su daemon -s /bin/sh -c '/usr/local/lib/contingency/staged-shutdown-hook onbatt'"
    controller.shell(hook)
    assert eventually(lambda: len(controller.runs()) == before + 1, 5)
    controller.shell(f"for i in $(seq 30); do {hook}; sleep 0.1; done")
    assert controller.is_active("path")
    assert eventually(lambda: controller.state(UNIT) == "inactive", 10)
    assert before + 2 <= len(controller.runs()) <= before + 8
    assert controller.shell(f"ls /var/lib/{USER}") == "runs"


def test_settings_that_would_fail_in_an_outage_are_refused(controller: Controller) -> None:
    missing = controller.install(staged_shutdown_watch_vault_password_file="/nowhere")
    assert missing.status != 0
    assert "/nowhere does not exist on his-app-1" in " ".join(missing.output.split())
    racing = controller.install(staged_shutdown_watch_reserve_seconds=70)
    assert racing.status != 0
    assert "raise reserve_seconds in staged_shutdown_policy to 85" in " ".join(racing.output.split())
    assert controller.installed(UNIT) == ""
