# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a drill as a document: how good it was, phase by phase, what was found, what is to be mended."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ansible_collections.contingency.infra.plugins.module_utils._drill import facts as kinds
from ansible_collections.contingency.infra.plugins.module_utils._drill.evaluate import direction
from ansible_collections.contingency.infra.plugins.module_utils._drill.marks import figure_name
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import LIVE, Question, Text
from ansible_collections.contingency.infra.plugins.module_utils._drill.words import in_one, say
from ansible_collections.contingency.infra.plugins.module_utils._record.damages import damage_said
from ansible_collections.contingency.infra.plugins.plugin_utils import report_document
from ansible_collections.contingency.infra.plugins.plugin_utils.document import (
    Badge,
    Block,
    Bullets,
    Callout,
    Code,
    Document,
    Facts,
    Field,
    Inline,
    Lines,
    Muted,
    Paragraph,
    Picture,
    Section,
    Table,
    Tile,
    Tiles,
    filled,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_judge import Judgement
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_picture import scores_picture
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_questions import questions_section
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_record import RECORD
from ansible_collections.contingency.infra.plugins.plugin_utils.page import BAD, GOOD, PLAIN, UNKNOWN, WARN
from ansible_collections.contingency.infra.plugins.plugin_utils.report_evidence import altered
from ansible_collections.contingency.infra.plugins.plugin_utils.report_voice import Voice

OF_THE_INCIDENT = frozenset(
    ("timeline", "curves", "work", "notices", "deadlines", "approvals", "chronology", "evidence")
)
"""Sections of an incident's report that a live drill has too."""
REVIEW = ("feasible", "cooperation", "effect", "problems", "improvements", "signature")
KIND = {kinds.OK: GOOD, kinds.REFUSED: BAD, kinds.FAILED: BAD, kinds.UNKNOWN: UNKNOWN}


def document_of(judgement: Judgement, titles: Mapping[str, str]) -> Document:
    """Pure: the report. ``titles``: of the plan's roles, by key, in the language of the report."""
    page = _Page(judgement, titles)
    return Document(
        title=page.say("title", scenario=page.text(judgement.scenario.title)),
        language=page.language,
        made=page.say("made", id=judgement.record.id, mode=page.say(judgement.facts.mode), at=page.ended),
        footer=f"{page.say('drill')} {judgement.record.id}",
        banner=page.say("banner"),
        contents=page.say("contents"),
        opening=(page.summary(), page.tiles()),
        sections=filled(
            page.about(),
            page.scores(),
            page.findings(),
            page.comparison(),
            page.objectives(),
            page.runs(),
            page.questions(),
            *page.of_the_incident(),
            page.review(),
            page.output(),
            page.evidence(),
        ),
    )


@dataclass(frozen=True)
class _Page:
    """The sections, each of which is left out where there is nothing in it."""

    judgement: Judgement
    titles: Mapping[str, str]

    @property
    def voice(self) -> Voice:
        return self.judgement.subject.voice

    @property
    def language(self) -> str:
        return self.voice.language

    def say(self, key: str, /, **values: object) -> str:
        return say(self.language, key, **values)

    def text(self, text: Text) -> str:
        return str(in_one(text, self.language))

    @cached_property
    def ended(self) -> str:
        last = self.judgement.record.lines[-1:] or ({},)
        return self.voice.moment(last[0].get("epoch"))

    # -- first of all ------------------------------------------------------------------------------

    def summary(self) -> Callout:
        evaluation = self.judgement.evaluation
        goals = self.judgement.facts.goals
        sentences = [self._headline(), *self._altered()]
        if goals:
            sentences.append(self.say("summary_objectives", met=sum(goal.met for goal in goals), all=len(goals)))
        sentences.append(self._before())
        bad = any(finding.value == 0 for finding in evaluation.findings) or any(self._altered())
        kind = BAD if bad else UNKNOWN if evaluation.score is None else WARN if evaluation.findings else GOOD
        return Callout(kind, tuple(sentences))

    def _headline(self) -> str:
        evaluation = self.judgement.evaluation
        if evaluation.score is None:
            return self.say("summary_none")
        key = "summary" if evaluation.findings else "summary_good"
        return self.say(key, score=f"{evaluation.score:.0f}", count=len(evaluation.findings))

    def _before(self) -> str:
        comparison = self.judgement.comparison
        if comparison is None:
            return self.say("summary_first")
        change = "?" if comparison.score_change is None else f"{comparison.score_change:+.0f}"
        mended, again = len(comparison.mended), len(comparison.again)
        return self.say("summary_before", before=comparison.before, change=change, mended=mended, again=again)

    def _altered(self) -> Iterator[str]:
        """Yield what makes the score worth nothing: the drill's own record, what it shares with incidents, journals."""
        damage = self.judgement.record.damage
        if damage is not None:
            why = damage_said(damage.why, self.language)
            yield self.say("summary_chain", line=damage.line, why=why)
        yield from altered(self.judgement.subject)

    def tiles(self) -> Tiles:
        facts, evaluation = self.judgement.facts, self.judgement.evaluation
        score = "-" if evaluation.score is None else f"{evaluation.score:.0f} %"
        found = [Tile(self.say("tile_score"), score, self.say("tile_of"))]
        if facts.goals:
            met = sum(goal.met for goal in facts.goals)
            found.append(self._share("tile_objectives", met, len(facts.goals)))
        calls = [mark for mark in evaluation.marks if mark.key.startswith("procedure:")]
        if calls:
            found.append(self._share("tile_procedures", sum(mark.value == 1 for mark in calls), len(calls)))
        asked = [question for question in self.judgement.scenario.questions if self._is_judged(question)]
        if asked:
            given = sum(facts.answers[question.key].given for question in asked if question.key in facts.answers)
            found.append(self._share("tile_questions", given, len(asked)))
        found.append(Tile(self.say("tile_findings"), str(len(evaluation.findings)), ""))
        return Tiles(tuple(found))

    def _share(self, key: str, count: int, total: int) -> Tile:
        return Tile(self.say(key), str(count), self.say("of", all=total), GOOD if count == total else WARN)

    def _is_judged(self, question: Question) -> bool:
        return self.judgement.facts.mode != LIVE or question.key in self.judgement.facts.answers

    def about(self) -> Section:
        record, scenario = self.judgement.record, self.judgement.scenario
        begun = record.begun
        targets = begun.get("targets") or {}
        named = [f"{self.text(target.title)}: {targets.get(target.key, '?')}" for target in scenario.targets]
        policy = self.judgement.subject.policy
        entries: tuple[tuple[str, Inline], ...] = (
            (self.say("fact_site"), self.voice.text(policy.organisation) if policy else ""),
            (self.say("fact_id"), record.id),
            (self.say("fact_mode"), self.say(self.judgement.facts.mode)),
            (self.say("fact_purpose"), Lines(tuple(self.text(each) for each in scenario.purpose))),
            (self.say("fact_targets"), Lines(tuple(named)) if named else ""),
            (self.say("fact_participants"), self.say("between").join(begun.get("participants") or ())),
            (self.say("fact_by"), str(begun.get("by") or "")),
            (self.say("fact_began"), self.voice.moment(begun.get("epoch"))),
            (self.say("fact_ended"), self.ended),
        )
        return Section("drill", self.say("section_facts"), (Facts(entries),))

    # -- scores and findings -----------------------------------------------------------------------

    def scores(self) -> Section:
        evaluation, before = self.judgement.evaluation, self.judgement.before
        old: Mapping[str, float] = before.evaluation.get("scores") or {} if before is not None else {}
        names = {phase: self.say(f"phase_{phase}") for phase in evaluation.scores}
        picture = scores_picture(
            {names[phase]: (score, old.get(phase)) for phase, score in evaluation.scores.items()},
            self.say("section_scores"),
            self.say("scores_picture"),
        )
        heads = ("phase", "score", "judged", *(("before", "change") if old else ()))
        rows = tuple(self._score(phase, names[phase], old) for phase in evaluation.scores)
        table = Table(
            self.say("caption_scores"),
            tuple(self.say(f"head_{head}") for head in heads),
            rows,
            ("", "number", "number", "number", "short"),
        )
        return Section("scores", self.say("section_scores"), (Picture(picture, self.say("scores_picture")), table))

    def _score(self, phase: str, name: str, old: Mapping[str, float]) -> tuple[Inline, ...]:
        score = self.judgement.evaluation.scores[phase]
        count = sum(mark.phase == phase for mark in self.judgement.evaluation.marks)
        cells: tuple[Inline, ...] = (name, f"{score:.0f} %", str(count))
        if not old:
            return cells
        if phase not in old:
            return (*cells, "-", "-")
        change = score - old[phase]
        kind = {"better": GOOD, "worse": BAD, "same": PLAIN}[direction(change)]
        return (*cells, f"{old[phase]:.0f} %", Badge(kind, f"{change:+.0f}"))

    def findings(self) -> Section:
        found = self.judgement.evaluation.findings
        blocks: list[Block] = [] if found else [Paragraph(self.say("no_findings"))]
        rows = tuple((self.say(f"phase_{each.phase}"), self.text(each.text)) for each in found)
        blocks.append(
            Table(self.say("caption_findings"), (self.say("head_phase"), self.say("head_finding")), rows, ("short", ""))
        )
        return Section("findings", self.say("section_findings"), tuple(blocks))

    def comparison(self) -> Section:
        comparison = self.judgement.comparison
        title = self.say("section_comparison")
        if comparison is None:
            return Section("comparison", title, (Paragraph(self.say("comparison_none")),))
        groups = (
            ("mended", comparison.mended),
            ("found_again", comparison.again),
            ("found_new", comparison.new),
        )
        blocks: list[Block] = [Paragraph(self._before())]
        for key, texts in groups:
            if texts:
                blocks.append(
                    Section(f"comparison-{key.replace('_', '-')}", self.say(key), (Bullets(self._texts(texts)),))
                )
        return Section("comparison", title, tuple(blocks))

    def _texts(self, texts: Sequence[Text]) -> tuple[str, ...]:
        return tuple(self.text(each) for each in texts)

    # -- what was done and said --------------------------------------------------------------------

    def objectives(self) -> Section:
        rows = []
        for goal in self.judgement.facts.goals:
            unknown = goal.achieved is None
            verdict = Badge(
                GOOD if goal.met else UNKNOWN if unknown else BAD,
                self.say("met" if goal.met else "not_known" if unknown else "missed"),
            )
            bound = self.say("at_least" if goal.at_least else "at_most", limit=f"{goal.limit:g}")
            seen = "-" if goal.achieved is None else f"{goal.achieved:g}"
            rows.append(
                (self.voice.known("playbook", goal.procedure), self.text(figure_name(goal.name)), bound, seen, verdict)
            )
        heads = ("procedure", "figure", "limit", "achieved", "met")
        table = Table(self.say("caption_objectives"), tuple(self.say(f"head_{head}") for head in heads), tuple(rows))
        return Section("objectives", self.say("section_objectives"), (table,))

    def runs(self) -> Section:
        heads = tuple(self.say(f"head_{head}") for head in ("procedure", "command", "status", "seconds"))
        rows = tuple(self._run(run) for run in self.judgement.facts.runs)
        return Section(
            "runs",
            self.say("section_runs"),
            (Table(self.say("caption_runs"), heads, rows, ("", "short", "", "number")),),
        )

    def _run(self, run: kinds.Run) -> tuple[Inline, ...]:
        told: list[Inline] = [Badge(KIND[run.status], self.say(f"status_{run.status}"))]
        if run.check:
            told.append(Muted(self.say("checked")))
        if run.why:
            told.append(str(in_one(run.why, self.language)))
        arguments = " ".join(f"{name}={value}" for name, value in run.arguments.items()) or run.confirm
        name = Lines((self.voice.known("playbook", run.procedure), Code(run.procedure)))
        took = self.say("unknown") if run.seconds is None else f"{run.seconds:.0f}"
        return (name, Code(arguments) if arguments else "", Lines(tuple(told)), took)

    def questions(self) -> Section:
        asked = [question for question in self.judgement.scenario.questions if self._is_judged(question)]
        return questions_section(asked, self.judgement.facts.answers, self.titles, self.language)

    def output(self) -> Section:
        """What each procedure said that it would do: every step and command."""
        sections = tuple(
            Section(
                f"output-{number}",
                " ".join([run.procedure, *(f"{name}={value}" for name, value in run.arguments.items())]),
                (Paragraph(Lines(tuple(Code(line) for line in run.output))),),
            )
            for number, run in enumerate(self.judgement.facts.runs, 1)
            if run.output
        )
        return Section("output", self.say("section_output"), sections)

    # -- what follows ------------------------------------------------------------------------------

    def of_the_incident(self) -> tuple[Section, ...]:
        """Return what a live drill has in common with an incident: the time line, what was done on which host."""
        if self.judgement.facts.mode != LIVE:
            return ()
        sections = report_document.document_of(self.judgement.subject).sections
        return tuple(section for section in sections if section.anchor in OF_THE_INCIDENT)

    def review(self) -> Section:
        answers = self.judgement.subject.answers
        fields = tuple(
            Field(self.say(f"review_{name}"), answers.get(name, ""), 2 if name == "signature" else 4) for name in REVIEW
        )
        return Section("review", self.say("section_review"), fields)

    def evidence(self) -> Section:
        """Each record with the hash of its last line; a live drill has those of its runs in a section of its own."""
        record = self.judgement.record
        entries: list[tuple[str, Inline]] = [
            (self.say("evidence_events"), Code(os.path.join(record.directory, RECORD))),
            (self.say("evidence_head"), Code(record.head)),
        ]
        for chain in self.judgement.subject.chains:
            entries += [(self.say("evidence_shared"), Code(chain.path)), (self.say("evidence_head"), Code(chain.head))]
        entries.append((self.say("evidence_scenario"), Code(str(record.begun.get("sha256") or ""))))
        return Section("records", self.say("section_evidence"), (Facts(tuple(entries)),))
