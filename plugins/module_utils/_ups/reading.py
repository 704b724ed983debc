# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The normalised reading: what a source observed becomes figures that can be true, and a status that is not guessed.

Rules of what cannot be true come from dumps and issues of real devices: runtime 65535, -1, 0 while running, values that
jump, LB at once with 1000 s left, 100 % to 57 % at once, data of a driver that is gone.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

from .figures import figure, power
from .history import Jump, Past, charge_jump, pasts, runtime_jump
from .model import DISCHARGING, LOW_BATTERY, UNKNOWN, Mark, Observation, Reading
from .status import judge

PLENTY_SECONDS = 300.0
"""Low battery with more runtime than this, or than twice the UPS's own limit of low battery, is odd."""
DEEP_CHARGE = 20.0
"""At a charge below this, in per cent, a runtime of 0 on battery is believed."""
_QUANTITIES = (
    "runtime_seconds",
    "charge_percent",
    "load_percent",
    "realpower_watts",
    "power_va",
    "nominal_watts",
    "nominal_va",
    "low_runtime_seconds",
)
Figures = Dict[str, Optional[float]]


def normalise(
    name: str, source: str, observed: Observation, previous: Iterable[Mapping[str, Any]], now: float
) -> Reading:
    """Return the reading.

    ``previous`` are earlier readings of any UPSes, as dictionaries; ``now`` is in seconds since the epoch. An
    implausible figure is None in its field and named in ``marks``.
    """
    judged = judge(observed)
    found, marks = _figures(observed.figures)
    marks = [*judged.marks, *observed.marks, *marks]
    if not judged.live:
        found, old = _forgotten(found)
        marks += old
    else:
        found, more = _in_context(found, judged.status, observed)
        marks += more
        found, more = _against_history(found, judged.status, pasts(previous, name, source), now)
        marks += more
    watts, nominal, more = power(found)
    return Reading(
        name=name,
        source=source,
        status=judged.status,
        why=judged.why,
        read_at_epoch=now,
        runtime_seconds=found["runtime_seconds"],
        charge_percent=found["charge_percent"],
        load_percent=found["load_percent"],
        power_watts=watts,
        nominal_watts=nominal,
        age_seconds=observed.age_seconds,
        replace_battery="RB" in observed.flags if observed.flags else None,
        marks=(*marks, *more),
        raw=dict(observed.raw),
    )


def no_reading(name: str, source: str, why: str, now: float) -> Reading:
    """Return the reading of a UPS that gave none."""
    return Reading(name=name, source=source, status=UNKNOWN, why=why, read_at_epoch=now)


def _figures(texts: Mapping[str, Optional[str]]) -> Tuple[Figures, List[Mark]]:
    found: Figures = {}
    marks: List[Mark] = []
    for quantity in _QUANTITIES:
        found[quantity], more = figure(quantity, texts.get(quantity))
        marks += more
    return found, marks


def _forgotten(found: Figures) -> Tuple[Figures, List[Mark]]:
    """Drop what is of an earlier time; what a UPS is made for stays true."""
    kept = ("nominal_watts", "nominal_va")
    marks = [
        Mark(name, value, "It is not of now.")
        for name, value in found.items()
        if value is not None and name in ("runtime_seconds", "charge_percent", "load_percent")
    ]
    return {name: value if name in kept else None for name, value in found.items()}, marks


def _in_context(found: Figures, status: str, observed: Observation) -> Tuple[Figures, List[Mark]]:
    """Judge the runtime beside the status."""
    runtime = found["runtime_seconds"]
    if runtime is None:
        return found, []
    why = runtime_limitation(found, status, observed)
    if why:
        return {**found, "runtime_seconds": None}, [Mark("runtime_seconds", runtime, why)]
    plenty = max(PLENTY_SECONDS, 2 * (found["low_runtime_seconds"] or 0.0))
    if status == LOW_BATTERY and runtime > plenty:
        said = f"It says low battery although {runtime:.0f} s are left; low battery is believed."
        return found, [Mark("status", runtime, said)]
    if status in DISCHARGING and runtime == 0:
        return found, [Mark("runtime_seconds", runtime, "It is 0 and is believed, as the battery is at its end.")]
    return found, []


def runtime_limitation(found: Figures, status: str, observed: Observation) -> Optional[str]:
    """Return why the runtime beside this status cannot be true or is of no use, or None."""
    if "BYPASS" in observed.flags or "NOBATT" in observed.flags:
        return "The battery does not carry the load now."
    charge = found["charge_percent"]
    deep = status == LOW_BATTERY or (status in DISCHARGING and (charge is None or charge < DEEP_CHARGE))
    if found["runtime_seconds"] == 0 and not deep:
        return "It is 0 while the UPS is running."
    return None


def _against_history(found: Figures, status: str, earlier: List[Past], now: float) -> Tuple[Figures, List[Mark]]:
    current = Past(now, status, found["runtime_seconds"], found["charge_percent"], found["load_percent"])
    jumps: Dict[str, Optional[Jump]] = {
        "runtime_seconds": runtime_jump(current, earlier),
        "charge_percent": charge_jump(current, earlier),
    }
    marks = [Mark(name, found[name], jump.why) for name, jump in jumps.items() if jump]
    dropped = {name: None for name, jump in jumps.items() if jump and not jump.used}
    return {**found, **dropped}, marks
