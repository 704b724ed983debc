# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traffic in the lab while uplinks are swapped, and while the core switch dies."""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass

from lab import playbook
from lab.drill import FAILED, STANDBY, restored_seconds
from lab.engine import Lab
from tests.bench._cost import ROOT, cost

SETTLE_SECONDS = 1.5
PROBE_INTERVAL_MS = 10.0


@dataclass(frozen=True)
class Planned:
    """The worst flow of one planned swap."""

    lost: int
    gap_ms: float


def planned_swaps(lab: Lab, rounds: int) -> list[Planned]:
    """Swap the uplinks of the switches that run spanning tree, there and back, under traffic."""
    return [_planned(lab, to) for _turn in range(rounds) for to in (STANDBY, FAILED)]


def _planned(lab: Lab, to: str) -> Planned:
    switches = [spec.name for spec in lab.topology.of_role("access") if spec.options["layer2"] == "ovs-rstp"]
    clients = {"client" + name.removeprefix("access") for name in switches}
    server = lab.topology.of_role("server")[0].name
    probe = lab.probe([(client, server) for client in sorted(clients)], interval_ms=PROBE_INTERVAL_MS)
    time.sleep(SETTLE_SECONDS)
    argv = playbook.command(lab, "core_switch_failover")
    at = argv.index(str(ROOT / "playbooks" / "core_switch_failover.yml"))
    argv[at:] = [
        str(ROOT / "tests/bench/playbooks/planned.yml"),
        "-e",
        f"to={to}",
        "-e",
        f"switches={','.join(switches)}",
    ]
    cost(argv, playbook.environment(lab))
    time.sleep(SETTLE_SECONDS)
    reports = probe.stop()
    return Planned(max(report.lost for report in reports), max(report.longest_gap_ms for report in reports))


def core_killed(lab: Lab, rounds: int) -> list[float]:
    """Kill core-a and return, for each round, the seconds from the start of ansible-playbook to traffic everywhere."""
    return [_core_killed(lab) for _turn in range(rounds)]


def _core_killed(lab: Lab) -> float:
    probe = lab.probe(interval_ms=PROBE_INTERVAL_MS)
    time.sleep(SETTLE_SECONDS)
    lab.machine(FAILED).power_off()
    run = playbook.run(lab, "core_switch_failover", failed=FAILED, contingency_confirm=FAILED)
    time.sleep(SETTLE_SECONDS)
    seconds = restored_seconds(run, probe.stop())
    if run.status or seconds is None:
        sys.exit(f"the failover did not restore the traffic:\n{run.output[-3000:]}")
    _put_back(lab)
    return seconds


def _put_back(lab: Lab) -> None:
    lab.machine(FAILED).power_on()
    lab.up()
    run = playbook.run(lab, "core_switch_failback", failed=FAILED, contingency_confirm=FAILED)
    if run.status:
        sys.exit(f"the failback failed:\n{run.output[-3000:]}")
    lab.up()


def worst_of_median(swaps: list[Planned]) -> Planned:
    """Return the medians over the swaps."""
    return Planned(
        int(statistics.median_high(swap.lost for swap in swaps)), statistics.median(swap.gap_ms for swap in swaps)
    )
