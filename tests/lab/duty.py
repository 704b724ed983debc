# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Debian with systemd on which timers are installed that run playbooks.

In place of ansible-playbook there is a program that notes how it was called.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.engine import Lab
from tests.lab.pair import APPLICATION
from tests.lab.run import Run
from tools.collection_link import ensure_link

ROOT = Path(__file__).resolve().parents[2]
USER = "duty"
SITE = "/opt/the site 50%"
LONGEST_RUN = 300
PREPARE = f"""
set -e
id {USER} >/dev/null 2>&1 || useradd --create-home {USER}
mkdir -p '{SITE}/venv/bin' '{SITE}/inventory' /var/lib/{USER}
touch '{SITE}/vault'
chown {USER} /var/lib/{USER}; rm -f /var/lib/{USER}/*
cat > '{SITE}/venv/bin/ansible-playbook' <<'END'
#!/bin/sh
mkdir /var/lib/{USER}/running || touch /var/lib/{USER}/two-at-once
for argument in "$(id -un)" "$PWD" "$@"; do printf '%s|' "$argument"; done >> /var/lib/{USER}/runs
echo >> /var/lib/{USER}/runs
sleep 1
rmdir /var/lib/{USER}/running
exit $(cat /var/lib/{USER}/status 2>/dev/null)
END
chmod 755 '{SITE}/venv/bin/ansible-playbook'
"""
REMOVE = f"""
rm -rf '{SITE}' /var/lib/{USER}
systemctl daemon-reload; systemctl reset-failed
userdel --remove {USER}
"""


class Duty:
    """The machine on duty."""

    def __init__(self, lab: Lab, work: Path) -> None:
        self.lab = lab
        self.work = work

    def play(self, playbook: str, *extra: str, **variables: Any) -> Run:
        """Run a playbook on it, as its root."""
        given = json.dumps({"ansible_become": False, **variables})
        ansible = Path(sys.executable).with_name("ansible-playbook")
        command = [str(ansible), "-i", str(ROOT / "inventories/lab"), playbook, "-e", given, *extra]
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
            [sys.executable, "-m", "lab", "run", "--", *command],
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
        lines = self.shell(f"cat /var/lib/{USER}/runs 2>/dev/null || true").splitlines()
        return [line.split("|")[:-1] for line in lines]

    def state(self, unit: str) -> str:
        return self.shell(f"systemctl is-active {unit}", check=False)

    def installed(self, unit: str) -> str:
        """The files of a unit, an empty text where there are none."""
        return self.shell(f"ls /etc/systemd/system/{unit}.* 2>/dev/null || true")

    def complaints(self, unit: str, *kinds: str) -> str:
        """What systemd has to say against the files of a unit."""
        units = " ".join(f"/etc/systemd/system/{unit}.{kind}" for kind in kinds)
        return self.shell(f"systemd-analyze verify {units} 2>&1", check=False)


def eventually(there: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not there():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True
