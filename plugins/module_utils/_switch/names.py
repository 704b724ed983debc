# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Port names: the same port is written in many ways."""

from __future__ import annotations

import difflib
import re
from typing import Iterable, Mapping, Optional

_SPLIT = re.compile(r"^\s*(\d*[A-Za-z][A-Za-z_-]*?)\s*(\d[\d/:.]*)?\s*$")


def full(name: str, abbreviations: Mapping[str, str]) -> str:
    """Return the full name of a port, ``Te1/0/2`` -> ``TenGigabitEthernet1/0/2``; also ``10GE 1/0/2`` -> ``10GE1/0/2``.

    ``abbreviations`` maps the platform's short forms to its full ones, keys in lower case.
    """
    match = _SPLIT.match(name)
    if not match:
        return name.strip()
    kind, number = match.group(1), match.group(2) or ""
    return abbreviations.get(kind.lower(), kind) + number


def expanded(name: str, abbreviations: Mapping[str, str]) -> str:
    """Return the full name of a port in lower case, so that two names of one port are equal."""
    return full(name, abbreviations).lower()


def find(name: str, known: Iterable[str], abbreviations: Mapping[str, str]) -> Optional[str]:
    """Return the entry of ``known`` that means the same port as ``name``, or None."""
    wanted = expanded(name, abbreviations)
    return next((entry for entry in known if expanded(entry, abbreviations) == wanted), None)


def similar(name: str, known: Iterable[str]) -> list[str]:
    """Return up to three known names that look like ``name``, for an error message."""
    return difflib.get_close_matches(name, list(known), n=3, cutoff=0.3)
