# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a UPS says of itself: NUT's variables, made from its state, and how they lie when a fault wants them to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lab.power.battery import Battery, State

LOW_CHARGE = 0.1
LOW_RUNTIME = 120.0
"""Seconds of the battery; at the lab's pace it is told as that many seconds of the clock."""
CELLS_VOLTS = (198.0, 246.0)
JUMPS = ("65535", "18358", "12", "7000")
LOW_AT_ONCE = "low-battery"


def readings(battery: Battery, state: State, pace: float) -> dict[str, str]:
    """NUT's variables by name; whatever the state's faults say is in them."""
    empty, full = CELLS_VOLTS
    load_percent = 100.0 * state.load_watts / battery.nominal_watts
    honest = {
        "ups.status": " ".join(status(battery, state, pace)),
        "ups.load": f"{load_percent:.0f}",
        "ups.realpower": f"{state.load_watts:.0f}",
        "ups.realpower.nominal": f"{battery.nominal_watts:.0f}",
        "battery.charge": f"{100.0 * state.charge:.1f}",
        "battery.charge.low": f"{100.0 * LOW_CHARGE:.0f}",
        "battery.runtime": f"{state.runtime_seconds:.0f}",
        "battery.runtime.low": f"{LOW_RUNTIME / pace:.0f}",
        "battery.voltage": f"{empty + (full - empty) * state.charge:.1f}",
        "input.voltage": "230.0" if state.on_mains else "0.0",
        "output.voltage": "230.0",
    }
    for lie in state.lies:
        honest.update(LIES[lie](state))
    return honest


def status(battery: Battery, state: State, pace: float) -> list[str]:
    """NUT's words: OL or OB first."""
    charging = ["CHRG"] if state.charge < 1.0 else []
    words = ["OL", *charging] if state.on_mains else ["OB", "DISCHRG"]
    if not state.on_mains and _is_low(state, pace):
        words.append("LB")
    if state.load_watts > battery.nominal_watts:
        words.append("OVER")
    return words


def _is_low(state: State, pace: float) -> bool:
    told_early = LOW_AT_ONCE in state.lies
    return told_early or state.charge <= LOW_CHARGE or state.runtime_seconds <= LOW_RUNTIME / pace


Lie = Callable[[State], Mapping[str, str]]
LIES: dict[str, Lie] = {
    "runtime-65535": lambda _state: {"battery.runtime": "65535"},
    "runtime-zero": lambda _state: {"battery.runtime": "0"},
    "runtime-negative": lambda _state: {"battery.runtime": "-1"},
    "runtime-jumps": lambda state: {"battery.runtime": JUMPS[int(state.updated) % len(JUMPS)]},
    LOW_AT_ONCE: lambda _state: {},
}


def as_file(variables: Mapping[str, str]) -> str:
    """As NUT's dummy driver reads it."""
    return "".join(f"{name}: {value}\n" for name, value in variables.items())
