# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Back up a switch to dated files on the controller."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._switch.backup import Stored, redacted
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import SwitchError
from ansible_collections.contingency.infra.plugins.module_utils._switch.info import gather, prefetch, texts
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.base import Platform
from ansible_collections.contingency.infra.plugins.module_utils._switch.target import Target
from ansible_collections.contingency.infra.plugins.modules.switch_backup import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils.switch_action import SwitchAction
from ansible_collections.contingency.infra.plugins.plugin_utils.switch_files import store_texts


class ActionModule(SwitchAction):
    """Wire the arguments to the session and the store."""

    argument_spec = ARGUMENT_SPEC

    def work(self, target: Target, platform: Platform, arguments: dict[str, Any]) -> dict[str, Any]:
        started = time.monotonic()
        try:
            found, missing, gathered = self._read(target, platform, arguments)
        except SwitchError as error:
            return {**self.failure(error), "failed": not arguments["optional"], "had": False}
        result = {
            "changed": False,
            "had": True,
            "platform": platform.name,
            "files": [],
            "missing": missing,
            "gathered": gathered,
        }
        try:
            result |= self._stored(target, platform, arguments, found)
        except SwitchError as error:
            # The switch was read: a full disk on the controller must not stop a failover.
            result |= {**self.failure(error), "failed": not arguments["optional"], "not_stored": error.message}
        return {**result, "seconds": round(time.monotonic() - started, 3)}

    @staticmethod
    def _read(
        target: Target, platform: Platform, arguments: dict[str, Any]
    ) -> tuple[dict[str, str], dict[str, str], dict[str, Any]]:
        session = platform.open(target)
        try:
            prefetch(platform, session, tuple(arguments["gather"]), backup=True)
            gathered = gather(platform, session, tuple(arguments["gather"]))
            return (*texts(platform, session), gathered)
        finally:
            session.close()

    def _stored(
        self, target: Target, platform: Platform, arguments: dict[str, Any], found: dict[str, str]
    ) -> dict[str, Any]:
        planned = store_texts(
            target.name, arguments["dest"], platform, found, arguments["keep"], write=not self.check_mode
        )
        return {
            "changed": any(each.written for name, each in planned.items() if name != "log"),
            "files": [each.as_dict() for each in planned.values()],
            "diff": _diff(planned["running"], found["running"]),
        }


def _diff(stored: Stored, text: str) -> dict[str, str]:
    before = stored.previous or ""
    return {
        "before_header": "running configuration, newest backup",
        "after_header": "running configuration",
        "before": redacted(before) if before else "",
        "after": redacted(text if stored.written else before),
    }
