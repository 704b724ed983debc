# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hinders the procedure, and the summary that the person on duty reads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.failover import (
    WORDS,
    Reporter,
    Summary,
    argument_limitations,
    target_limitations,
)
from hypothesis import given
from hypothesis import strategies as st

GROUPS = {"core_switches": ["core-a", "core-b"], "access_switches": ["access-ward"]}
UPLINKS = {"access-ward": {"core_switch_uplinks": {"core-a": "swp49", "core-b": "swp50"}}}
LANGUAGES = sorted(WORDS)


def port(name: str, enabled: bool, link: bool) -> dict[str, Any]:
    return {"name": name, "enabled": enabled, "link": link, "detail": ""}


def ports(active: str) -> dict[str, Any]:
    return {name: port(name, name == active, name == active) for name in ("swp49", "swp50")}


BACKUP = {"failed": False, "had": True, "files": [{"path": "/backup/switches/core-a/running-20261121T214500Z.txt"}]}
GONE = {"failed": False, "had": False, "msg": "core-a: no answer from 10.77.0.11 port 22 within 0.5 s; check power"}
MOVED = {
    "changed": True,
    "before": ports("swp49"),
    "after": ports("swp50"),
    "commands": ["interface swp50", "no shutdown"],
    "verified": [
        {"check": "link", "seen": "up"},
        {"check": "standby_shut", "seen": "shut"},
        {"check": "neighbor", "seen": "core-b"},
    ],
    "unproven": [],
    "saved": True,
    "seconds": {"total": 1.234},
}
BROKEN = {
    "failed": True,
    "msg": "access-lab: swp50: check link expected up, saw down; put back and proven",
    "changed": False,
}
SERVER = {
    "changed": True,
    "after": {"name": "bond0", "active": "eth1"},
    "commands": [],
    "verified": [{"check": "carrier", "seen": "up"}],
    "seconds": 0.5,
}


def summary(
    left: Any = BACKUP,
    target: Any = BACKUP,
    access: dict[str, Any] | None = None,
    servers: dict[str, Any] | None = None,
    mode: str = "run",
    direction: str = "failover",
    language: str = "en",
) -> Summary:
    reporter = Reporter("core-a", "core-b", direction, mode, language)
    moved = {"access-ward": MOVED} if access is None else access
    return reporter.summary(left, target, moved, servers or {}, "core-a")


def line(of: Summary, host: str) -> str:
    return next(each.text for each in of.lines if each.host == host)


def reasons(
    failed: str = "core-a",
    standby: str = "core-b",
    groups: Mapping[str, Sequence[str]] = GROUPS,
    hostvars: Mapping[str, Mapping[str, Any]] = UPLINKS,
) -> list[str]:
    return argument_limitations(failed, standby, groups, hostvars, "core_switches", "access_switches")


class TestArguments:
    def test_two_cores_and_an_access_switch_are_enough(self) -> None:
        assert reasons() == []

    def test_without_a_name_it_says_which_there_are(self) -> None:
        assert reasons("", "") == ["say which core switch failed: -e failed=NAME (core switches: core-a, core-b)"]

    @pytest.mark.parametrize(
        ("failed", "standby", "words"),
        [
            ("core-x", "core-b", "failed=core-x is no core switch"),
            ("core-a", "access-ward", "standby=access-ward is no core switch"),
            ("core-a", "core-a", "both core-a"),
        ],
    )
    def test_a_name_that_cannot_be_meant_is_named(self, failed: str, standby: str, words: str) -> None:
        assert words in "; ".join(reasons(failed, standby))

    def test_an_inventory_without_access_switches_is_refused(self) -> None:
        assert "access_switches is empty" in "; ".join(reasons(groups={**GROUPS, "access_switches": []}))

    def test_an_inventory_without_cores_is_refused(self) -> None:
        assert "the group core_switches is empty" in "; ".join(reasons("", "", groups={}))

    @pytest.mark.parametrize(
        "variables", [{}, {"core_switch_uplinks": None}, {"core_switch_uplinks": {"core-a": "swp49"}}]
    )
    def test_an_access_switch_without_an_uplink_to_the_standby_is_named(self, variables: dict[str, Any]) -> None:
        found = reasons(hostvars={"access-ward": variables})
        assert "access-ward has no uplink to core-b in core_switch_uplinks" in found


class TestTarget:
    GATHERED = {
        "ports": [port("swp11", True, False), port("swp12", False, False)],
        "neighbors": [{"port": "swp21", "name": "Server-HIS.hospital.example"}],
        "addresses": {"10.9.0.1": "br0"},
    }

    def reasons(self, **wanted: list[str]) -> str:
        empty: dict[str, list[str]] = {"downlinks": [], "neighbors": [], "addresses": []}
        return "; ".join(target_limitations(self.GATHERED, **{**empty, **wanted}))

    def test_what_is_there_is_enough(self) -> None:
        assert self.reasons(downlinks=["swp11"], neighbors=["server-his"], addresses=["10.9.0.1"]) == ""

    def test_a_shut_downlink_is_named(self) -> None:
        assert "port swp12 to an access switch is shut" in self.reasons(downlinks=["swp11", "swp12"])

    def test_a_missing_downlink_is_named(self) -> None:
        assert "has no port swp99" in self.reasons(downlinks=["swp99"])

    def test_a_missing_neighbor_is_named(self) -> None:
        assert "does not see server-pacs" in self.reasons(neighbors=["server-his", "server-pacs"])

    def test_a_missing_gateway_address_is_named(self) -> None:
        assert "does not have 10.9.0.254" in self.reasons(addresses=["10.9.0.254"])

    def test_a_core_that_cannot_tell_its_neighbors_is_refused_only_where_they_are_asked_for(self) -> None:
        blind = {**self.GATHERED, "neighbors": None}
        assert target_limitations(blind, [], [], []) == []
        reasons = target_limitations(blind, [], ["server-his"], [])
        assert len(reasons) == 1
        assert "cannot tell its neighbors" in reasons[0]

    def test_every_reason_is_given_at_once(self) -> None:
        assert len(self.reasons(downlinks=["swp12"], neighbors=["x"], addresses=["192.0.2.1"]).split("; ")) >= 3


class TestWords:
    def test_every_text_exists_in_every_language(self) -> None:
        assert {language: sorted(words) for language, words in WORDS.items()} == dict.fromkeys(
            WORDS, sorted(WORDS["en"])
        )

    @pytest.mark.parametrize("key", sorted(WORDS["en"]))
    def test_every_language_says_the_same_values(self, key: str) -> None:
        fields = {
            language: sorted({field for _, field, _, _ in Formatter().parse(words[key]) if field})
            for language, words in WORDS.items()
        }
        assert len(set(map(tuple, fields.values()))) == 1, fields

    @pytest.mark.parametrize("key", sorted(WORDS["zh"]))
    def test_the_chinese_text_is_chinese(self, key: str) -> None:
        assert re.search("[\u4e00-\u9fff]", WORDS["zh"][key])

    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize("direction", ["failover", "failback"])
    @pytest.mark.parametrize("mode", ["run", "plan", "check"])
    def test_every_kind_of_result_can_be_said(self, language: str, direction: str, mode: str) -> None:
        said = summary(
            left=GONE,
            target=None,
            access={
                "access-ward": MOVED,
                "access-lab": BROKEN,
                "access-pharmacy": None,
                "access-x": {**MOVED, "changed": False},
            },
            servers={"server-his": SERVER, "server-pacs": {"unreachable": True, "msg": "no route"}, "server-x": None},
            mode=mode,
            direction=direction,
            language=language,
        )
        assert all(each.text for each in said.lines)
        assert all(each.host in said.markdown for each in said.lines)
        assert "{" not in "".join(said.shown)


@pytest.mark.parametrize("language", LANGUAGES)
class TestSummary:
    def test_a_failed_host_is_named_at_its_line_and_at_the_end(self, language: str) -> None:
        said = summary(access={"access-ward": MOVED, "access-lab": BROKEN}, language=language)
        assert said.failed == ["access-lab"]
        assert "saw down" in line(said, "access-lab")
        assert any("access-lab" in text for text in said.closing)
        assert not any("access-ward" in text for text in said.closing)

    def test_a_host_that_was_not_reached_is_no_success(self, language: str) -> None:
        assert summary(access={"access-ward": None}, language=language).failed == ["access-ward"]
        assert summary(servers={"server-his": None}, language=language).failed == ["server-his"]
        assert summary(target=None, language=language).failed == ["core-b"]

    def test_an_unreachable_failed_core_is_recorded_and_no_failure(self, language: str) -> None:
        said = summary(left=GONE, language=language)
        assert said.failed == []
        assert "no answer from 10.77.0.11" in line(said, "core-a")

    def test_an_unreachable_target_is_a_failure(self, language: str) -> None:
        assert summary(target={"failed": True, "had": False, "msg": "core-b: no answer"}, language=language).failed == [
            "core-b"
        ]

    def test_a_moved_switch_shows_before_after_proofs_saved_and_seconds(self, language: str) -> None:
        text = line(summary(language=language), "access-ward")
        for part in ("swp49 -> swp50", "link up", "neighbor core-b", WORDS[language]["saved"], "1.23"):
            assert part in text

    def test_what_was_not_saved_and_not_provable_is_said(self, language: str) -> None:
        result = {**MOVED, "saved": False, "unproven": ["mac_learned"]}
        text = line(summary(access={"access-ward": result}, language=language), "access-ward")
        assert WORDS[language]["not_saved"] in text
        assert "mac_learned" in text

    def test_the_plan_shows_the_commands_and_how_to_confirm(self, language: str) -> None:
        said = summary(mode="plan", language=language)
        assert "interface swp50; no shutdown" in line(said, "access-ward")
        assert any("contingency_confirm=core-a" in text for text in said.closing)

    def test_a_failed_host_is_a_failure_in_the_plan_too(self, language: str) -> None:
        assert summary(access={"access-lab": BROKEN}, mode="plan", language=language).failed == ["access-lab"]

    def test_the_end_counts_and_says_what_is_next(self, language: str) -> None:
        closing = " ".join(summary(servers={"server-his": SERVER}, language=language).closing)
        assert "2" in closing
        assert "core_switch_failback -e failed=core-a" in closing


def test_a_line_does_not_repeat_its_host() -> None:
    said = summary(access={"access-lab": BROKEN})
    assert line(said, "access-lab").count("access-lab") == 0


def test_the_record_has_what_each_host_returned() -> None:
    record = summary().record
    assert next(host["result"] for host in record["hosts"] if host["host"] == "access-ward") == MOVED


@given(st.dictionaries(st.from_regex(r"\Aaccess-[a-z]{1,8}\Z"), st.sampled_from([MOVED, BROKEN, None]), max_size=6))
def test_exactly_the_failed_ones_are_named(access: dict[str, Any]) -> None:
    said = summary(access=access)
    failed = [name for name, result in access.items() if result is not MOVED]
    assert said.failed == failed
    named = next((text for text in said.closing if text.startswith("NOT on")), "NOT on core-b: ")
    assert named == f"NOT on core-b: {', '.join(failed)}"
    assert said.closing[0].startswith(f"{len(access) - len(failed)} of {len(access)} ")
