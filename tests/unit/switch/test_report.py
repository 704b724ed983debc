# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary that the person on duty reads."""

from __future__ import annotations

import re
from string import Formatter
from types import MappingProxyType
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.report import Reporter, Summary
from ansible_collections.contingency.infra.plugins.module_utils._switch.words import WORDS
from hypothesis import given
from hypothesis import strategies as st

LANGUAGES = sorted(WORDS)
PUNCTUATION = {"between"}
BARE = {"moved"}
"""Texts that are names and signs only, the same in every language."""


def ports(active: str, link: bool = True) -> dict[str, Any]:
    return {
        name: {"name": name, "enabled": name == active, "link": link and name == active, "detail": ""}
        for name in ("swp49", "swp50")
    }


def check(name: str, subject: str, seen: str) -> dict[str, Any]:
    return {"check": name, "subject": subject, "expected": seen, "seen": seen, "passed": True}


BACKUP = MappingProxyType(
    {
        "failed": False,
        "had": True,
        "files": [{"path": "/backup/switches/core-a/running-20261121T214500Z.txt"}],
    }
)
GONE: dict[str, Any] = {
    "failed": False,
    "had": False,
    "reason": "unreachable",
    "msg": "core-a: no answer from 10.77.0.11 port 22 within 0.5 s; check its power",
}
LOCKED_OUT = {**GONE, "reason": "login_failed", "msg": "core-a: refused user 'ops' with the password"}
MOVED = {
    "changed": True,
    "before": ports("swp49", link=False),
    "after": ports("swp50"),
    "commands": ["interface swp50", "no shutdown"],
    "verified": [
        check("link", "swp50", "up"),
        check("standby_shut", "swp49", "shut"),
        check("neighbor", "swp50", "core-b"),
        check("reachable", "10.9.0.31", "answers"),
        check("mac_learned", "swp50", "4"),
    ],
    "unproven": [],
    "saved": True,
    "seconds": {"total": 1.234},
}
ALREADY = {**MOVED, "changed": False, "before": ports("swp50"), "commands": []}
BROKEN = {
    "failed": True,
    "reason": "check_failed",
    "msg": "access-lab: swp50: check link expected up, saw down; put back and proven",
    "changed": False,
}
UNSAVED = {
    "failed": True,
    "reason": "save_failed",
    "msg": "access-lab: moved and working, but NOT SAVED, do not restart it: no space left",
    "changed": True,
}
SERVER: dict[str, Any] = {
    "changed": True,
    "before": {"name": "bond0", "active": "eth0"},
    "after": {"name": "bond0", "active": "eth1"},
    "commands": ["ip link set dev bond0 type bond active_slave eth1"],
    "verified": [
        {"check": "active eth1", "expected": "active", "seen": "active", "passed": True},
        {"check": "carrier eth1", "expected": "up", "seen": "up", "passed": True},
        {"check": "reachable 10.9.0.41", "expected": "answers", "seen": "answers", "passed": True},
    ],
    "seconds": 0.5,
}
AWAY = {"unreachable": True, "msg": "Failed to connect to the host via ssh: no route to host"}


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
    return next(str(each.text) for each in of.lines if each.host == host)


def state(of: Summary, host: str) -> str:
    return next(str(each.state) for each in of.lines if each.host == host)


def fields(text: str) -> list[str]:
    return sorted({name for _literal, name, _format, _conversion in Formatter().parse(text) if name})


class TestWords:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_text_exists_in_every_language(self, language: str) -> None:
        assert sorted(WORDS[language]) == sorted(WORDS["en"])

    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize("key", sorted(WORDS["en"]))
    def test_every_language_has_the_same_placeholders(self, key: str, language: str) -> None:
        assert fields(WORDS[language][key]) == fields(WORDS["en"][key])

    @pytest.mark.parametrize("key", sorted(set(WORDS["zh"]) - PUNCTUATION - BARE))
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
                "access-er": UNSAVED,
                "access-pharmacy": None,
                "access-x": ALREADY,
            },
            servers={"server-his": SERVER, "server-pacs": AWAY, "server-x": None},
            mode=mode,
            direction=direction,
            language=language,
        )
        assert all(each.text for each in said.lines)
        assert all(each.host in said.markdown for each in said.lines)
        assert "{" not in "".join(said.shown)


@pytest.mark.parametrize("language", LANGUAGES)
class TestStates:
    def test_a_failed_host_is_named_at_its_line_and_at_the_end(self, language: str) -> None:
        said = summary(access={"access-ward": MOVED, "access-lab": BROKEN}, language=language)
        assert said.failed == ["access-lab"]
        assert state(said, "access-lab") == "failed"
        assert "saw down" in line(said, "access-lab")
        assert any("access-lab" in text for text in said.closing)
        assert not any("access-ward" in text for text in said.closing)

    def test_a_host_that_was_not_reached_is_no_success(self, language: str) -> None:
        assert summary(access={"access-ward": None}, language=language).failed == ["access-ward"]
        assert summary(servers={"server-his": None}, language=language).failed == ["server-his"]
        assert summary(target=None, language=language).failed == ["core-b"]

    def test_a_host_that_was_not_tried_is_not_called_failed(self, language: str) -> None:
        said = summary(access={"access-ward": None}, language=language)
        assert state(said, "access-ward") == "not_tried"
        assert line(said, "access-ward") == WORDS[language]["not_tried"]
        assert WORDS[language]["failed"].partition("{")[0] not in line(said, "access-ward")
        assert said.closing[1] == WORDS[language]["result_failed"].format(target="core-b", names="access-ward")

    def test_one_that_is_not_saved_counts_as_moved_and_is_named_apart(self, language: str) -> None:
        said = summary(access={"access-ward": MOVED, "access-lab": UNSAVED, "access-er": BROKEN}, language=language)
        words = WORDS[language]
        assert state(said, "access-lab") == "unsaved"
        assert said.closing == [
            words["result"].format(done=2, all=3, target="core-b"),
            words["result_unsaved"].format(target="core-b", names="access-lab"),
            words["result_failed"].format(target="core-b", names="access-er"),
            words["next_failed"],
        ]

    def test_one_that_is_not_saved_still_ends_the_run_with_an_error(self, language: str) -> None:
        said = summary(access={"access-lab": UNSAVED}, language=language)
        assert said.failed == ["access-lab"]
        assert said.closing[-1] == WORDS[language]["next_failed"]

    def test_a_server_that_cannot_be_reached_is_failed_and_says_where_to_look(self, language: str) -> None:
        said = summary(servers={"server-pacs": AWAY}, language=language)
        assert state(said, "server-pacs") == "failed"
        assert line(said, "server-pacs") == WORDS[language]["unreachable"].format(why=AWAY["msg"])

    def test_a_failed_host_is_a_failure_in_the_plan_too(self, language: str) -> None:
        plan = summary(access={"access-lab": BROKEN}, mode="plan", language=language)
        assert plan.failed == ["access-lab"]
        assert plan.closing[0] == WORDS[language]["plan_failed"].format(names="access-lab")


@pytest.mark.parametrize("language", LANGUAGES)
class TestCoreThatIsLeft:
    def test_where_it_is_dead_that_is_as_expected_and_no_failure(self, language: str) -> None:
        said = summary(left=GONE, language=language)
        assert said.failed == []
        assert line(said, "core-a") == WORDS[language]["left_dead"].format(why=GONE["msg"].removeprefix("core-a: "))

    def test_where_it_answers_and_refuses_it_is_not_called_dead(self, language: str) -> None:
        said = summary(left=LOCKED_OUT, language=language)
        assert line(said, "core-a") == WORDS[language]["left_missing"].format(
            why="refused user 'ops' with the password"
        )

    def test_on_the_way_back_the_standby_is_not_expected_to_be_dead(self, language: str) -> None:
        said = summary(left=GONE, direction="failback", language=language)
        assert line(said, "core-a").startswith(WORDS[language]["left_missing"].partition("{")[0])

    def test_an_unreachable_target_is_a_failure(self, language: str) -> None:
        gone = {"failed": False, "had": False, "reason": "unreachable", "msg": "core-b: no answer"}
        assert summary(target=gone, language=language).failed == ["core-b"]


@pytest.mark.parametrize("language", LANGUAGES)
class TestRun:
    def test_a_moved_switch_shows_before_after_proofs_saved_and_seconds(self, language: str) -> None:
        words = WORDS[language]
        assert line(summary(language=language), "access-ward") == words["between"].join(
            [
                "swp49 (no link) -> swp50",
                ", ".join(
                    [
                        words["proof_link"].format(seen="up"),
                        words["proof_neighbor"].format(seen="core-b"),
                        words["proof_reachable"].format(subject="10.9.0.31"),
                        words["proof_mac_learned"].format(seen="4"),
                    ]
                ),
                words["saved"],
                words["seconds"].format(seconds="1.23"),
            ]
        )

    def test_a_server_shows_the_member_of_the_bond_and_what_answers(self, language: str) -> None:
        words = WORDS[language]
        text = line(summary(servers={"server-his": SERVER}, language=language), "server-his")
        assert text.startswith("eth0 -> eth1")
        assert words["proof_reachable"].format(subject="10.9.0.41") in text
        assert words["saved"] not in text

    def test_one_that_was_there_already_is_not_said_to_have_moved(self, language: str) -> None:
        text = line(summary(access={"access-ward": ALREADY}, language=language), "access-ward")
        assert text.startswith(WORDS[language]["unchanged"].format(after="swp50"))
        assert "->" not in text

    def test_what_was_not_saved_and_not_provable_is_said(self, language: str) -> None:
        words = WORDS[language]
        result = {**MOVED, "saved": False, "unproven": ["mac_learned", "spanning_tree"]}
        text = line(summary(access={"access-ward": result}, language=language), "access-ward")
        assert words["not_saved"] in text
        assert words["saved"] not in text.replace(words["not_saved"], "")
        assert words["unproven"].format(names=f"{words['mac_learned']}, spanning_tree") in text

    def test_the_end_counts_and_says_what_is_next(self, language: str) -> None:
        assert summary(servers={"server-his": SERVER}, language=language).closing == [
            WORDS[language]["result"].format(done=2, all=2, target="core-b"),
            WORDS[language]["next_failover"].format(left="core-a"),
        ]

    def test_the_end_of_the_way_back_asks_the_departments(self, language: str) -> None:
        assert summary(direction="failback", language=language).closing[-1] == WORDS[language]["next_failback"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mode", ["plan", "check"])
class TestWithoutChange:
    def test_nothing_is_claimed_that_was_not_done(self, mode: str, language: str) -> None:
        said = summary(
            access={"access-ward": MOVED, "access-lab": ALREADY},
            servers={"server-his": SERVER, "server-pacs": {**SERVER, "commands": []}},
            mode=mode,
            language=language,
        )
        words = WORDS[language]
        assert {each.host: each.text for each in said.lines} == {
            "core-a": words["left_saved_planned"],
            "core-b": words["target_ready_planned"],
            "access-ward": words["planned"].format(commands="interface swp50; no shutdown"),
            "access-lab": words["planned_nothing"],
            "server-his": words["planned"].format(commands=SERVER["commands"][0]),
            "server-pacs": words["planned_nothing"],
        }
        assert said.closing == [words[mode].format(confirm="core-a")]

    @pytest.mark.parametrize("left", [BACKUP, GONE, LOCKED_OUT])
    def test_no_backup_is_named(self, mode: str, language: str, left: Any) -> None:
        assert "/backup" not in "".join(summary(left=left, mode=mode, language=language).shown)

    def test_the_plan_says_how_to_confirm_and_check_mode_does_not(self, mode: str, language: str) -> None:
        confirms = any("contingency_confirm=core-a" in text for text in summary(mode=mode, language=language).closing)
        assert confirms == (mode == "plan")


def test_a_line_does_not_repeat_its_host() -> None:
    said = summary(access={"access-lab": BROKEN})
    assert line(said, "access-lab").count("access-lab") == 0


def test_the_record_has_what_each_host_returned_and_whether_it_is_done() -> None:
    hosts = {
        host["host"]: host for host in summary(access={"access-ward": MOVED, "access-lab": UNSAVED}).record["hosts"]
    }
    assert (hosts["access-ward"]["result"], hosts["access-ward"]["state"], hosts["access-ward"]["ok"]) == (
        MOVED,
        "done",
        True,
    )
    assert (hosts["access-lab"]["result"], hosts["access-lab"]["state"], hosts["access-lab"]["ok"]) == (
        UNSAVED,
        "unsaved",
        False,
    )


KINDS = {"moved": MOVED, "already": ALREADY, "failed": BROKEN, "unsaved": UNSAVED, "not tried": None}


@given(st.dictionaries(st.from_regex(r"\Aaccess-[a-z]{1,8}\Z"), st.sampled_from(sorted(KINDS)), max_size=6))
def test_exactly_those_that_are_not_done_are_named_each_once(kinds: dict[str, str]) -> None:
    said = summary(access={name: KINDS[kind] for name, kind in kinds.items()})
    there = sum(kind in ("moved", "already", "unsaved") for kind in kinds.values())
    assert said.failed == [name for name, kind in kinds.items() if kind not in ("moved", "already")]
    assert said.closing[0] == f"{there} of {len(kinds)} access switches and servers are on core-b"
    named = [text.partition(": ")[2].split(", ") for text in said.closing[1:-1]]
    wanted = [[name for name, kind in kinds.items() if kind == each] for each in ("unsaved", "failed", "not tried")]
    assert named == [names for names in wanted if names]
