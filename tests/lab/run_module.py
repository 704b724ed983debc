# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one of the collection's modules on a lab machine with Ansible over ssh, as users do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.collection_link import ensure_link

COLLECTIONS = ensure_link()
ANSIBLE = Path(sys.executable).with_name("ansible-playbook")


@dataclass(frozen=True)
class Target:
    """Where a machine is reached: from a network namespace, at an address, with what ssh needs."""

    namespace: str
    address: str
    ssh_arguments: str


@dataclass(frozen=True)
class Step:
    """One task, which runs the module with these arguments."""

    arguments: dict[str, Any] = field(default_factory=dict)
    check: bool = False


@dataclass(frozen=True)
class Play:
    """What each step returned, up to the first that failed, and all that Ansible printed."""

    results: list[dict[str, Any]]
    output: str
    failed: bool


def run_module(target: Target, module: str, *steps: Step) -> Play:
    """All steps in one run of Ansible, which costs more than the module does."""
    tasks = [{f"contingency.infra.{module}": step.arguments, "check_mode": step.check, "diff": True} for step in steps]
    with tempfile.TemporaryDirectory() as work:
        playbook, settings = Path(work, "playbook.yml"), Path(work, "ansible.cfg")
        playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
        settings.touch()
        command = ["ip", "netns", "exec", target.namespace, str(ANSIBLE), "-i", f"{target.address},", "-u", "root"]
        done = subprocess.run(
            [*command, str(playbook)],
            env=environment(target, settings),
            capture_output=True,
            text=True,
            check=False,
        )
    results = results_in(done.stdout)
    assert results, done.stdout + done.stderr
    return Play(results, done.stdout, failed=done.returncode != 0)


def environment(target: Target, settings: Path) -> dict[str, str]:
    """With settings of its own, whatever the working directory has: results are read from what is printed."""
    return {
        **os.environ,
        "ANSIBLE_CONFIG": str(settings),
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_STDOUT_CALLBACK": "minimal",
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
        "ANSIBLE_SSH_ARGS": target.ssh_arguments,
        "ANSIBLE_PIPELINING": "true",
        "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
        "ANSIBLE_NOCOLOR": "true",
    }


def results_in(output: str) -> list[dict[str, Any]]:
    """What the minimal callback printed of each task."""
    decoder = json.JSONDecoder()
    return [decoder.raw_decode("{" + text)[0] for text in output.split(" => {")[1:]]


def seen(result: dict[str, Any]) -> dict[str, str]:
    """Each check of the result with what it saw."""
    return {check["check"]: check["seen"] for check in result["verified"]}
