# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A staged shutdown is killed at some moment, and the next run goes on with it.

CONTINGENCY_KILLS is how many times.
"""

from __future__ import annotations

import os
import random
import time

import pytest

from tests.lab.room import PLANNED, Room, policy

KILLS = int(os.environ.get("CONTINGENCY_KILLS", "2"))
SEED = int(os.environ.get("CONTINGENCY_SEED", "1"))


@pytest.mark.parametrize("number", range(KILLS))
def test_a_killed_run_is_gone_on_with_by_the_next(room: Room, number: int) -> None:
    after = random.Random(SEED + number).uniform(1.0, 9.0)
    process = room.start("staged_shutdown", *PLANNED, *policy(0, 0, 0))
    time.sleep(after)
    room.kill(process)
    print(f"killed after {after:.2f} s, {len(room.on())} of 8 were on")
    played = room.shutdown(*PLANNED, *policy(0, 0, 0))
    assert played.status == 0, played.output
    assert room.on() == set(), played.output
    assert not room.shutdown(*PLANNED, *policy(0, 0, 0)).changed
