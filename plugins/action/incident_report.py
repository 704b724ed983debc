# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the report of an incident, a drill or a run."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.contingency.infra.plugins.module_utils._incident import store
from ansible_collections.contingency.infra.plugins.modules.incident_report import ARGUMENT_SPEC, MUTUALLY_EXCLUSIVE
from ansible_collections.contingency.infra.plugins.plugin_utils import report_gather as gather
from ansible_collections.contingency.infra.plugins.plugin_utils.evidence import plain
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_run import by
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_variables import Reader
from ansible_collections.contingency.infra.plugins.plugin_utils.report_after import FILE, blank
from ansible_collections.contingency.infra.plugins.plugin_utils.report_document import document_of, title_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_evidence import altered
from ansible_collections.contingency.infra.plugins.plugin_utils.report_files import Files, create, files_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_open import points
from ansible_collections.contingency.infra.plugins.plugin_utils.report_subject import Subject
from ansible_collections.contingency.infra.plugins.plugin_utils.report_summary import headline

NAME = "report"


class ActionModule(ActionBase):
    """Read the records, write the report, note it in the incident."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        arguments = checked(plain(self._task.args))
        arguments["plan"] = arguments["plan"] or plan_of(self._templar, task_vars or {})
        made = gather.Made(arguments["language"], time.time(), by())
        subject, directory = subject_of(arguments, made)
        files = files_of(document_of(subject), arguments["dest"] or directory, NAME)
        if not self._task.check_mode and files.changed:
            written(subject, files, directory)
        shown(subject, files, self._task.check_mode)
        return result_of(subject, files)


def plan_of(templar: Any, variables: Mapping[str, Any]) -> gather.Plan:
    """Return the inventory's plan, or why it cannot be read: a variable in it may be defined nowhere any more."""
    try:
        return Reader(templar, variables.get("hostvars")).plan(variables)
    except AnsibleActionFail as error:
        return str(error)


def checked(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments as the module's specification has them; AnsibleActionFail says what is wrong."""
    validator = ArgumentSpecValidator(ARGUMENT_SPEC, mutually_exclusive=MUTUALLY_EXCLUSIVE)
    validation = validator.validate({**arguments})
    if validation.error_messages:
        raise AnsibleActionFail("; ".join(validation.error_messages))
    found: dict[str, Any] = validation.validated_parameters
    return found


def subject_of(arguments: Mapping[str, Any], made: gather.Made) -> tuple[Subject, str]:
    """Return what there is to report, and the directory that it comes from."""
    places = gather.places_of(arguments["evidence_dir"], arguments["incident_dir"], arguments["drill_dir"])
    try:
        if arguments["run"]:
            return gather.of_run(arguments["run"], arguments["plan"], made), arguments["run"]
        key = arguments["incident"] or gather.the_open_one(places)
        return gather.of_incident(places, key, arguments["plan"], made), places.of(key)
    except gather.NothingToReport as error:
        # ansible-core shows each cause after the sentence, and the sentence has it already.
        raise AnsibleActionFail(str(error)) from None


def written(subject: Subject, files: Files, directory: str) -> None:
    """Write the report, make the file for the review, and note the report in the incident."""
    try:
        files.write()
        if subject.incident is not None:
            create(os.path.join(directory, FILE), blank(subject.voice.language, title_of(subject)))
            noted = {"path": next(iter(files.texts)), "sha256": files.sha256}
            store.append_event(directory, "report", noted, by=subject.made_by, happened_epoch=subject.now)
    except OSError as error:
        raise AnsibleActionFail(
            f"The report could not be written to {os.path.dirname(next(iter(files.texts)))}: {error.strerror}; free "
            "space, see who owns it, or set dest to another directory."
        ) from error
    except store.StoreError as error:
        raise AnsibleActionFail(f"The report is written, but the incident does not tell of it: {error}") from error


def shown(subject: Subject, files: Files, planned: bool) -> None:
    """Show the headline, how much is open, and where the report lies."""
    voice, display = subject.voice, Display()
    count = len(points(subject))
    lines = [title_of(subject), headline(subject)]
    lines += [voice.say("summary_open", count=count) if count else voice.say("nothing_open")]
    lines += altered(subject)
    lines += [] if planned else [voice.say("report_is", path=path) for path in files.texts]
    for line in ("", *lines):
        display.display(line)


def result_of(subject: Subject, files: Files) -> dict[str, Any]:
    return {
        "changed": files.changed,
        "files": list(files.texts),
        "sha256": files.sha256,
        "headline": headline(subject),
        "open_points": points(subject),
        "evidence_altered": altered(subject),
        "diff": files.diff,
        "msg": headline(subject),
    }
