# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The counts that decide whether `make test` and .ci/run pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import results, summary

JUNIT = """\
<testsuites><testsuite name="t">
  <testcase classname="lab" name="starts"/>
  <testcase classname="lab" name="stops"><failure message="left a namespace"/></testcase>
  <testcase classname="lab" name="breaks"><error message="no such file"/></testcase>
  <testcase classname="lab" name="needs more"><skipped message="no kernel"/></testcase>
</testsuite></testsuites>
"""


@pytest.fixture(autouse=True)
def _results_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    monkeypatch.setattr(summary, "TOTAL", tmp_path / "total")


def test_junit_failures_and_errors_both_count_as_failed(tmp_path: Path) -> None:
    file = tmp_path / "unit.xml"
    file.write_text(JUNIT, encoding="utf-8")
    result = results.from_junit("unit", [file])
    said = ("lab.stops: left a namespace", "lab.breaks: no such file")
    assert result == results.Result("unit", 1, said, ("lab.needs more",))


def test_of_a_long_message_the_beginning_and_the_end_are_shown(tmp_path: Path) -> None:
    file = tmp_path / "unit.xml"
    file.write_text(JUNIT.replace("left a namespace", f"begin {'x' * 9000} end"), encoding="utf-8")
    (failure, _other) = results.from_junit("unit", [file]).failures
    assert failure.startswith("lab.stops: begin x")
    assert failure.endswith("x end")
    assert len(failure) < 700


def test_a_result_is_read_as_it_was_written() -> None:
    result = results.Result("lint", 3, ("mypy",), ("shellcheck",))
    results.write(result)
    assert results.read("lint") == result


def test_a_part_in_which_nothing_ran_fails() -> None:
    assert results.write(results.Result("unit", 0)) == 1


def test_a_part_that_was_skipped_for_a_reason_does_not_fail() -> None:
    assert results.write(results.Result("unit", 0, skipped=("no Python 3.12",))) == 0


def test_the_sum_counts_every_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results.write(results.Result("lint", 5))
    results.write(results.Result("unit", 7, ("tests.unit.broken",)))
    assert summary.report(["lint", "unit"]) == 1
    assert (tmp_path / "total").read_text(encoding="utf-8") == "12 passed, 1 failed\n"
    assert "failed: unit: tests.unit.broken" in capsys.readouterr().out


def test_a_part_that_crashed_without_a_result_counts_as_failed(tmp_path: Path) -> None:
    results.write(results.Result("lint", 5))
    assert summary.report(["lint", "molecule"]) == 1
    assert (tmp_path / "total").read_text(encoding="utf-8") == "5 passed, 1 failed\n"


def test_a_result_cut_off_in_writing_counts_as_failed(tmp_path: Path) -> None:
    (tmp_path / "lint.json").write_text('{"part": "lint", "pass', encoding="utf-8")
    assert summary.report(["lint"]) == 1
