# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one of the collection's modules on a lab machine with Ansible over ssh, as users do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.collection_link import ensure_link

COLLECTIONS = ensure_link()
ANSIBLE = Path(sys.executable).with_name("ansible")


@dataclass(frozen=True)
class Target:
    """Where a machine is reached: from a network namespace, at an address, with what ssh needs."""

    namespace: str
    address: str
    ssh_arguments: str


def run_module(target: Target, module: str, arguments: dict[str, Any], *options: str) -> dict[str, Any]:
    """What the module returned, with ``failed``, and as ``stdout`` all that Ansible printed."""
    command = ["ip", "netns", "exec", target.namespace, str(ANSIBLE), "all", "-i", f"{target.address},", "-u", "root"]
    command += ["-m", f"contingency.infra.{module}", "-a", json.dumps(arguments), *options]
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_SSH_ARGS": target.ssh_arguments,
        "ANSIBLE_PIPELINING": "true",
        "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
        "ANSIBLE_NOCOLOR": "true",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "=> {" in done.stdout, done.stdout + done.stderr
    result, _end = json.JSONDecoder().raw_decode(done.stdout.split("=> ", 1)[1])
    return {**result, "stdout": done.stdout, "failed": done.returncode != 0}


def seen(result: dict[str, Any]) -> dict[str, str]:
    """Each check of the result with what it saw."""
    return {check["check"]: check["seen"] for check in result["verified"]}
