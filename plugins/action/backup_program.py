# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put the program that takes backups on a host: packed here, and copied as the action copy does it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.contingency.infra.plugins.modules.backup_program import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils.backup_program import program


class ActionModule(ActionBase):
    """Wire the path to the program."""

    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=ARGUMENT_SPEC)
        with tempfile.TemporaryDirectory() as directory:
            packed = Path(directory, "backup.pyz")
            packed.write_bytes(program())
            return {**result, **self._copied(str(packed), arguments["dest"], task_vars)}

    def _copied(self, source: str, dest: str, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        task = self._task.copy()
        task.args = {"src": source, "dest": dest, "owner": "root", "group": "root", "mode": "0644"}
        # The archive is no text that a difference could be shown of.
        task.diff = False
        copy = self._shared_loader_obj.action_loader.get(
            "ansible.builtin.copy",
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        done: dict[str, Any] = copy.run(task_vars=task_vars)
        return {name: value for name, value in done.items() if name in ("changed", "failed", "msg", "checksum", "dest")}
