# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments that staged_shutdown and staged_startup share; the doc fragment of the outage describes them."""

from __future__ import annotations

from typing import Any, Dict

OUTAGE_SPEC: Dict[str, Dict[str, Any]] = {
    "sources": {"type": "list", "elements": "dict", "required": True},
    "upses": {"type": "list", "elements": "dict", "required": True},
    "policy": {"type": "dict", "required": True},
    "timeout": {"type": "float", "default": 5},
    "state_dir": {"type": "path", "required": True},
    "durations_file": {"type": "path"},
    "language": {"type": "str", "choices": ["en", "zh"], "default": "en"},
}
