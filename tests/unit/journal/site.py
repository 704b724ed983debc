# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real runs of ansible-playbook with the journal beside it, in a directory of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.collection_link import ROOT, ensure_link

BIN = Path(sys.executable).parent
SETTINGS = """\
[defaults]
collections_path = {collections}
{callbacks}
interpreter_python = {python}
retry_files_enabled = false
forks = 5
[contingency]
journal_keep = {keep}
"""


@dataclass(frozen=True)
class Site:
    """A directory with an inventory, playbooks and the evidence."""

    folder: Path

    @property
    def evidence(self) -> Path:
        return self.folder / "evidence"

    @property
    def runs(self) -> list[Path]:
        return sorted(path for path in self.evidence.glob("runs/*") if path.is_dir() and path.name[0] != ".")

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def inventory(self, text: str = "", hosts: tuple[str, ...] = ("alpha", "beta")) -> None:
        lines = "\n".join(f"{host} ansible_connection=local" for host in hosts)
        self.file("hosts.ini", f"{lines}\n[all:vars]\ncontingency_evidence_dir={self.evidence}\n{text}\n")

    def settings(self, callbacks: str | None = "contingency.infra.journal", keep: str = "all") -> None:
        enabled = f"callbacks_enabled = {callbacks}" if callbacks else ""
        self.file(
            "ansible.cfg",
            SETTINGS.format(collections=ensure_link(), callbacks=enabled, keep=keep, python=sys.executable),
        )

    def command(self, playbook: str, *options: str) -> list[str]:
        return [str(BIN / "ansible-playbook"), "-i", str(self.folder / "hosts.ini"), playbook, *options]

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "CONTINGENCY_"))}
        return {**kept, "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", **(more or {})}

    def run(
        self, playbook: str, *options: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a playbook of this directory, or one of the collection by its full name."""
        return subprocess.run(
            self.command(playbook, *options),
            cwd=self.folder,
            env=self.environment(environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    def lines(self, run: Path | None = None) -> list[dict[str, Any]]:
        """Return the lines of a run's journal, of the last one where none is named."""
        text = ((run or self.runs[-1]) / "journal.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def kind(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["kind"] == kind]


def site_in(folder: Path, variables: str = "", **settings: str) -> Site:
    """Return a site with an inventory of two hosts and the journal on."""
    site = Site(folder)
    site.inventory(variables)
    site.settings(**settings)
    return site


def vaulted(text: str, folder: Path, password: str) -> str:
    """Return a text as ansible-vault encrypts it."""
    secret = folder / "vault-password"
    secret.write_text(password, encoding="utf-8")
    plain = folder / "plain"
    plain.write_text(text, encoding="utf-8")
    command = [str(BIN / "ansible-vault"), "encrypt", "--vault-password-file", str(secret), "--output", "-", str(plain)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    plain.unlink()
    return done.stdout
