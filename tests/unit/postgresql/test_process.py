# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd is doing with a server's unit, and how long that is waited for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer
from ansible_collections.contingency.infra.plugins.module_utils._postgresql import process
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.model import Cluster, PostgresqlError

from tests.unit.postgresql.fake_host import FakeHost

UNIT = "postgresql@15-main.service"
CLUSTER = Cluster(15, "main", "/data", "/data", "/bin", unit=UNIT)
# As `systemctl show` of systemd 252 prints them; Job is left out where there is none.
RUNS = "MainPID=911\nControlPID=0\nActiveState=active\nSubState=running\n"
DOWN = "MainPID=0\nControlPID=0\nActiveState=inactive\nSubState=dead\n"
FAILED = "MainPID=0\nControlPID=0\nActiveState=failed\nSubState=failed\n"
LOOKED_FOR = "MainPID=0\nControlPID=880\nActiveState=activating\nSubState=start\nJob=57\n"
QUEUED = "Job=57\nMainPID=0\nControlPID=0\nActiveState=inactive\nSubState=dead\n"
STARTS_AGAIN = "MainPID=0\nControlPID=0\nActiveState=activating\nSubState=auto-restart\n"
STOPS = "MainPID=0\nControlPID=990\nActiveState=deactivating\nSubState=stop\n"
RECOVERS = "MainPID=911\nControlPID=0\nActiveState=activating\nSubState=start\nJob=57\n"
"""Type=notify: it is up, and says so once it takes connections, which may be never."""
GARBAGE = "Failed to connect to bus\n"


@dataclass
class Systemd(FakeHost):
    """Tells one state of the unit after the other, and the last one for ever."""

    states: Sequence[str] = ()
    asked: int = 0

    def run(self, command: Sequence[str], **_given: Any) -> Answer:
        state = self.states[min(self.asked, len(self.states) - 1)]
        self.asked += 1
        return Answer(1 if state == GARBAGE else 0, state, "")


@pytest.mark.parametrize("state", [RUNS, DOWN, FAILED, RECOVERS])
def test_a_server_that_runs_or_is_down_is_not_waited_for(state: str) -> None:
    host = Systemd(states=[state])
    process.settle(host, CLUSTER, 60)
    assert (host.asked, host.now()) == (1, 1000.0)


@pytest.mark.parametrize("state", [LOOKED_FOR, QUEUED, STARTS_AGAIN, STOPS, GARBAGE])
def test_what_systemd_is_doing_is_waited_for(state: str) -> None:
    host = Systemd(states=[state, state, RUNS])
    process.settle(host, CLUSTER, 60)
    assert host.asked == 3


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (LOOKED_FOR, f"{UNIT} is activating (start), and did not come to an end within 100 s"),
        (STARTS_AGAIN, f"{UNIT} is activating (auto-restart), "),
        (GARBAGE, f"{UNIT} cannot be looked at (Failed to connect to bus), "),
    ],
)
def test_what_never_ends_is_an_error_that_says_where_to_look(state: str, said: str) -> None:
    host = Systemd(states=[state])
    with pytest.raises(PostgresqlError) as error:
        process.settle(host, CLUSTER, 60)
    assert error.value.message.startswith(said)
    assert f"see systemctl status {UNIT}" in error.value.message
    assert 1100 <= host.now() <= 1101


def test_without_a_unit_nobody_is_asked() -> None:
    host = Systemd(states=[LOOKED_FOR])
    process.settle(host, replace(CLUSTER, unit=None), 60)
    assert host.asked == 0
