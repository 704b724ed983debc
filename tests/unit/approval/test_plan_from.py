# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an inventory to a plan: what decides is in it, what is secret is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret, VaultSecretsContext
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.contingency.infra.plugins.module_utils._approval.plan import Plan
from ansible_collections.contingency.infra.plugins.plugin_utils.approval_plan import plan_from

GIVEN = {"procedure": "pacs_move", "target": "pacs-1", "hosts": ["pacs-1"], "settings": ["pacs_saves", "pacs_service"]}
SEALED = VaultSecret(b"site")


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    """The password of the vault, as a run has it."""
    monkeypatch.setattr(VaultSecretsContext, "_current", VaultSecretsContext([("default", SEALED)]))


def plan(tmp_path: Path, arguments: dict[str, Any], **variables: Any) -> Plan:
    vault = VaultLib([("default", SEALED)]).encrypt("hunter2secret", secret=SEALED).decode()
    tag = "      vaulted: !vault |\n" + "".join(f"        {line}\n" for line in vault.splitlines())
    path = tmp_path / "hosts.yml"
    path.write_text("all:\n  hosts:\n    pacs-1:\n" + tag, encoding="utf-8")
    more = tmp_path / "host_vars"
    more.mkdir(exist_ok=True)
    (more / "pacs-1.yml").write_text(yaml.safe_dump({"plain_token": "hunter3secret", **variables}), encoding="utf-8")
    loader = DataLoader()
    loader.set_vault_secrets([("default", SEALED)])
    inventory = InventoryManager(loader=loader, sources=[str(path)])
    hostvars = HostVars(inventory, VariableManager(loader=loader, inventory=inventory), loader)
    return plan_from({**GIVEN, "arguments": arguments}, hostvars)


def test_a_secret_in_the_middle_of_a_command_is_no_part_of_a_plan(tmp_path: Path) -> None:
    """Requests are sent about by mail, and shown on the screens of others."""
    saves = [{"command": "dump -p{{ vaulted }} db"}, {"command": "curl --user a:{{ plain_token }} http://pacs"}]
    service = {"headers": {"Authorization": "Bearer abcdef12345"}, "url": "http://x:hunter4secret@pacs/"}
    found = plan(tmp_path, {"to": "pacs-2", "api_key": "hunter5secret"}, pacs_saves=saves, pacs_service=service)
    text = json.dumps(found.content)
    assert "dump -p******** db" in text
    assert [word for word in ("hunter", "abcdef") if word in text] == []


def test_what_decides_is_in_the_plan_as_it_is(tmp_path: Path) -> None:
    found = plan(tmp_path, {"to": "pacs-2"}, place="pacs-9", pacs_saves=["to {{ place }}", 5, None, 1.5, True])
    assert found.arguments == {"to": "pacs-2"}
    assert found.hosts == {"pacs-1": {"pacs_saves": ["to pacs-9", 5, None, 1.5, True]}}
