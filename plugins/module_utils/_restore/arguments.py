# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of a restore test from what a person wrote: durations as 26h, sizes as 2G, copies as paths or mappings."""

from __future__ import annotations

import re
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._restore.history import name_limitation
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Assertion, Copy, Limits, Order

_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
_BYTES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_DURATION = re.compile(r"\A\s*(\d+(?:\.\d+)?)\s*(s|min|m|h|d|w)?\s*\Z")
_SIZE = re.compile(r"\A\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*\Z", re.IGNORECASE)
COPY_KEYS = ("path", "manifest", "host", "place")


class OrderError(Exception):
    """Something in the order cannot be meant as it stands; ``message`` names it and says how it is written."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def order_of(given: Mapping[str, Any]) -> Order:
    """Return the order that the arguments of the module make; OrderError names what is wrong with them."""
    limitation = name_limitation(given["name"])
    if limitation is not None:
        raise OrderError(limitation)
    rpo = seconds("rpo", given.get("rpo"))
    return Order(
        name=given["name"],
        engine=given["engine"],
        copies=_copies(given["copies"], given.get("manifest")),
        scratch_directory=given["scratch_directory"],
        history_directory=given["history_directory"],
        # An objective that nothing holds a backup to would let one pass that has not been taken for months.
        max_age=seconds("max_age", given.get("max_age")) or rpo,
        rto=seconds("rto", given.get("rto")),
        rpo=rpo,
        assertions=tuple(_assertion(each) for each in given.get("assertions") or ()),
        limits=_limits(given),
        options=dict(given.get("options") or {}),
        max_shrink_percent=float(given["max_shrink_percent"]),
        may_shrink=tuple(given.get("may_shrink") or ()),
        allowed_signers=given.get("allowed_signers"),
    )


def seconds(name: str, written: Any) -> Optional[float]:
    """Return a duration in seconds: 90, 90s, 15m, 26h, 2d, 1w; None stays None."""
    if written is None or written == "":
        return None
    match = _DURATION.match(str(written))
    if match is None or float(match.group(1)) <= 0:
        raise OrderError(f"{name} is {written!r}, which is no time; write it as 90s, 15m, 26h or 2d")
    return float(match.group(1)) * _SECONDS[match.group(2) or "s"]


def size(name: str, written: Any) -> Optional[int]:
    """Return a size in bytes: 1073741824, 512M, 2G; None stays None."""
    if written is None or written == "":
        return None
    match = _SIZE.match(str(written))
    if match is None:
        raise OrderError(f"{name} is {written!r}, which is no size; write it as 512M or 2G")
    return int(float(match.group(1)) * _BYTES[match.group(2).upper()])


def _limits(given: Mapping[str, Any]) -> Limits:
    jobs = int(given["jobs"])
    if jobs < 1:
        raise OrderError(f"jobs is {jobs}; write 1 or more")
    return Limits(
        memory_bytes=size("memory", given.get("memory")),
        disk_reserve_bytes=size("disk_reserve", given.get("disk_reserve")) or 0,
        timeout_seconds=seconds("timeout", given["timeout"]) or 0.0,
        jobs=jobs,
    )


def _copies(given: Sequence[Any], manifest: Optional[str]) -> Tuple[Copy, ...]:
    if not given:
        raise OrderError("copies is empty; name at least one copy, the one that is restored first at the top")
    return tuple(_copy(each, manifest) for each in given)


def _copy(given: Any, manifest: Optional[str]) -> Copy:
    if isinstance(given, str):
        return Copy(given, manifest)
    if not isinstance(given, Mapping) or not given.get("path") or set(given) - set(COPY_KEYS):
        raise OrderError(
            f"the copy {given!r} is neither a path nor a mapping of {', '.join(COPY_KEYS)}; correct copies"
        )
    told: Dict[str, Optional[str]] = {key: str(given[key]) if given.get(key) else None for key in COPY_KEYS[1:]}
    return Copy(str(given["path"]), told["manifest"] or manifest, told["host"], told["place"])


def _assertion(given: Mapping[str, Any]) -> Assertion:
    query, command = given.get("query"), given.get("command")
    if bool(query) == bool(command):
        raise OrderError(f"the assertion {given['name']!r} needs either a query or a command")
    return Assertion(given["name"], query or None, command or None, given.get("expect", True), given.get("database"))
