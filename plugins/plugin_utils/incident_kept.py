# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""While the plan cannot be used: what was said is kept word by word, so that a mistake in it costs no record.

Nothing is graded and nobody is told from here. The same command, given again once the plan is corrected, completes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._incident import store
from ansible_collections.contingency.infra.plugins.module_utils._incident.changes import Refused
from ansible_collections.contingency.infra.plugins.module_utils._incident.refusals import told
from ansible_collections.contingency.infra.plugins.module_utils._incident.words import say
from ansible_collections.contingency.infra.plugins.plugin_utils.incident_run import OF_THE_TASK, meant, place_of

PLAIN = ("title", "place", "reported_by")
"""What an incident is opened with; all else depends on the plan: its classes, its departments, its time zone."""


def kept(said: Mapping[str, Any], *, by: str, now: float) -> str | None:
    """Record what was said and return the incident's directory, None where nothing was said; Told says why not."""
    words = _words(said)
    if not words and said["state"] != "opened":
        return None
    root, drill = place_of(said)
    path = _opened(root, said, by=by, now=now, drill=drill) if said["state"] == "opened" else meant(root, said["id"])
    store.load(path)
    store.append_event(path, "note", {"text": say("kept_words", said["language"], words="; ".join(words))}, by=by)
    return path


def _opened(root: str, said: Mapping[str, Any], *, by: str, now: float, drill: bool) -> str:
    if not said["title"]:
        raise Refused(told("no_title"))
    fields = {name: said[name] for name in PLAIN if said[name]}
    opened = store.open_incident(root, {**fields, "discovered_epoch": now}, by=by, now=now, timezone="", drill=drill)
    return opened.path


def _words(said: Mapping[str, Any]) -> list[str]:
    """Return all that was said, as it was typed."""
    told_of = {name: value for name, value in said.items() if name not in OF_THE_TASK}
    closing = ["state=closed"] if said["state"] == "closed" else []
    return [f"{name}={_typed(value)}" for name, value in told_of.items() if _is_said(value)] + closing


def _is_said(value: Any) -> bool:
    """Tell an answer from what stands where none was given. None affected, 0, is an answer."""
    return value is not None and value is not False and value not in ("", [], {})


def _typed(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {value[name]}" for name in value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
