# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Was a journal altered, and where: its chain, what the index of all runs knows of it, and the files that it names.

Whoever can write here can also write all of it anew, with new hashes. Against that helps a head that is kept
elsewhere: in a signed report, in an incident's record, on paper.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, List, Mapping, Optional, Sequence, Tuple

from .._record import chain
from .files import Writings, files_in
from .findings import Finding, of_kind
from .place import ENDED, INDEX, JOURNAL, RUNS, index_by_run, index_of, runs_in
from .recorder import GAP

INTACT, ALTERED, UNPROVEN = "intact", "altered", "unproven"
"""Unproven: nothing says that it was altered, and nothing proves that it was not."""
Index = Mapping[str, Sequence[Mapping[str, Any]]]
"""The lines that the index has of each run."""


@dataclass(frozen=True)
class Verdict:
    """What is known of one run's journal. ``remarks``: what is as it was written, and yet to be known."""

    run: str
    directory: str
    lines: Sequence[Mapping[str, Any]] = ()
    head: str = chain.FIRST
    findings: Tuple[Finding, ...] = ()
    remarks: Tuple[Finding, ...] = ()
    files: Tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def state(self) -> str:
        if any(finding.altered for finding in self.findings):
            return ALTERED
        return UNPROVEN if self.findings else INTACT

    @property
    def first(self) -> Mapping[str, Any]:
        return of_kind(self.lines, "run_begun") or {}

    @property
    def end(self) -> Optional[Mapping[str, Any]]:
        return of_kind(self.lines, "run_ended")


def evidence_of(directory: str) -> str:
    """Pure: the directory of all evidence, for that of a run or itself."""
    above = os.path.dirname(os.path.abspath(directory))
    return os.path.dirname(above) if os.path.basename(above) == "runs" else os.path.abspath(directory)


def verify_all(evidence: str) -> List[Verdict]:
    """Return the verdicts on all runs, and on those that the index knows and that are not there any more."""
    index, findings = read_index(evidence)
    present = runs_in(evidence)
    writings = Writings(evidence, index)
    verdicts = [_verified(run, evidence, index, findings, writings) for run in present]
    names = {os.path.basename(run) for run in present}
    gone = [name for name in index if name not in names]
    verdicts += [_gone(os.path.join(evidence, RUNS, name)) for name in sorted(gone)]
    if findings and not verdicts:
        verdicts.append(Verdict(INDEX, os.path.join(evidence, RUNS), findings=tuple(findings)))
    return verdicts


def verify(directory: str) -> Verdict:
    """Return the verdict on one run."""
    evidence = evidence_of(directory)
    index, findings = read_index(evidence)
    if not os.path.isdir(directory) and os.path.basename(directory) in index:
        return _gone(directory)
    return _verified(directory, evidence, index, findings, Writings(evidence, index))


def _gone(directory: str) -> Verdict:
    return Verdict(os.path.basename(directory), directory, findings=(Finding("run_gone", directory),))


def read_index(evidence: str) -> Tuple[Index, List[Finding]]:
    """Return what the index holds by run, and what is wrong with it."""
    path = index_of(evidence)
    try:
        reading = chain.read(path)
    except FileNotFoundError:
        return {}, [Finding("no_index", path, altered=False)]
    except OSError as error:
        return {}, [Finding("unread", path, None, False, {"why": error.strerror})]
    return index_by_run(reading), _of_chain(reading, path, "index")


def _verified(directory: str, evidence: str, index: Index, of_index: Sequence[Finding], writings: Writings) -> Verdict:
    path = os.path.join(directory, JOURNAL)
    run = os.path.basename(os.path.abspath(directory))
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError as error:
        # Killed, or out of room, before its first line: no index knows of such a run.
        data = b""
        if run in index:
            return _unread(run, directory, error)
    except OSError as error:
        return _unread(run, directory, error)
    reading = chain.reading_of(data)
    findings = [*of_index, *_of_chain(reading, path, "chain"), *_of_first(reading, run, path)]
    findings += _of_index(data, index.get(run), path)
    files, of_files = files_in(reading.lines, evidence, writings)
    findings += [finding for finding in of_files if _counts(finding)]
    remarks = [*_remarks(reading, path), *(finding for finding in of_files if not _counts(finding))]
    return Verdict(run, directory, reading.lines, reading.head, tuple(findings), tuple(remarks), tuple(files))


def _unread(run: str, directory: str, error: OSError) -> Verdict:
    path = os.path.join(directory, JOURNAL)
    return Verdict(run, directory, findings=(Finding("unread", path, values={"why": error.strerror}),))


def _counts(finding: Finding) -> bool:
    """Is what is told of a file more than a remark?"""
    return finding.altered or finding.key == "file_left"


def _of_chain(reading: chain.Reading, path: str, key: str) -> List[Finding]:
    damage = reading.damage
    return [Finding(key, path, damage.line, values={"why": damage.why})] if damage else []


def _of_first(reading: chain.Reading, run: str, path: str) -> List[Finding]:
    if not reading.lines:
        return [Finding("empty", path, altered=False)]
    first = reading.lines[0]
    if first.get("kind") != "run_begun":
        return [Finding("no_begin", path, 1)]
    if first.get("run") != run:
        return [Finding("other_run", path, 1, values={"other": first.get("run"), "run": run})]
    return []


def _of_index(data: bytes, known: Optional[Sequence[Mapping[str, Any]]], path: str) -> List[Finding]:
    """Compare each hash that the index was told, not only the last, with those of the lines that are there."""
    if known is None:
        return [Finding("not_in_index", path, altered=False)]
    hashes = [chain.digest(line) for line in data.split(b"\n")[:-1]]
    told = _told(known)
    most = max((count for count, _head in told), default=0)
    if len(hashes) < most:
        return [Finding("cut", path, len(hashes) + 1, values={"seen": len(hashes), "told": most})]
    for count, head in told:
        if hashes[count - 1] != head:
            return [Finding("other_line", path, count)]
    ends = [line["lines"] for line in known if line.get("kind") == ENDED and isinstance(line.get("lines"), int)]
    if ends and len(hashes) > ends[0]:
        return [Finding("added", path, ends[0] + 1, values={"seen": len(hashes), "told": ends[0]})]
    return []


def _told(known: Sequence[Mapping[str, Any]]) -> List[Tuple[int, Any]]:
    """Pure: the numbers of lines whose hash the index was told, and these hashes."""
    found = [(1, line["first"]) for line in known if line.get("first")]
    found += [(line["lines"], line.get("head")) for line in known if isinstance(line.get("lines"), int)]
    return sorted(((count, str(head)) for count, head in found if count > 0))


def _remarks(reading: chain.Reading, path: str) -> List[Finding]:
    found = []
    if reading.torn or of_kind(reading.lines, chain.TORN):
        found.append(Finding("torn", path, altered=False))
    missing = sum(int(line.get("missing") or 0) for line in reading.lines if line.get("kind") == GAP)
    if missing:
        found.append(Finding("missing", path, None, False, {"missing": missing}))
    return found
