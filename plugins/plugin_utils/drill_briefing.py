# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told before a drill: for a live one what to prepare and when to stop, and a look at any of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ansible_collections.contingency.infra.plugins.module_utils._drill.model import LIVE, Scenario, Text
from ansible_collections.contingency.infra.plugins.module_utils._drill.words import say
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_child import Command
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_record import Record
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_table import question_lines, situation_lines


def briefing(scenario: Scenario, command: Command, record: Record, language: str) -> Iterator[str]:
    """Yield what everybody has to know before a live drill."""
    live = scenario.live
    yield ""
    yield say(language, "head", id=record.id, title=scenario.title[language], mode=say(language, LIVE))
    for key, texts in (("live_prepare", live.prepare), ("live_cause", live.cause), ("live_stop", live.stop_when)):
        yield from _list(say(language, key), texts, language)
    for key, calls in (("live_commands", scenario.procedures), ("live_back", live.roll_back)):
        if calls:
            yield f"{say(language, key)}:"
            yield from (f"  {command.shown(call)}" for call in calls)
    yield say(language, "live_next", command=command.evaluating())


def _list(title: str, texts: Sequence[Text], language: str) -> Iterator[str]:
    if texts:
        yield f"{title}:"
        yield from (f"  - {text[language]}" for text in texts)


def preview(scenario: Scenario, command: Command, titles: Mapping[str, str], language: str) -> Iterator[str]:
    """Yield all that a drill would tell, run and ask."""
    yield ""
    yield say(language, "look")
    yield from _list(say(language, "purpose"), scenario.purpose, language)
    for part in scenario.parts:
        yield ""
        yield from situation_lines(part, language)
        yield from (f"{say(language, 'step_command')}: {command.shown(call)}" for call in part.procedures)
        for question in part.questions:
            yield from question_lines(question, scenario, titles, language)
