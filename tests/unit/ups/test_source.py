# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several UPSes at once, wrong options before anything is asked, and the module's wiring."""

from __future__ import annotations

import time
from typing import Any

import pytest
import yaml
from ansible_collections.contingency.infra.plugins.action import ups_info
from ansible_collections.contingency.infra.plugins.module_utils._ups import nut, source
from ansible_collections.contingency.infra.plugins.module_utils._ups.model import Reading, UpsError
from ansible_collections.contingency.infra.plugins.module_utils._ups.source import Source, read_all
from ansible_collections.contingency.infra.plugins.modules.ups_info import DOCUMENTATION, SOURCE_SPEC

from tests.unit.ups import daemons
from tests.unit.ups.daemons import ADDRESS, ONLINE, serving, upsd

NUT = {"name": "a", "kind": "nut", "host": "10.0.0.5", "ups": "ups-a"}
V2 = {"name": "b", "kind": "snmp", "host": "10.0.0.8", "community": "hidden-word"}
V3 = {"name": "c", "kind": "snmp", "host": "10.0.0.9", "version": "3", "user": "reader"}


def test_all_are_read_at_once_in_their_order() -> None:
    with serving(upsd(ONLINE)) as first, serving(upsd({**ONLINE, "ups.status": "OB LB"})) as second:
        sources = [
            {**NUT, "host": ADDRESS, "port": second, "name": "low"},
            *({**NUT, "host": ADDRESS, "port": first, "name": f"ups-{number}"} for number in range(20)),
        ]
        readings = read_all(sources, 5)
    assert [reading.name for reading in readings] == ["low", *(f"ups-{number}" for number in range(20))]
    assert [reading.status for reading in readings] == ["low_battery"] + ["online"] * 20


def test_dead_ones_cost_one_timeout_together_and_do_not_hide_the_living() -> None:
    with serving(daemons.silent) as dead, serving(upsd(ONLINE)) as living:
        sources = [{**NUT, "host": ADDRESS, "port": dead, "name": f"dead-{number}"} for number in range(10)]
        started = time.monotonic()
        readings = read_all([*sources, {**NUT, "host": ADDRESS, "port": living, "name": "living"}], 0.7)
        seconds = time.monotonic() - started
    assert [reading.status for reading in readings] == ["unknown"] * 10 + ["online"]
    assert seconds < 2


def test_previous_readings_are_compared_with() -> None:
    with serving(upsd({**ONLINE, "ups.status": "OB", "battery.runtime": "20000"})) as port:
        options = {**NUT, "host": ADDRESS, "port": port}
        before = read_all([options], 5)[0].as_dict()
        now = read_all([options], 5, [{**before, "runtime_seconds": 900.0, "read_at_epoch": time.time() - 30}])[0]
    assert before["runtime_seconds"] == 20000
    assert now.runtime_seconds is None


def test_what_a_library_makes_of_a_device_ends_as_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: Any) -> None:
        raise RuntimeError("hidden-word")

    monkeypatch.setattr(nut, "read", broken)
    reading = read_all([NUT], 5)[0]
    assert reading.status == "unknown"
    assert reading.why == "10.0.0.5:3493 could not be read (RuntimeError); please report this."


@pytest.mark.parametrize(
    ("sources", "told"),
    [
        ([], "There is no source"),
        ([NUT, NUT], "More than one source has the name a"),
        ([{**NUT, "name": ""}], "has no name"),
        ([{**NUT, "kind": "usb"}], "The kind of a cannot be 'usb'"),
        ([{**NUT, "host": " "}], "has no host"),
        ([{**NUT, "port": 0}], "The port of a cannot be 0"),
        ([{**NUT, "port": 65536}], "The port of a cannot be 65536"),
        ([{**NUT, "port": "nut"}], "The port of a cannot be nut"),
        ([{**NUT, "colour": "red"}], "has no option colour"),
        ([{**NUT, "ups": None}], "needs ups"),
        ([{**NUT, "ups": "a b"}], "without blanks"),
        ([{**NUT, "ups": "a\nFSD b"}], "without blanks"),
        ([{**NUT, "user": "x\nFSD ups-a"}], "control character"),
        ([{**NUT, "user": "x", "password": "y\n"}], "control character"),
        ([{**NUT, "password": "hidden-word"}], "has a password and no user"),
        ([{**NUT, "ca_file": "/nowhere"}], "has a ca_file and no tls"),
        ([{**NUT, "tls": True, "ca_file": "/nowhere"}], "/nowhere cannot be read as certificates"),
        ([{**NUT, "tls": True, "ca_file": __file__}], "cannot be read as certificates"),
        ([{**NUT, "community": "hidden-word"}], "has no community; leave that out"),
        ([{**V2, "tls": True}], "has no tls; leave that out"),
        ([{"name": "d", "kind": "apcupsd", "host": "10.0.0.7", "password": "hidden-word"}], "has no password"),
        ([{**V2, "community": None}], "needs a community"),
        ([{**V2, "mib": "xups"}], "cannot have the mib xups; use one of ietf, powernet"),
        ([{**V2, "version": "1"}], "cannot have the version 1"),
        ([{**V2, "user": "reader"}], "has user, which version 2c does not use"),
        ([{**V3, "user": None}], "needs a user"),
        ([{**V3, "community": "hidden-word"}], "needs a user and no community"),
        ([{**V3, "privacy_password": "hidden-word"}], "has a privacy_password and no auth_password"),
        ([{**V3, "auth_password": "hidden"}], "too short auth_password; SNMP wants at least 8"),
        ([{**V3, "auth_protocol": "crc"}], "cannot have the auth_protocol crc"),
    ],
)
def test_wrong_options_are_errors_before_anything_is_asked(
    sources: list[dict[str, Any]], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Source] = []
    monkeypatch.setattr(source, "_observed", lambda one, *_more: asked.append(one))
    with pytest.raises(UpsError) as error:
        read_all([*sources, {**NUT, "name": "fine"}] if sources else [], 5)
    assert told in error.value.message
    assert "hidden" not in error.value.message
    assert asked == []


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan")])
def test_a_timeout_has_to_be_one(timeout: float) -> None:
    with pytest.raises(UpsError, match="set one above 0"):
        read_all([NUT], timeout)


@pytest.mark.parametrize("previous", [[{}], [{"name": "a"}], [{"name": "a", "read_at_epoch": "today"}], ["a"]])
def test_previous_readings_have_to_be_some(previous: list[Any]) -> None:
    with pytest.raises(UpsError, match="has not the shape of a reading"):
        read_all([NUT], 5, previous)


@pytest.mark.parametrize(
    ("options", "where"),
    [
        (NUT, "nut://10.0.0.5:3493/ups-a"),
        ({**NUT, "host": "fd00::5", "port": "13493"}, "nut://[fd00::5]:13493/ups-a"),
        ({"name": "d", "kind": "apcupsd", "host": "10.0.0.7"}, "apcupsd://10.0.0.7:3551"),
        (V2, "snmp://10.0.0.8:161/ietf"),
        ({**V3, "mib": "powernet"}, "snmp://10.0.0.9:161/powernet"),
    ],
)
def test_a_reading_names_where_it_is_from(options: dict[str, Any], where: str) -> None:
    assert Source.from_dict(options).where == where


def test_a_source_shows_no_secret() -> None:
    options = {**V3, "auth_password": "hidden-word", "privacy_password": "hidden-word"}
    shown = [repr(Source.from_dict(each)) for each in (options, V2, {**NUT, "user": "x", "password": "hidden-word"})]
    assert "hidden-word" not in str(shown)


def a_reading(name: str, status: str, **more: Any) -> Reading:
    return Reading(name, "nut://x", status, None if status != "unknown" else "Why.", 0.0, **more)


def test_result_names_what_is_not_on_line() -> None:
    statuses = {"a": "online", "b": "on_battery", "c": "low_battery", "d": "unknown"}
    result = ups_info.summary([a_reading(name, status) for name, status in statuses.items()], set())
    assert (result["changed"], result["on_battery"], result["unknown"]) == (False, ["b", "c"], ["d"])
    assert [reading["name"] for reading in result["readings"]] == list(statuses)


def test_a_secret_that_comes_back_is_hidden_and_cuts_no_status() -> None:
    reading = a_reading("a", "online", raw={"ups.id": "the word is online"})
    result = ups_info.summary([reading], {"online"})
    assert result["readings"][0]["status"] == "online"
    assert "online" not in result["readings"][0]["raw"]["ups.id"]


def test_secrets_are_those_that_ansible_hides_too() -> None:
    assert {name for name, spec in SOURCE_SPEC.items() if spec.get("no_log")} == set(source.SECRETS)
    assert ups_info.secrets([{**V2, "password": "another"}]) == {"hidden-word", "another"}


def test_module_and_area_know_the_same_options() -> None:
    assert set(SOURCE_SPEC) == set(Source.__dataclass_fields__)
    documented = yaml.safe_load(DOCUMENTATION)["options"]["sources"]["suboptions"]
    assert {name: each.get("choices") for name, each in documented.items()} == {
        name: spec.get("choices") for name, spec in SOURCE_SPEC.items()
    }
