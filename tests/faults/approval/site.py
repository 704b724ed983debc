# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small site in a directory, and ansible-playbook run on it. No machine of it answers."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.unit.approval.conftest import Keys

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"
VAULT_PASSWORD = "seal-password"
NOBODY_ANSWERS = {"ansible_connection": "ssh", "ansible_port": 1, "ansible_host": "127.0.0.1", "ansible_user": "nobody"}


@dataclass(frozen=True)
class Run:
    """What a run said and how it ended."""

    status: int
    output: str

    @property
    def words(self) -> str:
        """The output with one space between words, as lines are broken anywhere."""
        return " ".join(self.output.split())


@dataclass(frozen=True)
class Site:
    """The directory of a site."""

    directory: Path
    keys: Keys

    @property
    def approvals(self) -> Path:
        return self.directory / "evidence" / "approvals"

    @property
    def uses(self) -> list[dict[str, Any]]:
        path = self.approvals / "uses.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    @property
    def requests(self) -> list[str]:
        """The names of all requests, PROCEDURE-TARGET-HASH."""
        return sorted(path.parent.name for path in self.approvals.glob("*/request.json"))

    def name_of(self, procedure: str) -> str:
        """The first digits of the only request for a procedure."""
        [found] = [name for name in self.requests if name.startswith(f"{procedure}-")]
        return found.rpartition("-")[2]

    def approve(self, request: str, *approvers: str) -> None:
        for approver in approvers:
            key = getattr(self.keys, approver)
            done = self.run("contingency.infra.approve", request=request, approver=approver, sign_with=str(key))
            assert done.status == 0, done.output

    def run(self, playbook: str, *options: str, **variables: Any) -> Run:
        """Run a playbook without a terminal."""
        done = subprocess.run(
            self._command(playbook, options, variables),
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=120,
            check=False,
            start_new_session=True,
        )
        return Run(done.returncode, done.stdout)

    def typed(self, playbook: str, *options: str, **variables: Any) -> Run:
        """Run a playbook at a terminal; what that shows is returned."""
        command = self._command(playbook, options, variables)
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(ROOT)
            os.execve(command[0], command, self._environment)
        seen = b""
        while chunk := _read(terminal):
            seen += chunk
        _pid, status = os.waitpid(pid, 0)
        os.close(terminal)
        return Run(os.waitstatus_to_exitcode(status), re.sub(r"\x1b\[[\d;]*m", "", seen.decode("utf-8", "replace")))

    def _command(self, playbook: str, options: tuple[str, ...], variables: dict[str, Any]) -> list[str]:
        given = ["-e", json.dumps(variables)] if variables else []
        return [str(PLAYBOOK), "-i", str(self.directory / "hosts.yml"), playbook, *options, *given]

    @property
    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        return {**kept, "HOME": str(self.directory), "LC_ALL": "C.UTF-8", "ANSIBLE_NOCOLOR": "1"}


def make_site(directory: Path, keys: Keys, **variables: Any) -> Site:
    """Write an inventory with two core switches, a pair of databases and a UPS that nobody can read."""
    site = Site(directory, keys)
    sealed = directory / "his.vault"
    everything = {
        "contingency_evidence_dir": str(directory / "evidence"),
        "contingency_state_dir": str(directory / "state"),
        "contingency_backup_dir": str(directory / "backup"),
        "contingency_allowed_signers": str(keys.allowed),
        "contingency_sealed": {"his": {"file": str(sealed)}},
        "ups_sources": [{"name": "ups-a", "kind": "nut", "host": "127.0.0.1", "port": 1, "ups": "a"}],
        "shutdown_upses": [{"name": "ups-a", "nominal_watts": 2700, "runtime_table": [[50, 106], [100, 53]]}],
        **variables,
    }
    inventory = {
        "all": {
            "vars": everything,
            "children": {
                "core_switches": {"hosts": {"core-a": switch("frr"), "core-b": switch("frr")}},
                "access_switches": {
                    "hosts": {
                        "access-1": {**switch("frr"), "core_switch_uplinks": {"core-a": "eth1", "core-b": "eth2"}}
                    }
                },
                "databases": {"hosts": {"db-1": database(), "db-2": database()}},
                "shutdown_hosts": {"hosts": {"db-1": None}},
            },
        }
    }
    directory.mkdir(exist_ok=True)
    (directory / "hosts.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    return site


def switch(platform: str) -> dict[str, Any]:
    return {**NOBODY_ANSWERS, "switch_platform": platform, "ansible_password": "hush-hush"}


def database() -> dict[str, Any]:
    return {
        **NOBODY_ANSWERS,
        "standby_bmc": {"protocol": "ipmi", "host": "127.0.0.1", "user": "admin", "password": "hush-hush"},
        "shutdown_stage": "critical",
        "shutdown_feeds": ["ups-a"],
        "shutdown_power_watts": 300,
        "shutdown_seconds": 60,
    }


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:
        # Linux ends a pseudo terminal whose last writer is gone with EIO.
        return b""
