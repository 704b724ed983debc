# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents, and what the code says, to be compared."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
READMES = ["README.md", "README.zh-CN.md"]
RUNBOOKS = ["docs/core_switch_failover.md", "docs/core_switch_failover.zh-CN.md"]
STANDBY_RUNBOOKS = ["docs/standby_failover.md", "docs/standby_failover.zh-CN.md"]
STAGED_RUNBOOKS = ["docs/staged_shutdown.md", "docs/staged_shutdown.zh-CN.md"]
RESTORE_RUNBOOKS = ["docs/restore_test.md", "docs/restore_test.zh-CN.md"]
AROUND = [
    [f"docs/{name}.md", f"docs/{name}.zh-CN.md"]
    for name in ("incident", "escalate", "approval", "journal", "incident_report", "plan_document", "drill")
]
"""Of what every procedure has around it, in both languages."""


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def rows(name: str) -> list[list[str]]:
    """Return the cells of all table rows of a document."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text(name).splitlines()
        if line.startswith("|") and not line.startswith("|---")
    ]


def platform_rows(name: str) -> dict[str, list[str]]:
    return {row[0].strip("`"): row for row in rows(name) if len(row) == 8 and "switch_" not in row[0]}


def sources() -> str:
    """Return all that can put a message on the screen, strings that go on in the next line joined."""
    files = [
        *(ROOT / "plugins/module_utils").rglob("*.py"),
        *(ROOT / "plugins/action").glob("*.py"),
        *(ROOT / "plugins/plugin_utils").glob("*.py"),
        *(ROOT / "roles").rglob("tasks/*.yml"),
        *(ROOT / "playbooks").glob("*.yml"),
    ]
    return re.sub(r'"\s*\n\s*f?"', "", "\n".join(file.read_text(encoding="utf-8") for file in files))
