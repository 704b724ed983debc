# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as a document: what has to be known first, then what is open, then how it was."""

from __future__ import annotations

from ansible_collections.contingency.infra.plugins.plugin_utils import (
    report_after,
    report_approvals,
    report_curves,
    report_events,
    report_evidence,
    report_open,
    report_picture,
    report_summary,
    report_told,
    report_work,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.document import Document, Section, filled
from ansible_collections.contingency.infra.plugins.plugin_utils.report_subject import Subject


def document_of(subject: Subject, more: tuple[Section, ...] = ()) -> Document:
    """Pure: the whole report; ``more`` stands after the fault report, such as the evaluation of a drill."""
    voice = subject.voice
    return Document(
        title=title_of(subject),
        language=voice.language,
        made=_made(subject),
        footer=_name(subject),
        banner=voice.say("drill_banner") if subject.drill else "",
        contents=voice.say("contents"),
        opening=report_summary.opening_of(subject),
        sections=filled(
            report_open.section_of(subject),
            report_told.record_of(subject),
            *more,
            report_picture.timeline_of(subject),
            report_work.objectives_of(subject),
            report_curves.section_of(subject),
            report_work.section_of(subject),
            report_told.notices_of(subject),
            report_told.deadlines_of(subject),
            report_approvals.section_of(subject),
            report_events.section_of(subject),
            report_after.section_of(subject),
            report_evidence.section_of(subject),
        ),
    )


def title_of(subject: Subject) -> str:
    voice, incident = subject.voice, subject.incident
    if incident is None:
        run = subject.runs[-1]
        return voice.say("title_run", playbook=subject.procedure(run.playbook), at=voice.moment(run.begun_epoch))
    key = "title_drill" if incident.drill else "title_incident"
    return voice.say(key, id=incident.id, title=incident.title)


def _name(subject: Subject) -> str:
    return subject.incident.id if subject.incident else subject.runs[-1].name


def _made(subject: Subject) -> str:
    voice, policy = subject.voice, subject.policy
    organisation = voice.text(policy.organisation) if policy else ""
    made = voice.say("made", at=voice.moment(subject.now), by=subject.made_by)
    return voice.say("between").join(part for part in (organisation, made) if part)
