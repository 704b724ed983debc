# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of a restore test, over the copies of a backup set until one is good."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._restore import age, drift
from ansible_collections.contingency.infra.plugins.module_utils._restore.compare import compare
from ansible_collections.contingency.infra.plugins.module_utils._restore.engine import Trial
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    AGE,
    ASSERTIONS,
    CHECKSUMS,
    CONTENT,
    DRIFT,
    FETCH,
    IDENTITY,
    RESTORE,
    STAGES,
    START,
    STRUCTURE,
    TEAR_DOWN,
    Assertion,
    Content,
    Copy,
    Damaged,
    Finding,
    NotRunnable,
    Order,
    Seen,
    Stage,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.verdict import Outcome, Tried

Papers = Tuple[Optional[Mapping[str, Any]], Seen]
"""A copy's manifest, and what is wrong with it."""


@dataclass(frozen=True)
class Tools:
    """What the runner works with.

    ``pin`` has a copy mean one backup until the end of its test, also where a newer one takes its name meanwhile.
    ``accept_drift``: this once, less than in the last good test is accepted.
    """

    host: Host
    open_trial: Callable[[Order, Copy], Trial]
    read_manifest: Callable[[Order, Copy], Papers]
    last_good: Optional[drift.LastGood] = None
    accept_drift: bool = False
    pin: Callable[[Copy], Copy] = lambda copy: copy


def run(order: Order, tools: Tools) -> Outcome:
    """Try the copies in their order until one is good; what one leaves behind ends the test."""
    began_at, began = tools.host.wall(), tools.host.now()
    tried: List[Tried] = []
    for copy in order.copies:
        # A copy on which a restore hangs must not take the time of the next one.
        deadline = tools.host.now() + order.limits.timeout_seconds
        tried.append(_Attempt(order, copy, tools, deadline).run())
        if tried[-1].good or tried[-1].left_something:
            break
    return Outcome(order, began_at, tools.host.now() - began, tuple(tried), _why_not(tried))


def _why_not(tried: Sequence[Tried]) -> Optional[str]:
    """Return the first reason why a copy could not be tested; None where all were, or none was needed."""
    if not tried:
        return "the set has no copies; name at least one in copies"
    return next((each.not_run for each in tried if each.not_run is not None), None)


@dataclass
class _Attempt:
    """One copy on its way through the stages."""

    order: Order
    copy: Copy
    tools: Tools
    deadline: float
    trial: Optional[Trial] = None
    manifest: Optional[Mapping[str, Any]] = None
    papers: Seen = field(default_factory=Seen)
    current_at: Optional[float] = None
    restored: Optional[Content] = None
    stages: List[Stage] = field(default_factory=list)

    def run(self) -> Tried:
        reason: Optional[str] = None
        try:
            reason = self._through()
        finally:
            # Also where the test is broken off: a scratch server must not stay behind.
            self._stage(TEAR_DOWN, self._tear_down)
        return Tried(self.copy, tuple(self.stages), reason, self.current_at, self.manifest, self.restored)

    def _through(self) -> Optional[str]:
        """Run the stages until one finds something; return why the test could not go on, None where it could."""
        for name in STAGES[:-1]:
            try:
                self._in_time(name)
                self._stage(name, self._steps()[name])
            except NotRunnable as error:
                return error.message
            except Exception as error:  # noqa: BLE001  A defect of the test is no verdict on the copy, and no traceback.
                return f"{name} broke off: {_said(error)}"
            if self.stages[-1].seen.findings:
                return None
        return None

    def _in_time(self, name: str) -> None:
        if self.tools.host.now() > self.deadline:
            limit = age.duration(self.order.limits.timeout_seconds)
            raise NotRunnable(f"the test of this copy took longer than {limit} and ended before {name}; raise timeout")

    def _stage(self, name: str, work: Callable[[], Seen]) -> None:
        began = self.tools.host.now()
        try:
            seen = work()
        except Damaged as error:
            # An engine that blames the copy without a finding must not pass for one that found nothing.
            seen = Seen(tuple(error.findings) or (Finding(name, self.copy.path, "good", "damaged"),))
        reason = self.trial.host_fault(name, seen.findings) if self.trial is not None and seen.findings else None
        if reason is not None:
            raise NotRunnable(reason)
        self.stages.append(Stage(name, self.tools.host.now() - began, seen))

    def _steps(self) -> Dict[str, Callable[[], Seen]]:
        return {
            FETCH: self._fetch,
            CHECKSUMS: self._checksums,
            AGE: self._age,
            RESTORE: self._restore,
            START: lambda: self._open().start(self.manifest),
            IDENTITY: lambda: self._open().identity(self.manifest),
            STRUCTURE: lambda: self._open().structure(self.manifest),
            CONTENT: self._content,
            DRIFT: self._drift,
            ASSERTIONS: self._assertions,
        }

    def _open(self) -> Trial:
        if self.trial is None:
            self.trial = self.tools.open_trial(self.order, self.copy)
        return self.trial

    def _fetch(self) -> Seen:
        self.copy = self.tools.pin(self.copy)
        seen = self._open().fetch()
        self.manifest, self.papers = self.tools.read_manifest(self.order, self.copy)
        return seen

    def _checksums(self) -> Seen:
        """A manifest that is not to be trusted is told with the checksums, and nothing is compared with it."""
        if self.papers.findings:
            return self.papers
        return joined(self.papers, self._open().checksums(self.manifest))

    def _age(self) -> Seen:
        by_backup = self._open().taken_at()
        self.current_at = age.current_at(by_backup, self.manifest)
        return age.judge_age(by_backup, self.manifest, self.order.max_age, self.tools.host.wall())

    def _restore(self) -> Seen:
        needed = self._open().needed_bytes(self.manifest)
        reason = space_limitation(self.tools.host, self.order, needed)
        if reason is None and needed is not None:
            reason = self._open().reserve(needed)
        if reason is not None:
            raise NotRunnable(reason)
        return self._open().restore(self.manifest)

    def _content(self) -> Seen:
        self.restored = self._open().content(self.manifest)
        return compare(self.manifest, self.restored)

    def _drift(self) -> Seen:
        if self.tools.accept_drift:
            return Seen(unproven=("that nothing became less: accept_drift was set for this run",))
        limits = drift.Limits(self.order.max_shrink_percent, self.order.may_shrink)
        server = (self.manifest or {}).get("server")
        return drift.judge_drift(self.tools.last_good, self.restored or Content(""), server, self.current_at, limits)

    def _assertions(self) -> Seen:
        return joined(*(_asked(self._open(), assertion) for assertion in self.order.assertions))

    def _tear_down(self) -> Seen:
        if self.trial is None:
            return Seen()
        try:
            self.trial.close()
        except Damaged:
            raise
        except Exception as error:  # noqa: BLE001  Whatever it is, something may be left, and that has to be told.
            return Seen((Finding(TEAR_DOWN, "scratch", "removed", _said(error)),))
        return Seen(proven=("nothing was left behind",))


def space_limitation(host: Host, order: Order, needed: Optional[int]) -> Optional[str]:
    """Return why there is no room for the restored data, None where there is or the need is not known."""
    free = host.free_bytes(order.scratch_directory)
    if needed is None or free is None or needed + order.limits.disk_reserve_bytes <= free:
        return None
    wanted, reserve = megabytes(needed), megabytes(order.limits.disk_reserve_bytes)
    return (
        f"{order.scratch_directory} has {megabytes(free)} free, and the restore needs {wanted} with {reserve} "
        "in reserve; free space there, or set scratch_directory to a larger disk"
    )


def megabytes(count: float) -> str:
    return f"{math.ceil(count / 1048576):,} MiB"


def joined(*several: Seen) -> Seen:
    """Return what several looks saw as one."""
    return Seen(
        tuple(finding for each in several for finding in each.findings),
        tuple(sentence for each in several for sentence in each.proven),
        tuple(sentence for each in several for sentence in each.unproven),
    )


def _asked(trial: Trial, assertion: Assertion) -> Seen:
    what = f"assertion {assertion.name}"
    try:
        answer = trial.answer(assertion)
    except Damaged as error:
        return Seen(tuple(error.findings) or (Finding(ASSERTIONS, what, expectation(assertion), "it failed"),))
    if fulfils(assertion, answer):
        return Seen(proven=(f"{assertion.name}: {answer}",))
    return Seen((Finding(ASSERTIONS, what, expectation(assertion), str(answer)),))


def expectation(assertion: Assertion) -> str:
    """A command is expected to end with status 0, unless the site says which."""
    return f"status {_status(assertion)}" if assertion.command is not None else str(assertion.expect)


def _status(assertion: Assertion) -> Any:
    return 0 if assertion.expect is True else assertion.expect


def fulfils(assertion: Assertion, answer: Any) -> bool:
    """Is this the expected answer? Programs write the same value in several ways: t, true, 1."""
    if answer is None:
        return assertion.expect is None
    if assertion.command is not None:
        return str(answer).strip() == str(_status(assertion))
    if isinstance(assertion.expect, bool):
        return _truth(answer) is assertion.expect
    if assertion.expect is None:
        return False
    return bool(_plain(answer) == _plain(assertion.expect))


def _truth(answer: Any) -> Optional[bool]:
    text = str(answer).strip().lower()
    return (
        True if text in ("t", "true", "1", "on", "yes") else False if text in ("f", "false", "0", "off", "no") else None
    )


def _plain(value: Any) -> Any:
    text = str(value).strip()
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return number if number.is_finite() else text


def _said(error: Exception) -> str:
    return " ".join(f"{type(error).__name__} {error}".split())
