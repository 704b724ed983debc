# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one run of a playbook did, as its journal tells it, and which runs belong to an incident."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._journal.findings import Finding
from ansible_collections.contingency.infra.plugins.module_utils._journal.place import JOURNAL, RUNS, runs_in
from ansible_collections.contingency.infra.plugins.module_utils._journal.verify import (
    ALTERED,
    INTACT,
    UNPROVEN,
    Verdict,
    verify,
)
from ansible_collections.contingency.infra.plugins.module_utils._record import chain
from ansible_collections.contingency.infra.plugins.module_utils._record.damages import damage_said
from ansible_collections.contingency.infra.plugins.module_utils._record.steps import Text

OK, CHANGED, FAILED, SKIPPED, UNREACHABLE = STATUSES = ("ok", "changed", "failed", "skipped", "unreachable")
IGNORED, RESCUED = "ignored", "rescued"
"""What became of a failure that did not stop the run."""
OF_THE_OFFICE = frozenset(
    (
        "approve",
        "drill",
        "escalate",
        "incident_close",
        "incident_due",
        "incident_open",
        "incident_report",
        "incident_update",
        "journal_verify",
        "plan_document",
    )
)
"""Playbooks that keep the record; what they do is told as events, and they repair nothing."""
CONFIRMED = frozenset(
    (
        "core_switch_failback",
        "core_switch_failover",
        "staged_shutdown",
        "standby_failover",
        "standby_rejoin",
        "standby_switchover",
    )
)
"""Playbooks that change nothing before they are confirmed: their only step is then the plan, for the activation."""
LANGUAGES = ("en", "zh")

Line = Mapping[str, Any]


@dataclass(frozen=True)
class Chain:
    """A record of linked lines: how many, its head, whether it is as written, and what was found, by language."""

    path: str
    lines: int
    head: str
    state: str = INTACT
    findings: tuple[Text, ...] = ()

    @classmethod
    def of_events(cls, path: str, reading: chain.Reading) -> Chain:
        """Return that of an incident's record, up to the last line that tells of more than a report that was made.

        An unfinished end may have been cut off as well: what stood there is lost, and nothing proves what it was.
        """
        lines, head, damage = reading.lines, reading.head, reading.damage
        count = len(lines)
        while count and _of_the_office(lines[count - 1]):
            count -= 1
        head = str(lines[count].get("previous")) if count < len(lines) else head
        found: list[Text] = [] if damage is None else [{lang: _damage(damage, lang) for lang in LANGUAGES}]
        if reading.torn or any(line.get("kind") == chain.TORN for line in lines):
            found.append(in_languages(Finding("torn", path)))
        state = ALTERED if damage else UNPROVEN if reading.torn else INTACT
        return cls(path, count, head, state, tuple(found))

    @classmethod
    def of_run(cls, verdict: Verdict) -> Chain:
        """Return that of a journal; one that lacks lines, or the end of one, says too little to be called whole."""
        path = os.path.join(verdict.directory, JOURNAL)
        lacks = any(each.key in ("missing", "torn") for each in verdict.remarks)
        found = tuple(in_languages(each) for each in (*verdict.findings, *verdict.remarks))
        state = UNPROVEN if lacks and verdict.state == INTACT else verdict.state
        return cls(path, len(verdict.lines), verdict.head, state, found)


def in_languages(finding: Finding) -> Text:
    """Pure: what a verification found, in every language."""
    return {language: finding.said(language) for language in LANGUAGES}


def _damage(damage: chain.Damage, language: str) -> str:
    why = damage_said(damage.why, language)
    return f"第 {damage.line} 行：{why}" if language == "zh" else f"line {damage.line} {why}"


def _of_the_office(line: Line) -> bool:
    return line.get("kind") == "report" or (line.get("kind") == "run" and line.get("playbook") in OF_THE_OFFICE)


@dataclass(frozen=True)
class Action:
    """A task's result on one host that is worth to be told on its own."""

    epoch: float
    host: str
    task: str
    status: str
    message: str = ""
    seconds: float | None = None


@dataclass(frozen=True)
class File:
    """A file that a procedure wrote, as its journal has it, and whether it is still so."""

    path: str
    sha256: str
    bytes: int | None
    intact: bool


@dataclass(frozen=True)
class Run:
    """One run. ``begun`` is its first line; ``ended_epoch`` and ``status`` are None where the journal has no end.

    ``counts``: by host, how many results of each status. ``took``: seconds by a clock that nobody sets, where told.
    """

    name: str
    directory: str
    chain: Chain
    begun: Line = field(default_factory=dict)
    begun_epoch: float = 0.0
    last_epoch: float = 0.0
    ended_epoch: float | None = None
    status: str | None = None
    steps: tuple[Line, ...] = ()
    actions: tuple[Action, ...] = ()
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    files: tuple[File, ...] = ()
    approvals: tuple[Line, ...] = ()
    took: float | None = None

    @property
    def playbook(self) -> str:
        return os.path.splitext(os.path.basename(str(self.begun.get("playbook") or self.name)))[0]

    @property
    def check(self) -> bool:
        """Whether it changed nothing and only showed its plan: with --check, or as nobody confirmed it."""
        phases = {step.get("phase") for step in self.steps}
        return bool(self.begun.get("check")) or (self.playbook in CONFIRMED and phases == {"activation"})

    @property
    def drill(self) -> bool:
        return bool(self.begun.get("drill"))

    @property
    def person(self) -> str:
        person = self.begun.get("person")
        person = person if isinstance(person, Mapping) else {}
        return "@".join(str(person[key]) for key in ("login", "host") if person.get(key))

    @property
    def in_part(self) -> bool:
        """Whether one of its steps was not done, though it went on to its end."""
        return any(not step.get("ok", True) for step in self.steps)

    @property
    def only_looked(self) -> bool:
        """Whether it changed, proved and missed nothing: a run of a timer before anything is due, for one."""
        told = any(step.get("proven") or step.get("unproven") for step in self.steps)
        return self.status == OK and not (self.check or self.in_part or self.actions or self.approvals or told)

    @property
    def seconds(self) -> float | None:
        if self.ended_epoch is None or self.took is not None:
            return self.took
        return max(0.0, self.ended_epoch - self.begun_epoch)


class RunError(Exception):
    """A journal that cannot be read; the sentence names it and says what to do."""


def read_run(directory: str) -> Run:
    """Return what a run did, with its evidence verified; RunError where there is no journal."""
    path = os.path.join(directory, JOURNAL)
    if not os.path.isfile(path):
        raise RunError(f"There is no journal of a run in {directory} ({JOURNAL} is not there); name its directory.")
    return run_of(verify(directory))


def run_of(verdict: Verdict) -> Run:
    """Pure: fold the lines of a journal. Lines after a damage count too; the damage is told."""
    lines = verdict.lines
    by_kind: dict[str, list[Line]] = {}
    for line in lines:
        by_kind.setdefault(str(line.get("kind")), []).append(line)
    results, end = by_kind.get("result", []), verdict.end
    epochs = [number(line.get("epoch")) or 0.0 for line in lines] or [0.0]
    return Run(
        name=verdict.run,
        directory=verdict.directory,
        chain=Chain.of_run(verdict),
        begun=verdict.first,
        begun_epoch=epochs[0],
        last_epoch=epochs[-1],
        ended_epoch=None if end is None else number(end.get("epoch")),
        status=None if end is None else str(end.get("status")),
        steps=tuple(by_kind.get("step", ())),
        actions=tuple(_actions(results)),
        counts=_counts(results),
        files=tuple(_file(each) for each in verdict.files),
        approvals=tuple(by_kind.get("approval", ())),
        took=None if end is None else length(end.get("seconds")),
    )


def _file(told: Line) -> File:
    size = number(told.get("bytes"))
    return File(
        str(told.get("path")), str(told.get("sha256") or ""), None if size is None else int(size), bool(told["intact"])
    )


def number(value: object) -> float | None:
    """Pure: a figure of a record, None where it is none; a record may have been written into by anybody."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if abs(value) < 1e15 else None


def length(value: object) -> float | None:
    """Pure: a length of time of a record in seconds, None where it is none; nothing ends before it begins."""
    found = number(value)
    return None if found is None or found < 0 else found


def host_of(step: Line) -> str:
    """Pure: the host that a step is about, nothing where it is the controller: that sums up what the others did."""
    host = str(step.get("host") or "")
    return "" if host in ("localhost", "127.0.0.1") else host


def _actions(results: Sequence[Line]) -> Iterator[Action]:
    """Yield what changed something or went wrong; what only looked is counted."""
    for line in results:
        status = _status(line)
        if status in (OK, SKIPPED):
            continue
        yield Action(
            number(line.get("epoch")) or 0.0,
            str(line.get("host", "")),
            str(line.get("task", "")),
            status,
            str(line.get("message") or ""),
            length(line.get("seconds")),
        )


def _status(line: Line) -> str:
    status = str(line.get("status"))
    if status in (FAILED, UNREACHABLE):
        return IGNORED if line.get("ignored") else RESCUED if line.get("rescued") else status
    return status


def _counts(results: Sequence[Line]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {}
    for line in results:
        counts.setdefault(str(line.get("host", "")), Counter())[_status(line)] += 1
    return {host: dict(each) for host, each in sorted(counts.items())}


# -- which runs ------------------------------------------------------------------------------------


def runs_of(evidence: str, incident: str, told: Iterable[Line]) -> tuple[list[str], list[str]]:
    """Return the directories of an incident's runs in the order of time, and those that it names and are not there.

    ``told``: the events of kind run. A run that was killed before it could tell is found by its own first line.
    """
    named = [_directory(evidence, line) for line in told if not _of_the_office({**line, "kind": "run"})]
    there = [path for path in named if os.path.exists(os.path.join(path, JOURNAL))]
    found = [path for path in runs_in(evidence) if _belongs(first_line(path), incident)]
    unique = {os.path.realpath(path): path for path in [*there, *found]}
    missing = [path for path in dict.fromkeys(named) if path not in there]
    return sorted(unique.values(), key=os.path.basename), missing


def _belongs(begun: Line, incident: str) -> bool:
    return begun.get("incident") == incident and begun.get("playbook") not in OF_THE_OFFICE


def _directory(evidence: str, line: Line) -> str:
    """Return where a run lies; the evidence may have been moved as a whole since."""
    told = str(line.get("directory") or "")
    moved = os.path.join(evidence, RUNS, os.path.basename(str(line.get("run") or told.rstrip("/"))))
    return moved if os.path.isdir(moved) or not told else told


def first_line(directory: str) -> Line:
    """Return the first line of a run's journal, an empty one where there is none that can be read."""
    try:
        with open(os.path.join(directory, JOURNAL), "rb") as file:
            line = json.loads(file.readline())
    except (OSError, ValueError):
        # A directory without a journal, or with one that is damaged at its start, names no incident. Where the
        # incident names such a run, reading it tells what is wrong.
        return {}
    return line if isinstance(line, dict) else {}
