# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contingency plan as a document: all sections in their order."""

from __future__ import annotations

from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Policy
from ansible_collections.contingency.infra.plugins.plugin_utils import plan_people, plan_work
from ansible_collections.contingency.infra.plugins.plugin_utils.document import (
    Block,
    Bullets,
    Callout,
    Code,
    Document,
    Inline,
    Paragraph,
    Section,
    Table,
    filled,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.page import PLAIN, WARN
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_gaps import gaps_of
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_inputs import DrillState, PlanInputs
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_words import Speech

SHORT = 12
"""So many digits of a hash stand at the foot of each page; the whole of it is in the last section."""


def document_of(inputs: PlanInputs, language: str) -> Document:
    """Pure: the plan in a language. It holds no time of its own, so the same inputs give the same bytes."""
    speech = Speech(language)
    policy, gaps = inputs.policy, gaps_of(inputs, speech)
    title = _title(policy, speech)
    own = policy is not None and (
        plan_people.people(policy, speech),
        plan_people.grading(policy, speech),
        plan_people.clocks(policy, speech),
    )
    return Document(
        title=title,
        language=language,
        made=_made(inputs, speech),
        footer=speech.say("footer", title=title, sha=inputs.sha256[:SHORT]),
        contents=speech.say("contents"),
        opening=_opening(gaps, speech),
        sections=filled(
            plan_work.first(inputs, speech),
            *(own or ()),
            plan_work.procedures(inputs, speech),
            plan_work.thresholds(inputs, speech),
            plan_work.resources(inputs, speech),
            plan_work.routine(inputs, speech),
            _drills(inputs.drills, speech),
            _revision(policy, speech),
            _gaps(gaps, speech),
            _inputs(inputs, speech),
        ),
    )


def _title(policy: Policy | None, speech: Speech) -> str:
    if policy is None:
        return speech.say("plan_unnamed")
    return speech.say("title", organisation=speech.text(policy.organisation))


def _made(inputs: PlanInputs, speech: Speech) -> str:
    revisions = inputs.policy.revision if inputs.policy is not None else ()
    if not revisions:
        return speech.say("made_unversioned", sha=inputs.sha256)
    newest = max(revisions, key=lambda revision: revision.date)
    return speech.say("made", version=newest.version, date=newest.date, sha=inputs.sha256)


def _opening(gaps: tuple[str, ...], speech: Speech) -> tuple[Block, ...]:
    sentences = [speech.say("opening"), speech.say("opening_plan")]
    if gaps:
        sentences.append(speech.say("opening_gaps", count=len(gaps), section=speech.say("section_gaps")))
    return (Callout(WARN if gaps else PLAIN, tuple(sentences)),)


def _drills(drills: tuple[DrillState, ...], speech: Speech) -> Section:
    heads = tuple(speech.say(f"head_{head}") for head in ("scenario", "key", "last", "score"))
    rows = tuple(
        (
            speech.text(drill.title),
            Code(drill.key),
            drill.held or speech.say("never"),
            "" if drill.score is None else f"{drill.score:.0f} %",
        )
        for drill in drills
    )
    return Section("drills", speech.say("section_drills"), (Table(speech.say("drills_caption"), heads, rows),))


def _revision(policy: Policy | None, speech: Speech) -> Section:
    heads = tuple(speech.say(f"head_{head}") for head in ("version", "date", "by", "what"))
    revisions = sorted(policy.revision, key=lambda each: each.date) if policy is not None else ()
    rows = tuple((each.version, each.date, each.by, speech.text(each.what)) for each in revisions)
    return Section("revision", speech.say("section_revision"), (Table(speech.say("revision_caption"), heads, rows),))


def _gaps(gaps: tuple[str, ...], speech: Speech) -> Section:
    told: Block = Bullets(gaps) if gaps else Paragraph(speech.say("gaps_none"))
    return Section("gaps", speech.say("section_gaps"), (told,))


def _inputs(inputs: PlanInputs, speech: Speech) -> Section:
    rows: list[tuple[Inline, ...]] = [
        (_input(name, speech), Code(sha or "-")) for name, sha in inputs.digests().items()
    ]
    rows += [(speech.say("input_version", version=inputs.version), ""), (speech.say("input_all"), Code(inputs.sha256))]
    table = Table(
        speech.say("inputs_caption"), (speech.say("head_input"), speech.say("head_sha")), tuple(rows), ("", "wide")
    )
    return Section("inputs", speech.say("section_inputs"), (Paragraph(speech.say("inputs_about")), table))


def _input(name: str, speech: Speech) -> str:
    kind, _space, procedure = name.partition(" ")
    return speech.say(f"input_{kind}", name=procedure)
