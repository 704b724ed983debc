# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watch of the staged shutdown on a real Debian with systemd: installed by the playbook, run by timer and hook.

In place of ansible-playbook there is a program that notes how it was called.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.engine import Lab
from tests.lab.pair import APPLICATION, Pair
from tests.lab.run import Run
from tools.collection_link import ensure_link

ROOT = Path(__file__).resolve().parents[2]
UNIT = "contingency-staged-shutdown"
SITE = "/opt/the site 50%"
LONGEST_RUN = 300
PREPARE = f"""
set -e
id duty >/dev/null 2>&1 || useradd --create-home duty
mkdir -p '{SITE}/venv/bin' '{SITE}/inventory' /etc/nut /run/systemd/system /var/lib/duty
touch '{SITE}/vault'
chown duty /var/lib/duty; rm -f /var/lib/duty/*
cat > '{SITE}/venv/bin/ansible-playbook' <<'END'
#!/bin/sh
mkdir /var/lib/duty/running || touch /var/lib/duty/two-at-once
for argument in "$(id -un)" "$PWD" "$@"; do printf '%s|' "$argument"; done >> /var/lib/duty/runs
echo >> /var/lib/duty/runs
sleep 1
rmdir /var/lib/duty/running
END
chmod 755 '{SITE}/venv/bin/ansible-playbook'
echo 'MONITOR ups-a@10.77.0.71 1 monitor lab-only secondary' > /etc/nut/upsmon.conf
printf '[Service]\\nExecStart=/bin/sleep infinity\\n' > /run/systemd/system/nut-monitor.service
systemctl daemon-reload
"""
REMOVE = f"""
systemctl disable --now {UNIT}.timer {UNIT}.path nut-monitor
rm -rf /etc/systemd/system/{UNIT}.* /etc/tmpfiles.d/{UNIT}.conf /run/{UNIT} /usr/local/lib/contingency '{SITE}' /etc/nut
rm -rf /run/systemd/system/nut-monitor.service /var/lib/duty /var/lib/contingency/outage
systemctl daemon-reload; systemctl reset-failed
userdel --remove duty
"""


class Controller:
    """A machine that the watch is installed on."""

    def __init__(self, lab: Lab, work: Path) -> None:
        self.lab = lab
        self.work = work

    def install(self, *extra: str, **variables: Any) -> Run:
        """Run the playbook, by default with the hook of NUT and a run every 3 seconds."""
        given = {
            "ansible_become": False,
            "watch": APPLICATION,
            "staged_shutdown_watch_user": "duty",
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
        ansible = Path(sys.executable).with_name("ansible-playbook")
        playbook = [str(ansible), "-i", str(ROOT / "inventories/lab"), "contingency.infra.staged_shutdown_watch"]
        command = [sys.executable, "-m", "lab", "run", "--", *playbook, "-e", json.dumps(given), *extra]
        environment = {
            **os.environ,
            "LAB_NAME": self.lab.instance.name,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(ensure_link()),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_HOME": str(self.work / "ansible"),
        }
        started = time.monotonic()
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=LONGEST_RUN,
        )
        print(done.stdout)
        return Run(done.returncode, done.stdout, time.monotonic() - started, None)

    def shell(self, script: str, check: bool = True) -> str:
        return self.lab.exec(APPLICATION, "sh", "-c", script, check=check).stdout.strip()

    def runs(self) -> list[list[str]]:
        """How the playbook was called: user, directory, arguments."""
        lines = self.shell("cat /var/lib/duty/runs 2>/dev/null || true").splitlines()
        return [line.split("|")[:-1] for line in lines]

    def is_active(self, unit: str) -> bool:
        return self.shell(f"systemctl is-active {UNIT}.{unit}", check=False) == "active"


@pytest.fixture
def controller(shared_pair: Pair, tmp_path: Path) -> Iterator[Controller]:
    found = Controller(shared_pair.lab, tmp_path)
    found.shell(PREPARE)
    yield found
    found.shell(REMOVE, check=False)


def eventually(there: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not there():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def test_timer_runs_the_playbook_again_and_again_and_a_second_installation_changes_nothing(
    controller: Controller,
) -> None:
    dry = controller.install("--check")
    assert (dry.status, dry.changed[APPLICATION] > 0) == (0, True)
    assert controller.shell(f"ls /etc/systemd/system/{UNIT}.* 2>/dev/null || true") == ""
    assert controller.install().status == 0
    assert controller.install().changed == {APPLICATION: 0}
    assert controller.install("--check").changed == {APPLICATION: 0}
    units = " ".join(f"/etc/systemd/system/{UNIT}.{kind}" for kind in ("service", "timer", "path"))
    assert controller.shell(f"systemd-analyze verify {units} 2>&1") == ""
    assert eventually(lambda: len(controller.runs()) >= 3, 20)
    arguments = ["contingency.infra.staged_shutdown", "-i", f"{SITE}/inventory", "--vault-password-file"]
    assert controller.runs()[0] == ["duty", SITE, *arguments, f"{SITE}/vault"]
    assert controller.shell("stat -c %U /var/lib/contingency/outage") == "duty"
    assert controller.install(staged_shutdown_watch_enabled=False).status == 0
    assert not controller.is_active("timer")
    assert not controller.is_active("path")


def test_hook_starts_a_run_at_once_and_never_two(controller: Controller) -> None:
    assert controller.install(staged_shutdown_watch_calendar="*-*-* 04:00:00").status == 0
    assert eventually(lambda: controller.shell(f"systemctl is-active {UNIT}", check=False) == "inactive", 10)
    before = len(controller.runs())
    hook = "su daemon -s /bin/sh -c '/usr/local/lib/contingency/staged-shutdown-hook onbatt'"
    controller.shell(hook)
    assert eventually(lambda: len(controller.runs()) == before + 1, 5)
    controller.shell(f"for i in $(seq 30); do {hook}; sleep 0.1; done")
    assert controller.is_active("path")
    assert eventually(lambda: controller.shell(f"systemctl is-active {UNIT}", check=False) == "inactive", 10)
    assert before + 2 <= len(controller.runs()) <= before + 8
    assert controller.shell("ls /var/lib/duty") == "runs"


def test_settings_that_would_fail_in_an_outage_are_refused(controller: Controller) -> None:
    missing = controller.install(staged_shutdown_watch_vault_password_file="/nowhere")
    assert missing.status != 0
    assert "/nowhere does not exist on his-app-1" in " ".join(missing.output.split())
    racing = controller.install(staged_shutdown_watch_reserve_seconds=70)
    assert racing.status != 0
    assert "raise reserve_seconds in staged_shutdown_policy to 85" in " ".join(racing.output.split())
    assert controller.shell(f"ls /etc/systemd/system/{UNIT}.* 2>/dev/null || true") == ""
