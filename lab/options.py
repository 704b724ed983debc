# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the options of one machine in topology.yml into its kind's own dataclass."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar, get_args, get_type_hints

from lab.errors import LabError

Options = TypeVar("Options")


def parse(kind: type[Options], values: Any, where: str) -> Options:
    """Unknown, missing and mistyped entries raise LabError; Literal types are choices, dataclasses are nested."""
    if not isinstance(values, dict):
        raise LabError(f"{where} must be a mapping, and is {values!r}.")
    hints = get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise LabError(f"{where} has unknown entries {', '.join(unknown)}: known are {', '.join(sorted(fields))}.")
    for name, field in fields.items():
        if name not in values and field.default is field.default_factory is dataclasses.MISSING:
            raise LabError(f"{where} needs {name}.")
    return kind(**{name: _convert(hints[name], value, f"{name} of {where}") for name, value in values.items()})


def _convert(wanted: Any, value: Any, where: str) -> Any:
    if wanted in (str, int, bool):
        if not isinstance(value, wanted) or isinstance(value, bool) != (wanted is bool):
            raise LabError(f"{where} must be of type {wanted.__name__}, and is {value!r}.")
        return value
    if dataclasses.is_dataclass(wanted) and isinstance(wanted, type):
        return parse(wanted, value, where)
    arguments = get_args(wanted)
    if type(None) in arguments:
        return None if value is None else _convert(arguments[0], value, where)
    if arguments[-1] is Ellipsis:
        if not isinstance(value, list):
            raise LabError(f"{where} must be a list, and is {value!r}.")
        return tuple(_convert(arguments[0], item, where) for item in value)
    if value not in arguments:
        raise LabError(f"{where} must be one of {', '.join(map(str, arguments))}, and is {value!r}.")
    return value
