# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a switch in one login."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._switch.info import gather, prefetch
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.base import Platform
from ansible_collections.contingency.infra.plugins.module_utils._switch.target import Target
from ansible_collections.contingency.infra.plugins.modules.switch_info import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils.switch_action import SwitchAction


class ActionModule(SwitchAction):
    """Wire the arguments to the readers."""

    argument_spec = ARGUMENT_SPEC

    def work(self, target: Target, platform: Platform, arguments: dict[str, Any]) -> dict[str, Any]:
        started = time.monotonic()
        session = platform.open(target)
        try:
            prefetch(platform, session, tuple(arguments["gather"]), backup=False)
            found = gather(platform, session, tuple(arguments["gather"]))
        finally:
            session.close()
        return {
            "changed": False,
            "platform": platform.name,
            "seconds": round(time.monotonic() - started, 3),
            **found,
        }
