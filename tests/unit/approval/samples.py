# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans, approvals and keys that the tests of approvals share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._approval.decide import Given, Question
from ansible_collections.contingency.infra.plugins.module_utils._approval.person import Person
from ansible_collections.contingency.infra.plugins.module_utils._approval.plan import Plan
from ansible_collections.contingency.infra.plugins.module_utils._approval.statement import Statement
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost

NOW = 1_795_000_000.0
HOSTS: dict[str, dict[str, Any]] = {
    "core-a": {"ansible_host": "192.0.2.11"},
    "access-1": {"core_switch_uplinks": {"core-a": "eth1"}},
}
PLAN = Plan("core_switch_failover", "core-a", {"failed": "core-a", "standby": "core-b"}, HOSTS)
NOBODY = Person(frozenset(), False)


def statement(approver: str = "li", plan: Plan = PLAN, **more: Any) -> Statement:
    fields: dict[str, Any] = {
        "plan": plan.hash,
        "procedure": plan.procedure,
        "target": plan.target,
        "approver": approver,
        "approved_at": NOW - 600,
        "valid_from": NOW - 600,
        "valid_until": NOW + 3600,
    }
    return Statement(**{**fields, **more})


def given(approver: str = "li", key: str = "", plan: Plan = PLAN, **more: Any) -> Given:
    """An approval whose signature was proven."""
    return Given(f"/approvals/{approver}.json", statement(approver, plan, **more), key or f"SHA256:{approver}")


def question(required: int = 1, **more: Any) -> Question:
    return Question(**{"plan": PLAN, "required": required, "now": NOW, **more})


def make_key(directory: Path, name: str, passphrase: str = "") -> Path:
    """Make a key pair of a person and return the private one."""
    path = directory / name
    made = LocalHost().run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", str(path)])
    assert made.status == 0, made.complaint
    return path


def allow(directory: Path, **principals: Path) -> Path:
    """Write the list of approvers."""
    path = directory / "allowed_signers"
    lines = [
        f'{name} namespaces="contingency-approval" {" ".join(key.with_suffix(".pub").read_text().split()[:2])}\n'
        for name, key in principals.items()
    ]
    path.write_text("".join(lines), encoding="utf-8")
    path.chmod(0o644)
    return path
