# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services that shall be healthy, how that is seen, and what came of it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Dict, List, Mapping, Optional, Tuple

TCP, HTTP, SQL, UNIT, COMMAND = "tcp", "http", "sql", "unit", "command"
NEEDED = {
    TCP: ("host", "port"),
    HTTP: ("url",),
    SQL: ("engine", "query"),
    UNIT: ("unit",),
    COMMAND: ("command",),
}
ENGINES = ("postgresql", "mariadb")


class HealthError(Exception):
    """One sentence that says what happened and what to do; ``evidence`` goes into the result as it is."""

    def __init__(self, message: str, **evidence: Any) -> None:
        super().__init__(message)
        self.message = message
        self.evidence: Dict[str, Any] = evidence


@dataclass(frozen=True)
class Check:
    """How health is seen. Which fields count depends on ``kind``; ``timeout`` is that of one attempt."""

    kind: str
    host: Optional[str] = None
    port: Optional[int] = None
    url: Optional[str] = None
    status: Tuple[int, ...] = (200,)
    body: Optional[str] = None
    verify_tls: bool = True
    ca_file: Optional[str] = None
    engine: Optional[str] = None
    database: Optional[str] = None
    user: Optional[str] = None
    password: Optional[str] = field(default=None, repr=False)
    query: Optional[str] = None
    answer: Optional[str] = None
    unit: Optional[str] = None
    command: Tuple[str, ...] = ()
    run_as: Optional[str] = None
    timeout: float = 2.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "status", tuple(self.status))
        object.__setattr__(self, "command", tuple(self.command))
        reason = check_limitation(self)
        if reason:
            raise HealthError(reason)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Check:
        return cls(**_known(cls, given))


@dataclass(frozen=True)
class Service:
    """One service in the order of the start. ``timeout`` is for its start and its health together."""

    name: str
    unit: Optional[str] = None
    start: bool = False
    health: Optional[Check] = None
    timeout: float = 30.0

    def __post_init__(self) -> None:
        if self.start and not self.unit:
            raise HealthError(f"{self.name} is to be started but has no unit; name its systemd unit.")
        if not self.unit and self.health is None:
            raise HealthError(f"{self.name} has neither a unit nor a health check; give it one of them.")

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Service:
        """Return a service as an inventory or a task names it; without a name it is called after its unit."""
        named = {"name": given.get("unit") or "the service", **_known(cls, given)}
        health = named.pop("health", None)
        return cls(health=Check.of(health) if health else None, **named)

    @property
    def check(self) -> Check:
        return self.health or Check(UNIT, unit=self.unit)


@dataclass(frozen=True)
class Seen:
    """One look at a service."""

    seen: str
    expected: str
    passed: bool


@dataclass(frozen=True)
class Outcome:
    """What came of it; in check mode what would be started, and what is healthy already."""

    changed: bool
    before: Dict[str, Any]
    after: Dict[str, Any]
    steps: List[str] = field(default_factory=list)
    services: List[Dict[str, Any]] = field(default_factory=list)
    seconds: Dict[str, float] = field(default_factory=dict)

    def as_result(self) -> Dict[str, Any]:
        return asdict(self)


def check_limitation(check: Check) -> Optional[str]:
    """Return what is wrong with the way a check is written."""
    if check.kind not in NEEDED:
        return f"There is no health check of kind {check.kind}; choose one of {', '.join(NEEDED)}."
    missing = [name for name in NEEDED[check.kind] if not getattr(check, name)]
    if missing:
        return f"A health check of kind {check.kind} needs {' and '.join(missing)}; add what is missing."
    if check.kind == SQL and check.engine not in ENGINES:
        return f"There is no SQL engine {check.engine}; choose one of {', '.join(ENGINES)}."
    if check.kind == HTTP and not re.match(r"https?://[^/]", check.url or ""):
        return f"{check.url} is not a URL of http or https; write it whole, such as http://10.9.0.100/health."
    return _pattern_limitation(check.body)


def _pattern_limitation(pattern: Optional[str]) -> Optional[str]:
    try:
        re.compile(pattern or "")
    except re.error as error:
        return f"{pattern!r} is not a regular expression ({error}); correct the pattern of the body."
    return None


def _known(cls: Any, given: Mapping[str, Any]) -> Dict[str, Any]:
    """Leave out what is not given, and what the caller keeps beside it, such as the host of a service."""
    names = {one.name for one in fields(cls)}
    return {name: value for name, value in given.items() if name in names and value is not None}
