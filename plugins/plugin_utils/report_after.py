# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people write after an incident: a file with the questions beside the report, which shows the answers.

The file is made once and never written again, so that nothing that somebody wrote into it is lost.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from ansible_collections.contingency.infra.plugins.plugin_utils.document import Block, Field, Paragraph, Section
from ansible_collections.contingency.infra.plugins.plugin_utils.report_subject import Subject
from ansible_collections.contingency.infra.plugins.plugin_utils.report_words import WORDS

FILE = "postmortem.md"
QUESTIONS = ("cause", "well", "badly", "errors", "changes", "actions", "accepted")
LINES = {"cause": 4, "actions": 5, "accepted": 2}
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TITLE = re.compile(r"^# .*$", re.MULTILINE)
_HEADING = re.compile(r"^## +(.+?)\s*$", re.MULTILINE)


def blank(language: str, title: str) -> str:
    """Pure: the file as it is made, with room below each question."""
    words = WORDS[language]
    asked = "".join(f"## {words[f'ask_{name}']}\n\n\n" for name in QUESTIONS)
    return f"# {words['after_title'].format(title=title)}\n\n<!-- {words['after_how']} -->\n\n{asked}"


def answers_of(text: str) -> dict[str, str]:
    """Pure: what was written below each question, by question; a heading that is none of them is its own name.

    What stands above the first heading has the empty name.
    """
    known = {words[f"ask_{name}"]: name for words in WORDS.values() for name in QUESTIONS}
    before, *parts = _HEADING.split(_COMMENT.sub("", text))
    above = _TITLE.sub("", before, count=1).strip()
    found = {"": above} if above else {}
    for heading, answer in zip(parts[::2], parts[1::2]):
        name = known.get(heading, heading)
        found[name] = "\n\n".join(part for part in (found.get(name, ""), answer.strip()) if part)
    return found


def read_answers(directory: str) -> dict[str, str]:
    """Return the answers in a directory, none where the file is not there; OSError as the kernel gives it."""
    try:
        with open(os.path.join(directory, FILE), encoding="utf-8", errors="replace") as file:
            return answers_of(file.read())
    except FileNotFoundError:
        return {}


def section_of(subject: Subject) -> Section | None:
    """Return the questions with their answers; a run alone has none."""
    if subject.incident is None:
        return None
    voice, answers = subject.voice, subject.answers
    fields = [Field(voice.say(f"ask_{name}"), answers.get(name, ""), LINES.get(name, 3)) for name in QUESTIONS]
    fields += [Field(heading or voice.say("after"), answer) for heading, answer in _others(answers).items()]
    blocks: tuple[Block, ...] = (Paragraph(voice.say("after_where", file=FILE), muted=True), *fields)
    return Section("after", voice.say("after"), blocks)


def _others(answers: Mapping[str, str]) -> dict[str, str]:
    return {heading: answer for heading, answer in answers.items() if heading not in QUESTIONS and answer}
