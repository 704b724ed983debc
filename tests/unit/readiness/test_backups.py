# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup set in the readiness check: proven lately, fresh, and in two places."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._readiness.backups import judge_set
from ansible_collections.contingency.infra.plugins.module_utils._readiness.model import (
    CRITICAL,
    OK,
    UNKNOWN,
    WARNING,
    sorted_findings,
)
from ansible_collections.contingency.infra.plugins.module_utils._readiness.report import Report

NOW = 1_795_000_000.0
HOUR, DAY = 3600.0, 86400.0
FIRST: dict[str, Any] = {
    "path": "/a",
    "host": None,
    "there": True,
    "place": "disk 1",
    "current_at_epoch": NOW - 20 * HOUR,
    "repository": False,
    "trouble": None,
}
SECOND: dict[str, Any] = {**FIRST, "path": "/b", "host": "offsite-1", "place": "building C"}
AWAY: dict[str, Any] = {
    **SECOND,
    "there": None,
    "current_at_epoch": None,
    "trouble": "offsite-1 cannot be reached over ssh (No route to host); see that ssh offsite-1 works here",
}
REPOSITORY: dict[str, Any] = {**AWAY, "path": "sftp:b@offsite-2:/r", "host": None, "repository": True, "trouble": None}
LOOK: dict[str, Any] = {
    "looked_at_epoch": NOW,
    "copies": [FIRST, SECOND],
    "max_age": 26 * HOUR,
    "last_success_epoch": NOW - 20 * DAY,
    "last_verdict": "passed",
    "history_trouble": None,
}


def severities(**changes: Any) -> dict[str, str]:
    """Return the worst of each check."""
    found = sorted_findings(judge_set("his", {"look": {**LOOK, **changes}}, 35))
    return {each.check: each.severity for each in reversed(found)}


def problems(**changes: Any) -> dict[str, str]:
    return {check: severity for check, severity in severities(**changes).items() if severity != OK}


def test_a_set_that_is_as_it_should_be() -> None:
    assert severities() == {"restore_test": OK, "backup_age": OK, "copies": OK}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"last_success_epoch": None, "last_verdict": None}, {"restore_test": CRITICAL}),
        ({"last_success_epoch": None, "last_verdict": "not_run"}, {"restore_test": CRITICAL}),
        ({"last_success_epoch": NOW - 36 * DAY}, {"restore_test": CRITICAL}),
        ({"last_verdict": "failed"}, {"restore_test": CRITICAL}),
        ({"last_verdict": "degraded"}, {"restore_test": WARNING}),
        ({"last_verdict": "not_run"}, {"restore_test": WARNING}),
        ({"last_verdict": "splendid"}, {"restore_test": UNKNOWN}),
        ({"history_trouble": "cannot be read"}, {"restore_test": UNKNOWN}),
        ({"last_success_epoch": NOW + HOUR}, {"restore_test": UNKNOWN}),
        ({"last_success_epoch": NOW + 600}, {}),
        ({"max_age": 19 * HOUR}, {"backup_age": CRITICAL}),
        ({"max_age": None}, {"backup_age": WARNING}),
        ({"copies": [{**FIRST, "current_at_epoch": NOW + HOUR}, SECOND]}, {"backup_age": UNKNOWN}),
        ({"copies": [FIRST, {**SECOND, "current_at_epoch": NOW + HOUR}]}, {"backup_age": UNKNOWN}),
        ({"copies": [FIRST, {**SECOND, "current_at_epoch": NOW + 600}]}, {}),
        ({"copies": [{**FIRST, "current_at_epoch": None}, SECOND]}, {"backup_age": WARNING}),
        ({"copies": [FIRST, {**SECOND, "current_at_epoch": None}]}, {"backup_age": WARNING}),
        ({"copies": [FIRST, {**SECOND, "current_at_epoch": NOW - 90 * DAY}]}, {"backup_age": CRITICAL}),
        ({"copies": [{**FIRST, "trouble": "altered"}, SECOND]}, {"backup_age": CRITICAL, "copies": CRITICAL}),
        ({"copies": [FIRST, {**SECOND, "trouble": "altered"}]}, {"backup_age": CRITICAL, "copies": CRITICAL}),
        ({"copies": [FIRST, AWAY]}, {"backup_age": UNKNOWN, "copies": UNKNOWN}),
        ({"copies": [FIRST, SECOND, AWAY]}, {"backup_age": UNKNOWN, "copies": UNKNOWN}),
        ({"copies": [FIRST, {**AWAY, "trouble": None}]}, {"backup_age": UNKNOWN, "copies": UNKNOWN}),
        ({"copies": [FIRST, REPOSITORY]}, {"backup_age": WARNING, "copies": WARNING}),
        ({"copies": [FIRST, SECOND, {**REPOSITORY, "current_at_epoch": NOW}]}, {}),
        ({"copies": [FIRST, {**REPOSITORY, "trouble": "altered"}]}, {"backup_age": CRITICAL, "copies": CRITICAL}),
        ({"copies": [FIRST]}, {"copies": CRITICAL}),
        ({"copies": [FIRST, {**SECOND, "place": "disk 1"}]}, {"copies": CRITICAL}),
        ({"copies": [FIRST, {**SECOND, "place": None}]}, {"copies": CRITICAL}),
        ({"copies": [FIRST, {**SECOND, "there": False}]}, {"copies": CRITICAL}),
    ],
)
def test_each_trouble_is_told_and_nothing_else(changes: dict[str, Any], expected: dict[str, str]) -> None:
    assert problems(**changes) == expected


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_trouble_names_its_copy(language: str) -> None:
    old = {**SECOND, "current_at_epoch": NOW - 90 * DAY}
    ahead = {**SECOND, "path": "/c", "current_at_epoch": NOW + DAY}
    for copies in ([FIRST, AWAY], [FIRST, old, ahead], [FIRST, REPOSITORY], [{**FIRST, "trouble": "altered"}, SECOND]):
        report = Report(judge_set("his", {"look": {**LOOK, "copies": copies, "max_age": None}}, 35), language)
        assert not any("{" in line for line in report.shown)
        assert report.problems
    lines = "\n".join(Report(judge_set("his", {"look": {**LOOK, "copies": [FIRST, old]}}, 35), language).problems)
    assert "offsite-1:/b" in lines
    assert "2160.0" in lines


@pytest.mark.parametrize("result", [None, {"unreachable": True, "msg": "no route"}, {"failed": True}, {}])
def test_a_set_that_was_not_looked_at_is_unknown(result: Any) -> None:
    [finding] = judge_set("his", result, 35)
    assert (finding.check, finding.severity) == ("restore_test", UNKNOWN)
