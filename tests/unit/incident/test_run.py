# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the module: the same command again, check mode, both languages, and what the screen says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from ansible import constants, context
from ansible.errors import AnsibleActionFail
from ansible_collections.contingency.infra.plugins.action.incident import NAMES, names_said, words_limitation
from ansible_collections.contingency.infra.plugins.action.incident_due import looked
from ansible_collections.contingency.infra.plugins.module_utils._incident import store
from ansible_collections.contingency.infra.plugins.module_utils._incident.changes import Refused
from ansible_collections.contingency.infra.plugins.module_utils._incident.refusals import Told
from ansible_collections.contingency.infra.plugins.module_utils._incident.regrade import regrade
from ansible_collections.contingency.infra.plugins.module_utils._incident.words import WORDS
from ansible_collections.contingency.infra.plugins.module_utils._record import chain
from ansible_collections.contingency.infra.plugins.module_utils._record.damages import damage_said
from ansible_collections.contingency.infra.plugins.modules.incident import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils.incident_policy import policy_from
from ansible_collections.contingency.infra.plugins.plugin_utils.incident_run import Run, readable
from ansible_collections.contingency.infra.plugins.plugin_utils.person import at_the_keyboard
from ansible_collections.contingency.infra.plugins.plugin_utils.typed import as_typed, playbook, typed

from tests.unit.incident.plans import HOUR, MINUTE, MORNING, plan, policy

CHINESE = re.compile("[\u4e00-\u9fff]")


def arguments(root: Path, **said: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {name: spec.get("default") for name, spec in ARGUMENT_SPEC.items()}  # type: ignore[attr-defined]
    return {**defaults, "directory": str(root / "incidents"), "drill_directory": str(root / "drills"), **said}


def run(root: Path, *, check: bool = False, now: float = MORNING, **said: Any) -> Run:
    return Run(policy(), arguments(root, **said), by="duty@console", now=now, check=check).done()


def open_one(root: Path, **said: Any) -> Run:
    return run(root, state="opened", title="HIS down", **said)


def events(root: Path, folder: str = "incidents") -> list[str]:
    return [str(line["kind"]) for path in sorted((root / folder).glob("*-*")) for line in store.load(str(path)).lines]


def test_opening_grades_and_tells_who_is_due(tmp_path: Path) -> None:
    result = open_one(tmp_path, occurred="02:40", expected_outage="5h", incident_class="server").result()
    assert result["changed"] is True
    assert result["events"] == ["opened", "graded"]
    assert (result["severity"], result["unknown"]) == ("I", [])
    assert [each["key"] for each in result["notices"]][:2] == ["lead", "team"]
    assert json.dumps(result)


def test_opened_again_it_is_the_same_and_nothing_changes(tmp_path: Path) -> None:
    first = open_one(tmp_path, occurred="20m ago", expected_outage="2h")
    again = open_one(tmp_path, occurred="20m ago", expected_outage="2h", now=MORNING + MINUTE)
    assert again.result()["changed"] is False
    assert again.result()["id"] == first.result()["id"]
    assert again.shown()[0] == "It was open already; nothing was opened."
    assert events(tmp_path) == ["opened", "graded"]


def test_an_opening_that_was_killed_before_its_grade_is_completed_by_the_next(tmp_path: Path) -> None:
    fields = {"title": "HIS down", "discovered_epoch": MORNING}
    root = str(tmp_path / "incidents")
    store.open_incident(root, fields, by="x", now=MORNING, timezone="Asia/Shanghai")
    assert open_one(tmp_path).result()["events"] == ["graded"]


def test_opened_again_with_more_it_is_updated(tmp_path: Path) -> None:
    open_one(tmp_path)
    assert open_one(tmp_path, cause="disk").result()["events"] == ["updated"]


def test_updated_again_nothing_changes(tmp_path: Path) -> None:
    open_one(tmp_path)
    said: dict[str, Any] = {
        "cause": "disk", "manual_work": ["wards"], "activated": True, "acknowledged": "zhang", "note": "called",
        "recovered": "now", "confirmed": ["wards"], "met": ["report"], "severity": "II", "reason": "one ward",
    }  # fmt: skip
    assert run(tmp_path, **said).result()["changed"] is True
    assert run(tmp_path, **said).result()["changed"] is False


def test_check_mode_writes_nothing_and_says_what_it_would(tmp_path: Path) -> None:
    imagined = open_one(tmp_path, check=True, note="seen")
    assert imagined.result()["events"] == ["opened", "note", "graded"]
    assert imagined.result()["severity"] == "I"
    assert imagined.shown()[-1].endswith("these events would be: opened, note, graded")
    assert not (tmp_path / "incidents").exists()
    open_one(tmp_path)
    before = events(tmp_path)
    assert run(tmp_path, check=True, severity="III", reason="x").result()["severity"] == "III"
    assert open_one(tmp_path, check=True).result()["changed"] is False
    assert events(tmp_path) == before


def test_the_difference_shows_what_changed(tmp_path: Path) -> None:
    open_one(tmp_path)
    diff = run(tmp_path, cause="disk", check=True).result()["diff"]
    assert json.loads(diff["after"])["cause"] == "disk"
    assert "cause" not in json.loads(diff["before"])


def test_the_only_open_incident_needs_no_name_and_of_two_one_has_to_be_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no incident is open"):
        run(tmp_path)
    open_one(tmp_path)
    assert run(tmp_path).result()["id"] == "INC-20261125-1"
    second = run(tmp_path, state="opened", title="Mains lost")
    assert "Also open: INC-20261125-1" in second.shown()[0]
    with pytest.raises(Refused, match="several incidents are open: INC-20261125-1, INC-20261125-2"):
        run(tmp_path)
    assert run(tmp_path, id="INC-20261125-2").result()["title"] == "Mains lost"


@pytest.mark.parametrize("key", ["../../etc", "INC-1", "inc-20261125-1"])
def test_what_is_no_id_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(Refused, match="is no incident"):
        run(tmp_path, id=key)


def test_a_title_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="needs a title"):
        run(tmp_path, state="opened")


def test_half_a_title_is_not_recorded() -> None:
    assert words_limitation(None) is None
    assert "'does not answer' on the command line belongs to no name" in str(words_limitation("does not answer"))


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("recoverd", "recovered"),
        ("occured", "occurred"),
        ("incidnet", "incident"),
        ("id", "incident"),
        ("class", "incident_class"),
        ("clas", "incident_class"),
        ("outage", "expected_outage"),
        ("contingency_incidnet", "contingency_incident"),
    ],
)
def test_what_is_said_under_a_misspelt_name_is_not_taken_for_recorded(name: str, near: str) -> None:
    with pytest.raises(AnsibleActionFail, match=f"^{name} is no name that incident_update knows.* -e {near}="):
        names_said("incident_update", ["note", name], "en")


def test_names_of_a_site_and_of_other_playbooks_are_in_nobody_s_way() -> None:
    assert names_said("site_of_ours", ["recoverd"], "en") == []
    assert names_said("incident_update", ["incident", "tell", "contingency_language", "contingency_ours"], "en") == []
    assert "region on the command line was NOT RECORDED" in names_said("incident_update", ["region"], "en")[0]
    assert "命令行中的 region 未写入记录" in names_said("incident_update", ["region"], "zh")[0]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"incident_class": "打印机"}, "incident_class=打印机 不在预案中；可选："),
        ({"recovered": "25:00"}, "recovered：'25:00' 不是时间；请写成 now"),
        ({"state": "closed"}, "INC-20261125-1 尚未关闭：无人宣布恢复（recovered=now）"),
        ({"id": "INC-20261125-7"}, "没有 events.jsonl；未关闭的事件可这样查看："),
    ],
)
def test_what_is_refused_is_said_in_chinese_too(tmp_path: Path, said: dict[str, Any], sentence: str) -> None:
    open_one(tmp_path)
    with pytest.raises(Told) as refused:
        run(tmp_path, **said)
    assert sentence in refused.value.said["zh"]


def test_an_altered_record_is_told_of_in_the_language_of_the_screen(tmp_path: Path) -> None:
    path = Path(open_one(tmp_path).path, "events.jsonl")
    path.write_bytes(path.read_bytes().replace(b"HIS down", b"HIS fine"))
    assert run(tmp_path, language="zh").shown()[0].startswith("记录被改动：第 2 行与上一行不衔接")
    assert damage_said("carries the number 7", "zh") == "的行号为 7"
    assert damage_said("carries the number 7", "en") == "carries the number 7"


def test_what_opening_does_not_take_is_not_dropped() -> None:
    assert names_said("incident_open", ["title", "recovered"], "en") == []
    with pytest.raises(AnsibleActionFail, match="relapsed can be said once the incident is open"):
        names_said("incident_open", ["relapsed"], "en")


def test_the_names_of_the_playbooks_are_those_that_they_take() -> None:
    playbooks = Path(__file__).resolve().parents[3] / "playbooks"
    for book, names in NAMES.items():
        taken = re.findall(r"{{ (\w+) \| default\(", (playbooks / f"{book}.yml").read_text(encoding="utf-8"))
        assert {*taken, "tell", "incident_class", *(["incident"] if "incident" in names else [])} == set(names), book


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("title='a b' place=c", "@file"), ["title", "place"]),
        (('{"reentered": {"pharmacy": "all"}}',), ["reentered"]),
        (("title=HIS down",), ["title"]),
    ],
)
def test_what_was_typed_is_read_as_ansible_reads_it(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], names: list[str]
) -> None:
    monkeypatch.setattr(context, "CLIARGS", {"extra_vars": words, "args": ("playbooks/incident_open.yml",)})
    assert list(typed()) == names
    assert playbook() == "incident_open"
    monkeypatch.setattr(context, "CLIARGS", {"args": ("contingency.infra.incident_update",)})
    assert (playbook(), typed()) == ("incident_update", {})


def test_the_next_command_can_be_typed_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("contingency_language=zh note='x y'", "@site.yml", '{"contingency_evidence_dir": "/srv/a b"}')
    monkeypatch.setattr(context, "CLIARGS", {"inventory": ("/srv/site one",), "extra_vars": words})
    opened = open_one(tmp_path, language="zh")
    line = next(each for each in opened.shown() if "recovered=now" in each)
    told = shlex.split(line[line.index("ansible-playbook") :])
    assert told[2:10] == [
        *("-i", "/srv/site one", "-e", "@site.yml"),
        *("-e", "contingency_language=zh", "-e", '{"contingency_evidence_dir": "/srv/a b"}'),
    ]
    assert told[10:] == ["-e", "incident=INC-20261125-1", "-e", "recovered=now"]


def test_an_inventory_that_ansible_cfg_names_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "CLIARGS", {"inventory": tuple(constants.DEFAULT_HOST_LIST)})
    assert (
        as_typed("x: ansible-playbook contingency.infra.escalate") == "x: ansible-playbook contingency.infra.escalate"
    )


def test_a_command_without_its_inventory_is_told_so() -> None:
    with pytest.raises(AnsibleActionFail, match=r"contingency_plan is not set in the inventory .* -i DIRECTORY"):
        policy_from({})


def test_drills_are_kept_apart_and_marked(tmp_path: Path) -> None:
    drill = open_one(tmp_path, drill=True)
    assert drill.result()["id"] == "DRILL-20261125-1"
    assert drill.shown()[0] == "DRILL-20261125-1  DRILL: HIS down"
    assert events(tmp_path, "drills") == ["opened", "graded"]
    assert not (tmp_path / "incidents").exists()
    assert run(tmp_path, id="DRILL-20261125-1", note="x").result()["drill"] is True


def test_closing_is_refused_while_something_is_open_and_done_with_a_reason(tmp_path: Path) -> None:
    open_one(tmp_path)
    with pytest.raises(Refused, match="is not closed"):
        run(tmp_path, state="closed")
    assert run(tmp_path, state="closed", reason="false alarm").result()["events"] == ["closed"]
    closed = run(tmp_path, state="closed", id="INC-20261125-1")
    assert closed.result()["changed"] is False
    assert "closed" in closed.shown()[0]


def test_a_grade_by_hand_stays_until_the_rules_get_the_word_back(tmp_path: Path) -> None:
    open_one(tmp_path)
    by_hand = run(tmp_path, severity="III", reason="one printer")
    assert by_hand.result()["severity"] == "III"
    assert "By the rules of the plan it would be Grade I" in "\n".join(by_hand.shown())
    assert run(tmp_path, cause="toner").result()["severity"] == "III"
    assert run(tmp_path, severity="rules").result()["severity"] == "I"


def test_an_outage_that_lasts_is_regraded(tmp_path: Path) -> None:
    path = open_one(tmp_path, expected_outage="1h", data_loss="false", incident_class="server").path
    assert not regrade(path, policy(), by="timer@console", now=MORNING + HOUR)
    # The record was written by the clock of this machine, so a time far ahead of it is taken.
    assert regrade(path, policy(), by="timer@console", now=store.load(path).incident.began_epoch + 4 * HOUR)
    assert store.load(path).incident.severity == "I"


def test_an_altered_record_is_told_first(tmp_path: Path) -> None:
    path = Path(open_one(tmp_path).path) / "events.jsonl"
    path.write_bytes(path.read_bytes().replace(b"HIS down", b"all well"))
    assert run(tmp_path).shown()[0].startswith("THE RECORD WAS ALTERED: line 2 does not follow")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_line_is_in_the_language_that_was_asked_for(tmp_path: Path, language: str) -> None:
    said = {"manual_work": ["pharmacy"], "expected_outage": "2h", "occurred": "02:40", "language": language}
    shown = open_one(tmp_path, **said).shown()
    assert any("Lead" in line or "领导" in line for line in shown)
    own = [line for line in shown if CHINESE.search(line)]
    assert (own == []) == (language == "en")


def test_both_languages_have_the_same_words_with_the_same_places() -> None:
    fields = re.compile(r"{(\w+)}")
    assert WORDS["en"].keys() == WORDS["zh"].keys()
    for key, english in WORDS["en"].items():
        assert sorted(set(fields.findall(english))) == sorted(set(fields.findall(WORDS["zh"][key]))), key


def test_what_could_not_be_told_is_to_be_called_with_its_number(tmp_path: Path) -> None:
    path = open_one(tmp_path).path
    for contact in ("zhang", "li"):
        failed = {"key": "lead", "contact": contact, "state": "failed", "final": True}
        store.append_event(path, "notice", failed, by="sender")
    assert "call Zhang, Li: Decide" in "\n".join(run(tmp_path).shown())


def test_who_is_told_first_and_who_stands_in_is_shown_and_later_who_was_told(tmp_path: Path) -> None:
    opened = open_one(tmp_path)
    assert any("Lead: Zhang, then Li  Decide" in line for line in opened.shown())
    assert any("Team: Li, Wang  Come" in line for line in opened.shown())
    store.append_event(opened.path, "notice", {"key": "lead", "contact": "li", "state": "sent"}, by="sender")
    store.append_event(opened.path, "acknowledged", {"who": "li"}, by="x")
    failed = {"key": "lead", "contact": "zhang", "state": "failed", "final": True}
    store.append_event(opened.path, "notice", failed, by="sender")
    told = [line for line in run(tmp_path).shown() if line.startswith("  told at")]
    assert [line.partition("  Lead: ")[2] for line in told] == ["Li  Decide"]


def due(root: Path, now: float = MORNING, **said: Any) -> dict[str, Any]:
    places = {"directory": str(root / "incidents"), "drill_directory": str(root / "drills")}
    given = {"id": None, "drill": False, "language": "en", "fail_on_overdue": False, **places, **said}
    return looked(policy(), given, now)


def test_what_is_due_is_read_of_every_open_incident(tmp_path: Path) -> None:
    assert due(tmp_path)["incidents"] == []
    open_one(tmp_path)
    run(tmp_path, state="opened", title="Mains lost")
    epoch = store.load(str(tmp_path / "incidents/INC-20261125-1")).incident.began_epoch
    found = due(tmp_path, epoch + HOUR)
    assert [each["id"] for each in found["incidents"]] == ["INC-20261125-1", "INC-20261125-2"]
    assert "lead" in found["overdue"]["INC-20261125-1"]
    assert found["failed"] is False
    assert due(tmp_path, epoch + HOUR, fail_on_overdue=True)["failed"] is True
    assert found["changed"] is False


def test_an_incident_that_cannot_be_read_is_told_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_one(tmp_path)
    (tmp_path / "incidents/INC-20261125-1/events.jsonl").write_text("garbage\n")
    found = due(tmp_path)
    assert found["failed"] is True
    assert "put back events.jsonl" in found["unreadable"]["INC-20261125-1"]


def test_a_plan_that_is_wrong_is_told_with_where_to_correct_it() -> None:
    with pytest.raises(AnsibleActionFail, match=r"contingency_plan\.preset is 'bakery'; expected one of hospital"):
        policy_from({"preset": "bakery"})
    with pytest.raises(AnsibleActionFail, match="correct it in the inventory"):
        policy_from(plan(advise=["ghost"]))


def test_who_is_at_the_keyboard_is_the_one_before_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "zhang")
    assert at_the_keyboard().startswith("zhang@")
    monkeypatch.delenv("SUDO_USER")
    monkeypatch.setenv("LOGNAME", "li")
    assert at_the_keyboard().startswith("li@")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("神经内科".encode("gb18030"), "神经内科"),
        ("病区 3 down".encode(), "病区 3 down"),
        (b"ward \xff\xff", "ward \ufffd\ufffd"),
    ],
)
def test_what_a_terminal_without_utf_8_typed_can_be_told(typed: bytes, said: str) -> None:
    text = typed.decode("utf-8", "surrogateescape")
    assert readable({"title": text, "met": [text]}) == {"title": said, "met": [said]}
    assert readable("\ud800").isascii()


def test_a_time_before_all_dates_is_refused_and_one_on_record_ends_no_run(tmp_path: Path) -> None:
    path = open_one(tmp_path).path
    with pytest.raises(Refused, match="is before 1970"):
        run(tmp_path, occurred="900000d ago")
    with chain.locked(str(Path(path) / "events.jsonl")) as writer:
        writer.append("updated", {"occurred_epoch": -7.6e10, "by": "x"})
    assert "lines of the record are no events" in "\n".join(run(tmp_path).shown())
