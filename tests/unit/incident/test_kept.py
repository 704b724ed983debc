# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mistake in the plan costs no record: what was said is kept, and completed once the plan is corrected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.action.incident import BETWEEN, without_plan
from ansible_collections.contingency.infra.plugins.module_utils._incident import store
from ansible_collections.contingency.infra.plugins.module_utils._incident.refusals import SENTENCES
from ansible_collections.contingency.infra.plugins.plugin_utils.incident_kept import kept

from tests.unit.incident.plans import MINUTE, MORNING
from tests.unit.incident.test_run import arguments, run
from tests.unit.journal.site import Site, site_in

WHY = "The contingency plan cannot be used: classes[0].key is missing; correct it in the inventory."
SAID: dict[str, Any] = {"state": "opened", "title": "HIS down", "occurred": "02:40", "incident_class": "server"}


def keep(root: Path, **said: Any) -> str:
    return str(kept(arguments(root, **said), by="duty@console", now=MORNING))


def lines(path: str) -> list[tuple[str, str]]:
    return [(str(line["kind"]), str(line.get("text", ""))) for line in store.load(path).lines]


def test_what_was_said_is_kept_and_completed_by_the_same_command(tmp_path: Path) -> None:
    path = keep(tmp_path, **SAID)
    note = "Said while the plan could not be used: title=HIS down; incident_class=server; occurred=02:40"
    assert lines(path) == [("opened", ""), ("note", note)]
    after = run(tmp_path, now=MORNING + MINUTE, **SAID)
    assert (after.path, after.written) == (path, ["updated", "graded"])
    assert after.incident.details["incident_class"] == "server"
    assert (after.incident.discovered_epoch, after.incident.severity) == (MORNING, "I")


def test_said_again_it_is_kept_once(tmp_path: Path) -> None:
    assert keep(tmp_path, **SAID) == keep(tmp_path, **SAID)
    assert [kind for kind, _text in lines(keep(tmp_path, **SAID))] == ["opened", "note"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"note": "called the vendor"}, "note=called the vendor"),
        ({"manual_work": ["wards", "pharmacy"], "affected": 0}, "affected=0; manual_work=wards, pharmacy"),
        ({"reentered": {"wards": "all"}}, "reentered=wards: all"),
        ({"state": "closed", "reason": "false alarm"}, "reason=false alarm; state=closed"),
    ],
)
def test_an_incident_that_goes_on_keeps_all_that_is_said(tmp_path: Path, said: dict[str, Any], words: str) -> None:
    path = run(tmp_path, **SAID).path
    assert keep(tmp_path, **said) == path
    assert lines(path)[-1] == ("note", f"Said while the plan could not be used: {words}")


def test_a_drill_stays_a_drill(tmp_path: Path) -> None:
    path = keep(tmp_path, drill=True, **SAID)
    assert Path(path).parent == tmp_path / "drills"
    assert store.load(path).incident.drill


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_screen_says_first_that_it_is_kept_and_that_nobody_is_told(tmp_path: Path, language: str) -> None:
    told = without_plan(arguments(tmp_path, language=language, **SAID), WHY, MORNING, check=False)
    (path,) = (tmp_path / "incidents").glob("INC-*")
    assert told == f"{SENTENCES[language]['kept'].format(path=path)}{BETWEEN[language]}{WHY}"


def test_what_cannot_be_kept_either_is_told_with_the_mistake(tmp_path: Path) -> None:
    assert "needs a title" in without_plan(arguments(tmp_path, state="opened"), WHY, MORNING, check=False)
    told = without_plan(arguments(tmp_path, note="x"), WHY, MORNING, check=False)
    assert told.startswith("no incident is open in ")
    assert told.endswith(WHY)
    assert "put back events.jsonl" in without_plan(broken(tmp_path), WHY, MORNING, check=False)


def broken(root: Path) -> dict[str, Any]:
    """Return what is said of an incident whose record is garbage."""
    path = Path(run(root, **SAID).path)
    (path / store.EVENTS).write_text("garbage\n", encoding="utf-8")
    return arguments(root, id=path.name, note="x")


@pytest.mark.parametrize(("check", "said"), [(True, SAID), (False, {})])
def test_check_mode_and_nothing_said_keep_nothing(tmp_path: Path, check: bool, said: dict[str, Any]) -> None:
    path = run(tmp_path, **{**SAID, "title": "Mains lost"}).path
    assert without_plan(arguments(tmp_path, **said), WHY, MORNING, check=check) == WHY
    assert [kind for kind, _text in lines(path)] == ["opened", "graded"]
    assert len(list((tmp_path / "incidents").glob("INC-*"))) == 1


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return site_in(tmp_path)


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        ('{"preset": "hospitel"}', "contingency_plan.preset is 'hospitel'"),
        ('{"preset": "hospital", "timezone": "{{ nobody_set_this }}"}', "'nobody_set_this' is undefined"),
        ('"hospital"', "has to be a mapping"),
    ],
)
def test_the_playbook_ends_in_an_error_and_the_record_is_there(site: Site, plan: str, why: str) -> None:
    site.file("group_vars/all.yml", f"contingency_plan: {plan}\n")
    done = site.run("contingency.infra.incident_open", "-e", "title='HIS down'")
    output = " ".join(f"{done.stdout}{done.stderr}".split())
    assert done.returncode == 2, output
    assert "WHAT YOU SAID IS RECORDED" in output
    assert why in output
    (path,) = (site.evidence / "incidents").glob("INC-*")
    assert [kind for kind, _text in lines(str(path))] == ["opened", "note"]
