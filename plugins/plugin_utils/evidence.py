# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing down what a procedure did."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost


def plain(value: Any) -> Any:
    """Return Ansible's lazy containers as ordinary ones."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [plain(each) for each in value]
    return value


def write_record(directory: str, name: str, record: Mapping[str, Any], markdown: str) -> list[str]:
    """Write a record as dated JSON and Markdown, for their owner only, and return the paths."""
    stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    base = os.path.join(directory, f"{name}-{stamp}")
    host = LocalHost()
    text = json.dumps({"at": stamp, **record}, indent=2, ensure_ascii=False, default=str) + "\n"
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        host.write_atomically(f"{base}.json", text)
        host.write_atomically(f"{base}.md", markdown)
    except OSError as error:
        raise AnsibleActionFail(
            f"What the procedure did is shown above but could not be written to {directory}: {error.strerror}; "
            "copy it from the screen and free space or set contingency_evidence_dir."
        ) from error
    return [f"{base}.json", f"{base}.md"]
