# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs modules with Ansible inside a network namespace, so that arguments and results pass its own checks."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.lab.run_module import ANSIBLE, Play, Target, environment, results_in


def play(namespace: str, *tasks: dict[str, Any]) -> Play:
    """Run all tasks in one run of Ansible, up to the first that fails."""
    with tempfile.TemporaryDirectory() as work:
        playbook, settings = Path(work, "playbook.yml"), Path(work, "ansible.cfg")
        playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
        settings.touch()
        done = subprocess.run(
            ["ip", "netns", "exec", namespace, str(ANSIBLE), "-i", "machine,", "-c", "local", "--diff", str(playbook)],
            env=environment(Target(namespace, "machine", ""), settings),
            capture_output=True,
            text=True,
            check=False,
        )
    results = results_in(done.stdout)
    assert results, done.stdout + done.stderr
    return Play(results, done.stdout, failed=done.returncode != 0)
