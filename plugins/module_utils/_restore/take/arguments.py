# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site writes of a backup set, for the module and for the program that a timer starts."""

from __future__ import annotations

from typing import Any, Dict, Mapping

from ansible_collections.contingency.infra.plugins.module_utils._restore.take.registry import TAKERS
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import (
    NotTaken,
    SecondCopy,
    TakeOrder,
)

COPY: Dict[str, Any] = {"directory": {"type": "path", "required": True}, "repository": {"type": "str"}}
ARGUMENTS: Dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "engine": {"type": "str", "required": True, "choices": list(TAKERS)},
    "directory": {"type": "path", "required": True},
    "copies": {"type": "list", "elements": "dict", "default": [], "options": COPY},
    "keep": {"type": "int", "default": 0},
    "fresh_seconds": {"type": "float", "default": 0},
    "signing_key": {"type": "path", "no_log": False},
    "jobs": {"type": "int", "default": 2},
    "timeout": {"type": "float", "default": 21600},
    "reserve_bytes": {"type": "int", "default": 1073741824},
    "options": {"type": "dict", "default": {}},
}


def with_defaults(values: Mapping[str, Any]) -> Dict[str, Any]:
    """Return a set as it was written, with the defaults of what was left out; NotTaken where it is not one."""
    unknown = sorted(set(values) - set(ARGUMENTS))
    if unknown:
        raise NotTaken(f"A backup set has no {', '.join(unknown)}; it has {', '.join(sorted(ARGUMENTS))}.")
    lacking = [name for name, spec in ARGUMENTS.items() if spec.get("required") and not values.get(name)]
    if lacking:
        raise NotTaken(f"The backup set lacks {', '.join(lacking)}.")
    defaults = {name: spec.get("default") for name, spec in ARGUMENTS.items()}
    return {**defaults, **{name: value for name, value in values.items() if value is not None}}


def order_of(values: Mapping[str, Any]) -> TakeOrder:
    """Return the order of a set with all its arguments."""
    return TakeOrder(
        name=values["name"],
        engine=values["engine"],
        directory=values["directory"],
        copies=tuple(SecondCopy(copy["directory"], copy.get("repository")) for copy in values["copies"]),
        keep=int(values["keep"]),
        jobs=int(values["jobs"]),
        timeout_seconds=float(values["timeout"]),
        reserve_bytes=int(values["reserve_bytes"]),
        signing_key=values["signing_key"],
        options=values["options"],
    )
