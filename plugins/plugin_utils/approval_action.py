# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the actions about approvals have in common: options, the record in the incident, and errors as sentences."""

from __future__ import annotations

import getpass
import os
import socket
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Refused, Said, say
from ansible_collections.contingency.infra.plugins.module_utils._approval.words import WORDS, told
from ansible_collections.contingency.infra.plugins.module_utils._incident import store as incidents
from ansible_collections.contingency.infra.plugins.plugin_utils.approval_desk import Rules
from ansible_collections.contingency.infra.plugins.plugin_utils.approval_shown import Shown
from ansible_collections.contingency.infra.plugins.plugin_utils.evidence import plain
from ansible_collections.contingency.infra.plugins.plugin_utils.typed import playbook, typed, unknown

RECORD = "contingency_approval"
"""Key of a result under which the journal finds what it writes down."""
NAMES = {
    "approve": ("request", "approver", "sign_with", "valid_for", "valid_from", "comment"),
    "break_glass": ("sealed", "reason", "sealed_file", "sealed_show", "rotated"),
}
"""By playbook: what is typed for it."""


class ApprovalAction(ActionBase):
    """Validates the options and turns refusals into failures."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    argument_spec: Mapping[str, Any]
    required_if: Sequence[Any] = ()

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        wrong = typed_limitation(playbook(), typed(), (task_vars or {}).get("_raw_params"))
        if wrong is not None:
            return refused(wrong, str(self._task.args.get("language")))
        validator = ArgumentSpecValidator(self.argument_spec, required_if=self.required_if)
        validation = validator.validate(self._task.args.copy())
        if validation.error_messages:
            raise AnsibleActionFail("; ".join(validation.error_messages))
        arguments = plain(validation.validated_parameters)
        try:
            return self.work(arguments, (task_vars or {}).get("hostvars", {}))
        except Refused as error:
            return refused(error.said, arguments["language"])

    @abstractmethod
    def work(self, arguments: Mapping[str, Any], hostvars: Mapping[str, Any]) -> dict[str, Any]:
        """Do what is asked and return the task's result; Refused where it cannot be done."""


def refused(why: Said, language: str) -> dict[str, Any]:
    """Return the result of a task that did nothing."""
    return {"changed": False, "failed": True, "msg": f"{told(why, language if language in WORDS else 'en')}."}


def typed_limitation(book: str, names: Iterable[str], stray: str | None) -> Said | None:
    """Guard: why what was typed for a playbook is not what will be signed or recorded; None where it is."""
    known = NAMES.get(book)
    if known is None:
        return None
    if stray:
        return say("typed_stray", words=stray)
    wrong = [(name, near) for name, near in unknown(names, known).items() if near]
    return say("typed_misspelt", name=wrong[0][0], near=wrong[0][1], playbook=book) if wrong else None


def rules_of(arguments: Mapping[str, Any]) -> Rules:
    """Return what the site asks for; Refused where the name of the incident cannot be one."""
    incident = arguments["incident"] or ""
    if incident and not incidents.ID.fullmatch(incident):
        raise Refused(say("incident_garbled", incident=incident))
    return Rules(
        required=arguments["required"],
        signers=os.path.abspath(arguments["allowed_signers"]) if arguments["allowed_signers"] else "",
        directory=os.path.abspath(arguments["directory"]),
        standing=arguments.get("standing") or (),
        logins=arguments["logins"],
        person=arguments["person"] or "",
        incident=incident,
    )


def shown(lines: list[str]) -> None:
    for line in lines:
        Display().display(line)


def tell_incident(arguments: Mapping[str, Any], kind: str, fields: Mapping[str, Any], say_it: Shown) -> list[str]:
    """Write an event into the incident that the run names; return what went wrong, which is also shown.

    The run goes on: what is done about the incident is worth more than the line about it, and other records have it.
    """
    incident, path = arguments["incident"], _path_of(arguments)
    if not path:
        return []
    by = f"{getpass.getuser()}@{socket.gethostname()}"
    try:
        incidents.append_event(path, kind, fields, by=by)
    except incidents.StoreError as error:
        trouble = say_it.say("incident_not_told", incident=incident, why=error)
        Display().warning(trouble)
        return [trouble]
    return []


def incident_is_here(arguments: Mapping[str, Any]) -> bool:
    """Is the record of the incident that the run names on this machine?"""
    path = _path_of(arguments)
    return path is not None and os.path.isdir(path)


def _path_of(arguments: Mapping[str, Any]) -> str | None:
    incident = arguments["incident"] or ""
    root = arguments["drill_dir"] if incident.startswith(incidents.DRILL) else arguments["incident_dir"]
    return os.path.join(root, incident) if incident and root else None
