# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the grade on record to what the rules of the plan give now; an outage that lasts becomes worse by itself."""

from __future__ import annotations

from typing import Dict

from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Policy
from ansible_collections.contingency.infra.plugins.module_utils._incident.severity import (
    Grade,
    grade_of,
    regrade_due,
)
from ansible_collections.contingency.infra.plugins.module_utils._incident.store import append_event, load


def regrade(path: str, policy: Policy, *, by: str, now: float) -> bool:
    """Grade the incident in ``path`` where the rules give another grade than the record; say whether it was."""
    incident = load(path).incident
    grade = grade_of(policy, incident, now)
    if incident.closed_epoch is not None or not regrade_due(incident, grade):
        return False
    return append_event(path, "graded", fields_of(grade), by=by).changed


def fields_of(grade: Grade) -> Dict[str, object]:
    """Pure: a grade as its event holds it."""
    return {"severity": grade.severity, "rule": grade.rule, "why": dict(grade.why), "unknown": list(grade.unknown)}
