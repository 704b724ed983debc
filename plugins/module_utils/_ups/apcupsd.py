# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reading from apcupsd's network information server: frames of two bytes of length, ended by one of length 0."""

from __future__ import annotations

from datetime import datetime
from typing import Dict, FrozenSet, List, Mapping, Optional, Set, Tuple

from .connection import Connection, Deadline
from .figures import number_of
from .model import Mark, NoReading, Observation

PORT = 3551
_LONGEST_RECORD = 4096
_CLOCK_SECONDS = 5.0
"""apcupsd's own two times differ by less where its clock was not set in between."""
_NOTHING = ("", "N/A")
# Words of STATUS, and bits of STATFLAG, as apcupsd's manual has them under "Status report fields" and its bit table.
_WORDS = {
    "ONLINE": "OL",
    "ONBATT": "OB",
    "LOWBATT": "LB",
    "REPLACEBATT": "RB",
    "OVERLOAD": "OVER",
    "COMMLOST": "NOCOMM",
    "SHUTTING": "FSD",
    "CAL": "CAL",
    "TRIM": "TRIM",
    "BOOST": "BOOST",
    "NOBATT": "NOBATT",
}
_BITS = {
    0x001: "CAL",
    0x002: "TRIM",
    0x004: "BOOST",
    0x008: "OL",
    0x010: "OB",
    0x020: "OVER",
    0x040: "LB",
    0x080: "RB",
    0x100: "NOCOMM",
    0x200: "FSD",
}
_SECONDS = {"": 60, "minutes": 60, "seconds": 1, "hours": 3600}
_FIGURES = {
    "charge_percent": "BCHARGE",
    "load_percent": "LOADPCT",
    "nominal_watts": "NOMPOWER",
    "nominal_va": "NOMAPNT",
}


def read(host: str, port: int, deadline: Deadline) -> Observation:
    """Return what apcupsd says of its UPS; NoReading where it says nothing that can be used, before the deadline."""
    with Connection(host, port, deadline) as connection:
        connection.send(frame("status"))
        return observe(fields(_records(connection), connection.name))


def frame(text: str) -> bytes:
    """Return a text as it goes over the network."""
    data = text.encode("ascii")
    return len(data).to_bytes(2, "big") + data


def _records(connection: Connection) -> List[str]:
    found: List[str] = []
    while True:
        length = int.from_bytes(connection.exactly(2), "big")
        if length == 0:
            return found
        if length > _LONGEST_RECORD:
            raise NoReading(f"{connection.name} does not answer as apcupsd does; check host and port.")
        found.append(connection.exactly(length).decode("utf-8", "replace"))


def fields(records: List[str], name: str) -> Dict[str, str]:
    """Return the fields of a whole report; NoReading where its first or last record, APC and END APC, is not there."""
    found: Dict[str, str] = {}
    for record in records:
        key, colon, value = record.partition(":")
        if colon:
            found[key.strip()] = value.strip()
    if "APC" not in found or "END APC" not in found:
        said = "".join(letter for letter in " ".join(records) if letter.isprintable())[:80] or "nothing"
        raise NoReading(
            f"{name} gives no whole status report (it says {said}); check host and port, and NETSERVER in apcupsd.conf."
        )
    return found


def observe(report: Mapping[str, str]) -> Observation:
    """Return what the fields of a report say."""
    flags, doubt = _flags(report)
    age = _age(report)
    if age is None:
        doubt = doubt or "apcupsd does not tell in DATE when it had this from the UPS; look at apcupsd and its version."
    elif age < -_CLOCK_SECONDS:
        doubt = doubt or "apcupsd had this from the UPS in the future (DATE); look at the clock of its machine."
    figures = {name: _value(report.get(key)) for name, key in _FIGURES.items()}
    return Observation(
        flags=flags,
        figures={
            **figures,
            "runtime_seconds": _seconds(report.get("TIMELEFT")),
            "low_runtime_seconds": _seconds(report.get("DLOWBATT")),
        },
        age_seconds=None if age is None else max(age, 0.0),
        doubt=doubt,
        marks=tuple(_counters(report, flags)),
        raw=dict(report),
    )


def _flags(report: Mapping[str, str]) -> Tuple[FrozenSet[str], Optional[str]]:
    """Return the words of STATUS and the bits of STATFLAG together, so that a contradiction of both shows."""
    flags: Set[str] = {_WORDS[word] for word in report.get("STATUS", "").upper().split() if word in _WORDS}
    text = report.get("STATFLAG", "").split(" ")[0]
    if text in _NOTHING:
        return frozenset(flags), None
    try:
        bits = int(text, 16)
    except ValueError:
        return frozenset(flags), f"apcupsd's STATFLAG cannot be read ({text[:40]}); look at apcupsd and its version."
    return frozenset(flags | {flag for bit, flag in _BITS.items() if bits & bit}), None


def _age(report: Mapping[str, str]) -> Optional[float]:
    """Return END APC, when the report was made, less DATE, when the UPS was asked: both by apcupsd's clock."""
    asked, made = _time(report.get("DATE")), _time(report.get("END APC"))
    return None if asked is None or made is None else (made - asked).total_seconds()


def _time(text: Optional[str]) -> Optional[datetime]:
    try:
        return datetime.strptime((text or "").strip(), "%Y-%m-%d %H:%M:%S %z")
    except ValueError:
        return None


def _value(text: Optional[str]) -> Optional[str]:
    """Return a figure without its unit."""
    return text.split(" ")[0] if text and text not in _NOTHING else None


def _seconds(text: Optional[str]) -> Optional[str]:
    """Return a time as text in seconds; one with an unknown unit as it is, which is then no number."""
    if text is None or text in _NOTHING:
        return None
    number, _space, unit = text.partition(" ")
    value, factor = number_of(number), _SECONDS.get(unit.strip().lower())
    return text if value is None or factor is None else f"{value * factor:.3f}"


def _counters(report: Mapping[str, str], flags: FrozenSet[str]) -> List[Mark]:
    """Return a mark where the time on battery goes on although mains is there: it is of an earlier outage."""
    seconds = number_of(_value(report.get("TONBATT")) or "")
    if "OL" not in flags or not seconds:
        return []
    began = report.get("XONBATT", "N/A")
    return [Mark("status", f"TONBATT {seconds:g}", f"It counts time on battery (since {began}) although on line.")]
