# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory that is half wrong: what is missing there is told on an ordinary day, and is never good news."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.action.staged_shutdown import Work
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.model import Problem
from ansible_collections.contingency.infra.plugins.module_utils._ups.model import ONLINE, Reading
from ansible_collections.contingency.infra.plugins.plugin_utils import shutdown_world
from ansible_collections.contingency.infra.plugins.plugin_utils.outage_run import Report

HOST = {"shutdown_stage": "all", "shutdown_power_watts": 200, "shutdown_feeds": ["ups-a"], "shutdown_seconds": 20}
TABLE = [[10, 100], [100, 10]]


@pytest.fixture(autouse=True)
def mains(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each source say that mains is there."""

    def read_all(sources: Sequence[Mapping[str, Any]], _timeout: float, _previous: object) -> list[Reading]:
        return [Reading(each["name"], "nut://192.0.2.1", ONLINE, None, time.time(), 3000.0, 100.0) for each in sources]

    monkeypatch.setattr(shutdown_world, "read_all", read_all)


def work(directory: Path, **changed: Any) -> Work:
    arguments = {
        "hosts": ["web-1"],
        "sources": [{"name": "ups-a", "kind": "apcupsd", "host": "192.0.2.71"}],
        "upses": [{"name": "ups-a", "nominal_watts": 1000, "runtime_table": TABLE}],
        "policy": {"stages": [{"name": "all", "after_seconds": 600}]},
        "timeout": 1.0,
        "outage": "auto",
        "state_dir": str(directory / "state"),
        "dest": str(directory),
        "durations_file": None,
        "language": "en",
    }
    return Work({**arguments, **changed}, {"web-1": HOST}, "run")


def test_mains_is_there_where_each_ups_says_so(tmp_path: Path) -> None:
    result = work(tmp_path).result()
    assert (result["failed"], result["mains"]) == (False, "online")


def test_a_ups_that_no_source_reads_is_unknown_on_an_ordinary_day(tmp_path: Path) -> None:
    upses = [{"name": name, "nominal_watts": 1000, "runtime_table": TABLE} for name in ("ups-a", "ups-b")]
    result = work(tmp_path, upses=upses).result()
    assert (result["failed"], result["mains"]) == (True, "unclear")
    (unread,) = [reading for reading in result["readings"] if reading["name"] == "ups-b"]
    assert (unread["status"], "no source" in unread["why"]) == ("unknown", True)
    assert work(tmp_path, upses=upses).result()["mains"] == "unclear", "also when what was read is remembered"


def test_a_source_that_is_not_among_the_upses_is_told_and_decides_nothing(tmp_path: Path) -> None:
    result = work(
        tmp_path, sources=[{"name": name, "kind": "apcupsd", "host": "192.0.2.71"} for name in ("ups-a", "spare")]
    ).result()
    assert (result["failed"], result["mains"]) == (True, "online")
    assert [reading["name"] for reading in result["readings"]] == ["ups-a"]
    assert "The UPS spare has a source and is not among the UPSes" in result["msg"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"kind": "snmp", "version": "3", "host": "192.0.2.72", "user": "u", "auth_password": "short"}, "too short"),
        (
            {"kind": "nut", "ups": "b", "host": "192.0.2.72", "tls": True, "ca_file": "/nowhere/nut.pem"},
            "correct ca_file",
        ),
        ({"kind": "modbus", "host": "192.0.2.72"}, "use one of"),
    ],
)
def test_a_source_that_cannot_be_asked_is_one_unknown_ups(tmp_path: Path, options: dict[str, Any], why: str) -> None:
    upses = [{"name": name, "nominal_watts": 1000, "runtime_table": TABLE} for name in ("ups-a", "ups-b")]
    good = {"name": "ups-a", "kind": "apcupsd", "host": "192.0.2.71"}
    result = work(tmp_path, upses=upses, sources=[good, {"name": "ups-b", **options}]).result()
    assert (result["failed"], result["mains"]) == (True, "unclear")
    told = {reading["name"]: reading for reading in result["readings"]}
    assert (told["ups-a"]["status"], told["ups-b"]["status"]) == ("online", "unknown")
    assert why in told["ups-b"]["why"]


def test_a_site_without_hosts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="staged_shutdown_group"):
        work(tmp_path, hosts=[])


def test_what_is_wrong_in_the_inventory_is_an_error_on_an_ordinary_day(tmp_path: Path) -> None:
    result = work(
        tmp_path, upses=[{"name": "ups_a"}], sources=[{"name": "ups_a", "kind": "apcupsd", "host": "192.0.2.71"}]
    ).result()
    assert (result["failed"], result["mains"], result["outage"]) == (True, "online", None)
    assert "web-1 is fed by ups-a, which is not among the UPSes" in result["msg"]


def test_the_machine_that_this_runs_on_goes_also_when_nothing_can_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture that cannot be drawn, say."""
    run, done = work(tmp_path), list[Report]()

    def last(report: Report) -> dict[str, Any]:
        done.append(report)
        return {}

    monkeypatch.setattr(run, "told", lambda _report: 1 / 0)
    monkeypatch.setattr(run, "last", last)
    with pytest.raises(ZeroDivisionError):
        run.result()
    assert len(done) == 1
