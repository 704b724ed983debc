# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module tells the journal its steps, without telling the person on duty everything twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._record.steps import KEY

UNSHOWN = "invocation"
"""Part of a result that callbacks get and that the screen shows from -vvv on."""


def with_steps(result: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Pure: a task's result with the steps of its procedure.

    The whole result of a task that failed is shown, and what its summary says would be lost in it: there they are
    where only callbacks see them.
    """
    if not found:
        return dict(result)
    return {**result, UNSHOWN: {KEY: list(found)}} if result.get("failed") else {**result, KEY: list(found)}


def steps_in(result: Mapping[str, Any]) -> list[Any]:
    """Pure: the steps that a result carries, unchecked."""
    unshown = result.get(UNSHOWN)
    for place in (result, unshown if isinstance(unshown, Mapping) else {}):
        if isinstance(place.get(KEY), list):
            return list(place[KEY])
    return []
