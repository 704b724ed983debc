# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the result of a task to what the journal holds of it: a list of what may enter, and nothing else."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from ansible.plugins.loader import action_loader
from ansible_collections.contingency.infra.plugins.module_utils._record import chain, steps
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_told import steps_in

OURS = "contingency.infra."
APPROVAL = "contingency_approval"
LONGEST_MESSAGE = 2000
LARGEST_FILE = 256 * 1024 * 1024
TELLING = ("invocation", "results", "item", "url")
"""Fields of a failure from which secrets are learned before its message is written."""
STEP_FIELDS = (
    "phase",
    "text",
    "procedure",
    "ok",
    "host",
    "began_epoch",
    "ended_epoch",
    "proven",
    "unproven",
    "figures",
    "objectives",
    "series",
    "next_action",
)


def action_of(task: Any) -> str:
    """Return the full name of a task's module."""
    return str(getattr(task, "resolved_action", None) or task.action)


def has_fixed_name(task: Any) -> bool:
    """Is a task's name the same on every host, as there are no values in it?"""
    given = task.get_ds()
    return not (isinstance(given, Mapping) and "{{" in str(given.get("name", "")))


def is_ours(action: str) -> bool:
    return action.startswith(OURS)


def is_told_before(result: Mapping[str, Any], action: str) -> bool:
    """Say whether a failure is one that an earlier run has told: a timer would fill the disk with it."""
    return is_ours(action) and result.get("told_before") is True


def message_of(result: Mapping[str, Any], action: str, status: str) -> str | None:
    """Return what may be told of a result: why it failed, and what a procedure says of itself at its end.

    Each text is searched for secrets, and the first of a play takes time: none is told while a procedure goes well.
    """
    if status in ("failed", "unreachable"):
        return _why(result)
    said = result.get("msg")
    return str(said) if said and is_ours(action) and result.get(steps.KEY) else None


def _why(result: Mapping[str, Any]) -> str | None:
    for item in _items(result):
        # ansible-core 2.21 tells what became of an item by the event only.
        if item.get("failed") or item.get("unreachable") or "exception" in item:
            return str(item.get("msg") or "") or None
    said = result.get("msg")
    return str(said) if said else None


def _items(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the results of a loop, none where there was no loop."""
    results = result.get("results")
    return [item for item in results if isinstance(item, Mapping)] if isinstance(results, list) else []


def steps_of(result: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the marked steps of a result, also those of a loop, with nothing but what a step has."""
    for each in [result, *_items(result)]:
        for step in steps_in(each):
            if isinstance(step, Mapping) and step.get("phase") in steps.PHASES:
                yield {name: step[name] for name in STEP_FIELDS if name in step}


def approvals_of(result: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the approvals that a result carries; a field that is called as one that every line has keeps its value."""
    for each in [result, *_items(result)]:
        found = each.get(APPROVAL)
        for approval in found if isinstance(found, list) else [found]:
            if isinstance(approval, Mapping):
                yield {f"{name}_" if name in chain.OWN else str(name): value for name, value in approval.items()}


def is_measured(name: str, value: Any) -> bool:
    """Is a field of a step a number or a word of ours? It is no secret where it happens to be the same as one."""
    if name in ("figures", "objectives"):
        return isinstance(value, Mapping) and all(_is_number(each) for each in value.values())
    return name == "phase" or _is_number(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float))


def files_of(result: Mapping[str, Any], action: str) -> Iterator[str]:
    """Yield the files on the controller that a result names; those of other collections' modules may be anywhere."""
    if not is_ours(action) or not _acts_here(action):
        return
    for each in [result, *_items(result)]:
        found = each.get("files")
        for file in found if isinstance(found, list) else []:
            path = file.get("path") if isinstance(file, Mapping) else file
            if isinstance(path, str) and os.path.isabs(path):
                yield path


@cache
def _acts_here(action: str) -> bool:
    return bool(action_loader.has_plugin(action))


def fingerprint(path: str) -> dict[str, Any]:
    """Return a file's path, SHA-256 and size; why it has none where it cannot be read."""
    told: dict[str, Any] = {"path": path, "sha256": None, "bytes": None}
    try:
        # Neither waits for a pipe's other end.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            status = os.fstat(file.fileno())
            told["bytes"] = status.st_size
            if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_FILE:
                return {**told, "why": "is no file of a size that is hashed while a procedure runs"}
            return {**told, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
    except OSError as error:
        return {**told, "why": error.strerror or str(error)}


def is_rescued(task: Any) -> bool:
    """Does a block go on with its rescue part where this task fails?"""
    inner = task
    parent = getattr(task, "_parent", None)
    while parent is not None:
        main = getattr(parent, "block", None)
        if main and getattr(parent, "rescue", None) and _is_in(inner, main):
            return True
        inner, parent = parent, getattr(parent, "_parent", None)
    return False


def _is_in(inner: Any, main: Any) -> bool:
    return any(each is inner or getattr(each, "_uuid", None) == inner._uuid for each in main)
