# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it: check mode, a real run, a second run, and one sentence where it fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

from tests.lab.postgresql.pair import USER, Pair, Server, programs

RUN = """
import sys
from ansible.module_utils import basic
basic._ANSIBLE_PROFILE, basic._ANSIBLE_ARGS = "legacy", sys.argv[1].encode()
from ansible_collections.contingency.infra.plugins.modules.postgresql_standby import main
main()
"""


def module(server: Server, check: bool = False, **arguments: Any) -> dict[str, Any]:
    where = {
        "data_directory": str(server.directory),
        "bin_directory": str(programs()),
        "os_user": USER,
        "socket_directory": str(server.directory.parent),
        "port": server.port,
        "min_free_bytes": 1,
        "timeout": 10,
    }
    words = {"ANSIBLE_MODULE_ARGS": {**where, **arguments, "_ansible_check_mode": check}}
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(words)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr + done.stdout
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_there_and_back(pair: Pair) -> None:
    pair.first.kill()
    proof = {"method": "ipmi", "what": "chassis power is off", "at_epoch": time.time(), "confirmed": True}
    planned = module(pair.second, check=True, state="primary", fence_proof=proof)
    assert (planned["changed"], planned["diff"]["after"]) == (True, "role: primary\n")
    assert pair.second.read().in_recovery
    done = module(pair.second, state="primary", fence_proof=proof)
    assert (done["changed"], done["after"]["in_recovery"], done["facts"]["timeline"]) == (True, False, 2)
    assert not module(pair.second, state="primary")["changed"]

    source = pair.source(pair.second, "one").to_dict()
    planned = module(pair.first, check=True, state="standby", source=source)
    assert planned["changed"]
    assert not pair.first.read().running
    done = module(pair.first, state="standby", source=source)
    assert done["changed"]
    assert "streaming" in [check["check"] for check in done["proven"] if check["passed"]]
    again = module(pair.first, state="standby", source=source)
    assert (again["changed"], again["steps"]) == (False, [])


def test_refusals_are_sentences(pair: Pair) -> None:
    assert "Nothing proves" in module(pair.second, state="primary")["msg"]
    assert "name the right directory" in module(pair.second, state="primary", bin_directory="/nowhere")["msg"]
    word = {"method": "operator", "what": "off", "at_epoch": time.time(), "confirmed": True}
    assert "who did what" in module(pair.second, state="primary", fence_proof=word)["msg"]
