# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single figures of a UPS: numbers out of texts, and which of them cannot be true."""

from __future__ import annotations

import re
from typing import List, Mapping, Optional, Tuple

from .model import Mark

_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{1,9})?")
# Largest value of a counter, with and without a factor of its unit, and what drivers show for "not known". Seen in
# dumps of real devices: 65535 (NUT issue 731), -1 (784, 983), 0 (1068).
_SENTINELS = frozenset(
    {
        *(float(limit * unit) for limit in (32767, 65534, 65535) for unit in (1, 60)),
        *(float(limit) for limit in (99999, 999999, 2147483647, 4294967295)),
        *(21474836.47, 42949672.95),
    }
)
_LIMITS = {
    "runtime_seconds": (0.0, 172800.0),
    "low_runtime_seconds": (0.0, 172800.0),
    "charge_percent": (0.0, 100.0),
    "load_percent": (0.0, 200.0),
    "realpower_watts": (0.0, 5e6),
    "power_va": (0.0, 5e6),
    "nominal_watts": (1.0, 5e6),
    "nominal_va": (1.0, 5e6),
}
"""Range of each figure. More than two days of runtime, or twice the load it is made for, no UPS has."""
_UNITS = {"runtime_seconds": "s", "charge_percent": "%", "load_percent": "%", "nominal_watts": "W"}
_EXPECTED = ("runtime_seconds", "charge_percent", "load_percent")
_NOTHING = ("", "N/A")
_SHOWN = {"realpower_watts": "power_watts", "power_va": "power_watts", "nominal_va": "nominal_watts"}


def number_of(text: str) -> Optional[float]:
    """Return the number that a text is, as in "53.5", else None; "nan", "inf" and "1e9" are no numbers here."""
    stripped = text.strip()
    return float(stripped) if _NUMBER.fullmatch(stripped) else None


def figure(name: str, text: Optional[str]) -> Tuple[Optional[float], List[Mark]]:
    """Return one figure, None where it is missing or cannot be true, and why."""
    shown = _SHOWN.get(name, name)
    if text is None or text.strip() in _NOTHING:
        return None, [Mark(shown, None, "The UPS does not tell it.")] if name in _EXPECTED else []
    value = number_of(text)
    if value is None:
        return None, [Mark(shown, text[:80], "It is not a number.")]
    why = value_limitation(name, value)
    return (None, [Mark(shown, value, why)]) if why else (value, [])


def value_limitation(name: str, value: float) -> Optional[str]:
    """Return why a figure cannot be true by itself, or None."""
    low, high = _LIMITS[name]
    if value in _SENTINELS and name != "nominal_va":
        return f"{value:.12g} is what a UPS shows that does not know it."
    if not low <= value <= high:
        unit = _UNITS.get(name, "")
        return f"It is outside {low:g} to {high:.12g} {unit}".rstrip() + "."
    return None


def power(
    found: Mapping[str, Optional[float]],
) -> Tuple[Optional[float], Optional[float], List[Mark]]:
    """Return the power drawn and the nominal power in watts, and whether they are estimates.

    The measured real power goes first; then load times nominal power; then apparent power, measured or as load times
    the nominal one, which is never less than the real power.
    """
    nominal, load = found["nominal_watts"], found["load_percent"]
    measured, marks = _measured(found)
    if measured is not None:
        return measured, nominal, marks
    candidates = (
        (_share(load, nominal), "Estimated as load times nominal power."),
        (found["power_va"], "Estimated: it is the apparent power in VA, and the real power is not more."),
        (
            _share(load, found["nominal_va"]),
            "Estimated as load times nominal apparent power; the real one is not more.",
        ),
    )
    for value, why in candidates:
        if value is not None:
            return value, nominal, [*marks, Mark("power_watts", value, why)]
    return None, nominal, marks


def _measured(found: Mapping[str, Optional[float]]) -> Tuple[Optional[float], List[Mark]]:
    value, load = found["realpower_watts"], found["load_percent"]
    if value is None:
        return None, []
    if value == 0 and load is not None and load > 0:
        return None, [Mark("power_watts", value, f"It is 0 W at a load of {load:g} %.")]
    nominal = found["nominal_watts"]
    if nominal is not None and value > 2 * nominal:
        return None, [Mark("power_watts", value, f"It is more than twice the nominal {nominal:g} W.")]
    return value, []


def _share(load: Optional[float], nominal: Optional[float]) -> Optional[float]:
    return None if load is None or nominal is None else round(load * nominal / 100, 1)
