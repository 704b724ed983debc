# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-standby`: what a failover and a switchover of the pair of databases cost.

Writes build/bench/standby.json. A pair of rounds is the same fault twice, right after each other: with the plain
script and with the playbook. Power losses and killed servers take turns. Times are seconds.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence

from lab.engine import Lab
from tests.bench import _failover, _patroni
from tests.bench._cost import ROOT
from tests.bench._failover import FAULTS, Round

PAIRS = 10
SWITCHOVERS = 5
PATRONI_ROUNDS = 6


def main() -> None:
    """Measure everything and write it down."""
    lab = Lab.from_environment()
    lab.up(parts=["standby"])
    try:
        report = _measured(lab)
    finally:
        _failover.close_logins(lab)
        lab.down()
    report.update(_of_patroni())
    target = ROOT / "build/bench/standby.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def _measured(lab: Lab) -> dict[str, object]:
    print(f"  {PAIRS} pairs of failovers: the floor and ours", flush=True)
    pairs = [_pair(lab, FAULTS[number % len(FAULTS)]) for number in range(PAIRS)]
    print(f"  {SWITCHOVERS} switchovers", flush=True)
    switched = [_failover.switchover(lab) for _number in range(SWITCHOVERS)]
    print("  the old primary becomes the standby again", flush=True)
    reprotected = [_failover.reprotection(lab, fault) for fault in FAULTS]
    floors, ours = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return {
        "floor_seconds": _median([each.seconds for each in floors]),
        "failover_seconds": _median([each.seconds for each in ours]),
        "failover_over_floor_seconds": _median([own.seconds - least.seconds for least, own in pairs]),
        "switchover_seconds": _median([each.seconds for each in switched]),
        "lost_rows_synchronous": sum(each.lost for each in [*ours, *switched]),
        "reprotect_seconds": _median(reprotected),
        "reprotect_rounds": [round(each, 2) for each in reprotected],
        "floor_rounds": _rounds(floors),
        "failover_rounds": _rounds(ours),
        "switchover_rounds": _rounds(switched),
        "failover_parts": _parts(ours),
        "switchover_parts": _parts(switched),
    }


def _pair(lab: Lab, fault: str) -> tuple[Round, Round]:
    least, own = _failover.floor(lab, fault), _failover.ours(lab, fault)
    print(f"    {fault}: {least.seconds:.2f} and {own.seconds:.2f}", flush=True)
    return least, own


def _of_patroni() -> dict[str, object]:
    print(f"  Patroni, {PATRONI_ROUNDS} rounds", flush=True)
    faults = [FAULTS[number % len(FAULTS)] for number in range(PATRONI_ROUNDS)]
    found = _patroni.seconds(faults, lambda fault, seconds: print(f"    {fault}: {seconds:.1f}", flush=True))
    return {
        "patroni_seconds": _median(found),
        **{
            f"patroni_{fault.replace('-', '_')}_rounds": [
                round(seconds, 2) for struck, seconds in zip(faults, found, strict=True) if struck == fault
            ]
            for fault in FAULTS
        },
    }


def _median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 3)


def _rounds(rounds: Sequence[Round]) -> list[float]:
    return [round(each.seconds, 3) for each in rounds]


def _parts(rounds: Sequence[Round]) -> dict[str, float]:
    """The median of each part that the playbook timed."""
    names = {name: None for each in rounds for name in each.parts}
    return {name: _median([each.parts[name] for each in rounds if name in each.parts]) for name in names}


if __name__ == "__main__":
    main()
