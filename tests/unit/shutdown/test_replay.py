# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random outages, played through against batteries that share no code with the planner."""

from __future__ import annotations

from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.plan import make_plan
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.shutdown.bound import surely_feasible
from tests.unit.shutdown.examples import REPLAYS, tried
from tests.unit.shutdown.instances import Instance, instances
from tests.unit.shutdown.replay import EPOCH, Replay, lying, says


def beforehand(instance: Instance) -> dict[str, Any]:
    """The plan on an ordinary day."""
    world = instance.world(mains=True)
    readings = [says(world, name) for name in instance.supplies]
    return make_plan(instance.nodes, instance.upses, instance.policy, readings, None, EPOCH)


@tried(REPLAYS // 2)
@given(instances())
def test_everything_is_off_in_time_or_it_was_said_beforehand(instance: Instance) -> None:
    plan = beforehand(instance)
    assert plan["due"] == []
    assert not plan["hard"]
    if not plan["feasible"]:
        assert not surely_feasible(instance)
        assert any("The batteries are too small" in each for each in plan["problems"])
        return
    replay = Replay(instance, instance.world()).run()
    assert replay.shown_dark() == []
    assert {name for _when, name in replay.offs} == set(instance.hosts)


@tried(REPLAYS // 4)
@given(instances(), st.integers(0, 2**16), st.sampled_from((0.2, 0.5, 1.0)))
def test_bad_readings_leave_no_host_behind(instance: Instance, seed: int, share: float) -> None:
    assume(beforehand(instance)["feasible"])
    replay = Replay(instance, instance.world(), spoil=lying(seed, share)).run()
    assert replay.shown_dark() == []
    assert {name for _when, name in replay.offs} == set(instance.hosts)


@tried(REPLAYS // 20)
@given(instances())
def test_running_it_again_at_once_does_nothing(instance: Instance) -> None:
    Replay(instance, instance.world(), twice=True).run()


@tried(REPLAYS // 5)
@given(instances(), st.lists(st.integers(1, 900), min_size=1, max_size=5))
def test_flapping_mains_begins_nothing_while_it_is_back_and_loses_nothing(instance: Instance, spans: list[int]) -> None:
    assume(beforehand(instance)["feasible"])
    moments = [sum(spans[: number + 1]) for number in range(len(spans))]
    changes = [(float(when), number % 2 == 0) for number, when in enumerate(moments)]
    replay = Replay(instance, instance.world(), mains=changes).run()
    assert replay.world.dark == {}
