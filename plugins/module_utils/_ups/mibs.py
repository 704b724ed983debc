# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the objects of a UPS's SNMP agent say: RFC 1628 (UPS-MIB) and APC's PowerNet-MIB."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Dict, FrozenSet, List, Mapping, Optional, Sequence, Set

from .figures import number_of
from .model import Mark, Observation

Values = Mapping[str, Optional[str]]

_IETF = "1.3.6.1.2.1.33.1"
_APC = "1.3.6.1.4.1.318.1.1.1"
_LINES = (1, 2, 3)
_ON_BATTERY_TEST = ("OB", "TEST")

# upsOutputSource, upsBatteryStatus and upsWellKnownAlarms of RFC 1628.
_IETF_SOURCE: Dict[str, Sequence[str]] = {
    "2": ("OFF",),
    "3": ("OL",),
    "4": ("BYPASS",),
    "5": ("OB",),
    "6": ("OL", "BOOST"),
    "7": ("OL", "TRIM"),
}
_IETF_LOW = ("3", "4")
_IETF_ALARMS = {
    1: "RB",
    2: "OB",
    3: "LB",
    4: "LB",
    8: "OVER",
    9: "BYPASS",
    14: "OFF",
    15: "OFF",
    20: "NOCOMM",
    24: "TEST",
}

# upsBasicOutputStatus of PowerNet-MIB; what is not here does not say whether mains is there.
_APC_STATUS: Dict[str, Sequence[str]] = {
    "2": ("OL",),
    "3": ("OB",),
    "4": ("OL", "BOOST"),
    "5": ("OFF",),
    "6": ("BYPASS",),
    "7": ("OFF",),
    "8": ("OFF",),
    "9": ("BYPASS",),
    "10": ("BYPASS",),
    "11": ("OFF",),
    "12": ("OL", "TRIM"),
    "13": ("OL",),
    "15": _ON_BATTERY_TEST,
    "16": ("BYPASS",),
    "17": ("BYPASS",),
    "18": ("OL",),
    "20": ("OL",),
}


@dataclass(frozen=True)
class Mib:
    """The scalars to get, by name; the columns to walk where a scalar is above 0; and what all of them say."""

    scalars: Mapping[str, str]
    observe: Callable[[Values, Mapping[str, Sequence[str]]], Observation]
    columns: Mapping[str, str] = field(default_factory=dict)
    columns_if: str = ""


def _ietf(values: Values, columns: Mapping[str, Sequence[str]]) -> Observation:
    flags: Set[str] = set(_IETF_SOURCE.get(values.get("upsOutputSource") or "", ()))
    if values.get("upsBatteryStatus") in _IETF_LOW:
        flags.add("LB")
    if values.get("upsTestResultsSummary") == "5":
        flags.add("TEST")
    alarms = columns.get("upsAlarmDescr", ())
    flags |= {flag for number, flag in _IETF_ALARMS.items() if f"{_IETF}.6.3.{number}" in alarms}
    return Observation(
        flags=frozenset(flags),
        figures={
            "runtime_seconds": _times(values.get("upsEstimatedMinutesRemaining"), 60),
            "charge_percent": values.get("upsEstimatedChargeRemaining"),
            "load_percent": _over_lines(values, "upsOutputPercentLoad", mean=True),
            "realpower_watts": _over_lines(values, "upsOutputPower", mean=False),
            "nominal_watts": _above_zero(values.get("upsConfigOutputPower")),
            "nominal_va": _above_zero(values.get("upsConfigOutputVA")),
            "low_runtime_seconds": _times(values.get("upsConfigLowBattTime"), 60),
        },
        marks=tuple(_counter(values.get("upsSecondsOnBattery"), 1, frozenset(flags))),
        raw=_raw(values, columns),
    )


def _apc(values: Values, columns: Mapping[str, Sequence[str]]) -> Observation:
    flags: Set[str] = set(_APC_STATUS.get(values.get("upsBasicOutputStatus") or "", ()))
    battery = values.get("upsBasicBatteryStatus")
    says = {
        "LB": battery == "3",
        "NOBATT": battery == "5",
        "RB": values.get("upsAdvBatteryReplaceIndicator") == "2" or battery == "4",
        "NOCOMM": values.get("upsCommStatus") == "2",
        "CAL": values.get("upsAdvTestCalibrationResults") == "3",
        "TEST": values.get("upsAdvTestDiagnosticsResults") == "4",
    }
    flags |= {flag for flag, said in says.items() if said}
    return Observation(
        flags=frozenset(flags),
        figures={
            "runtime_seconds": _times(values.get("upsAdvBatteryRunTimeRemaining"), 0.01),
            "charge_percent": values.get("upsAdvBatteryCapacity"),
            "load_percent": values.get("upsAdvOutputLoad"),
            "realpower_watts": values.get("upsAdvOutputActivePower"),
            "power_va": values.get("upsAdvOutputApparentPower"),
            "low_runtime_seconds": _times(values.get("upsAdvConfigLowBatteryRunTime"), 0.01),
        },
        marks=tuple(_counter(values.get("upsBasicBatteryTimeOnBattery"), 0.01, frozenset(flags))),
        raw=_raw(values, columns),
    )


MIBS: Mapping[str, Mib] = {
    "ietf": Mib(
        {
            "upsBatteryStatus": f"{_IETF}.2.1.0",
            "upsSecondsOnBattery": f"{_IETF}.2.2.0",
            "upsEstimatedMinutesRemaining": f"{_IETF}.2.3.0",
            "upsEstimatedChargeRemaining": f"{_IETF}.2.4.0",
            "upsOutputSource": f"{_IETF}.4.1.0",
            "upsAlarmsPresent": f"{_IETF}.6.1.0",
            "upsTestResultsSummary": f"{_IETF}.7.3.0",
            "upsConfigOutputVA": f"{_IETF}.9.5.0",
            "upsConfigOutputPower": f"{_IETF}.9.6.0",
            "upsConfigLowBattTime": f"{_IETF}.9.7.0",
            **{f"upsOutputPower.{line}": f"{_IETF}.4.4.1.4.{line}" for line in _LINES},
            **{f"upsOutputPercentLoad.{line}": f"{_IETF}.4.4.1.5.{line}" for line in _LINES},
        },
        _ietf,
        {"upsAlarmDescr": f"{_IETF}.6.2.1.2"},
        "upsAlarmsPresent",
    ),
    "powernet": Mib(
        {
            "upsBasicBatteryStatus": f"{_APC}.2.1.1.0",
            "upsBasicBatteryTimeOnBattery": f"{_APC}.2.1.2.0",
            "upsAdvBatteryCapacity": f"{_APC}.2.2.1.0",
            "upsAdvBatteryRunTimeRemaining": f"{_APC}.2.2.3.0",
            "upsAdvBatteryReplaceIndicator": f"{_APC}.2.2.4.0",
            "upsBasicOutputStatus": f"{_APC}.4.1.1.0",
            "upsAdvOutputLoad": f"{_APC}.4.2.3.0",
            "upsAdvOutputActivePower": f"{_APC}.4.2.8.0",
            "upsAdvOutputApparentPower": f"{_APC}.4.2.9.0",
            "upsAdvConfigLowBatteryRunTime": f"{_APC}.5.2.8.0",
            "upsAdvTestDiagnosticsResults": f"{_APC}.7.2.3.0",
            "upsAdvTestCalibrationResults": f"{_APC}.7.2.6.0",
            "upsCommStatus": f"{_APC}.8.1.0",
        },
        _apc,
    ),
}


def _times(text: Optional[str], factor: float) -> Optional[str]:
    """Return a number as text in another unit; what is no number, or below 0, as it is."""
    value = number_of(text or "")
    return text if value is None or value < 0 else f"{value * factor:.2f}"


def _above_zero(text: Optional[str]) -> Optional[str]:
    """Return a setting, None where it is 0: the agent then has none."""
    return None if number_of(text or "") == 0 else text


def _over_lines(values: Values, name: str, mean: bool) -> Optional[str]:
    """Return the sum or the mean over the lines of the output; the text of a line that is no number or below 0."""
    texts = [text for text in (values.get(f"{name}.{line}") for line in _LINES) if text is not None]
    numbers = [number_of(text) for text in texts]
    for text, number in zip(texts, numbers):
        if number is None or number < 0:
            return text
    if not numbers:
        return None
    total = sum(number or 0.0 for number in numbers)
    return f"{total / len(numbers) if mean else total:.2f}"


def _counter(text: Optional[str], factor: float, flags: FrozenSet[str]) -> List[Mark]:
    """Return a mark where the time on battery goes on although mains is there: it is of an earlier outage."""
    value = number_of(text or "")
    if "OL" not in flags or not value:
        return []
    return [Mark("status", f"{value * factor:g} s on battery", "It counts time on battery although it is on line.")]


def _raw(values: Values, columns: Mapping[str, Sequence[str]]) -> Dict[str, str]:
    told = {name: text for name, text in values.items() if text is not None}
    return {**told, **{name: " ".join(found) for name, found in columns.items() if found}}
