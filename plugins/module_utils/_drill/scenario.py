# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the file of a scenario to the scenario, with the names of this site in its sentences."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Dict, Mapping, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._drill.fields import Fields, number_of, unique
from ansible_collections.contingency.infra.plugins.module_utils._drill.marks import EVENT_PHASES
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import (
    CHOICE,
    KINDS,
    OF_PLAN,
    PLAN,
    POINTS,
    Call,
    Choice,
    DrillError,
    Live,
    Part,
    Question,
    Scenario,
    Target,
    Text,
)
from ansible_collections.contingency.infra.plugins.module_utils._record.steps import PHASES

NAME = re.compile(r"\{(\w+)\}")
SCENARIO = ("key", "title", "purpose", "minutes", "roles", "incident", "targets", "parts", "live")
PART = ("key", "phase", "minute", "situation", "procedures", "questions")
QUESTION = ("key", "phase", "kind", "ask", "to", "within_seconds", "choices", "right", "points", "of", "role")
INCIDENT_LISTS = ("classes", "scopes")
INCIDENT_ANSWERS = ("core_service", "data_loss", "cause_found", "handling_error")
INCIDENT_FIGURES = ("expected_outage_seconds", "affected")
"""What is known of the fault: of the plans' classes and scopes the first one that a plan has, and what they ask for."""
LIVE = ("prepare", "cause", "stop_when", "roll_back", "expects")


def scenario_of(document: object) -> Scenario:
    """Return the scenario of a document; DrillError with the path of what cannot be used."""
    fields = Fields(document, "scenario", SCENARIO)
    scenario = Scenario(
        key=fields.key("key"),
        title=fields.text("title"),
        purpose=fields.texts("purpose"),
        minutes=fields.number("minutes", 60.0),
        roles=fields.strings("roles"),
        incident=_incident(fields.get("incident") or {}, fields.at("incident")),
        targets=_targets(fields),
        parts=fields.each("parts", _part),
        live=_live(fields.get("live") or {}, fields.at("live")),
    )
    limitation = _limitation(scenario)
    if limitation is not None:
        raise DrillError(limitation)
    return scenario


def _limitation(scenario: Scenario) -> Optional[str]:
    if not scenario.parts:
        return "scenario.parts is empty; a drill needs at least one part that tells a situation."
    unique([question.key for question in scenario.questions], "scenario.parts")
    unique([part.key for part in scenario.parts], "scenario.parts")
    minutes = [part.minute for part in scenario.parts]
    if minutes != sorted(minutes):
        return f"scenario.parts go from minute {minutes} and have to be in the order of their minutes."
    known = {target.key for target in scenario.targets}
    strange = sorted({name for said in _sentences(scenario) for name in NAME.findall(said)} - known)
    if strange:
        return f"the scenario speaks of {', '.join(strange)}, which scenario.targets does not have; add it there."
    return None


def _sentences(scenario: Scenario) -> Sequence[str]:
    texts = [part.situation for part in scenario.parts] + [question.ask for question in scenario.questions]
    texts += [point for question in scenario.questions for point in question.points]
    texts += [choice.text for question in scenario.questions for choice in question.choices]
    texts += [scenario.title, *scenario.purpose, *scenario.live.prepare, *scenario.live.cause, *scenario.live.stop_when]
    calls = [*scenario.procedures, *scenario.live.roll_back]
    return [
        *(sentence for text in texts for sentence in text.values()),
        *(value for call in calls for value in (*call.arguments.values(), call.confirm)),
    ]


def _incident(value: object, path: str) -> Mapping[str, object]:
    """Return what is known of the fault; the site's severity rules are asked with it."""
    fields = Fields(value, path, (*INCIDENT_LISTS, *INCIDENT_ANSWERS, *INCIDENT_FIGURES))
    found: Dict[str, object] = {name: list(fields.strings(name)) for name in INCIDENT_LISTS}
    for name in INCIDENT_ANSWERS:
        if fields.get(name) is not None:
            found[name] = _yes_or_no(fields.get(name), fields.at(name))
    for name in INCIDENT_FIGURES:
        if fields.get(name) is not None:
            found[name] = number_of(fields.get(name), fields.at(name), 0.0)
    return found


def _yes_or_no(value: object, path: str) -> bool:
    if not isinstance(value, bool):
        raise DrillError(f"{path} is {value!r} and has to be true or false; leave it out where it is not known.")
    return value


def _targets(fields: Fields) -> Tuple[Target, ...]:
    given = fields.get("targets") or {}
    if not isinstance(given, Mapping):
        raise DrillError(f"{fields.at('targets')} is {given!r} and has to be a mapping of names to group and title.")
    return tuple(_target(key, value, fields.at(f"targets.{key}")) for key, value in given.items())


def _target(key: str, value: object, path: str) -> Target:
    fields = Fields(value, path, ("group", "title"))
    if not fields.string("group"):
        raise DrillError(f"{fields.at('group')} is missing and has to be a group of the inventory.")
    return Target(key, fields.string("group"), fields.text("title"))


def _part(value: object, path: str) -> Part:
    fields = Fields(value, path, PART)
    phase = fields.one_of("phase", PHASES)
    return Part(
        key=fields.key("key"),
        phase=phase,
        minute=fields.number("minute", 0.0),
        situation=fields.text("situation"),
        procedures=fields.each("procedures", _call),
        questions=fields.each("questions", lambda each, where: _question(each, where, phase)),
    )


def _call(value: object, path: str) -> Call:
    fields = Fields(value, path, ("playbook", "arguments", "confirm"))
    arguments = fields.get("arguments") or {}
    if not isinstance(arguments, Mapping):
        raise DrillError(
            f"{fields.at('arguments')} is {arguments!r} and has to be a mapping, such as {{failed: NAME}}."
        )
    return Call(
        fields.key("playbook"), {str(name): str(each) for name, each in arguments.items()}, fields.string("confirm")
    )


def _question(value: object, path: str, phase: str) -> Question:
    fields = Fields(value, path, QUESTION)
    kind = fields.one_of("kind", KINDS, POINTS)
    question = Question(
        key=fields.key("key"),
        phase=fields.one_of("phase", PHASES, phase),
        kind=kind,
        ask=fields.text("ask"),
        to=fields.string("to"),
        within=fields.number("within_seconds", 0.0) or None,
        choices=fields.each("choices", _choice),
        right=fields.strings("right"),
        points=fields.texts("points"),
        of=fields.one_of("of", OF_PLAN) if kind == PLAN else "",
        role=fields.string("role"),
    )
    limitation = question_limitation(question)
    if limitation is not None:
        raise DrillError(f"{path}: {limitation}")
    return question


def question_limitation(question: Question) -> Optional[str]:
    """Why a question cannot be judged; None where it can."""
    if question.kind == POINTS and not question.points:
        return "a question of kind points needs points, which a good answer names."
    if question.kind == PLAN and question.of == "deputies" and not question.role:
        return "a question of the deputies needs role, whose deputies are asked for, such as lead."
    if question.kind != CHOICE:
        return None
    unique([choice.key for choice in question.choices], "choices")
    keys = {choice.key for choice in question.choices}
    if not question.right or not set(question.right) <= keys:
        return f"right is {', '.join(question.right) or 'empty'} and has to be among the choices {sorted(keys)}."
    return None


def _choice(value: object, path: str) -> Choice:
    fields = Fields(value, path, ("key", "text"))
    return Choice(fields.key("key"), fields.text("text"))


def _live(value: object, path: str) -> Live:
    fields = Fields(value, path, LIVE)
    return Live(
        prepare=fields.texts("prepare"),
        cause=fields.texts("cause"),
        stop_when=fields.texts("stop_when"),
        roll_back=fields.each("roll_back", _call),
        expects=fields.each("expects", _expected),
    )


def _expected(value: object, path: str) -> str:
    if value not in EVENT_PHASES:
        raise DrillError(f"{path} is {value!r} and has to be one of {', '.join(EVENT_PHASES)}.")
    return str(value)


# -- this site -------------------------------------------------------------------------------------


def chosen_targets(
    scenario: Scenario, groups: Mapping[str, Sequence[str]], given: Mapping[str, str]
) -> Mapping[str, str]:
    """Return the host that each target of the scenario means here; DrillError where it cannot be told."""
    strange = sorted(set(given) - {target.key for target in scenario.targets})
    if strange:
        known = ", ".join(target.key for target in scenario.targets) or "none"
        raise DrillError(f"drill_targets has {', '.join(strange)}, and the scenario {scenario.key} has {known}.")
    return {target.key: _chosen(target, groups, given.get(target.key)) for target in scenario.targets}


def _chosen(target: Target, groups: Mapping[str, Sequence[str]], name: Optional[str]) -> str:
    members = list(groups.get(target.group) or ())
    if not members:
        raise DrillError(
            f"the inventory has no host in {target.group}, which the scenario is about; fill that group, or take "
            "another scenario with -e scenario=NAME."
        )
    if name is not None and name not in members:
        raise DrillError(f"{name} is not in {target.group}, which has {', '.join(members)}; correct drill_targets.")
    return name or members[0]


def named(scenario: Scenario, names: Mapping[str, str]) -> Scenario:
    """Return the scenario with the site's names in all of its sentences and commands."""

    def text(said: Text) -> Text:
        return {language: NAME.sub(lambda found: names[found.group(1)], each) for language, each in said.items()}

    def call(each: Call) -> Call:
        filled = {name: NAME.sub(lambda found: names[found.group(1)], value) for name, value in each.arguments.items()}
        return replace(each, arguments=filled, confirm=NAME.sub(lambda found: names[found.group(1)], each.confirm))

    def question(each: Question) -> Question:
        choices = tuple(replace(choice, text=text(choice.text)) for choice in each.choices)
        return replace(each, ask=text(each.ask), points=tuple(text(point) for point in each.points), choices=choices)

    def part(each: Part) -> Part:
        return replace(
            each,
            situation=text(each.situation),
            procedures=tuple(call(one) for one in each.procedures),
            questions=tuple(question(one) for one in each.questions),
        )

    live = replace(
        scenario.live,
        prepare=tuple(text(each) for each in scenario.live.prepare),
        cause=tuple(text(each) for each in scenario.live.cause),
        stop_when=tuple(text(each) for each in scenario.live.stop_when),
        roll_back=tuple(call(each) for each in scenario.live.roll_back),
    )
    purpose = tuple(text(each) for each in scenario.purpose)
    parts = tuple(part(each) for each in scenario.parts)
    return replace(scenario, title=text(scenario.title), purpose=purpose, parts=parts, live=live)
