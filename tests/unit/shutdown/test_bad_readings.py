# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reading that is bad never delays anything: what is due with a good one is due with it."""

from __future__ import annotations

from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.plan import make_plan
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.shutdown.examples import READINGS, tried
from tests.unit.shutdown.instances import Instance, instances
from tests.unit.shutdown.replay import EPOCH, SPOILS, says

# Readings are as coarse as 0.1 % and 1 s, the slack as coarse as 1/512 of what is left.
COARSE = 0.01
SECONDS = 10.0


@tried(READINGS)
@given(
    instances(),
    st.integers(0, 1800),
    st.integers(1, 300),
    st.integers(0, 8),
    st.lists(st.sampled_from(SPOILS), min_size=2, max_size=2),
    st.sets(st.sampled_from(("ups-a", "ups-b")), min_size=1),
)
def test_a_bad_reading_never_delays(
    instance: Instance, age: int, since: int, gone: int, spoils: list[Any], spoiled: set[str]
) -> None:
    world = instance.world()
    # Without a table an older reading is as good as a newer one, and may promise more for a load nearer to its own.
    tables = all(ups["runtime_table"] for ups in instance.upses)
    off = [node["name"] for node in instance.nodes if node["kind"] != "save"][: gone if tables else 0]
    nodes = {name: {"state": "off", "off_at_epoch": EPOCH + age} for name in off}
    record = {"id": "1", "began_at_epoch": EPOCH, "cause": "mains", "nodes": nodes}
    world.advance(age)
    earlier = [says(world, name) for name in instance.supplies]
    world.on -= set(off)
    world.advance(age + since)
    good = [says(world, name) for name in instance.supplies]
    spoil = dict(zip(("ups-a", "ups-b"), spoils, strict=True))
    bad = [instance.seen(spoil[each["name"]](each)) if each["name"] in spoiled else each for each in good]
    _never_later(*(_plan(instance, [*earlier, *present], record, world.now) for present in (good, bad)))


def _plan(instance: Instance, readings: list[Any], record: dict[str, Any], now: float) -> dict[str, Any]:
    plan = make_plan(instance.nodes, instance.upses, instance.policy, readings, record, EPOCH + now)
    return {**plan, "poll": instance.policy["poll_seconds"]}


def _never_later(good: dict[str, Any], bad: dict[str, Any]) -> None:
    first, sooner = (plan["depletion_seconds"]["first_node"] or 0.0 for plan in (good, bad))
    assert sooner <= first * (1 + COARSE) + SECONDS
    left, less = (plan["slack_seconds"] or 0.0 for plan in (good, bad))
    # How much it is too late is told at the present load, which may be another one.
    assert less <= max(0.0, left) * (1 + COARSE) + SECONDS
    if left < good["poll"] * (1 - COARSE) - SECONDS:
        assert set(good["hard_upses"]) <= set(bad["hard_upses"])
        assert set(good["stages_due"]) <= set(bad["stages_due"])
