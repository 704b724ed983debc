# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore test is asked to do, and what it finds. Standard library only; runs on hosts with Python 3.9."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple

FETCH, CHECKSUMS, AGE, RESTORE, START, IDENTITY = "fetch", "checksums", "age", "restore", "start", "identity"
STRUCTURE, CONTENT, DRIFT, ASSERTIONS, TEAR_DOWN = "structure", "content", "drift", "assertions", "tear_down"
STAGES = (FETCH, CHECKSUMS, AGE, RESTORE, START, IDENTITY, STRUCTURE, CONTENT, DRIFT, ASSERTIONS, TEAR_DOWN)
"""In this order. A copy is given up at the first stage with a finding; tear_down is done in any case."""

PASSED, DEGRADED, FAILED, NOT_RUN = "passed", "degraded", "failed", "not_run"
"""Verdicts: the first copy served; a later copy had to; none did; it could not be tried at all."""


class Finding(NamedTuple):
    """One thing that is wrong with a copy: the object, what was expected and what was seen, in a few words each."""

    stage: str
    what: str
    expected: str
    seen: str

    @property
    def sentence(self) -> str:
        return f"{self.what}: {self.seen}, expected {self.expected}"

    @property
    def line(self) -> str:
        """The sentence with its stage, for a list over all stages."""
        return f"{self.stage}: {self.sentence}"


class Seen(NamedTuple):
    """What a stage found wrong, what it proved, and what it could not prove; sentences."""

    findings: Tuple[Finding, ...] = ()
    proven: Tuple[str, ...] = ()
    unproven: Tuple[str, ...] = ()


class Stage(NamedTuple):
    """A stage of one copy that was run; seconds of wall time."""

    name: str
    seconds: float
    seen: Seen


class Damaged(Exception):
    """A stage that cannot go on since the copy is not good; carries its findings."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("; ".join(finding.sentence for finding in findings))
        self.findings = findings


class NotRunnable(Exception):
    """The test itself cannot be done here, which says nothing about the copy; ``message`` says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class Assertion:
    """What the site asks of the restored data: SQL with one value, or a command with exit status 0."""

    name: str
    query: Optional[str] = None
    command: Optional[str] = None
    expect: Any = True
    database: Optional[str] = None


@dataclass(frozen=True)
class Copy:
    """One copy of a backup: where it lies on the scratch host, and the manifest that belongs to it.

    ``path`` is a file, a directory, or a repository as the engine's own program names it. ``host``: it is fetched
    from there over SSH first, as the scratch host's own ssh configuration says.
    """

    path: str
    manifest: Optional[str] = None
    host: Optional[str] = None
    place: Optional[str] = None


@dataclass(frozen=True)
class Limits:
    """What the test may take of the scratch host."""

    memory_bytes: Optional[int] = None
    disk_reserve_bytes: int = 1 << 30
    timeout_seconds: float = 6 * 3600.0
    jobs: int = 2


@dataclass(frozen=True)
class Order:
    """One backup set and how it is tested; ages and objectives in seconds. ``options`` are the engine's own."""

    name: str
    engine: str
    copies: Tuple[Copy, ...]
    scratch_directory: str
    history_directory: str
    max_age: Optional[float] = None
    rto: Optional[float] = None
    rpo: Optional[float] = None
    assertions: Tuple[Assertion, ...] = ()
    limits: Limits = field(default_factory=Limits)
    options: Mapping[str, Any] = field(default_factory=dict)
    max_shrink_percent: float = 10.0
    may_shrink: Tuple[str, ...] = ()
    allowed_signers: Optional[str] = None


@dataclass(frozen=True)
class Content:
    """What restored or live data holds, comparable between the two.

    tables: {name: {"rows": int, "hash": str}}; sequences: {name: [lowest, highest]}; objects: {kind: count};
    files: {path: sha256}. ``method`` names how hashes were made: figures of two methods are never compared.
    ``left_out``: what cannot be compared, with why.
    """

    method: str
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sequences: Mapping[str, Tuple[int, int]] = field(default_factory=dict)
    objects: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> Dict[str, Any]:
        """Return it as the manifest holds it."""
        return {
            "method": self.method,
            "tables": {name: dict(table) for name, table in self.tables.items()},
            "sequences": {name: list(values) for name, values in self.sequences.items()},
            "objects": dict(self.objects),
            "files": dict(self.files),
            "left_out": dict(self.left_out),
        }
