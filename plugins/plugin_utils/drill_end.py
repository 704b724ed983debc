# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a drill: what was measured beside it, the judgement, the report, the close."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import Scenario
from ansible_collections.contingency.infra.plugins.module_utils._drill.words import say
from ansible_collections.contingency.infra.plugins.module_utils._incident import store
from ansible_collections.contingency.infra.plugins.plugin_utils import drill_record, report_gather
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_asker import FromFile
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_judge import Judgement, judged, with_record
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_page import document_of
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_record import Record, RecordError
from ansible_collections.contingency.infra.plugins.plugin_utils.report_files import Files, files_of

NAME = "evaluation"


@dataclass(frozen=True)
class End:
    """What a drill came to. ``changed``: it was judged anew, or its report says something else than before."""

    score: float | None
    scores: Mapping[str, float]
    findings: tuple[str, ...]
    files: tuple[str, ...]
    shown: tuple[str, ...]
    changed: bool


def measured(record: Record, procedure: str, figures: Any, by: str) -> None:
    """Write down what was measured beside a procedure; nothing where the record says it already."""
    if not isinstance(figures, Mapping) or not all(_is_number(value) for value in figures.values()):
        raise AnsibleActionFail(
            f"measured.{procedure} is {figures!r} and has to be figures by name, such as {{outage_seconds: 4.2}}."
        )
    numbers = {str(name): float(value) for name, value in figures.items()}
    if record.measured.get(procedure) != numbers:
        _written(record, "measured", {"procedure": procedure, "figures": numbers}, by)


def _is_number(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and float(value) == float(value)
    except (TypeError, ValueError):
        return False


def answered(record: Record, scenario: Scenario, asker: FromFile, by: str) -> None:
    """Write down answers that were given beside a live drill; an answer that is there stays."""
    for question in scenario.questions:
        answer = asker.ask(question)
        if answer is not None and question.key not in record.answers:
            _written(record, "answer", answer.as_fields(), by)


def _written(record: Record, kind: str, fields: Mapping[str, Any], by: str) -> None:
    try:
        drill_record.write(record.directory, kind, fields, by)
    except RecordError as error:
        raise AnsibleActionFail(str(error)) from None


def ended(
    places: report_gather.Places,
    record: Record,
    scenario: Scenario,
    plan: Mapping[str, Any],
    titles: Mapping[str, str],
    language: str,
    by: str,
    now: float,
) -> End:
    """Judge a drill, write it down, close it, and write the report. Run again it changes nothing."""
    made = report_gather.Made(language, now, by)
    try:
        # Written before it is closed: a drill that is killed in between is gone on with by the same command.
        _first, new, before = _page(places, record, scenario, plan, titles, made)
        _noted(record, "closed", {}, by)
        judgement, anew, files = _page(places, record, scenario, plan, titles, made)
        _noted(record, "report", {"path": next(iter(files.texts)), "sha256": files.sha256}, by)
    except OSError as error:
        raise AnsibleActionFail(
            f"The drill was judged, but its report could not be written to {record.directory}: {error.strerror}; free "
            "space, then run it again with -e state=evaluated."
        ) from None
    return _end(judgement, files, new or anew or before.changed or files.changed, language)


def _page(
    places: report_gather.Places,
    record: Record,
    scenario: Scenario,
    plan: Mapping[str, Any],
    titles: Mapping[str, str],
    made: report_gather.Made,
) -> tuple[Judgement, bool, Files]:
    """Judge by the records as they are now, and write the report; return also whether it is another judgement."""
    judgement, new = _judged(places, record, scenario, plan, made)
    files = files_of(document_of(judgement, titles), record.directory, NAME)
    files.write()
    return judgement, new, files


def _judged(
    places: report_gather.Places,
    record: Record,
    scenario: Scenario,
    plan: Mapping[str, Any],
    made: report_gather.Made,
) -> tuple[Judgement, bool]:
    """Return the judgement by the records as they are now, and whether it is another one than was written down."""
    try:
        subject = report_gather.of_incident(places, record.id, plan, made)
        now = drill_record.read_record(record.directory)
        judgement = judged(scenario, now, subject, drill_record.last_before(places.drills, now))
        fields = judgement.evaluation.as_fields()
        before = now.evaluated or {}
        new = any(before.get(name) != value for name, value in fields.items())
        if new:
            drill_record.write(record.directory, "evaluated", fields, made.by)
    except (RecordError, report_gather.NothingToReport) as error:
        raise AnsibleActionFail(str(error)) from None
    return with_record(judgement, drill_record.read_record(record.directory)), new


def _noted(record: Record, kind: str, fields: Mapping[str, Any], by: str) -> None:
    """Write an event into the record that drills share with incidents."""
    try:
        store.append_event(record.directory, kind, fields, by=by)
    except store.StoreError as error:
        raise AnsibleActionFail(f"The drill was judged, but its record could not be closed: {error}") from None


def _end(judgement: Judgement, files: Files, changed: bool, language: str) -> End:
    evaluation, comparison = judgement.evaluation, judgement.comparison
    findings = tuple(finding.text[language] for finding in evaluation.findings)
    count = len(findings)
    if evaluation.score is None:
        lines = ["", say(language, "result_none", count=count)]
    else:
        lines = ["", say(language, "result", score=f"{evaluation.score:.0f}", count=count)]
    lines += [f"  {say(language, f'phase_{phase}')}: {score:.0f} %" for phase, score in evaluation.scores.items()]
    lines += [f"  - {finding}" for finding in findings]
    if comparison is not None and comparison.score_change is not None:
        lines.append(say(language, "compared", change=f"{comparison.score_change:+.0f}", before=comparison.before))
    lines += [say(language, "report", path=path) for path in files.texts]
    return End(evaluation.score, evaluation.scores, findings, tuple(files.texts), tuple(lines), changed)
