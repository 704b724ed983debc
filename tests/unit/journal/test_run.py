# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a journal holds of real runs, and what becomes of it when things go wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._incident import store
from ansible_collections.contingency.infra.plugins.module_utils._journal.verify import INTACT, verify, verify_all
from ansible_collections.contingency.infra.plugins.module_utils._record import chain

from tests.unit.journal.site import Site, site_in

PLAY = """
- name: First
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
    - name: Skip
      ansible.builtin.debug:
        msg: nothing
      when: false
    - name: Ignore
      ansible.builtin.fail:
        msg: that is known
      ignore_errors: true
    - name: Try
      block:
        - name: Fail in the block
          ansible.builtin.fail:
            msg: first way
      rescue:
        - name: Second way
          ansible.builtin.debug:
            msg: nothing
    - name: Fail on beta
      ansible.builtin.fail:
        msg: beta is broken
      when: inventory_hostname == 'beta'
- name: Second
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Mark
      contingency.infra.journal_step:
        procedure: moving
        phase: verification
        text: {en: moved, zh: 已迁移}
        proven: ["port: up"]
        figures: {outage_seconds: 1.5}
        objectives: {outage_seconds: 60}
        files: ["{{ playbook_dir }}/seen.txt"]
"""
QUIET = """
- name: Look
  hosts: all
  gather_facts: false
  tasks:
    - name: Look
      ansible.builtin.debug:
        msg: nothing
    - name: Perhaps
      ansible.builtin.fail:
        msg: broken
      when: broken | default(false) | bool
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = site_in(tmp_path_factory.mktemp("run"))
    site.file("seen.txt", "seen\n")
    site.file("moving.yml", PLAY)
    ended = site.run(
        "moving.yml", "-e", "contingency_confirm=core-a contingency_approvals=0", "--skip-tags", "never-there"
    )
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert "journal" not in ended.stdout + ended.stderr
    return site


def test_a_run_is_intact(done: Site) -> None:
    verdict = verify(str(done.runs[-1]))
    assert (verdict.state, verdict.findings, verdict.remarks) == (INTACT, (), ())


def test_the_first_line_says_who_ran_what(done: Site) -> None:
    first = done.lines()[0]
    assert first["run"] == done.runs[-1].name
    assert first["playbook"] == "moving"
    assert set(first["person"]) == {"login", "sudo_user", "host", "tty", "ssh_client"}
    assert first["person"]["login"]
    assert set(first["versions"]) == {"ansible", "python", "collection", "system"}
    assert first["inventory"] == [str(done.folder / "hosts.ini")]
    assert (first["check"], first["drill"], first["incident"], first["confirm"]) == (False, False, None, "core-a")
    assert first["approvals"] == {"contingency_approvals": "0"}, "an approval that was left out is seen"


def test_every_result_is_there_with_what_became_of_it(done: Site) -> None:
    of_beta = [
        (line["task"], line["status"], line["ignored"], line["rescued"])
        for line in done.kind("result")
        if line["host"] == "beta"
    ]
    assert of_beta == [
        ("Look", "ok", False, False),
        ("Change", "changed", False, False),
        ("Skip", "skipped", False, False),
        ("Ignore", "failed", True, False),
        ("Fail in the block", "failed", False, True),
        ("Second way", "ok", False, False),
        ("Fail on beta", "failed", False, False),
    ]
    messages = {line["task"]: line["message"] for line in done.kind("result") if line["host"] == "beta"}
    assert (messages["Fail on beta"], messages["Ignore"], messages["Look"]) == ("beta is broken", "that is known", None)
    assert all(line["seconds"] > 0 for line in done.kind("result"))


def test_what_was_rescued_is_told_as_ansible_counts_it(done: Site) -> None:
    counted = {host: stats["rescued"] for host, stats in done.kind("run_ended")[0]["stats"].items()}
    rescued = [line["host"] for line in done.kind("rescued")]
    assert counted == {"alpha": 1, "beta": 1, "localhost": 0}
    assert sorted(rescued) == ["alpha", "beta"]


def test_a_step_and_its_file_are_there(done: Site) -> None:
    (step,) = done.kind("step")
    assert step["text"] == {"en": "moved", "zh": "已迁移"}
    assert (step["phase"], step["figures"], step["objectives"]) == (
        "verification",
        {"outage_seconds": 1.5},
        {"outage_seconds": 60.0},
    )
    (file,) = done.kind("file")
    assert file["path"] == str(done.folder / "seen.txt")
    assert file["bytes"] == 5


def test_plays_and_tasks_are_told_when_they_begin(done: Site) -> None:
    assert [(line["play"], line["hosts"]) for line in done.kind("play_begun")] == [
        ("First", ["alpha", "beta"]),
        ("Second", ["localhost"]),
    ]
    assert [line["task"] for line in done.kind("task_begun")][-1] == "Mark"
    assert done.lines()[-1]["status"] == "failed"


def test_all_is_for_its_owner_only(done: Site) -> None:
    for path in [done.evidence, *done.evidence.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


AWAY = """
- name: "Play with {{ x_token }}"
  hosts: alpha
  gather_facts: false
  vars: {one_password: text, other_password: handling, third_password: outage_seconds, pin: 100}
  tasks:
    - name: "Done elsewhere {{ x_token }}"
      ansible.builtin.debug: {msg: moved}
      delegate_to: "{{ other }}"
      vars: {other: beta}
    - name: Mark
      contingency.infra.journal_step:
        procedure: p
        text: lost 100, text of the handling
        phase: handling
        figures: {outage_seconds: 100}
"""


def test_words_of_a_step_stay_whatever_is_a_password(tmp_path: Path) -> None:
    site = site_in(tmp_path)
    site.file("away.yml", AWAY)
    ended = site.run("away.yml", "-e", "x_token=Extra-token-planted")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (step,) = site.kind("step")
    assert (step["phase"], step["figures"]) == ("handling", {"outage_seconds": 100.0})
    assert step["text"] == "lost ********, ******** of the ********"
    assert [line["play"] for line in site.kind("play_begun")] == ["Play with ********"]
    told = {line["task"]: line.get("delegated_to") for line in site.kind("result")}
    assert told == {"Done elsewhere ********": "beta", "Mark": None}


# -- what it belongs to ----------------------------------------------------------------------------


def test_a_run_is_noted_in_its_incident(tmp_path: Path) -> None:
    site = site_in(tmp_path)
    site.file("quiet.yml", QUIET)
    opened = store.open_incident(
        str(site.evidence / "incidents"),
        {"title": "core-a is dead", "discovered_epoch": 1.0, "reported_by": "me"},
        by="me@here",
        now=1795358563.0,
        timezone="Asia/Shanghai",
    )
    assert site.run("quiet.yml", "-e", f"contingency_incident={opened.id}").returncode == 0
    first = site.lines()[0]
    assert (first["incident"], first["drill"]) == (opened.id, False)
    loaded = store.load(opened.path)
    (run,) = loaded.incident.runs
    assert (run["run"], run["playbook"], run["drill"]) == (site.runs[0].name, "quiet", False)
    assert run["directory"] == str(site.runs[0])


@pytest.mark.parametrize("name", ["INC-20261122-7", "../../etc", "none"])
def test_an_incident_that_is_not_there_is_told_and_stops_nothing(tmp_path: Path, name: str) -> None:
    site = site_in(tmp_path)
    site.file("quiet.yml", QUIET)
    ended = site.run("quiet.yml", "-e", f"contingency_incident={name}")
    assert ended.returncode == 0
    assert f"NOT NOTED IN THE INCIDENT {name}" in ended.stderr
    assert site.kind("not_linked")[0]["incident"] == name


@pytest.mark.parametrize(("given", "incident"), [("true", None), ("DRILL-20261122-1", "DRILL-20261122-1")])
def test_a_drill_is_marked_as_one(tmp_path: Path, given: str, incident: str | None) -> None:
    site = site_in(tmp_path)
    site.file("quiet.yml", QUIET)
    assert site.run("quiet.yml", "-e", f"contingency_drill={given}").returncode == 0
    assert (site.lines()[0]["drill"], site.lines()[0]["incident"]) == (True, incident)


# -- runs of a timer -------------------------------------------------------------------------------


def test_a_run_that_came_to_nothing_is_not_kept_where_only_changes_are(tmp_path: Path) -> None:
    site = site_in(tmp_path, keep="changes")
    site.file("quiet.yml", QUIET)
    assert site.run("quiet.yml").returncode == 0
    assert list((site.evidence / "runs").iterdir()) == []
    assert site.run("quiet.yml", "-e", "broken=true").returncode == 2
    assert len(site.runs) == 1
    assert [line["status"] for line in site.kind("run_ended")] == ["failed"]
    assert [verdict.state for verdict in verify_all(str(site.evidence))] == [INTACT]


def test_a_quiet_run_that_was_killed_is_kept_by_the_next(tmp_path: Path) -> None:
    site = site_in(tmp_path, keep="changes")
    site.file("quiet.yml", QUIET)
    killed = site.evidence / "runs/.quiet-20261122T000000Z-quiet-abcdef"
    killed.mkdir(parents=True)
    chain.append(str(killed / "journal.jsonl"), "run_begun", {"run": "20261122T000000Z-quiet-abcdef"})
    assert site.run("quiet.yml").returncode == 0
    assert [run.name for run in site.runs] == ["20261122T000000Z-quiet-abcdef"]
    assert [verdict.state for verdict in verify_all(str(site.evidence))] == [INTACT]


# -- what goes wrong -------------------------------------------------------------------------------


def test_a_directory_that_cannot_be_made_is_told_and_stops_nothing(tmp_path: Path) -> None:
    site = site_in(tmp_path)
    site.file("quiet.yml", QUIET)
    site.file("evidence", "a file where the directory should be")
    ended = site.run("quiet.yml")
    assert ended.returncode == 0
    assert "THE JOURNAL OF THIS RUN IS NOT WRITTEN" in ended.stderr
    assert "THE JOURNAL OF THIS RUN IS INCOMPLETE" in ended.stderr


def test_a_trouble_is_told_in_the_language_of_the_site(tmp_path: Path) -> None:
    site = site_in(tmp_path, "contingency_language=zh")
    site.file("quiet.yml", QUIET)
    site.file("evidence", "")
    assert "本次执行的日志无法写入" in site.run("quiet.yml").stderr


def test_a_directory_that_cannot_be_read_before_the_first_task_gives_its_default(tmp_path: Path) -> None:
    site = site_in(tmp_path, "contingency_drill='{{ not_defined }}'")
    site.file("quiet.yml", QUIET)
    ended = site.run("quiet.yml", environment={"HOME": str(tmp_path)})
    assert ended.returncode == 0
    assert "the journal takes the default of contingency_drill" in ended.stderr
    assert site.lines()[0]["drill"] is False


def test_two_runs_at_once_have_a_journal_each_and_one_index(tmp_path: Path) -> None:
    site = site_in(tmp_path)
    site.file("quiet.yml", QUIET)
    children = []
    for _number in range(3):
        child = os.fork()
        if child == 0:
            os._exit(site.run("quiet.yml").returncode)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    verdicts = verify_all(str(site.evidence))
    assert [verdict.state for verdict in verdicts] == [INTACT] * 3
    index = (site.evidence / "runs/index.jsonl").read_text(encoding="utf-8")
    assert sum(json.loads(line)["kind"] == "ended" for line in index.splitlines()) == 3


READINESS = """
- name: Look at nothing
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Summary
      contingency.infra.readiness_summary:
        databases: []
        applications: []
        switches: []
        backup_dir: "{{ playbook_dir }}/backup"
        dest: "{{ contingency_evidence_dir }}"
      vars:
        contingency_evidence_dir: "{{ playbook_dir }}/evidence"
"""


def test_the_steps_of_a_procedure_that_fails_are_written_down_and_not_shown(tmp_path: Path) -> None:
    site = site_in(tmp_path)
    site.file("readiness.yml", READINESS)
    ended = site.run("readiness.yml", "-e", f"contingency_evidence_dir={site.evidence}")
    assert ended.returncode == 2
    (step,) = site.kind("step")
    assert (step["procedure"], step["ok"], step["host"]) == ("readiness", False, None)
    assert "NOT READY" in step["text"]["en"]
    assert "contingency_steps" not in ended.stdout + ended.stderr
    assert len(site.kind("file")) == 2
    assert verify(str(site.runs[-1])).state == INTACT
