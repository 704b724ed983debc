# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-ups`: what a staged shutdown costs in time, and what it saves.

Writes build/bench/ups.json. A shutdown by the playbook and one by the script are made right after each other on the
same hosts. shutdown_over_critical_path is the whole run of ansible-playbook over the makespan of the plan that knows
what each host took in that run, with as many at once. Times are seconds unless a key says otherwise.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from functools import partial

from tests.bench import _large_plan, _outages
from tests.bench._cost import ROOT
from tests.bench._farm import CONCURRENCY, HOSTS, Farm, farm

PLAN_HOSTS, PLAN_ROUNDS = 2000, 5
REACTIONS = 3
OUTAGES = 60
LOW_SET_SECONDS = 300
METHODS: dict[str, Callable[[_outages.Outage], _outages.Course]] = {
    "planner": _outages.by_planner,
    "upssched": _outages.by_upssched,
    f"upssched_low_{LOW_SET_SECONDS}": partial(_outages.by_upssched, low_seconds=LOW_SET_SECONDS),
    "fixed_timers": _outages.by_fixed_timers,
}


def main() -> None:
    """Measure everything and write it down."""
    print(f"  the plan of {PLAN_HOSTS} hosts", flush=True)
    report: dict[str, object] = {"plan_2000_seconds": round(_large_plan.seconds(PLAN_HOSTS, PLAN_ROUNDS), 3)}
    print(f"  {HOSTS} hosts: the playbook, the script, {REACTIONS} reactions", flush=True)
    with farm() as hosts:
        report.update(_shutdowns(hosts))
        report.update(_reactions(hosts))
    report.update(_comparison())
    target = ROOT / "build/bench/ups.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def _shutdowns(hosts: Farm) -> dict[str, object]:
    own = hosts.by_playbook()
    plan = hosts.planned(own.durations)
    print(f"    playbook {own.seconds:.1f}, plan {plan['makespan_seconds']:.1f}", flush=True)
    hosts.renew()
    script = hosts.by_parallel_ssh()
    print(f"    script {script:.1f}", flush=True)
    return {
        "shutdown_hosts": HOSTS,
        "shutdown_concurrency": CONCURRENCY,
        "shutdown_over_critical_path": round(own.seconds / plan["makespan_seconds"], 3),
        "shutdown_over_parallel_ssh": round(own.seconds / script, 3),
        "shutdown_seconds": round(own.seconds, 2),
        "makespan_seconds": round(plan["makespan_seconds"], 2),
        "longest_chain_seconds": round(plan["critical_path_seconds"], 2),
        "parallel_ssh_seconds": round(script, 2),
        "host_seconds": round(statistics.mean(own.durations.values()), 2),
    }


def _reactions(hosts: Farm) -> dict[str, object]:
    rounds = []
    for _round in range(REACTIONS):
        hosts.renew()
        hosts.on_battery()
        rounds.append(hosts.reaction())
        print(f"    reaction {rounds[-1]:.2f}", flush=True)
    return {
        "reaction_seconds": round(statistics.median(rounds), 3),
        "reaction_rounds": [round(each, 3) for each in rounds],
    }


def _comparison() -> dict[str, object]:
    print(f"  {OUTAGES} simulated outages", flush=True)
    played = _outages.outages(OUTAGES)
    found: dict[str, object] = {"simulated_outages": OUTAGES}
    for name, method in METHODS.items():
        found.update(_outages.shares(name, method, played))
    return found


if __name__ == "__main__":
    main()
