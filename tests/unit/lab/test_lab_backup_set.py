# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's inventory and the drill speak of the same backup set; the drill tells a bad test from a good one."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from lab import drill_restore
from lab.backup import hospital
from lab.backup.cluster import DATABASE
from lab.backup.ground import PORT
from lab.playbook import INVENTORY

GOOD = {"findings": [], "proven": ["37 tables, each with the rows it had"], "seconds": 0.1}
BAD = {"findings": [{"stage": "checksums"}], "proven": [], "seconds": 0.1}


def variables(group: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((INVENTORY / "group_vars" / f"{group}.yml").read_text(encoding="utf-8"))
    return found


def test_the_inventory_takes_the_set_where_the_drill_damages_it() -> None:
    taken = variables("backup_hosts")
    places = [taken["backup_directory"], *(copy["directory"] for copy in taken["backup_copies"])]
    assert places == list(hospital.PLACES)
    (only,) = taken["backup_sets"]
    assert (only["name"], only["options"]["port"], only["options"]["database"]) == (hospital.SET, PORT, DATABASE)


def test_the_inventory_restores_it_from_there() -> None:
    tested = variables("backup_sets")
    paths = [copy["path"].replace("{{ inventory_hostname }}", hospital.SET) for copy in tested["restore_test_copies"]]
    assert paths == [f"{place}/{hospital.SET}/latest" for place in hospital.PLACES]
    assert tested["restore_test_scratch_dir"] == hospital.SCRATCH
    assert tested["restore_test_max_age"], "the role refuses a set of which any age is good"


def result_of(verdict: str, copy: int | None, first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    stages = [
        [{"name": "fetch", **GOOD}, {"name": "checksums", **first}],
        [{"name": "checksums", **GOOD}, {"name": "content", **second}],
    ]
    return {"verdict": verdict, "copy_used": copy, "copies": [{"stages": each} for each in stages]}


def test_a_damage_that_is_named_and_a_second_copy_that_is_proven_are_well() -> None:
    assert drill_restore.judge_degraded(result_of("degraded", 2, BAD, GOOD)) == []


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (result_of("passed", 1, GOOD, GOOD), "passed with copy 1, not degraded"),
        (result_of("degraded", 2, GOOD, GOOD), "not by checksums"),
        (result_of("degraded", 2, BAD, {**GOOD, "proven": []}), "content of copy 2 is not proven"),
        (result_of("degraded", 2, BAD, BAD), "restore_test: copy 2"),
        ({}, "None with copy None"),
    ],
)
def test_what_is_not_well_is_told(result: dict[str, Any], words: str) -> None:
    assert any(words in finding for finding in drill_restore.judge_degraded(result))


def test_a_failure_has_to_say_who_is_called() -> None:
    said = f"REPORT AT ONCE: no copy of {hospital.SET} is good. Take a new backup now and call the vendor"
    assert drill_restore.judge_failed({"verdict": "failed", "output": said}) == []
    assert drill_restore.judge_failed({"verdict": "failed", "output": "FAILED"})
    assert drill_restore.judge_failed({"verdict": "not_run", "output": said})
