# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hinders the procedure, as reasons that say what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.failover import (
    argument_limitations,
    target_limitations,
)
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.base import Platform
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import PLATFORMS

GROUPS = {"core_switches": ["core-a", "core-b"], "access_switches": ["access-ward"]}
UPLINKS = {"access-ward": {"core_switch_uplinks": {"core-a": "swp49", "core-b": "swp50"}}}


def port(name: str, enabled: bool, link: bool) -> dict[str, Any]:
    return {"name": name, "enabled": enabled, "link": link, "detail": ""}


def reasons(
    failed: str = "core-a",
    standby: str = "core-b",
    groups: Mapping[str, Sequence[str]] | None = None,
    hostvars: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[str]:
    groups = GROUPS if groups is None else groups
    hostvars = UPLINKS if hostvars is None else hostvars
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
    BACKUP: dict[str, Any] = {
        "had": True,
        "platform": "linux_frr",
        "gathered": {
            "ports": [port("swp11", True, False), port("swp12", False, False)],
            "neighbors": [{"port": "swp21", "name": "Server-HIS.hospital.example"}],
            "addresses": {"10.9.0.1": "br0"},
        },
    }

    def reasons(self, **wanted: list[str]) -> str:
        empty: dict[str, list[str]] = {"downlinks": [], "neighbors": [], "addresses": []}
        return "; ".join(target_limitations(self.BACKUP, **{**empty, **wanted}))

    def test_what_is_there_is_enough(self) -> None:
        assert self.reasons(downlinks=["swp11"], neighbors=["server-his"], addresses=["10.9.0.1"]) == ""

    def test_a_core_that_cannot_be_reached_takes_over_nothing_and_says_why(self) -> None:
        message = "core-b: no answer from 10.77.0.12 port 22 within 10 s; check its power"
        gone = {"failed": False, "had": False, "reason": "unreachable", "msg": message}
        assert target_limitations(gone, ["swp11"], ["server-his"], ["10.9.0.1"]) == [
            f"it must be reached first, {message}"
        ]
        assert target_limitations(gone, [], [], []) != []

    def test_a_shut_downlink_is_named(self) -> None:
        assert "port swp12 to an access switch is shut" in self.reasons(downlinks=["swp11", "swp12"])

    def test_a_missing_downlink_is_named(self) -> None:
        assert "has no port swp99" in self.reasons(downlinks=["swp99"])

    def test_a_missing_neighbor_is_named(self) -> None:
        assert "does not see server-pacs" in self.reasons(neighbors=["server-his", "server-pacs"])

    def test_a_missing_gateway_address_is_named(self) -> None:
        assert "does not have 10.9.0.254" in self.reasons(addresses=["10.9.0.254"])

    def test_a_core_that_cannot_tell_its_neighbors_is_refused_only_where_they_are_asked_for(self) -> None:
        blind = {**self.BACKUP, "gathered": {**self.BACKUP["gathered"], "neighbors": None}}
        assert target_limitations(blind, [], [], []) == []
        reasons = target_limitations(blind, [], ["server-his"], [])
        assert len(reasons) == 1
        assert "cannot tell its neighbors" in reasons[0]

    def test_every_reason_is_given_at_once(self) -> None:
        assert len(self.reasons(downlinks=["swp12"], neighbors=["x"], addresses=["192.0.2.1"]).split("; ")) >= 3


def spellings() -> list[tuple[str, str, str]]:
    """Every short form that a platform knows, in its own and in lower case, with the long form."""
    return [
        (platform.name, f"{short}1/0/7", f"{long}1/0/7")
        for platform in PLATFORMS.values()
        for key, long in platform.abbreviations.items()
        for short in (key, key.capitalize(), f"{key} ")
    ]


class TestSpellingOfDownlinks:
    """The inventory may name a port in any way that its switch understands."""

    @staticmethod
    def of(platform: str, listed: str, wanted: str, enabled: bool = True) -> list[str]:
        gathered: dict[str, Any] = {"ports": [port(listed, enabled, enabled)], "neighbors": None, "addresses": {}}
        return target_limitations({"had": True, "platform": platform, "gathered": gathered}, [wanted], [], [])

    @pytest.mark.parametrize(("platform", "short", "long"), spellings())
    def test_short_and_long_names_are_one_port(self, platform: str, short: str, long: str) -> None:
        assert self.of(platform, long, short) == []
        assert self.of(platform, short, long) == []
        assert "is shut" in self.of(platform, long, short, enabled=False)[0]

    @pytest.mark.parametrize("platform", PLATFORMS.values(), ids=list(PLATFORMS))
    def test_another_number_is_another_port(self, platform: Platform) -> None:
        kind = next(iter(platform.abbreviations.values()), "swp")
        assert self.of(platform.name, f"{kind}1/0/7", f"{kind}1/0/17") == [
            f"has no port {kind}1/0/17; check core_switch_downlinks"
        ]

    def test_a_unit_of_junos_is_its_port(self) -> None:
        assert self.of("juniper_junos", "xe-0/0/1", "xe-0/0/1.0") == []
