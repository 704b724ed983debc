# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills with real playbooks: people at a terminal, a vault, kills at any moment, two at once.

CONTINGENCY_KILLS is how many moments are tried; they are spread over the whole run, and random within their part.
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._incident import store
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_record import Record, read_record

from tests.faults.drill_site import PASSWORD, PLANTED, Site, Terminal
from tests.faults.processes import kill_group

KILLS = int(os.environ.get("CONTINGENCY_KILLS", "6"))
SEED = 20261122


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def finished(site: Site) -> Record:
    """The only drill, which was judged and closed, and in which each thing happened once."""
    [directory] = site.drills()
    record = read_record(str(directory))
    assert record.damage is None
    for kind, key in (("situation", "part"), ("answer", "question"), ("played", "procedure")):
        told = [line[key] for line in record.of(kind)]
        assert len(told) == len(set(told)), told
    assert record.evaluated is not None
    assert store.load(str(directory)).incident.closed_epoch is not None
    return record


def test_people_at_a_terminal_are_asked_and_the_vault_is_opened_once(site: Site) -> None:
    terminal = Terminal(site.words("--ask-vault-pass"))
    terminal.type("Vault password", PASSWORD)
    terminal.type("Press Enter to begin", "")
    terminal.type("Answer in a few words", "指示灯 and console")
    terminal.type("Which of these did it name?", "1 2")
    terminal.type("Answer (a number or a name", "1")
    terminal.wait_for("would be carried out")
    terminal.type("Answer (a number or a name", "2")
    assert terminal.end() == 0, terminal.seen
    record = finished(site)
    assert record.answers["look"].text == "指示灯 and console"
    assert record.answers["look"].points == (1, 2)
    assert record.answers["grade"].choice == "class_1"
    assert record.answers["next"].choice == "home"
    assert all((answer.seconds or 0) > 0 for answer in record.answers.values())
    assert [run.status for run in record.played] == ["ok"]
    assert PASSWORD not in "".join(str(line) for line in record.lines)


def test_a_drill_that_was_interrupted_goes_on_at_the_same_question(site: Site) -> None:
    first = Terminal(site.words("--vault-password-file", str(site.password_file)))
    first.type("Press Enter to begin", "")
    first.type("Answer in a few words", "lamps")
    first.type("Which of these did it name?", "1")
    first.wait_for("How bad is it?")
    first.kill()
    first.end()
    status, output = site.play(answers=site.answers)
    assert status == 0, output
    assert "goes on where it was broken off" in output
    assert finished(site).answers["look"].points == (1,)


def test_nobody_at_a_terminal_is_told_before_anything_is_written(site: Site) -> None:
    status, output = site.play()
    assert status != 0
    assert "Nobody sits at a terminal who could be asked" in " ".join(output.split())
    assert site.drills() == []


def test_check_mode_writes_nothing(site: Site) -> None:
    status, output = site.play("--check", answers=site.answers)
    assert status == 0, output
    assert "What next?" in output
    assert site.drills() == []


def test_the_procedure_that_was_run_is_marked_as_part_of_the_drill_and_changed_nothing(site: Site) -> None:
    status, output = site.play(answers=site.answers)
    assert status == 0, output
    record = finished(site)
    assert not (site.evidence / "plan").exists(), "the procedure was run with --check"
    [run] = store.load(record.directory).incident.runs
    assert run["drill"] is True
    assert run["playbook"] == "plan_document.yml" or "plan_document" in str(run["playbook"])


def test_no_secret_is_in_any_file(site: Site) -> None:
    site.play(answers=site.answers)
    assert [path for path, data in site.files().items() if PLANTED.encode() in data or PASSWORD.encode() in data] == []


def test_a_second_moderator_is_told_that_there_is_one(site: Site) -> None:
    first = Terminal(site.words("--vault-password-file", str(site.password_file)))
    first.type("Press Enter to begin", "")
    first.wait_for("Answer in a few words")
    status, output = site.play(answers=site.answers)
    first.kill()
    first.end()
    assert status != 0
    assert "Somebody else is holding" in output


def moment(number: int, duration: float) -> float:
    part = duration / KILLS
    return part * number + random.Random(SEED + number).uniform(0, part)


def test_killed_at_any_moment_a_second_run_finishes_it(tmp_path: Path) -> None:
    whole = Site(tmp_path / "whole")
    began = time.monotonic()
    assert whole.play(answers=whole.answers)[0] == 0
    duration = time.monotonic() - began
    killed = 0
    for number in range(KILLS):
        site = Site(tmp_path / str(number))
        process = site.start(answers=site.answers)
        try:
            process.communicate(timeout=moment(number, duration * 0.7))
        except subprocess.TimeoutExpired:
            kill_group(process)
            process.communicate()
            killed += 1
        status, output = site.play(answers=site.answers)
        assert status == 0, output
        judged = [read_record(str(directory)) for directory in site.drills()]
        # Killed after its close, the second run is a drill of its own.
        assert len(judged) == 1 or judged[0].evaluated is not None
        for record in judged:
            assert record.damage is None
            told = [line["question"] for line in record.of("answer")]
            assert sorted(told) == ["grade", "look", "next"]
            assert len(list(record.of("played"))) == 1
    assert killed > KILLS / 2
