# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of a takeover as the controller sees it: nobody is fenced in vain, nobody is promoted without a fence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.contingency.infra.plugins.action import standby_takeover
from ansible_collections.contingency.infra.plugins.action.standby_takeover import Takeover, earliest, run_id
from ansible_collections.contingency.infra.plugins.plugin_utils.agent import AgentError
from ansible_collections.contingency.infra.plugins.plugin_utils.fencing import Fence, NotFenced, Proof

PROOF = Proof("bmc", "his-db-1 switched off", 1000.0)
READY: dict[str, Any] = {
    "held": None,
    "record": None,
    "primary": False,
    "limitation": None,
    "state": {},
    "found": {},
    "address": {},
}
FINISHED: dict[str, Any] = {
    "changed": True,
    "steps": ["promote"],
    "proven": [],
    "seconds": {},
    "refused": None,
    "primary": True,
}
DONE: dict[str, Any] = {**READY, "primary": True, "record": {"failed": "his-db-1", "phase": "done", "proof": None}}
ARGUMENTS: dict[str, Any] = {
    "failed": "his-db-1",
    "engine": "postgresql",
    "server": None,
    "addresses": [],
    "interface": None,
    "claim_timeout": 0.2,
    "limits": {},
    "position": None,
    "proof": None,
    "timeout": 60.0,
    "cold_timeout": 1.0,
}


class Bmc(Fence):
    """Notes what was asked of it."""

    method = "bmc"

    def __init__(self, log: list[str], trouble: str = "") -> None:
        self.log = log
        self.trouble = trouble

    def prepare(self) -> None:
        """A login changes nothing."""

    def fence(self) -> Proof:
        self.log.append("fence")
        if self.trouble:
            raise NotFenced(self.trouble)
        return PROOF

    def plan(self) -> str:
        return "switch his-db-1 off"


class Host:
    """Answers each call of the agent as a test says, and notes its order."""

    def __init__(self, log: list[str], **answers: Any) -> None:
        self.log = log
        self.answers: dict[str, Any] = {"begin": READY, "finish": FINISHED, "give_back": {}, **answers}

    def call(self, function: str, _arguments: Mapping[str, Any]) -> dict[str, Any]:
        name = function.rpartition(":")[2]
        self.log.append(name)
        answer = self.answers[name]
        if isinstance(answer, Exception):
            raise answer
        found: dict[str, Any] = answer.pop(0) if isinstance(answer, list) else answer
        return found


def took(trouble: str = "", check: bool = False, **answers: Any) -> tuple[dict[str, Any], list[str]]:
    """What the task returns, and what was done in which order."""
    log: list[str] = []
    agent: Any = Host(log, **answers)
    result = Takeover("his-db-2", ARGUMENTS, agent, [Bmc(log, trouble)]).result(check)
    return result, log


def test_guards_come_before_the_fence_and_the_fence_before_the_promotion() -> None:
    result, log = took()
    assert log == ["begin", "fence", "finish"]
    assert result["changed"]
    assert result["fence"]["what"] == PROOF.what


def test_nobody_is_fenced_where_the_standby_could_not_take_over() -> None:
    result, log = took(begin={**READY, "limitation": "his-db-2: the disk is full; make room."})
    assert log == ["begin", "give_back"]
    assert result["msg"] == "his-db-2: the disk is full; make room. Nothing was changed."
    assert result["primary"] is False


def test_nobody_is_promoted_without_a_proven_fence() -> None:
    result, log = took(trouble="bmc: 10.77.0.151 does not answer")
    assert log == ["begin", "fence", "give_back"]
    assert "is not proven to be off, so his-db-2 was NOT promoted" in result["msg"]
    assert "10.77.0.151 does not answer" in result["msg"]


def test_what_is_done_is_left_alone() -> None:
    result, log = took(begin=DONE)
    assert log == ["begin", "give_back"]
    assert result["changed"] is False


def test_a_takeover_that_is_under_way_elsewhere_is_refused() -> None:
    held = {"run": "other-machine:1:1", "reason": "his-db-2: a takeover is under way, started by li", "seconds_left": 9}
    result, log = took(begin={"held": held})
    assert log == ["begin"]
    assert "started by li" in result["msg"]


def test_what_a_killed_run_of_this_controller_left_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standby_takeover, "OWN_LEASE_PAUSE", 0.0)
    machine = run_id().partition(":")[0]
    held = {"run": f"{machine}:999999999:1", "reason": "under way", "seconds_left": 9}
    _result, log = took(begin=[{"held": held}, READY])
    assert log == ["begin", "begin", "fence", "finish"]


@pytest.mark.parametrize(
    "error",
    [AnsibleConnectionFailure("ssh: No route to host"), AgentError("his-db-2", "python3 ended with status 137")],
)
def test_a_host_that_is_lost_before_the_fence_changed_nothing(error: Exception) -> None:
    result, log = took(begin=error)
    assert log == ["begin"]
    assert result["failed"]
    assert "primary" not in result


@pytest.mark.parametrize(
    "error",
    [AnsibleConnectionFailure("ssh: No route to host"), AgentError("his-db-2", "python3 ended with status 137")],
)
def test_a_host_that_is_lost_after_the_fence_is_told_as_unknown(error: Exception) -> None:
    result, _log = took(finish=error)
    assert "it is not known whether it takes writes; his-db-1 is fenced; run this again at once" in result["msg"]
    assert "primary" not in result, "nobody may start the old primary again on this"


def test_check_mode_reads_and_shows_the_steps() -> None:
    result, log = took(check=True)
    assert log == ["begin"]
    assert result["steps"] == ["switch his-db-1 off", "promote postgresql on his-db-2"]
    assert result["changed"]


OLD = {"failed": "his-db-1", "phase": "fenced", "proof": {"confirmed": True, "at_epoch": 900.0}}


@pytest.mark.parametrize(
    ("change", "record", "at"),
    [
        ({"already": True}, OLD, 900.0),
        ({"already": False}, OLD, 1000.0),
        ({"already": True}, {**OLD, "phase": "done"}, 1000.0),
        ({"already": True}, {**OLD, "failed": "pacs-db-1"}, 1000.0),
        ({"already": True}, {**OLD, "proof": {"confirmed": False, "at_epoch": 900.0}}, 1000.0),
        ({"already": True}, None, 1000.0),
    ],
)
def test_an_earlier_proof_counts_only_where_the_primary_was_found_fenced(
    change: dict[str, Any], record: dict[str, Any] | None, at: float
) -> None:
    proof = Proof(PROOF.method, PROOF.what, PROOF.at_epoch, **change)
    assert earliest(proof, record, "his-db-1").at_epoch == at
