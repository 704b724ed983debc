# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a PostgreSQL server, and what may be done to it: plain data that travels as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Dict, List, Mapping, Optional, Tuple, Type, TypeVar

T = TypeVar("T", bound="Data")


class PostgresqlError(Exception):
    """One sentence that says what was seen, what was expected, and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Data:
    """A frozen dataclass that becomes JSON and comes back from it; unknown keys are an error."""

    def to_dict(self) -> Dict[str, Any]:
        return asdict(self)  # type: ignore[call-overload, no-any-return]

    @classmethod
    def from_dict(cls: Type[T], values: Mapping[str, Any]) -> T:
        names = {entry.name for entry in fields(cls)}  # type: ignore[arg-type]
        unknown = sorted(set(values) - names)
        if unknown:
            raise PostgresqlError(f"{cls.__name__} has no {', '.join(unknown)}; it has {', '.join(sorted(names))}.")
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


@dataclass(frozen=True)
class Cluster(Data):
    """How a server (PostgreSQL says cluster) is reached on its own host."""

    version: int
    name: str
    data_directory: str
    config_directory: str
    bin_directory: str
    port: int = 5432
    socket_directory: str = "/var/run/postgresql"
    os_user: str = "postgres"
    unit: Optional[str] = None

    @property
    def title(self) -> str:
        return f"{self.version}/{self.name}"

    def program(self, name: str) -> str:
        return f"{self.bin_directory}/{name}"


@dataclass(frozen=True)
class State(Data):
    """A server as it was read at one moment, which is ``read_at`` of its host's clock.

    ``message_age`` is how long ago the last message of the primary came, None where no receiver runs.
    ``heard_age`` is how long ago the standby had, provably, all that the primary had written; ``heard_by`` says from
    what that is known (``message``, ``wal`` or ``commit``; see evidence.py). Positions are as PostgreSQL prints them.
    """

    running: bool
    read_at: float = 0.0
    in_recovery: Optional[bool] = None
    system_identifier: Optional[str] = None
    timeline: Optional[int] = None
    server_version: Optional[int] = None
    receiver: Optional[str] = None
    message_age: Optional[float] = None
    heard_age: Optional[float] = None
    heard_by: Optional[str] = None
    receive_lsn: Optional[str] = None
    replay_lsn: Optional[str] = None
    latest_end_lsn: Optional[str] = None
    current_lsn: Optional[str] = None
    received_timeline: Optional[int] = None
    commit_age: Optional[float] = None
    lag_bytes: Optional[int] = None
    replay_lag_bytes: Optional[int] = None
    replay_paused: Optional[bool] = None
    hot_standby: Optional[bool] = None
    synchronous_standby_names: Optional[str] = None
    synchronous_commit: Optional[str] = None
    receiver_timeout: Optional[float] = None
    restore_command: Optional[bool] = None
    slots: Tuple[str, ...] = ()
    followers: Tuple[str, ...] = ()
    primary_host: Optional[str] = None
    primary_port: Optional[int] = None
    primary_slot: Optional[str] = None
    checksums: Optional[bool] = None
    wal_log_hints: Optional[bool] = None
    standby_signal: Optional[bool] = None
    control_state: Optional[str] = None
    checkpoint_lsn: Optional[str] = None
    free_bytes: Optional[int] = None
    wal_free_bytes: Optional[int] = None
    errors: Tuple[str, ...] = ()

    @property
    def is_primary(self) -> bool:
        return self.running and self.in_recovery is False


@dataclass(frozen=True)
class Limits(Data):
    """What the site puts up with.

    ``accept_data_loss`` is a figure in seconds that an engineer named: it replaces the limits on lost data where it is
    at least what was seen. ``expected_timeline`` is the primary's, as last seen. ``synchronous`` is the site's word
    that the primary waits for this standby with each commit.
    """

    max_data_loss_seconds: float = 5.0
    max_lag_bytes: int = 1048576
    min_free_bytes: int = 1073741824
    max_replay_bytes: int = 268435456
    accept_data_loss: Optional[float] = None
    synchronous: bool = False
    expected_timeline: Optional[int] = None


@dataclass(frozen=True)
class FenceProof(Data):
    """Why the primary cannot write any more: ``what`` was done to it by ``method``, seen at ``at_epoch``.

    ``at_epoch`` is when the primary was first known to be stopped, in seconds of the epoch. ``shutdown_lsn`` is the
    position of the last record of a primary that was shut down cleanly: a standby that has it misses nothing.
    """

    method: str
    what: str
    at_epoch: float
    confirmed: bool
    shutdown_lsn: Optional[str] = None


@dataclass(frozen=True)
class Check(Data):
    """One thing that was looked at, with what was expected and what was seen."""

    check: str
    expected: str
    seen: str
    passed: bool


@dataclass
class Outcome:
    """What an operation did; the operation fills it as it goes, so that a failure still tells what was done."""

    changed: bool = False
    steps: List[str] = field(default_factory=list)
    proven: List[Check] = field(default_factory=list)
    seconds: Dict[str, float] = field(default_factory=dict)
    before: Optional[State] = None
    after: Optional[State] = None
    facts: Dict[str, Any] = field(default_factory=dict)
    warnings: List[str] = field(default_factory=list)
    msg: Optional[str] = None

    def to_dict(self) -> Dict[str, Any]:
        return {
            "changed": self.changed,
            "steps": list(self.steps),
            "proven": [check.to_dict() for check in self.proven],
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
            "before": self.before.to_dict() if self.before else {},
            "after": self.after.to_dict() if self.after else {},
            "facts": dict(self.facts),
            "warnings": list(self.warnings),
            "msg": self.msg,
        }


def lsn(text: Optional[str]) -> Optional[int]:
    """Return a WAL position as a number of bytes."""
    if not text:
        return None
    high, slash, low = text.partition("/")
    try:
        return (int(high, 16) << 32) + int(low, 16) if slash else None
    except ValueError:
        return None


def behind(ahead: Optional[str], position: Optional[str]) -> Optional[int]:
    """Return by how many bytes one position is behind another, never less than 0; None where one is unknown."""
    first, second = lsn(ahead), lsn(position)
    if first is None or second is None:
        return None
    return max(0, first - second)
