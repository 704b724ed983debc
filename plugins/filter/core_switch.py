# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the core switch procedure; the logic is in module_utils/_switch/failover.py."""

from __future__ import annotations

from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._switch.failover import (
    argument_limitations,
    target_limitations,
)


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Any]:
        return {
            "core_switch_argument_limitations": argument_limitations,
            "core_switch_target_limitations": target_limitations,
        }
