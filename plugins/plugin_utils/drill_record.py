# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a drill: beside the events that it shares with incidents, a chain of its own.

drill.jsonl has lines of these kinds: scenario {scenario, sha256, mode, targets, participants}, situation {part},
answer {question, text, choice, points, seconds, answered_by}, played {procedure, arguments, status, seconds, why,
output}, measured {procedure, figures}, evaluated {score, scores, findings, marks}; each has ``by``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._drill import facts as kinds
from ansible_collections.contingency.infra.plugins.module_utils._drill.facts import Run
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import Answer
from ansible_collections.contingency.infra.plugins.module_utils._incident.store import DRILL
from ansible_collections.contingency.infra.plugins.module_utils._record import chain

RECORD = "drill.jsonl"
Line = Mapping[str, Any]


class RecordError(Exception):
    """A record that cannot be read or written; the sentence says what to do."""


@dataclass(frozen=True)
class Record:
    """What is written of a drill so far. ``damage``: the first line that was altered."""

    directory: str
    lines: tuple[Line, ...] = ()
    head: str = chain.FIRST
    damage: chain.Damage | None = None

    @property
    def id(self) -> str:
        return os.path.basename(os.path.normpath(self.directory))

    def of(self, kind: str) -> Iterator[Line]:
        return (line for line in self.lines if line.get("kind") == kind)

    @property
    def begun(self) -> Line:
        """Return the line that says which scenario it is; an empty one where there is none yet."""
        return next(self.of("scenario"), {})

    @property
    def evaluated(self) -> Line | None:
        return next(iter(reversed(list(self.of("evaluated")))), None)

    @property
    def told(self) -> set[str]:
        """Return the parts whose situation was told."""
        return {str(line["part"]) for line in self.of("situation")}

    @property
    def answers(self) -> dict[str, Answer]:
        """Return the answer to each question; of several the last one."""
        return {str(line["question"]): _answer(line) for line in self.of("answer")}

    @property
    def played(self) -> tuple[Run, ...]:
        """Return the procedures that were run with --check."""
        return tuple(_run(line) for line in self.of("played"))

    @property
    def measured(self) -> dict[str, dict[str, float]]:
        """Return what somebody measured, by procedure; of a figure that was told twice the last one."""
        found: dict[str, dict[str, float]] = {}
        for line in self.of("measured"):
            found.setdefault(str(line["procedure"]), {}).update(line["figures"])
        return found


def _answer(line: Line) -> Answer:
    return Answer(
        str(line["question"]),
        str(line.get("text") or ""),
        str(line.get("choice") or ""),
        tuple(line.get("points") or ()),
        line.get("seconds"),
        str(line.get("answered_by") or ""),
    )


def _run(line: Line) -> Run:
    return Run(
        str(line["procedure"]),
        str(line.get("status") or kinds.UNKNOWN),
        check=True,
        arguments=dict(line.get("arguments") or {}),
        began_epoch=line.get("began_epoch"),
        seconds=line.get("seconds"),
        why=str(line.get("why") or ""),
        output=tuple(line.get("output") or ()),
    )


def read_record(directory: str) -> Record:
    """Return what is written of a drill; an empty record where nothing is yet."""
    path = os.path.join(directory, RECORD)
    try:
        reading = chain.read(path)
    except FileNotFoundError:
        return Record(directory)
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror}; see who owns it.") from error
    return Record(directory, reading.lines, reading.head, reading.damage)


def write(directory: str, kind: str, fields: Mapping[str, Any], by: str) -> None:
    """Write a line, so that it outlives a loss of power."""
    path = os.path.join(directory, RECORD)
    try:
        chain.append(path, kind, {**fields, "by": by})
    except OSError as error:
        raise RecordError(
            f"The drill could not be written to {path}: {error.strerror}; free space or see who owns it, then run the "
            "same command again: it goes on where it was broken off."
        ) from error


@dataclass(frozen=True)
class Held:
    """A drill that was judged. ``evaluation``: its line in the record."""

    id: str
    scenario: str
    mode: str
    evaluated_epoch: float
    score: float | None
    evaluation: Line


def held_in(root: str) -> tuple[Held, ...]:
    """Return the drills below a directory that were judged, in the order of time; none where there are none."""
    try:
        names = [name for name in os.listdir(root) if name.startswith(f"{DRILL}-")]
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise RecordError(f"The drills in {root} cannot be read: {error.strerror}; see who owns it.") from error
    found = [held for name in names if (held := _held(read_record(os.path.join(root, name)))) is not None]
    return tuple(sorted(found, key=lambda each: each.evaluated_epoch))


def _held(record: Record) -> Held | None:
    line, begun = record.evaluated, record.begun
    if line is None or not begun:
        return None
    score = line.get("score")
    epoch = float(line["epoch"])
    return Held(record.id, str(begun["scenario"]), str(begun["mode"]), epoch, score, line)


def last_before(root: str, record: Record) -> Held | None:
    """Return the last drill of the same scenario in the same way that was judged before this one."""
    same = [
        held
        for held in held_in(root)
        if held.id != record.id and (held.scenario, held.mode) == (record.begun["scenario"], record.begun["mode"])
    ]
    own = record.evaluated
    earlier = [held for held in same if own is None or held.evaluated_epoch < float(own["epoch"])]
    return earlier[-1] if earlier else None
