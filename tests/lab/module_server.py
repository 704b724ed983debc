# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in a guest: the module is loaded once, and each line of arguments runs it in a process of its own."""

from __future__ import annotations

import importlib
import json
import os
import sys

from ansible.module_utils import basic


def serve(module: str) -> None:
    """For each line, what the module prints and then the status that it ended with."""
    main = importlib.import_module(f"ansible_collections.contingency.infra.plugins.modules.{module}").main
    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            basic._ANSIBLE_PROFILE = "legacy"
            basic._ANSIBLE_ARGS = line.encode()
            main()
        _pid, status = os.waitpid(child, 0)
        print(json.dumps({"status": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1])
