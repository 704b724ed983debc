# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as people run it, by ansible-playbook: promote, and back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.lab.mariadb.pair import PASSWORD, Node, Pair
from tests.lab.run_module import ANSIBLE, COLLECTIONS, results_in


def play(node: Node, work: Path, *tasks: dict[str, Any], check: bool = False) -> tuple[list[dict[str, Any]], str]:
    """Run the module inside the node's namespace, once for each set of arguments."""
    place = {"socket": node.server.socket, "client": node.server.client, "journal": str(work / "record.json")}
    listed = [{"contingency.infra.mariadb_standby": {**place, **task}} for task in tasks]
    playbook = work / "playbook.yml"
    playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": listed}]), encoding="utf-8")
    (work / "ansible.cfg").touch()
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(work / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_STDOUT_CALLBACK": "minimal",
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
        "ANSIBLE_NOCOLOR": "true",
    }
    command = ["ip", "netns", "exec", node.namespace, str(ANSIBLE), "-i", "localhost,", "-c", "local", str(playbook)]
    more = ["-e", f"ansible_python_interpreter={sys.executable}", "--diff", "-vvv", *(["--check"] if check else [])]
    done = subprocess.run([*command, *more], env=environment, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stdout + done.stderr
    return results_in(done.stdout), done.stdout


def test_promote_and_back_by_playbook(pair: Pair, tmp_path: Path) -> None:
    pair.one.power_off()
    proof = {"method": "ipmi", "what": "his-maria-1 is off", "at_epoch": time.time(), "confirmed": True}
    wanted = {"state": "primary", "proof": proof, "min_free_bytes": 0, "max_data_loss_seconds": 60}
    (shown,), _more = play(pair.two, tmp_path, wanted, check=True)
    assert shown["changed"]
    assert pair.two.state.is_replica
    (refused,), _more = play(pair.two, tmp_path, {"state": "primary"})
    assert "Nothing proves that the primary is stopped" in refused["msg"]
    (done, again), _more = play(pair.two, tmp_path, wanted, wanted)
    assert (done["steps"], done["changed"]) == (shown["steps"], True)
    assert all(check["passed"] for check in done["proven"])
    assert not again["changed"]
    assert pair.two.state.is_primary

    pair.one.heal()
    pair.one.start()
    primary = {"host": pair.two.address, "user": "replicator", "password": PASSWORD}
    back = {"state": "standby", "primary": primary, "follow_timeout": 10}
    (rejoined, still), output = play(pair.one, tmp_path, back, back)
    assert (rejoined["changed"], still["changed"]) == (True, False), output
    assert "secret" not in output
    assert pair.one.state.io_running == "Yes"
