# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the incident module: which incident is meant, which events come of what was said, what they lead to."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._incident import store
from ansible_collections.contingency.infra.plugins.module_utils._incident.changes import (
    BY_RULES,
    Change,
    Refused,
    changes_of,
    closing,
    details_of,
    times_limitation,
    without_relative_times,
)
from ansible_collections.contingency.infra.plugins.module_utils._incident.due import incident_due
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import Incident
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Policy
from ansible_collections.contingency.infra.plugins.module_utils._incident.news import news
from ansible_collections.contingency.infra.plugins.module_utils._incident.refusals import told
from ansible_collections.contingency.infra.plugins.module_utils._incident.regrade import fields_of
from ansible_collections.contingency.infra.plugins.module_utils._incident.severity import grade_of, regrade_due
from ansible_collections.contingency.infra.plugins.module_utils._incident.shown import Shown
from ansible_collections.contingency.infra.plugins.module_utils._incident.state import Line, incident_of
from ansible_collections.contingency.infra.plugins.module_utils._incident.words import say
from ansible_collections.contingency.infra.plugins.module_utils._record.chain import Damage
from ansible_collections.contingency.infra.plugins.plugin_utils.typed import as_typed

HALF = re.compile("[\ud800-\udfff]")
BYTE = re.compile("[\udc80-\udcff]")
OF_THE_TASK = ("plan", "state", "id", "drill", "directory", "drill_directory", "language")
"""Options that say nothing of the incident."""


class Run:
    """What the module does with one incident, on disk or, in check mode, in memory alone."""

    def __init__(self, policy: Policy, said: Mapping[str, Any], *, by: str, now: float, check: bool) -> None:
        self.policy = policy
        self.said = said
        self.by = by
        self.now = now
        self.check = check
        self.root, self.drill = place_of(said)
        self.path = ""
        self.lines: tuple[Line, ...] = ()
        self.damage: Damage | None = None
        self.written: list[str] = []
        self.before: Incident | None = None
        self.was_open = False

    @property
    def incident(self) -> Incident:
        return incident_of(self.lines)

    def done(self) -> Run:
        """Record what was said; Refused or StoreError says why not."""
        if self.said["state"] == "opened":
            self._open()
        else:
            self._take(meant(self.root, self.said["id"]))
        for change in changes_of(self.policy, self.incident, self._news_of_it(), self.now):
            self._add(change)
        if self.said["severity"] == BY_RULES or regrade_due(self.incident, self._grade()):
            self._add(Change("graded", fields_of(self._grade())))
        if self.said["state"] == "closed" and self.incident.closed_epoch is None:
            self._add(closing(self.policy, self.incident, self.said["reason"] or "", self.now))
        return self

    def result(self) -> dict[str, Any]:
        """Return the task's result."""
        shown = self._shown()
        after = _state(self.incident)
        return {
            "changed": bool(self.written),
            "path": self.path,
            "events": self.written,
            "diff": {"before": _state(self.before) if self.before else "", "after": after, "after_header": self.path},
            **shown.as_dict(),
        }

    def shown(self) -> list[str]:
        """Return the lines for the screen."""
        language = self.said["language"]
        lines = [say("was_open", language)] if self.was_open else []
        others = [each for each in store.open_ids(self.root) if each != self.incident.id]
        if self.said["state"] == "opened" and others:
            lines.append(say("others", language, ids=", ".join(others)))
        lines += map(as_typed, self._shown().lines(self.damage))
        if self.check:
            return [*lines, say("would", language, kinds=", ".join(self.written) or "-")]
        return [*lines, say("record", language, path=os.path.join(self.path, store.EVENTS))]

    def _shown(self) -> Shown:
        due = incident_due(self.policy, self.incident, self.now)
        return Shown(self.policy, self.incident, due, self.said["language"], self.now)

    def _grade(self) -> Any:
        return grade_of(self.policy, self.incident, self.now)

    def _open(self) -> None:
        if not self.said["title"]:
            raise Refused(told("no_title"))
        details = details_of(self.policy, self.said, None, self.now)
        discovered = details.pop("discovered_epoch", None) or self.now
        limitation = times_limitation(details.get("occurred_epoch"), discovered, self.now)
        if limitation:
            raise Refused(limitation)
        known = {name: value for name, value in details.items() if value is not None}
        fields = {**known, "discovered_epoch": discovered, "policy_hash": self.policy.digest}
        if self.check:
            self._imagine(fields)
            return
        opened = store.open_incident(
            self.root, fields, by=self.by, now=self.now, timezone=self.policy.calendar.timezone, drill=self.drill
        )
        self._take(opened.path)
        self.was_open = not opened.changed
        if opened.changed:
            self.written.append("opened")
            self.before = None
            self.now = max(self.now, self.incident.opened_epoch)

    def _imagine(self, fields: Mapping[str, Any]) -> None:
        """Open it in memory, or take the one that an opening would take."""
        for listed in store.open_in(self.root):
            if listed.incident is not None and store.is_same(listed.incident, fields, self.drill):
                self._take(listed.path)
                self.was_open = True
                return
        key = f"{store.DRILL if self.drill else store.INCIDENT}-NEW"
        self.path = os.path.join(self.root, key)
        self._stamp("opened", {**fields, "id": key, "drill": self.drill, "by": self.by})

    def _news_of_it(self) -> Mapping[str, Any]:
        """Return what was said without what the opening has recorded already."""
        said = {name: value for name, value in self.said.items() if name not in OF_THE_TASK}
        if "opened" not in self.written:
            return without_relative_times(said) if self.was_open else said
        told = ("activated", "acknowledged", "manual_work", "recovered", "confirmed", "confirmed_by", "note", "at")
        return {name: self.said[name] for name in (*told, "severity", "reason", "met")}

    def _take(self, path: str) -> None:
        loaded = store.load(path)
        self.path, self.lines, self.damage = path, loaded.lines, loaded.damage
        self.before = loaded.incident

    def _add(self, change: Change) -> None:
        event = {**change.fields, "by": self.by}
        if change.happened_epoch is not None:
            event["happened_epoch"] = change.happened_epoch
        new = news(self.lines, change.kind, event)
        if new is None:
            return
        if self.check:
            self._stamp(change.kind, new)
            return
        appended = store.append_event(
            self.path, change.kind, change.fields, by=self.by, happened_epoch=change.happened_epoch
        )
        self.lines = store.load(self.path).lines
        if appended.changed:
            self.written.append(change.kind)
            # What was written now has happened by now.
            self.now = max(self.now, float(appended.line["epoch"]))

    def _stamp(self, kind: str, fields: Mapping[str, Any]) -> None:
        self.lines = (*self.lines, {**fields, "kind": kind, "n": len(self.lines) + 1, "epoch": self.now})
        self.written.append(kind)


def place_of(said: Mapping[str, Any]) -> tuple[str, bool]:
    """Pure: the directory in which the incident that is meant lies, and whether it is a drill."""
    drill = bool(said["drill"]) or str(said["id"] or "").startswith(store.DRILL)
    return str(said["drill_directory" if drill else "directory"]), drill


def meant(root: str, key: str | None) -> str:
    """Return the directory of the incident of that id, or of the only one that is open; Refused where there is none."""
    if key:
        if not store.ID.fullmatch(key):
            raise Refused(told("no_id", written=key))
        return os.path.join(root, key)
    found = store.open_ids(root)
    if len(found) == 1:
        return os.path.join(root, found[0])
    if found:
        raise Refused(told("several", ids=", ".join(found)))
    raise Refused(told("none", root=root))


def readable(said: Any) -> Any:
    """Return what was said with the texts of a terminal that does not speak UTF-8 as what was typed there.

    Python hands on bytes that are no UTF-8 as halves of characters, which no mail and no chat takes.
    """
    if isinstance(said, Mapping):
        return {readable(name): readable(value) for name, value in said.items()}
    if isinstance(said, list):
        return [readable(value) for value in said]
    return _typed(said) if isinstance(said, str) else said


def _typed(text: str) -> str:
    if HALF.search(text) is None:
        return text
    if HALF.search(BYTE.sub("", text)) is not None:
        return HALF.sub("?", text)
    raw = text.encode("utf-8", "surrogateescape")
    try:
        return raw.decode("gb18030")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace")


def _state(incident: Incident) -> str:
    """Return an incident as text that can be compared."""
    found = {
        "severity": incident.severity,
        **incident.details,
        "activated_epoch": incident.activated_epoch,
        "recovered_epoch": incident.recovered_epoch,
        "closed_epoch": incident.closed_epoch,
        "working_by_hand": [key for key, state in incident.manual_work.items() if state.going_on],
        "acknowledged": sorted(incident.acknowledged),
        "confirmed": dict(incident.confirmed),
        "deadlines_met": sorted(incident.deadlines_met),
    }
    return json.dumps(found, indent=2, ensure_ascii=False, default=str) + "\n"
