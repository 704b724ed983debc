# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open a sealed credential in need, and see that it is rotated afterwards."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible.utils.display import Display
from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Refused, Said, say
from ansible_collections.contingency.infra.plugins.module_utils._approval.sealed import (
    RECORD as RECORD_FILE,
)
from ansible_collections.contingency.infra.plugins.module_utils._approval.sealed import (
    Opening,
    Sealed,
    openings,
    reason_limitation,
    record_in,
    rotated_at,
    sealed_of,
)
from ansible_collections.contingency.infra.plugins.module_utils._approval.times import local
from ansible_collections.contingency.infra.plugins.module_utils._approval.words import WORDS
from ansible_collections.contingency.infra.plugins.module_utils._record import chain
from ansible_collections.contingency.infra.plugins.module_utils._record.damages import damage_said
from ansible_collections.contingency.infra.plugins.modules.break_glass import ARGUMENT_SPEC, REQUIRED_IF
from ansible_collections.contingency.infra.plugins.plugin_utils.approval_action import (
    RECORD,
    ApprovalAction,
    rules_of,
    shown,
    tell_incident,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.approval_desk import Desk, Verdict
from ansible_collections.contingency.infra.plugins.plugin_utils.approval_shown import Shown
from ansible_collections.contingency.infra.plugins.plugin_utils.seal import (
    Glass,
    Where,
    data_of,
    disk_of,
    plan_of_opening,
    refuse,
    where_limitation,
)

Arguments = Mapping[str, Any]
PERSONS = 2
"""A seal is never broken by fewer, whatever the site asks for elsewhere."""


class ActionModule(ApprovalAction):
    """Wires options, approvals and the record."""

    argument_spec = ARGUMENT_SPEC
    required_if = REQUIRED_IF

    def work(self, arguments: Arguments, hostvars: Mapping[str, Any]) -> dict[str, Any]:
        say_it = Shown(arguments["language"], os.path.abspath(arguments["directory"]))
        desk = Desk(replace(rules_of({**arguments, "required": PERSONS}), standing=()))
        reading = _record_in(desk.rules.directory)
        damage = damage_of(reading, os.path.join(desk.rules.directory, RECORD_FILE))
        if damage is not None and arguments["state"] == "rotated":
            # What was opened would be compared with what somebody else wrote.
            raise Refused(damage)
        if damage is not None:
            Display().warning(say_it.say(damage.key, **damage.values))
        waiting = openings(reading.lines)
        if arguments["state"] == "listed":
            return listed(waiting, say_it)
        sealed = sealed_of(arguments["sealed"], arguments["name"])
        if arguments["state"] == "rotated":
            found = waiting.get(sealed.name, [])
            return self._rotated(desk, sealed, found, rotated_at(reading.lines, sealed.name), arguments, say_it)
        return self._opened(desk, sealed, arguments, say_it)

    def _opened(self, desk: Desk, sealed: Sealed, arguments: Arguments, say_it: Shown) -> dict[str, Any]:
        reason, file = arguments["reason"], os.path.abspath(arguments["file"]) if arguments["file"] else ""
        refuse(reason_limitation(reason))
        data = data_of(sealed)
        plan = plan_of_opening(sealed, data, reason)
        refuse(where_limitation(file, arguments["show"], desk.person, os.environ))
        verdict = desk.looked(plan) if self._task.check_mode else desk.asked(plan)
        if not verdict.granted:
            return self._refused(desk, verdict, say_it)
        if self._task.check_mode:
            said = say_it.say("would_open", name=sealed.name, reason=reason)
            shown([said])
            return {"changed": True, "missing": 0, "msg": said}
        self._warn_of_disk(file, say_it)
        told = self._told(desk, verdict, reason)
        where = Where(
            file,
            "" if file else desk.person.terminal,
            say_it.say("shown_above", name=sealed.name),
            say_it.say("shown_below", name=sealed.name),
        )
        content = Glass(desk.rules.directory, sealed, self._decrypted).opened(data, told, where)
        trouble = self._tell(arguments, "opened", sealed, told, say_it)
        where.hand_over(content)
        said = say_it.say("opened", name=sealed.name, reason=reason, path=sealed.file)
        key = "opened_file" if file else "opened_shown"
        shown(["", said, say_it.say(key, path=file, terminal=where.terminal)])
        record = desk.record(verdict)
        return {"changed": True, "missing": 0, RECORD: record, "trouble": trouble, "msg": said}

    def _refused(self, desk: Desk, verdict: Verdict, say_it: Shown) -> dict[str, Any]:
        request, new = desk.requested(verdict.plan, write=not self._task.check_mode)
        shown([*say_it.plan(request), *say_it.request(request, None if self._task.check_mode else new)])
        return {
            "changed": False,
            "failed": True,
            "missing": verdict.required - len(verdict.counted),
            RECORD: desk.record(verdict),
            "msg": say_it.refused(verdict),
        }

    def _rotated(
        self,
        desk: Desk,
        sealed: Sealed,
        waiting: list[Opening],
        before: str | None,
        arguments: Arguments,
        say_it: Shown,
    ) -> dict[str, Any]:
        if not waiting:
            said = (
                say_it.say("rotated_already", name=sealed.name, at=before)
                if before
                else say_it.say("rotate_not_open", name=sealed.name)
            )
            shown([said])
            return {"changed": False, "msg": said}
        write = not self._task.check_mode
        told = {"by": _by(desk), "person": sorted(desk.person.names)}
        glass = Glass(desk.rules.directory, sealed, self._decrypted)
        file = os.path.abspath(arguments["file"]) if arguments["file"] else ""
        proven, untidy = glass.rotated(waiting, told, file=file, write=write)
        key = "rotated" if write else "would_rotate"
        said = say_it.say(key, name=sealed.name, at=local(desk.now))
        left = [say_it.say(each.key, **each.values) for each in untidy]
        shown(["", said, say_it.say("rotated_proven" if proven else "rotated_unproven")])
        for line in left:
            Display().warning(line)
        trouble = self._tell(arguments, "rotated", sealed, {**told, "old_refused": proven}, say_it) if write else []
        return {"changed": True, "proven": proven, "trouble": [*left, *trouble], "msg": said}

    def _decrypted(self, path: str) -> str:
        return str(self._loader.get_text_file_contents(path))

    @staticmethod
    def _told(desk: Desk, verdict: Verdict, reason: str) -> dict[str, Any]:
        return {
            "by": _by(desk),
            "person": sorted(desk.person.names),
            "reason": reason,
            "approvals": desk.record(verdict)["approvals"],
            "plan": verdict.plan.hash,
            "incident": desk.rules.incident,
        }

    @staticmethod
    def _tell(arguments: Arguments, state: str, sealed: Sealed, told: Mapping[str, Any], say_it: Shown) -> list[str]:
        fields = {name: value for name, value in told.items() if name != "by"}
        return tell_incident(arguments, "break_glass", {**fields, "state": state, "name": sealed.name}, say_it)

    @staticmethod
    def _warn_of_disk(file: str, say_it: Shown) -> None:
        with open("/proc/mounts", encoding="utf-8", errors="replace") as mounts:
            kind = disk_of(file, mounts.read()) if file else None
        if kind is not None:
            Display().warning(say_it.say("where_disk", path=file, kind=kind))


def _record_in(directory: str) -> chain.Reading:
    """Return what was opened and rotated; Refused where that cannot be read."""
    try:
        return record_in(directory)
    except OSError as error:
        raise Refused(say("not_read", path=directory, why=error.strerror)) from error


def damage_of(reading: chain.Reading, path: str) -> Said | None:
    """Pure: what is wrong with the record, None where nothing is."""
    if reading.damage is None:
        return None
    why = {language: damage_said(reading.damage.why, language) for language in WORDS}
    return say("record_damaged", path=path, line=reading.damage.line, why=why)


def listed(waiting: Mapping[str, list[Opening]], say_it: Shown) -> dict[str, Any]:
    """Show what waits to be rotated, and return the task's result."""
    found = [opening for each in waiting.values() for opening in each]
    lines = [
        say_it.say("open_since", name=each.name, at=local(each.epoch), by=each.by, reason=each.reason) for each in found
    ]
    shown(["", *(lines or [say_it.say("open_none")])])
    return {
        "changed": False,
        "open": [{"name": each.name, "at": each.at, "by": each.by, "reason": each.reason} for each in found],
    }


def _by(desk: Desk) -> str:
    return desk.rules.person or ", ".join(sorted(desk.person.names)) or "root"
