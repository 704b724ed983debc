# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary of a standby procedure: every end can be said, in both languages, and nothing is claimed that was not."""

from __future__ import annotations

import string
from types import MappingProxyType
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._standby.report import Reporter, Summary
from ansible_collections.contingency.infra.plugins.module_utils._standby.words import WORDS

LANGUAGES = sorted(WORDS)
PROOF = {"method": "bmc", "what": "his-db-1 switched off", "at_epoch": 1795310911.0, "confirmed": True}
TOOK: Any = MappingProxyType(
    {
        "changed": True,
        "addresses": ["10.9.0.100/24"],
        "fence": PROOF,
        "data_loss_seconds": 0.4,
        "steps": ["pg_promote()"],
        "seconds": {"total": 0.8},
    }
)
REFUSED = {"failed": True, "msg": "his-db-2: the disk is full; make room", "seconds": {}}
HEALTHY: Any = MappingProxyType({"changed": False, "services": [{"name": "his-app"}]})


def said(
    takeover: Any = TOOK,
    services: Any = HEALTHY,
    procedure: str = "failover",
    mode: str = "run",
    language: str = "en",
    released: Any = None,
    reclaimed: Any = None,
) -> Summary:
    reporter = Reporter("his-db-1", "his-db-2", procedure, mode, language)
    return reporter.summary(takeover, {"his-app-1": services}, released, reclaimed)


def test_every_language_has_every_word_with_the_same_places() -> None:
    for language in LANGUAGES:
        assert sorted(WORDS[language]) == sorted(WORDS["en"])
        for key, text in WORDS[language].items():
            fields = {name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name}
            wanted = {name for _text, name, _spec, _conversion in string.Formatter().parse(WORDS["en"][key]) if name}
            assert fields == wanted, f"{language} {key}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mode", ["run", "plan", "check"])
@pytest.mark.parametrize("procedure", ["failover", "switchover"])
@pytest.mark.parametrize(
    "takeover", [TOOK, {**TOOK, "changed": False}, REFUSED, None, {**REFUSED, "unreachable": True}]
)
@pytest.mark.parametrize("services", [HEALTHY, REFUSED, None])
def test_every_end_can_be_said(language: str, mode: str, procedure: str, takeover: Any, services: Any) -> None:
    released = {"changed": True, "steps": [], "proof": PROOF, "seconds": {"total": 0.3}}
    summary = said(takeover, services, procedure, mode, language, released)
    assert summary.shown
    assert summary.markdown
    assert summary.record["hosts"]


def test_a_failover_says_how_it_was_fenced_what_may_be_lost_and_what_comes_next() -> None:
    text = "\n".join(said().shown)
    for part in (
        "fenced by bmc",
        "his-db-1 switched off",
        "at most 0.4 s may be lost",
        "has 10.9.0.100/24",
        "standby_rejoin",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"data_loss_seconds": None}, "CANNOT BE TOLD"),
        ({"no_loss": True}, "no confirmed write is lost"),
        ({"synchronous": True}, "as replication is synchronous"),
    ],
)
def test_what_is_known_of_lost_writes_is_said_as_it_is(change: dict[str, Any], part: str) -> None:
    assert part in "\n".join(said({**TOOK, **change}).shown)


def test_a_refusal_is_said_once_and_ends_the_run_with_an_error() -> None:
    summary = said(REFUSED, None)
    assert summary.failed == ["his-db-1", "his-db-2", "his-app-1"]
    assert "his-db-2   FAILED: the disk is full; make room" in summary.shown


def test_a_primary_that_was_taken_back_is_a_failure_that_says_that_it_serves() -> None:
    released = {"changed": True, "steps": [], "proof": PROOF, "seconds": {"total": 0.3}}
    summary = said(REFUSED, None, "switchover", released=released, reclaimed={"seconds": {"total": 1.5}, "steps": []})
    assert "was started again in 1.5 s" in "\n".join(summary.shown)
    assert "his-db-1" in summary.failed


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mode", ["run", "plan", "check"])
@pytest.mark.parametrize("result", [None, REFUSED, {"changed": True, "steps": ["pg_rewind"], "proven": []}])
def test_every_end_of_a_rejoin_can_be_said(language: str, mode: str, result: Any) -> None:
    assert Reporter("his-db-1", "his-db-2", "rejoin", mode, language).rejoined(result).shown
