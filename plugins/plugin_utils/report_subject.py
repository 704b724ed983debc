# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report is about: an incident with its runs, or runs alone, and the names that people know things by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ansible_collections.contingency.infra.plugins.module_utils._incident.due_model import DueDeadline
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import Incident
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Policy
from ansible_collections.contingency.infra.plugins.plugin_utils.report_objectives import Objective, objectives_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_run import Chain, Line, Run
from ansible_collections.contingency.infra.plugins.plugin_utils.report_voice import Voice


@dataclass(frozen=True)
class Subject:
    """``chains``: of the incident's own record. ``missing``: runs that it names and are not there.

    ``unread``: journals that could not be read; ``problems``: what else could not be, such as the plan; in sentences.
    ``answers``: of the post-mortem, by question.
    """

    voice: Voice
    now: float
    runs: tuple[Run, ...] = ()
    incident: Incident | None = None
    policy: Policy | None = None
    deadlines: tuple[DueDeadline, ...] = ()
    chains: tuple[Chain, ...] = ()
    missing: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    made_by: str = ""

    @property
    def drill(self) -> bool:
        return self.incident.drill if self.incident else any(run.drill for run in self.runs)

    @property
    def began_epoch(self) -> float:
        if self.incident:
            return self.incident.began_epoch
        return min((run.begun_epoch for run in self.runs), default=self.now)

    @property
    def day(self) -> str:
        """The day on which it began: times of that day are told without a date."""
        return self.voice.day(self.began_epoch)

    @cached_property
    def objectives(self) -> tuple[Objective, ...]:
        return objectives_of(self.runs, self.policy.objectives if self.policy else {})

    @property
    def all_chains(self) -> tuple[Chain, ...]:
        return (*self.chains, *(run.chain for run in self.runs))

    @property
    def steps(self) -> tuple[tuple[Run, Line], ...]:
        return tuple((run, step) for run in self.runs for step in run.steps)

    # -- names -------------------------------------------------------------------------------------

    def severity(self, key: str | None) -> str:
        """Return the title of a grade, or its key where the plan no longer has it."""
        found = self.policy.severities.get(key or "") if self.policy else None
        return self.voice.text(found.title) if found else (key or "")

    def department(self, key: str) -> str:
        found = self.policy.departments.get(key) if self.policy else None
        return self.voice.text(found.name) if found else key

    def contact(self, key: str) -> str:
        found = self.policy.contacts.get(key) if self.policy else None
        return found.name if found else key

    def incident_class(self, key: str) -> str:
        found = self.policy.classes.get(key) if self.policy else None
        return self.voice.text(found.title) if found else key

    def notice(self, key: str) -> str:
        """Return a notice's text; a reminder or a word on manual work has a key that says what it is."""
        own, _dot, _time = key.partition(".")
        found = [each for each in self.policy.notices if each.key == own] if self.policy else []
        return self.voice.text(found[0].text) if found else ""

    def procedure(self, name: str) -> str:
        """Return what a playbook is called; one of the site's own has the name that the site gave it."""
        return self.voice.known("playbook", name)

    def scope(self, key: str) -> str:
        found = self.policy.scopes.get(key) if self.policy else None
        return self.voice.text(found.title) if found else key
