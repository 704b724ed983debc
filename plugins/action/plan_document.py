# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the contingency plan as a document, from the inventory and the playbooks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.modules.plan_document import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils.document_markdown import markdown_of
from ansible_collections.contingency.infra.plugins.plugin_utils.document_page import html_of
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_record import RecordError
from ansible_collections.contingency.infra.plugins.plugin_utils.incident_policy import policy_from
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_document import document_of
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_drills import drills_of
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_gaps import gaps_of
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_inputs import PlanInputs
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_procedures import (
    ROOT,
    ProcedureError,
    collection_playbooks,
    read_procedure,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_site import READ, Site, resources_of
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_thresholds import THRESHOLDS, thresholds_of
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_variables import Reader
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_words import Speech


class ActionModule(ActionBase):
    """Gather what the plan is made from, and write it where it says something else."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        validation = ArgumentSpecValidator(ARGUMENT_SPEC).validate(self._task.args.copy())
        if validation.error_messages:
            raise AnsibleActionFail("; ".join(validation.error_messages))
        arguments = validation.validated_parameters
        variables = task_vars or {}
        reader = Reader(self._templar, variables["hostvars"])
        plan = arguments["plan"] or reader.plan(variables)
        inputs = inputs_of({**arguments, "plan": plan}, site_of(variables["groups"], reader))
        return self._written(inputs, arguments)

    def _written(self, inputs: PlanInputs, arguments: Mapping[str, Any]) -> dict[str, Any]:
        texts = texts_of(inputs, arguments["languages"], arguments["dest"])
        before = {path: LocalHost().read(path) for path in texts}
        stale = [path for path, text in texts.items() if before[path] != text]
        if not self._task.check_mode:
            _write(arguments["dest"], {path: texts[path] for path in stale})
        speech = Speech(arguments["languages"][0])
        gaps = gaps_of(inputs, speech)
        for line in (*_told(texts, before, speech, self._task.check_mode), *_open_points(gaps, speech)):
            Display().display(line)
        return {
            "changed": bool(stale),
            "files": list(texts),
            "inputs_sha256": inputs.sha256,
            "gaps": list(gaps),
            "diff": [_diff(path, before[path], texts[path]) for path in stale if path.endswith(".md")],
        }


def inputs_of(arguments: Mapping[str, Any], site: Site) -> PlanInputs:
    """Return all that the document is made from; AnsibleActionFail where something cannot be read."""
    policy = policy_from(arguments["plan"]) if arguments["plan"] else None
    zone = policy.calendar.timezone if policy is not None else "UTC"
    try:
        return PlanInputs(
            policy=policy,
            site=site,
            procedures=tuple(read_procedure(path) for path in collection_playbooks()),
            thresholds=thresholds_of(site),
            resources=resources_of(site),
            drills=drills_of(arguments["drill_dir"], arguments["scenarios"], LocalHost().wall(), zone),
            own=tuple(read_procedure(Path(path)) for path in arguments["playbooks"]),
            inventory=arguments["inventory"],
            version=version(),
        )
    except (ProcedureError, RecordError) as error:
        raise AnsibleActionFail(str(error)) from None


def version() -> str:
    """Return the collection's version: of a checkout from galaxy.yml, of an installed one from its manifest."""
    for line in (LocalHost().read(str(ROOT / "galaxy.yml")) or "").splitlines():
        if line.startswith("version:"):
            return line.partition(":")[2].strip()
    manifest = LocalHost().read(str(ROOT / "MANIFEST.json")) or ""
    return manifest.partition('"version": "')[2].partition('"')[0]


def site_of(groups: Mapping[str, Any], reader: Reader) -> Site:
    """Return the inventory with the variables that the document shows, and no others."""
    wanted = (*READ, *(name for names in THRESHOLDS.values() for name in names))
    hosts = {name: reader.host(name, wanted) for name in groups.get("all", ())}
    return Site({name: list(members) for name, members in groups.items()}, hosts)


def texts_of(inputs: PlanInputs, languages: list[str], directory: str) -> dict[str, str]:
    """Return what belongs into each file."""
    found = {}
    for language in languages:
        document = document_of(inputs, language)
        base = os.path.join(directory, f"plan.{language}")
        found[f"{base}.html"], found[f"{base}.md"] = html_of(document), markdown_of(document)
    return found


def _write(directory: str, texts: Mapping[str, str]) -> None:
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        for path, text in texts.items():
            LocalHost().write_atomically(path, text)
    except OSError as error:
        raise AnsibleActionFail(
            f"The plan could not be written to {directory}: {error.strerror}; free space or set plan_document_dir."
        ) from error


def _told(texts: Mapping[str, str], before: Mapping[str, str | None], speech: Speech, check: bool) -> list[str]:
    """Return a line for each file: written, the same, or what a run without --check would do."""
    lines = []
    for path, text in texts.items():
        if before[path] == text:
            lines.append(speech.say("same", path=path))
        elif check:
            lines.append(speech.say("missing" if before[path] is None else "stale", path=path))
        else:
            lines.append(speech.say("written", path=path))
    return lines


def _open_points(gaps: tuple[str, ...], speech: Speech) -> list[str]:
    return [speech.say("gap_line", gap=gap) for gap in gaps]


def _diff(path: str, before: str | None, after: str) -> dict[str, str]:
    return {"before_header": path, "after_header": path, "before": before or "", "after": after}
