# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shutting one port of a switch of the inventory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import SwitchError
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import platform_named
from ansible_collections.contingency.infra.plugins.module_utils._switch.shut import shut_port
from ansible_collections.contingency.infra.plugins.plugin_utils.switch_action import (
    Variables,
    platform_name,
    target_from,
)

__all__ = ["SwitchError", "shut"]


def shut(switch: str, port: str, inventory: Mapping[str, Any]) -> bool:
    """Shut, read back and save; returns whether it was not shut before. SwitchError where that is not done."""
    variables = Variables(switch, inventory)
    platform = platform_named(switch, platform_name(variables, {}))
    return shut_port(target_from(variables, {}), platform, port)
