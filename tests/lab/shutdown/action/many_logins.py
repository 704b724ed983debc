# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An action for tests: one task logs in to many hosts, each in a thread of its own."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.contingency.infra.plugins.plugin_utils.machine import ConnectionMachine


class ActionModule(ActionBase):
    """Run a command ``times`` on each of the hosts, all at once, by logins of their own."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        hostvars = (task_vars or {})["hostvars"]
        started = time.monotonic()
        machines = []
        for number in range(self._task.args["logins"]):
            host = self._task.args["hosts"][number % len(self._task.args["hosts"])]
            own = {**hostvars[host], "ansible_ssh_args": "-o ControlMaster=no -o ControlPath=none"}
            machines.append(ConnectionMachine(host, own))
        made = time.monotonic()
        with ThreadPoolExecutor(len(machines)) as pool:
            answers = list(pool.map(lambda machine: machine.run(self._task.args["command"], 30), machines))
        return {
            "changed": False,
            "names": [machine.name for machine in machines],
            "said": [answer.output.strip() for answer in answers],
            "make_seconds": round(made - started, 3),
            "run_seconds": round(time.monotonic() - made, 3),
        }
