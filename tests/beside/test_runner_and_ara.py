# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal beside ansible-runner, which starts a run and takes its events, and ARA, which records it too."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._journal.verify import INTACT, Verdict, verify_all

from tests.unit.journal.site import Site, site_in
from tools.collection_link import ROOT

BIN = ROOT / ".venv-beside/bin"
PLAY = """
- name: Beside
  hosts: all
  gather_facts: false
  tasks:
    - name: Look
      ansible.builtin.debug:
        msg: nothing
    - name: Change
      ansible.builtin.set_fact:
        number: 1
      changed_when: true
    - name: Known
      ansible.builtin.fail:
        msg: it is known
      ignore_errors: true
    - name: Skip
      ansible.builtin.debug:
        msg: nothing
      when: false
"""
RUN = """
import json, sys
import ansible_runner
done = ansible_runner.run(private_data_dir=sys.argv[1], playbook=sys.argv[2], inventory=sys.argv[3], quiet=True)
events = [event["event"] for event in done.events]
print(json.dumps({"status": done.status, "rc": done.rc, "events": events}))
"""
KINDS = {"runner_on_ok": ("ok", "changed"), "runner_on_failed": ("failed",), "runner_on_skipped": ("skipped",)}


class Run:
    """One run with all three recorders."""

    def __init__(self, site: Site) -> None:
        self.site = site
        plugins = _printed(["-m", "ara.setup.callback_plugins"], {})
        self.environment = {
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "ANSIBLE_CALLBACK_PLUGINS": plugins.strip(),
            "ARA_BASE_DIR": str(site.folder / "ara"),
            "HOME": str(site.folder),
        }
        runner = site.folder / "runner"
        runner.mkdir()
        arguments = [str(runner), str(site.folder / "beside.yml"), str(site.folder / "hosts.ini")]
        self.told: dict[str, Any] = json.loads(_printed(["-c", RUN, *arguments], site.environment(self.environment)))

    @property
    def verdict(self) -> Verdict:
        (verdict,) = verify_all(str(self.site.evidence))
        return verdict

    @property
    def by_status(self) -> Counter[str]:
        return Counter(str(line["status"]) for line in self.verdict.lines if line["kind"] == "result")

    def ara(self, *what: str) -> Any:
        environment = {**os.environ, **self.environment}
        command = [str(BIN / "ara"), *what, "-f", "json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)
        return json.loads(done.stdout)


def _printed(arguments: list[str], environment: dict[str, str]) -> str:
    command = [str(BIN / "python"), *arguments]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\nmake beside installs what is missing"
    return done.stdout


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    site = site_in(Path(tmp_path_factory.mktemp("beside")), callbacks="contingency.infra.journal, ara_default")
    site.file("beside.yml", PLAY)
    return Run(site)


def test_all_three_record_the_same_run(run: Run) -> None:
    assert (run.told["status"], run.told["rc"]) == ("successful", 0)
    assert run.verdict.state == INTACT
    assert run.by_status == {"ok": 2, "changed": 2, "failed": 2, "skipped": 2}


def test_runner_has_an_event_for_each_result(run: Run) -> None:
    events = Counter(run.told["events"])
    assert {event: events[event] for event in KINDS} == {
        event: sum(run.by_status[status] for status in statuses) for event, statuses in KINDS.items()
    }


def test_ara_has_each_result(run: Run) -> None:
    (playbook,) = run.ara("playbook", "list", "--long")  # else the path is cut at 50 characters
    assert (playbook["status"], playbook["results"]) == ("completed", sum(run.by_status.values()))
    assert playbook["path"] == str(run.site.folder / "beside.yml")
