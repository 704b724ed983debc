# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long shutdowns took: kept from run to run, by several at once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.plugin_utils.durations import Durations, DurationsError, percentile


@pytest.fixture
def durations(tmp_path: Path) -> Durations:
    return Durations(str(tmp_path / "evidence" / "durations.json"))


def test_nothing_is_known_of_a_host_that_was_never_shut_down(durations: Durations) -> None:
    assert durations.p95("his-app-1") is None


def test_a_forced_run_counts_as_its_time_out_at_least(durations: Durations) -> None:
    durations.add("his-app-1", 1000.0, 12.0, "graceful", 300.0)
    assert durations.p95("his-app-1") == 12.0
    durations.add("his-app-1", 2000.0, 31.0, "forced", 300.0)
    assert durations.p95("his-app-1") == 300.0
    durations.add("his-app-1", 3000.0, 304.0, "forced", 300.0)
    assert durations.p95("his-app-1") == 304.0


def test_only_the_last_runs_are_kept(tmp_path: Path) -> None:
    durations = Durations(str(tmp_path / "durations.json"), kept=3)
    for seconds in (90.0, 10.0, 11.0, 12.0):
        durations.add("his-app-1", 0.0, seconds, "graceful", 300.0)
    assert [run["seconds"] for run in durations.of("his-app-1")] == [10.0, 11.0, 12.0]
    assert durations.p95("his-app-1") == 12.0


@pytest.mark.parametrize(
    ("seconds", "found"),
    [([], None), ([5.0], 5.0), ([float(n) for n in range(1, 21)], 19.0), ([float(n) for n in range(1, 101)], 95.0)],
)
def test_percentile_is_the_nearest_rank(seconds: list[float], found: float | None) -> None:
    assert percentile(seconds) == found


def test_many_hosts_at_once_lose_nothing(durations: Durations) -> None:
    with ThreadPoolExecutor(16) as pool:
        for number in range(64):
            pool.submit(durations.add, f"host-{number % 8}", number, 1.0, "graceful", 300.0)
    assert [len(durations.of(f"host-{number}")) for number in range(8)] == [8] * 8


@pytest.mark.parametrize("content", ["", "[]", '{"format": 9, "hosts": {}}', '{"format": 1, "hosts": {"a": [{}]}}'])
def test_a_file_that_is_not_ours_is_named_and_kept(tmp_path: Path, content: str) -> None:
    path = tmp_path / "durations.json"
    path.write_text(content, encoding="ascii")
    durations = Durations(str(path))
    with pytest.raises(DurationsError, match=r"durations\.json cannot be read .*move it away"):
        durations.p95("his-app-1")
    with pytest.raises(DurationsError):
        durations.add("his-app-1", 0.0, 1.0, "graceful", 300.0)
    assert path.read_text(encoding="ascii") == content


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DurationsError, match="free space or set durations_file"):
        Durations(str(tmp_path / "file" / "durations.json")).add("his-app-1", 0.0, 1.0, "graceful", 300.0)


def test_the_file_is_for_its_owner_and_whole(durations: Durations) -> None:
    durations.add("his-app-1", 1000.0, 12.0, "graceful", 300.0)
    path = Path(durations.path)
    assert path.stat().st_mode & 0o077 == 0
    assert json.loads(path.read_text(encoding="utf-8"))["format"] == 1
