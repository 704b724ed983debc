# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence: whether the records are whole, and whether the files are still what was written."""

from __future__ import annotations

import os

from ansible_collections.contingency.infra.plugins.module_utils._journal.verify import ALTERED, INTACT
from ansible_collections.contingency.infra.plugins.plugin_utils.document import (
    Badge,
    Code,
    Inline,
    Lines,
    Muted,
    Paragraph,
    Section,
    Table,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.page import BAD, GOOD, UNKNOWN
from ansible_collections.contingency.infra.plugins.plugin_utils.report_run import Chain, File, Run
from ansible_collections.contingency.infra.plugins.plugin_utils.report_subject import Subject

MOST_FILES = 200
STATES = {INTACT: GOOD, ALTERED: BAD}


def section_of(subject: Subject) -> Section:
    voice = subject.voice
    intro = (Paragraph(voice.say("evidence_intro"), muted=True),) if subject.all_chains else ()
    return Section("evidence", voice.say("evidence"), (*intro, _chains(subject), _files(subject)))


def _chains(subject: Subject) -> Table:
    voice = subject.voice
    heads = tuple(voice.say(f"head_{name}") for name in ("record", "lines", "state", "head"))
    rows = tuple(_chain(subject, each) for each in subject.all_chains)
    return Table(voice.say("chains_caption"), heads, rows, ("", "number", "", ""))


def _chain(subject: Subject, chain: Chain) -> tuple[Inline, ...]:
    voice = subject.voice
    directory, name = os.path.split(chain.path)
    state = Badge(STATES.get(chain.state, UNKNOWN), voice.say(f"chain_{chain.state}"))
    found = (Muted(voice.text(each)) for each in chain.findings)
    return Lines((name, Muted(os.path.basename(directory)))), str(chain.lines), Lines((state, *found)), Code(chain.head)


def _files(subject: Subject) -> Table:
    voice = subject.voice
    found = sorted(_all(subject), key=lambda each: (each[1].intact, each[1].path))
    rows = [_file(subject, run, file) for run, file in found[:MOST_FILES]]
    if len(found) > MOST_FILES:
        rows.append((voice.say("and_more", count=len(found) - MOST_FILES), "", "", ""))
    heads = tuple(voice.say(f"head_{name}") for name in ("file", "size", "state", "sha256"))
    return Table(voice.say("files_caption"), heads, tuple(rows), ("", "number", "short", ""))


def _all(subject: Subject) -> list[tuple[Run, File]]:
    """Return each file once, as the latest run told of it."""
    latest = {file.path: (run, file) for run in subject.runs for file in run.files}
    return list(latest.values())


def _file(subject: Subject, run: Run, file: File) -> tuple[Inline, ...]:
    voice = subject.voice
    state = Badge(GOOD, voice.say("file_same")) if file.intact else Badge(UNKNOWN, voice.say("file_other"))
    return (
        Lines((Code(file.path), Muted(subject.procedure(run.playbook)))),
        voice.size(file.bytes),
        state,
        Code(file.sha256),
    )


def altered(subject: Subject) -> list[str]:
    """Return the evidence that is not what was written, or is not there, in sentences; nothing where all of it is."""
    voice = subject.voice
    chains = [
        voice.say("altered_chain", path=each.path, why=voice.text(list(each.findings)))
        for each in subject.all_chains
        if each.state == ALTERED
    ]
    missing = [voice.say("altered_missing", path=path) for path in subject.missing]
    return [*chains, *missing, *subject.unread]


def unproven(subject: Subject) -> list[str]:
    """Return the evidence of which nothing says that it was altered, and nothing proves that it was not."""
    voice = subject.voice
    return [
        voice.say("unproven_chain", path=each.path, why=voice.text(list(each.findings)))
        for each in subject.all_chains
        if each.state not in (ALTERED, INTACT)
    ]
