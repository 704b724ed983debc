# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan's sections about what is done: commands, procedures with their steps, thresholds, resources."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ansible_collections.contingency.infra.plugins.plugin_utils.document import (
    Block,
    Code,
    Inline,
    Lines,
    Muted,
    Paragraph,
    Section,
    Table,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_inputs import PlanInputs
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_procedures import Play, Procedure, Step
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_site import Resource, Site
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_thresholds import Threshold
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_words import Speech

NAMES_SHOWN = 8
"""So many names of a group stand in a heading; of a larger one only how many there are."""
ONE_LINE = frozenset(
    ("address", "reached", "stage", "age", "rto", "rpo", "watts", "derate", "low", "seconds", "engine")
)
"""Columns whose cells are not broken."""
_PLACE = re.compile(r"\{\{ ?(\w+) ?\}\}")
_PREFIXES = ("contingency.infra.", "ansible.builtin.")


def first(inputs: PlanInputs, speech: Speech) -> Section:
    """What is looked for at three in the morning: the command for what has happened."""
    rows = [
        (_happened(procedure, host, speech), Code(command))
        for procedure in inputs.emergencies
        for host, command in inputs.commands(procedure)
    ]
    heads = (speech.say("head_happened"), speech.say("head_command"))
    return Section("first", speech.say("section_first"), (Table(speech.say("first_caption"), heads, tuple(rows)),))


def _happened(procedure: Procedure, host: str, speech: Speech) -> str:
    title = speech.known(f"procedure_{procedure.name}", procedure.name)
    return speech.say("happened", title=title, host=host) if host else title


# -- procedures ------------------------------------------------------------------------------------


def procedures(inputs: PlanInputs, speech: Speech) -> Section:
    sections = tuple(_procedure(procedure, inputs, speech) for procedure in inputs.emergencies)
    return Section(
        "procedures", speech.say("section_procedures"), (Paragraph(speech.say("procedures_intro")), *sections)
    )


def _procedure(procedure: Procedure, inputs: PlanInputs, speech: Speech) -> Section:
    title = speech.known(f"procedure_{procedure.name}", procedure.name)
    about = speech.sentences(speech.translated(each) for each in procedure.about)
    commands = tuple(Paragraph(Code(command)) for _host, command in inputs.commands(procedure))
    blocks: list[Block] = [*commands, Paragraph(about)] if about else [*commands]
    blocks += [Paragraph(each) for each in _objectives(procedure, inputs, speech)]
    blocks.append(_arguments(procedure, speech))
    blocks += [_play(play, inputs.site, speech) for play in procedure.plays]
    return Section(f"procedure-{procedure.name.replace('_', '-')}", title, tuple(blocks))


def _objectives(procedure: Procedure, inputs: PlanInputs, speech: Speech) -> Iterator[str]:
    limits = inputs.policy.objectives.get(procedure.name, {}) if inputs.policy is not None else {}
    for name, seconds in limits.items():
        yield speech.say(f"objective_{name}", time=speech.duration(seconds))


def _arguments(procedure: Procedure, speech: Speech) -> Table:
    rows = tuple((Code(name), speech.translated(meaning)) for name, meaning in procedure.arguments.items())
    return Table(speech.say("arguments_caption"), (speech.say("head_argument"), speech.say("head_meaning")), rows)


def _play(play: Play, site: Site, speech: Speech) -> Table:
    shown = [step for step in play.steps if not (step.rescue and step.module.endswith("debug"))]
    rows = tuple((f"{number}", *_step(step, speech)) for number, step in enumerate(shown, 1))
    caption = speech.say(
        "steps_caption", play=filled(speech.translated(play.name), speech), hosts=_hosts(play, site, speech)
    )
    heads = ("", *(speech.say(f"head_{head}") for head in ("step", "module", "fails")))
    return Table(caption, heads, rows, ("short", "", "short", ""))


def _step(step: Step, speech: Speech) -> tuple[Inline, ...]:
    name, translated = filled(step.name, Speech("en")), filled(speech.translated(step.name), speech)
    told: Inline = (
        translated if speech.language == "en" or translated == step.name else Lines((translated, f"({name})"))
    )
    module = step.module
    for prefix in _PREFIXES:
        module = module.removeprefix(prefix)
    return (told, Code(module), speech.say("rescue" if step.rescue else step.on_failure))


def filled(name: str, speech: Speech) -> str:
    """Return the name of a step with words in the place of what is known only when it runs."""
    return _PLACE.sub(lambda found: speech.known(f"place_{found[1]}", found[1]), name)


def _hosts(play: Play, site: Site, speech: Speech) -> str:
    if play.groups:
        return speech.listed(_group(group, site, speech) for group in play.groups)
    known = next((name for name in ("standby_failed", "standby_target") if name in play.hosts), "")
    return speech.known(f"hosts_{known}", filled(play.hosts, speech))


def _group(group: str, site: Site, speech: Speech) -> str:
    if group == "localhost":
        return speech.say("controller")
    members = site.of(group)
    named = speech.listed(members) if len(members) <= NAMES_SHOWN else str(len(members))
    return f"{group} ({named or speech.say('none')})"


# -- thresholds, resources, routine ----------------------------------------------------------------


def thresholds(inputs: PlanInputs, speech: Speech) -> Section:
    heads = tuple(speech.say(f"head_{head}") for head in ("meaning", "value", "hosts"))
    rows = tuple(_threshold(each, speech) for each in inputs.thresholds)
    table = Table(speech.say("thresholds_caption"), heads, rows)
    return Section("thresholds", speech.say("section_thresholds"), (table,))


def _threshold(threshold: Threshold, speech: Speech) -> tuple[Inline, ...]:
    where = speech.say("default") if threshold.default else speech.listed(threshold.hosts) or speech.say("everywhere")
    value = Lines(tuple(Code(line) for line in threshold.value.split("\n")))
    return (Lines((speech.translated(threshold.about), Code(threshold.name))), value, where)


def resources(inputs: PlanInputs, speech: Speech) -> Section:
    tables = tuple(_resource(each, speech) for each in inputs.resources)
    return Section("resources", speech.say("section_resources"), tables)


def _resource(resource: Resource, speech: Speech) -> Table:
    rows = tuple(tuple(Lines(cell) for cell in row) for row in resource.rows)
    heads = tuple(speech.say(f"column_{head}") for head in resource.heads)
    kinds = tuple("short" if head in ONE_LINE else "" for head in resource.heads)
    return Table(speech.say(f"resource_{resource.key}"), heads, rows, kinds)


def routine(inputs: PlanInputs, speech: Speech) -> Section:
    heads = (speech.say("head_command"), speech.say("head_about"))
    rows = tuple(_routine(procedure, inputs, speech) for procedure in inputs.routine)
    return Section("routine", speech.say("section_routine"), (Table(speech.say("routine_caption"), heads, rows),))


def _given(name: str, meaning: str) -> Inline:
    return Lines((Code(name), Muted(meaning))) if meaning else Code(name)


def _routine(procedure: Procedure, inputs: PlanInputs, speech: Speech) -> tuple[Inline, ...]:
    commands = tuple(Code(inputs.here(command)) for command in (procedure.command, *procedure.more))
    about = speech.sentences(speech.translated(each) for each in procedure.about)
    given = (_given(name, speech.translated(meaning)) for name, meaning in procedure.arguments.items())
    return (Lines(commands), Lines(tuple(part for part in (about, *given) if part)))
