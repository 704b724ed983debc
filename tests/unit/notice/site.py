# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An organisation with a plan, incidents, and the playbook that tells people of them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.contingency.infra.plugins.module_utils._incident import store
from ansible_collections.contingency.infra.plugins.module_utils._notice.delivery import deliveries_of

ROOT = Path(__file__).resolve().parents[3]
PEOPLE = ("zhang", "li", "wang", "zhao")
TIMEZONE = "Asia/Shanghai"


def plan_for(channels: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A hospital whose people are told over these channels, in this order."""
    addresses = {
        name: {
            channel: "" if kind["kind"] != "smtp" else f"{name}@hospital.example" for channel, kind in channels.items()
        }
        for name in PEOPLE
    }
    contacts = {
        name: {
            "name": name,
            "phone": f"139{place:08}",
            "channels": list(channels),
            "address": {channel: address for channel, address in addresses[name].items() if address},
        }
        for place, name in enumerate(PEOPLE)
    }
    return {
        "preset": "hospital",
        "organisation": {"en": "City hospital", "zh": "市医院"},
        "timezone": TIMEZONE,
        "channels": dict(channels),
        "contacts": contacts,
        "roles": {
            "duty": {"contacts": ["zhang"], "deputies": ["li"]},
            "it_head": {"contacts": ["li"], "deputies": ["zhang"]},
            "lead": {"contacts": ["wang"], "deputies": ["zhao"]},
            **{
                name: {"contacts": ["zhang", "li"]}
                for name in ("working_group", "repair_team", "vendor_contact", "coordination", "insurance_office")
            },
        },
        "departments": {"cashiers": {"contacts": ["zhao"]}},
        **more,
    }


@dataclass
class Site:
    """The files of one site, in a directory of its own."""

    home: Path
    plan: Mapping[str, Any]
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def evidence(self) -> Path:
        return self.home / "evidence"

    @property
    def incidents(self) -> Path:
        return self.evidence / "incidents"

    def opened(self, title: str = "core-a is down", *, drill: bool = False, **fields: Any) -> Path:
        """Open an incident that began 40 minutes ago, so that much is due at once."""
        now = time.time()
        told = {"incident_class": "network_down", "discovered_epoch": now - 2400, "expected_outage_seconds": 7200}
        root = self.evidence / "drills" if drill else self.incidents
        found = store.open_incident(
            str(root), {**told, "title": title, **fields}, by="test@here", now=now, timezone=TIMEZONE, drill=drill
        )
        return Path(found.path)

    def write(self) -> Path:
        inventory = self.home / "inventory"
        variables = inventory / "group_vars/all"
        variables.mkdir(parents=True, exist_ok=True)
        (inventory / "hosts.yml").write_text("all: {hosts: {localhost: {ansible_connection: local}}}\n")
        settings = {
            "contingency_plan": dict(self.plan),
            "contingency_evidence_dir": str(self.evidence),
            "escalate_pause_seconds": 0.2,
            "escalate_patience_seconds": 4,
            **self.extra,
        }
        (variables / "main.yml").write_text(yaml.safe_dump(settings, allow_unicode=True))
        return inventory

    def start(self, *arguments: str, playbook: str = "escalate") -> subprocess.Popen[str]:
        """Start a playbook in a process group of its own."""
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                "ansible",
                "playbook",
                f"playbooks/{playbook}.yml",
                "-i",
                str(self.write()),
                *arguments,
            ],
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, status: int | None = 0, playbook: str = "escalate") -> str:
        """Run a playbook to its end and return what it said."""
        process = self.start(*arguments, playbook=playbook)
        output = process.communicate(timeout=120)[0]
        assert status is None or process.returncode == status, output
        return output


def states(path: Path) -> dict[tuple[str, str], str]:
    """How each notice stands in the record of an incident."""
    return {name: each.state for name, each in deliveries_of(store.lines_of(str(path))).items()}


def notice_lines(path: Path, state: str) -> list[Mapping[str, Any]]:
    lines = store.lines_of(str(path))
    return [line for line in lines if line["kind"] == "notice" and line["state"] == state]
