# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-restore`: what a proven restore costs over a bare one, what it finds, and how it grows.

Writes build/bench/restore.json. The restores that are compared are made in turn, of the same backups, and ratios are
medians over the rounds. ``logical_over_tuned``: all of restore_test over `pg_restore -j2` into a server that is set for
nothing but speed; ``logical_over_default``: over the same with PostgreSQL's default settings; neither counts how the
bare server was made and started. ``physical_over_pgbackrest``: all of restore_test over pgBackRest's own restore and
the start until recovery has ended; ``physical_recovery_over_pgbackrest``: until the start only. Seconds, unless a key
says otherwise.

CONTINGENCY_BENCH_GB (1), CONTINGENCY_BENCH_SIZES ("0.25 1 4"), CONTINGENCY_BENCH_ROUNDS (3) and
CONTINGENCY_BENCH_UNDAMAGED (1) make it smaller or larger, CONTINGENCY_RESTORE=slice leaves most damages out.
CONTINGENCY_BENCH_PARTS ("times detection"): what was measured of the part that is left out stays in the file.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import TypeVar

from lab.backup.server import BackupServer
from lab.engine import Lab
from tests.bench import _firedrill
from tests.bench._cost import ROOT
from tests.bench._detection import Detection, Tally
from tests.bench._hospital import Hospital, Round, Size
from tests.bench._peers import Peers

Result = TypeVar("Result")
GIGABYTES = float(os.environ.get("CONTINGENCY_BENCH_GB", "1"))
SIZES = sorted(float(word) for word in os.environ.get("CONTINGENCY_BENCH_SIZES", "0.25 1 4").split())
PARTS = os.environ.get("CONTINGENCY_BENCH_PARTS", "times detection").split()
ROUNDS = int(os.environ.get("CONTINGENCY_BENCH_ROUNDS", "3"))
UNTIL_IT_RUNS = ("fetch", "checksums", "age", "restore", "start")


def main() -> None:
    """Measure everything and write it down."""
    lab = Lab.from_environment()
    lab.up(parts=["backup"])
    try:
        server = BackupServer(lab)
        # What took half an hour is there also where the rest breaks off.
        if "times" in PARTS:
            _write(_sizes(server))
        if "detection" in PARTS:
            _write(_detection(server))
    finally:
        lab.down()


def _write(report: dict[str, object]) -> None:
    target = ROOT / "build/bench/restore.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    before = json.loads(target.read_text(encoding="utf-8")) if target.exists() else {}
    target.write_text(json.dumps({**before, **report}, indent=2) + "\n", encoding="utf-8")


def _sizes(server: BackupServer) -> dict[str, object]:
    report: dict[str, object] = {}
    grown: list[Size] = []
    for gigabytes in sorted({*SIZES, GIGABYTES}):
        hospital = _timed(f"a hospital of {gigabytes:g} GB", lambda size=gigabytes: Hospital(server, size))  # type: ignore[misc]
        try:
            if gigabytes == GIGABYTES:
                rounds = _timed(f"{ROUNDS} rounds", lambda made=hospital: made.rounds(ROUNDS))  # type: ignore[misc]
                report.update({"database_bytes": hospital.bytes, **_ratios(rounds)})
            if gigabytes in SIZES:
                grown.append(_timed("its memory", hospital.size))
        finally:
            hospital.remove()
    return {**report, **_growth(grown)}


def _ratios(rounds: Sequence[Round]) -> dict[str, object]:
    return {
        "logical_over_tuned": _median([each.logical.seconds / each.tuned for each in rounds]),
        "logical_over_default": _median([each.logical.seconds / each.default for each in rounds]),
        "physical_over_pgbackrest": _median([each.physical.seconds / each.pgbackrest for each in rounds]),
        "physical_recovery_over_pgbackrest": _median(
            [sum(each.physical.stages[name] for name in UNTIL_IT_RUNS) / each.pgbackrest for each in rounds]
        ),
        "physical_floor_over_pgbackrest": _median(
            [(each.pgbackrest + each.amcheck + each.count) / each.pgbackrest for each in rounds]
        ),
        "amcheck_seconds": _median([each.amcheck for each in rounds]),
        "count_seconds": _median([each.count for each in rounds]),
        "tuned_seconds": _median([each.tuned for each in rounds]),
        "default_seconds": _median([each.default for each in rounds]),
        "logical_seconds": _median([each.logical.seconds for each in rounds]),
        "pgbackrest_seconds": _median([each.pgbackrest for each in rounds]),
        "physical_seconds": _median([each.physical.seconds for each in rounds]),
        **_stages("logical", [each.logical.stages for each in rounds]),
        **_stages("physical", [each.physical.stages for each in rounds]),
        "tuned_rounds": [round(each.tuned, 2) for each in rounds],
        "default_rounds": [round(each.default, 2) for each in rounds],
        "logical_rounds": [round(each.logical.seconds, 2) for each in rounds],
        "pgbackrest_rounds": [round(each.pgbackrest, 2) for each in rounds],
        "physical_rounds": [round(each.physical.seconds, 2) for each in rounds],
    }


def _stages(kind: str, rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {f"{kind}_{name}_seconds": _median([each[name] for each in rounds]) for name in rounds[0]}


def _growth(sizes: Sequence[Size]) -> dict[str, object]:
    """Where time is linear and memory flat, both ratios of the largest over the smallest are about 1."""
    least, most = sizes[0], sizes[-1]
    return {
        "sizes_gb": [round(each.bytes / 1e9, 3) for each in sizes],
        "sizes_seconds": [round(each.seconds, 2) for each in sizes],
        "sizes_peak_mb": [round(each.peak_bytes / 1e6, 1) for each in sizes],
        "peak_largest_over_smallest": round(most.peak_bytes / least.peak_bytes, 3),
        "seconds_per_byte_largest_over_smallest": round((most.seconds / most.bytes) / (least.seconds / least.bytes), 3),
    }


def _detection(server: BackupServer) -> dict[str, object]:
    print("  damaged and undamaged backups", flush=True)
    with ExitStack() as stack:
        peers = stack.enter_context(Peers(server)).all
        firedrill = _firedrill.peer(server)
        detection = Detection(server, [*peers, *([firedrill] if firedrill else [])])
        stack.callback(detection.close)
        _timed("all", lambda: detection.run(lambda line: print(f"    {line}", flush=True)))
    report = _tally("", detection.ours)
    for name, tally in detection.others.items():
        report.update(_tally(f"{name}_", tally))
    return report


def _tally(prefix: str, tally: Tally) -> dict[str, object]:
    return {
        f"{prefix}caught": tally.caught,
        f"{prefix}damaged": tally.damaged,
        f"{prefix}false_alarms": tally.false_alarms,
        f"{prefix}undamaged": tally.undamaged,
    }


def _timed(what: str, work: Callable[[], Result]) -> Result:
    began = time.monotonic()
    found = work()
    print(f"  {what}: {time.monotonic() - began:.0f} s", flush=True)
    return found


def _median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 3)


if __name__ == "__main__":
    main()
