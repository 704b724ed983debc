# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-playbook is killed at random moments: its journal verifies, and holds what the screen had told.

CONTINGENCY_KILLS is how many times.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._journal.verify import INTACT, verify, verify_all

from tests.unit.journal.site import Site, site_in

KILLS = int(os.environ.get("CONTINGENCY_KILLS", "2"))
HOSTS, TASKS = 4, 40
TOLD = re.compile(r"^(?:ok|changed|skipping|fatal): \[", re.MULTILINE)
PLAY = "- name: P\n  hosts: all\n  gather_facts: false\n  tasks:\n" + "".join(
    f"    - name: Task {number}\n      ansible.builtin.debug:\n        msg: hello\n" for number in range(TASKS)
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = site_in(tmp_path_factory.mktemp("killed"))
    made.inventory(hosts=tuple(f"h{number}" for number in range(HOSTS)))
    made.file("many.yml", PLAY)
    return made


def started(site: Site) -> subprocess.Popen[str]:
    return subprocess.Popen(
        site.command("many.yml"),
        cwd=site.folder,
        env=site.environment({"PYTHONUNBUFFERED": "1"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def told_until(process: subprocess.Popen[str], count: int) -> str:
    """Return what the screen showed, up to so many results."""
    shown = ""
    assert process.stdout is not None
    for line in process.stdout:
        shown += line
        if len(TOLD.findall(shown)) >= count:
            break
    return shown


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_killed_run_leaves_what_it_did(site: Site, seed: int) -> None:
    moment = random.Random(seed)
    known = set(site.runs)
    process = started(site)
    shown = told_until(process, moment.randrange(1, HOSTS * TASKS))
    time.sleep(moment.random() * 0.02)
    os.killpg(process.pid, signal.SIGKILL)
    shown += process.communicate(timeout=60)[0]
    (run,) = set(site.runs) - known
    verdict = verify(str(run))
    assert (verdict.state, verdict.findings) == (INTACT, ())
    assert verdict.end is None
    results = sum(line["kind"] == "result" for line in verdict.lines)
    # The screen is told first: the last result may be there and not here.
    assert results >= len(TOLD.findall(shown)) - 1 >= 0


def test_after_all_the_kills_the_index_is_whole_and_the_next_run_is_written(site: Site) -> None:
    known = set(site.runs)
    process = started(site)
    process.communicate(timeout=240)
    assert process.returncode == 0
    assert {verdict.state for verdict in verify_all(str(site.evidence))} == {INTACT}
    # Of two runs of one second the order is left open.
    (run,) = set(site.runs) - known
    assert verify(str(run)).end is not None


def test_a_run_that_is_broken_off_by_hand_says_so(tmp_path: Path) -> None:
    site = site_in(tmp_path)
    site.file("many.yml", PLAY)
    process = started(site)
    told_until(process, 3)
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert [line["status"] for line in site.kind("run_ended")] == ["interrupted"]
    assert verify(str(site.runs[-1])).state == INTACT
