# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An altered journal is found, and where; one that is as it was written is not suspected."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.action.journal_info import verdicts_on
from ansible_collections.contingency.infra.plugins.module_utils._journal.findings import Finding
from ansible_collections.contingency.infra.plugins.module_utils._journal.place import Place
from ansible_collections.contingency.infra.plugins.module_utils._journal.recorder import Recorder
from ansible_collections.contingency.infra.plugins.module_utils._journal.report import closing, line_of, worst
from ansible_collections.contingency.infra.plugins.module_utils._journal.verify import (
    ALTERED,
    INTACT,
    UNPROVEN,
    Verdict,
    verify,
    verify_all,
)
from ansible_collections.contingency.infra.plugins.module_utils._journal.words import FINDINGS, WORDS
from ansible_collections.contingency.infra.plugins.module_utils._record import chain
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_link import link
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_results import fingerprint
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_run import Settings
from hypothesis import given
from hypothesis import strategies as st


def failing(path: str, error: OSError) -> None:
    raise AssertionError(f"{path}: {error}")


def recorded(evidence: Path, name: str = "20261122T020000Z-test-000001", *, ended: bool = True) -> Path:
    """Write a run of eight lines, with a file; return its directory."""
    evidence.mkdir(parents=True, exist_ok=True)
    recorder = Recorder(Place(str(evidence), name), failing)
    assert recorder.begin({"run": name, "playbook": "test", "evidence": str(evidence)})
    recorder.write("play_begun", {"play": "P", "hosts": ["a"]})
    recorder.mark()
    for number in range(3):
        recorder.write("result", {"host": "a", "task": f"task {number}", "status": "changed"})
    file = evidence / f"{name}.txt"
    file.write_text("evidence", encoding="utf-8")
    recorder.write("file", fingerprint(str(file)))
    recorder.mark()
    recorder.write("result", {"host": "a", "task": "last", "status": "ok"})
    if ended:
        recorder.end({"status": "ok", "stats": {}, "seconds": 1.0})
    return Path(recorder.place.directory)


def lines_of(run: Path) -> list[bytes]:
    return (run / "journal.jsonl").read_bytes().splitlines(keepends=True)


def write(run: Path, lines: list[bytes]) -> None:
    (run / "journal.jsonl").write_bytes(b"".join(lines))


def relinked(lines: list[bytes]) -> list[bytes]:
    """Write lines anew with right hashes, as one would who knows how."""
    before, found = chain.FIRST, []
    for number, raw in enumerate(lines, 1):
        line: dict[str, Any] = {**json.loads(raw), "n": number, "previous": before}
        text = chain.canonical(line)
        before = chain.digest(text)
        found.append(text + b"\n")
    return found


def seen(run: Path) -> tuple[str, list[tuple[str, int | None]]]:
    verdict = verify(str(run))
    return verdict.state, [(finding.key, finding.line) for finding in verdict.findings]


def test_what_was_written_is_intact(tmp_path: Path) -> None:
    run = recorded(tmp_path)
    verdict = verify(str(run))
    assert (verdict.state, verdict.findings, verdict.remarks) == (INTACT, (), ())
    assert len(verdict.lines) == len(lines_of(run)) == 8
    assert verdict.files[0]["intact"]


def test_a_run_that_was_broken_off_is_intact_and_has_no_end(tmp_path: Path) -> None:
    verdict = verify(str(recorded(tmp_path, ended=False)))
    assert (verdict.state, verdict.end) == (INTACT, None)
    assert WORDS["en"]["end_none"] in line_of(verdict, "en")[0]


@given(place=st.integers(0, 7), part=st.floats(0, 1, exclude_max=True), bits=st.integers(1, 255))
def test_one_byte_that_differs_is_found_at_its_line(
    tmp_path_factory: pytest.TempPathFactory, place: int, part: float, bits: int
) -> None:
    run = recorded(tmp_path_factory.mktemp("run"))
    lines = lines_of(run)
    at = int(part * (len(lines[place]) - 1))
    old = lines[place]
    lines[place] = old[:at] + bytes([old[at] ^ bits]) + old[at + 1 :]
    write(run, lines)
    state, findings = seen(run)
    assert state == ALTERED
    # The line itself, or the one after it whose hash is of another; a line end in it makes two.
    assert any(line is not None and place + 1 <= line <= place + 3 for _key, line in findings)


@given(place=st.integers(0, 7))
def test_a_line_that_is_gone_is_found(tmp_path_factory: pytest.TempPathFactory, place: int) -> None:
    run = recorded(tmp_path_factory.mktemp("run"))
    lines = lines_of(run)
    del lines[place]
    write(run, lines)
    assert seen(run)[0] == ALTERED


@given(count=st.integers(0, 7))
def test_a_cut_is_found_even_between_two_lines(tmp_path_factory: pytest.TempPathFactory, count: int) -> None:
    run = recorded(tmp_path_factory.mktemp("run"))
    write(run, lines_of(run)[:count])
    state, findings = seen(run)
    assert (state, ("cut", count + 1) in findings) == (ALTERED, True)


def test_a_cut_of_a_run_without_end_is_found_up_to_its_last_mark(tmp_path: Path) -> None:
    run = recorded(tmp_path, ended=False)
    lines = lines_of(run)
    write(run, lines[:6])
    assert seen(run) == (INTACT, [])
    write(run, lines[:5])
    assert seen(run) == (ALTERED, [("cut", 6)])


def test_lines_after_the_end_are_found(tmp_path: Path) -> None:
    run = recorded(tmp_path)
    chain.append(str(run / "journal.jsonl"), "result", {"host": "a", "status": "ok"})
    assert seen(run) == (ALTERED, [("added", 9)])


@pytest.mark.parametrize("place", range(8))
def test_a_journal_that_was_written_anew_with_right_hashes_is_found_by_the_index(tmp_path: Path, place: int) -> None:
    run = recorded(tmp_path)
    lines = lines_of(run)
    lines[place] = json.dumps({**json.loads(lines[place]), "forged": 1}).encode() + b"\n"
    write(run, relinked(lines))
    state, findings = seen(run)
    assert (state, findings[0][0]) == (ALTERED, "other_line")


def test_a_journal_that_was_written_anew_and_told_to_the_index_once_more_is_found(tmp_path: Path) -> None:
    run = recorded(tmp_path)
    lines = lines_of(run)
    lines[3] = json.dumps({**json.loads(lines[3]), "status": "ok"}).encode() + b"\n"
    forged = relinked(lines)
    write(run, forged)
    told = {"run": run.name, "head": chain.digest(forged[-1][:-1]), "lines": len(forged), "status": "ok"}
    chain.append(str(tmp_path / "runs/index.jsonl"), "ended", told)
    assert seen(run) == (ALTERED, [("other_line", 6)])


def test_an_altered_file_is_found_and_one_that_is_gone(tmp_path: Path) -> None:
    run = recorded(tmp_path)
    file = tmp_path / f"{run.name}.txt"
    file.write_text("other", encoding="utf-8")
    assert seen(run) == (ALTERED, [("file_changed", 6)])
    file.unlink()
    assert seen(run) == (ALTERED, [("file_unread", 6)])


def test_a_file_that_a_later_run_wrote_anew_is_no_alteration(tmp_path: Path) -> None:
    run = recorded(tmp_path)
    later = Recorder(Place(str(tmp_path), "20261123T020000Z-test-000002"), failing)
    assert later.begin({"run": later.place.run, "evidence": str(tmp_path)})
    file = tmp_path / f"{run.name}.txt"
    file.write_text("anew", encoding="utf-8")
    later.write("file", fingerprint(str(file)))
    later.end({"status": "ok"})
    verdict = verify(str(run))
    assert (verdict.state, [remark.key for remark in verdict.remarks]) == (INTACT, ["file_anew"])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("20261122T020000Z-test-000001", "20261122T020005Z-test-000002"),
        ("20261122T020005Z-test-000002", "20261122T020000Z-test-000001"),
    ],
    ids=["the one that began first ended last", "the clock was put back"],
)
def test_what_counts_as_later_is_the_order_of_the_index_and_not_the_time(
    tmp_path: Path, first: str, second: str
) -> None:
    runs = [Recorder(Place(str(tmp_path), name), failing) for name in (first, second)]
    file = tmp_path / "outage.md"
    for recorder in runs:
        assert recorder.begin({"run": recorder.place.run, "evidence": str(tmp_path)})
    for recorder, text in ((runs[1], "of the second"), (runs[0], "of the first")):
        file.write_text(text, encoding="utf-8")
        recorder.write("file", fingerprint(str(file)))
        recorder.mark()
    for recorder in runs:
        recorder.end({"status": "ok"})
    assert [verify(recorder.place.directory).state for recorder in runs] == [INTACT, INTACT]
    assert [remark.key for remark in verify(runs[1].place.directory).remarks] == ["file_anew"]
    file.write_text("of the second", encoding="utf-8")
    assert [verify(recorder.place.directory).state for recorder in runs] == [ALTERED, INTACT]


def test_journals_are_read_once_to_see_what_later_runs_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        recorder = Recorder(Place(str(tmp_path), f"20261122T02000{number}Z-test-000001"), failing)
        assert recorder.begin({"run": recorder.place.run, "evidence": str(tmp_path)})
        (tmp_path / "latest.md").write_text(str(number), encoding="utf-8")
        recorder.write("file", fingerprint(str(tmp_path / "latest.md")))
        recorder.end({"status": "ok"})
    opened: list[str] = []
    read = chain.read

    def noted(path: str) -> chain.Reading:
        opened.append(path)
        return read(path)

    monkeypatch.setattr(chain, "read", noted)
    assert {verdict.state for verdict in verify_all(str(tmp_path))} == {INTACT}
    assert len(opened) == 1 + 6


def test_a_file_outside_of_the_evidence_is_told_and_is_no_alteration(tmp_path: Path) -> None:
    evidence = tmp_path / "evidence"
    recorder = Recorder(Place(str(evidence), "20261122T020000Z-test-000001"), failing)
    assert recorder.begin({"run": recorder.place.run, "evidence": str(evidence)})
    file = tmp_path / "metrics.prom"
    file.write_text("1", encoding="utf-8")
    recorder.write("file", fingerprint(str(file)))
    recorder.end({"status": "ok"})
    file.write_text("2", encoding="utf-8")
    verdict = verify(recorder.place.directory)
    assert (verdict.state, [remark.key for remark in verdict.remarks]) == (INTACT, ["file_changed"])


def test_a_run_that_was_taken_away_is_found(tmp_path: Path) -> None:
    run = recorded(tmp_path)
    recorded(tmp_path, "20261123T020000Z-test-000002")
    shutil.rmtree(run)
    states = {verdict.run: verdict.state for verdict in verify_all(str(tmp_path))}
    assert states == {run.name: ALTERED, "20261123T020000Z-test-000002": INTACT}
    assert seen(run) == (ALTERED, [("run_gone", None)])


def test_a_journal_in_the_directory_of_another_is_found(tmp_path: Path) -> None:
    run = recorded(tmp_path)
    other = recorded(tmp_path, "20261123T020000Z-test-000002")
    shutil.copy(run / "journal.jsonl", other / "journal.jsonl")
    assert ("other_run", 1) in seen(other)[1]


def test_an_altered_index_is_found(tmp_path: Path) -> None:
    run = recorded(tmp_path)
    index = tmp_path / "runs/index.jsonl"
    lines = index.read_bytes().splitlines(keepends=True)
    index.write_bytes(b"".join([lines[0], *lines[2:]]))
    assert seen(run) == (ALTERED, [("index", 2)])


def test_without_an_index_nothing_is_proven(tmp_path: Path) -> None:
    run = recorded(tmp_path)
    (tmp_path / "runs/index.jsonl").unlink()
    assert seen(run) == (UNPROVEN, [("no_index", None), ("not_in_index", None)])


def test_evidence_that_was_copied_elsewhere_is_verified_there(tmp_path: Path) -> None:
    recorded(tmp_path / "here")
    shutil.copytree(tmp_path / "here", tmp_path / "there")
    shutil.rmtree(tmp_path / "here")
    (verdict,) = verify_all(str(tmp_path / "there"))
    assert (verdict.state, verdict.files[0]["intact"]) == (INTACT, True)


def test_a_journal_that_was_copied_alone_is_not_called_altered(tmp_path: Path) -> None:
    run = recorded(tmp_path / "here")
    alone = tmp_path / "stick" / run.name
    shutil.copytree(run, alone)
    assert seen(alone) == (UNPROVEN, [("no_index", None), ("not_in_index", None)]), "its file is where it was"
    runs = tmp_path / "archive/runs"
    shutil.copytree(tmp_path / "here/runs", runs)
    assert seen(runs / run.name) == (INTACT, [])
    shutil.rmtree(tmp_path / "here")
    assert seen(runs / run.name) == (UNPROVEN, [("file_left", 6)])


def test_a_run_that_was_killed_before_its_first_line_is_not_called_altered(tmp_path: Path) -> None:
    recorded(tmp_path)
    killed = tmp_path / "runs/20261123T020000Z-test-000002"
    killed.mkdir()
    assert seen(killed) == (UNPROVEN, [("empty", None), ("not_in_index", None)])


def test_a_file_whose_name_had_a_secret_cannot_be_looked_for(tmp_path: Path) -> None:
    recorder = Recorder(Place(str(tmp_path), "20261122T020000Z-test-000001"), failing)
    assert recorder.begin({"run": recorder.place.run, "evidence": str(tmp_path)})
    recorder.write("file", {"path": f"{tmp_path}/********-a.txt", "sha256": "0" * 64, "bytes": 1})
    recorder.end({"status": "ok"})
    verdict = verify(recorder.place.directory)
    assert (verdict.state, [remark.key for remark in verdict.remarks]) == (INTACT, ["file_hidden"])


def test_a_line_that_a_kill_cut_off_is_told_and_is_no_alteration(tmp_path: Path) -> None:
    run = recorded(tmp_path, ended=False)
    with (run / "journal.jsonl").open("ab") as file:
        file.write(b'{"kind":"res')
    verdict = verify(str(run))
    assert (verdict.state, [remark.key for remark in verdict.remarks]) == (INTACT, ["torn"])


def test_a_directory_of_a_run_all_evidence_and_that_of_the_runs_are_all_understood(tmp_path: Path) -> None:
    run = recorded(tmp_path)
    for path in (run, tmp_path, tmp_path / "runs"):
        assert [verdict.run for verdict in verdicts_on(str(path))] == [run.name]
    for path in (run / "journal.jsonl", tmp_path / "runs/index.jsonl"):
        assert [verdict.run for verdict in verdicts_on(str(path))] == [run.name]
    (tmp_path / "other").mkdir()
    for name in ("nothing", "other", "runs/20261122T020000Z-mistyped-000001"):
        assert verdicts_on(str(tmp_path / name)) == []
    shutil.rmtree(run)
    assert [verdict.state for verdict in verdicts_on(str(run))] == [ALTERED]


def test_the_worst_counts_and_is_told_with_what_to_do() -> None:
    verdicts = [Verdict("one", "/one"), Verdict("two", "/two")]
    assert worst(verdicts) == INTACT
    assert closing(verdicts, "en") == ["2 of 2 journals are intact"]
    lost, gone = Finding("no_index", "/index", altered=False), Finding("run_gone", "/three")
    verdicts += [Verdict("three", "/three", findings=(gone,)), Verdict("four", "/four", findings=(lost,))]
    _count, altered, unproven = closing(verdicts, "en")
    assert altered.startswith("Next: keep a copy of three")
    assert unproven.startswith("Next: nothing says that four")


@pytest.mark.parametrize("words", [WORDS, FINDINGS], ids=["words", "findings"])
def test_both_languages_say_the_same_with_the_same_values(words: dict[str, dict[str, str]]) -> None:
    def values(text: str) -> set[str]:
        return {part.partition("}")[0] for part in text.split("{")[1:]}

    assert {key: values(text) for key, text in words["en"].items()} == {
        key: values(text) for key, text in words["zh"].items()
    }


def test_what_a_chain_says_of_its_damage_is_told_in_chinese_too(tmp_path: Path) -> None:
    run = recorded(tmp_path)
    lines = lines_of(run)
    for broken in ([lines[0], b"x\n", *lines[2:]], lines[1:], [lines[0], *lines[2:]]):
        write(run, broken)
        (finding,) = [each for each in verify(str(run)).findings if each.key == "chain"]
        assert finding.values["why"] not in finding.said("zh")


@pytest.mark.parametrize(
    ("incident", "said"), [("INC-1", "这不是事件编号"), ("INC-20261122-9", "请用 incident_open 建立事件，或更正编号")]
)
def test_why_a_run_is_not_noted_in_its_incident_is_told_in_chinese_too(
    tmp_path: Path, incident: str, said: str
) -> None:
    settings = Settings(str(tmp_path), str(tmp_path), str(tmp_path), incident=incident, language="zh")
    assert said in (link(Place(str(tmp_path), "r"), settings, "escalate") or "")
