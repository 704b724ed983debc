# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook that opens an incident is killed at random moments and run again: one incident, one grade, one chain.

CONTINGENCY_KILLS is how many moments are tried. No lab is needed.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from ansible_collections.contingency.infra.plugins.module_utils._incident import store

from tests.faults.processes import kill_group

ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("CONTINGENCY_KILLS", "2"))
SEED = 20261122
PLAYBOOK = str(Path(sys.executable).parent / "ansible-playbook")


class Site:
    """An inventory of a site, and its playbooks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "evidence/incidents"
        variables = {
            "ansible_connection": "local",
            "contingency_evidence_dir": str(folder / "evidence"),
            "contingency_plan": {"preset": "hospital", "timezone": "Asia/Shanghai"},
        }
        inventory = {"all": {"hosts": {"localhost": {}}, "vars": variables}}
        (folder / "hosts.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")

    def opening(self, *said: str) -> subprocess.Popen[str]:
        words = [PLAYBOOK, "contingency.infra.incident_open", "-i", str(self.folder / "hosts.yml"), "-e", "title=HIS"]
        words += [word for each in said for word in ("-e", each)]
        environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
        return subprocess.Popen(
            words,
            cwd=ROOT,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def opened(self, *said: str) -> str:
        process = self.opening(*said)
        output = process.communicate(timeout=120)[0]
        assert process.returncode == 0, output
        return output


@pytest.fixture(scope="module")
def duration(tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long a run takes here that nobody disturbs."""
    site = Site(tmp_path_factory.mktemp("undisturbed"))
    began = time.monotonic()
    site.opened()
    return time.monotonic() - began


@pytest.mark.parametrize("number", range(KILLS))
def test_an_opening_that_is_killed_and_run_again_is_one_incident(number: int, duration: float, tmp_path: Path) -> None:
    site = Site(tmp_path)
    moments = random.Random(SEED + number)
    for _time in range(2):
        process = site.opening("incident_class=server_fault")
        time.sleep(moments.uniform(0.5, 1.0) * duration)
        kill_group(process)
        process.communicate(timeout=60)
    site.opened("incident_class=server_fault")
    assert len(store.open_ids(str(site.root))) == 1
    loaded = store.load(str(site.root / store.open_ids(str(site.root))[0]))
    assert loaded.damage is None
    kinds = [line["kind"] for line in loaded.lines if line["kind"] != "torn"]
    assert kinds == ["opened", "graded"]


def test_two_who_report_the_same_at_once_get_the_same_incident(tmp_path: Path) -> None:
    site = Site(tmp_path)
    both = [site.opening("incident_class=server_fault") for _person in range(2)]
    outputs = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    (key,) = store.open_ids(str(site.root))
    assert all(key in output for output in outputs)
    kinds = [line["kind"] for line in store.load(str(site.root / key)).lines]
    assert kinds == ["opened", "graded"]
