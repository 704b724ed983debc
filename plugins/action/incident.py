# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open, update and close the record of an incident."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.contingency.infra.plugins.module_utils._incident.refusals import Told, told
from ansible_collections.contingency.infra.plugins.module_utils._incident.words import say
from ansible_collections.contingency.infra.plugins.modules.incident import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils.evidence import plain
from ansible_collections.contingency.infra.plugins.plugin_utils.incident_kept import kept
from ansible_collections.contingency.infra.plugins.plugin_utils.incident_policy import policy_from
from ansible_collections.contingency.infra.plugins.plugin_utils.incident_run import OF_THE_TASK, Run, readable
from ansible_collections.contingency.infra.plugins.plugin_utils.person import at_the_keyboard
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_variables import Reader
from ansible_collections.contingency.infra.plugins.plugin_utils.typed import as_typed, playbook, typed, unknown

STRAY = "_raw_params"
"""Where ansible-playbook leaves the words of -e that belong to no name."""
AFTER_OPENING = ("incident", "confirmed", "confirmed_by", "manual_work_ended", "met", "reentered", "relapsed")
"""What the playbook that opens an incident does not take."""
KNOWN = tuple(name for name in (*ARGUMENT_SPEC, "incident", "tell") if name not in OF_THE_TASK)
BETWEEN = {"en": ". ", "zh": "。"}
"""What ends a sentence before the next one."""
NAMES = {
    "incident_open": tuple(name for name in KNOWN if name not in AFTER_OPENING),
    "incident_update": KNOWN,
    "incident_close": KNOWN,
}
"""By playbook: what can be said of an incident on the command line."""


class ActionModule(ActionBase):
    """Record what was said, show where things stand."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        validation = ArgumentSpecValidator(ARGUMENT_SPEC).validate(self._task.args.copy())
        if validation.error_messages:
            raise AnsibleActionFail("; ".join(validation.error_messages))
        said = readable(plain(validation.validated_parameters))
        limitation = words_limitation((task_vars or {}).get(STRAY), said["language"])
        if limitation:
            raise AnsibleActionFail(limitation)
        for line in names_said(playbook(), typed(), said["language"]):
            Display().warning(line)
        now, check = time.time(), bool(self._task.check_mode)
        try:
            policy = policy_from(self._plan(said, task_vars or {}), said["language"])
        except AnsibleActionFail as error:
            raise AnsibleActionFail(as_typed(without_plan(said, str(error), now, check))) from None
        run = Run(policy, said, by=at_the_keyboard(), now=now, check=check)
        try:
            run.done()
        except Told as error:
            raise AnsibleActionFail(as_typed(f"{error.said[said['language']]}.")) from None
        for line in run.shown():
            Display().display(line)
        return run.result()

    def _plan(self, said: Mapping[str, Any], variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the plan without what may be a secret: none that is missing keeps anybody from the record."""
        plan: Mapping[str, Any] = said["plan"] or Reader(self._templar, variables.get("hostvars")).plan(variables)
        return plan


def without_plan(said: Mapping[str, Any], why: str, now: float, check: bool) -> str:
    """Keep what was said although the plan cannot be used, and return what is to be told."""
    language = said["language"]
    if check:
        return why
    try:
        path = kept(said, by=at_the_keyboard(), now=now)
    except Told as error:
        return f"{error.said[language]}{BETWEEN[language]}{why}"
    return f"{told('kept', path=path)[language]}{BETWEEN[language]}{why}" if path else why


def words_limitation(stray: str | None, language: str = "en") -> str | None:
    """Guard: why the words on the command line are not recorded: half a title would be a wrong record."""
    if not stray:
        return None
    return told("stray", words=stray)[language]


def names_said(book: str, names: Iterable[str], language: str) -> list[str]:
    """Return what is to be shown of names that the playbook does not know; AnsibleActionFail where one is misspelt.

    What was said under it would be lost, and the screen would look as if it had been recorded.
    """
    known = NAMES.get(book)
    if known is None:
        return []
    strange = unknown(names, known)
    for name, near in strange.items():
        if near or name in KNOWN:
            raise AnsibleActionFail(say("misspelt" if near else "not_here", language, name=name, near=near, book=book))
    return [say("not_recorded", language, name=name, names=", ".join(known)) for name in strange]
