# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a MariaDB server, and what may be done to it: plain data that travels as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Dict, List, Mapping, Optional, Tuple, Type, TypeVar

T = TypeVar("T", bound="Data")


class MariadbError(Exception):
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
            raise MariadbError(f"{cls.__name__} has no {', '.join(unknown)}; it has {', '.join(sorted(names))}.")
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


@dataclass(frozen=True)
class Server(Data):
    """How a server is reached on its own host; a password is only ever in ``defaults_file``."""

    client: str = "mariadb"
    socket: Optional[str] = None
    defaults_file: Optional[str] = None
    os_user: Optional[str] = None
    unit: Optional[str] = None

    @property
    def title(self) -> str:
        return f"MariaDB at {self.socket}" if self.socket else "MariaDB"


@dataclass(frozen=True)
class State(Data):
    """A server as it was read at one moment, which is ``read_at`` of its host's clock.

    ``heard_age`` is how long ago anything came from the primary, None where that cannot be told; ``heard_by`` says
    from what it is known (``connection`` or ``relay log``; see heard.py). ``connections`` names every replication
    connection (the default one is an empty name); the fields after it describe the first.
    """

    running: bool
    read_at: float = 0.0
    errors: Tuple[str, ...] = ()
    version: Optional[str] = None
    server_id: Optional[int] = None
    read_only: Optional[bool] = None
    read_only_from: Optional[str] = None
    log_bin: Optional[bool] = None
    log_slave_updates: Optional[bool] = None
    sync_binlog: Optional[int] = None
    gtid_strict_mode: Optional[bool] = None
    gtid_slave_pos: str = ""
    gtid_current_pos: str = ""
    gtid_binlog_pos: str = ""
    gtid_binlog_state: str = ""
    data_directory: Optional[str] = None
    free_bytes: Optional[int] = None
    disabled_events: int = 0
    semi_sync_primary: Optional[bool] = None
    semi_sync_standby: Optional[bool] = None
    followers: int = 0
    connections: Tuple[str, ...] = ()
    primary_host: Optional[str] = None
    primary_port: Optional[int] = None
    primary_user: Optional[str] = None
    io_running: Optional[str] = None
    sql_running: Optional[str] = None
    io_state: Optional[str] = None
    sql_state: Optional[str] = None
    seconds_behind: Optional[int] = None
    using_gtid: Optional[str] = None
    gtid_io_pos: str = ""
    read_file: str = ""
    read_position: int = 0
    exec_file: str = ""
    exec_position: int = 0
    relay_file: str = ""
    relay_position: int = 0
    relay_space: Optional[int] = None
    io_error: str = ""
    sql_error: str = ""
    sql_delay: int = 0
    heartbeat_period: Optional[float] = None
    received_heartbeats: Optional[int] = None
    filters: Tuple[str, ...] = ()
    heard_age: Optional[float] = None
    heard_by: Optional[str] = None

    @property
    def is_replica(self) -> bool:
        return bool(self.connections)

    @property
    def is_primary(self) -> bool:
        return self.running and not self.is_replica and self.read_only is False

    @property
    def uses_gtid(self) -> bool:
        return (self.using_gtid or "No").lower() not in ("no", "")

    @property
    def unapplied_bytes(self) -> Optional[int]:
        """How much of what was received is not applied; where it spans files, the size of all relay logs."""
        if not self.is_replica:
            return None
        if self.read_file == self.exec_file:
            return max(0, self.read_position - self.exec_position)
        return self.relay_space


@dataclass(frozen=True)
class Limits(Data):
    """What the site puts up with.

    ``accept_data_loss`` is a figure in seconds that an engineer named: it replaces the limit on lost data where it is
    at least what was seen. ``synchronous`` is the site's word that the primary waits for this standby with each commit
    (semi-synchronous replication that never falls back). ``accept_errant`` names transactions that were made on the
    standby itself and shall stay. ``max_lag_bytes`` limits what is received and still has to be applied.
    """

    max_data_loss_seconds: float = 5.0
    max_lag_bytes: int = 268435456
    min_free_bytes: int = 1073741824
    accept_data_loss: Optional[float] = None
    synchronous: bool = False
    require_gtid: bool = True
    accept_errant: str = ""


@dataclass(frozen=True)
class FenceProof(Data):
    """Why the primary cannot write any more: ``what`` was done to it by ``method``, seen at ``at_epoch``.

    ``at_epoch`` is when the primary was first known to be stopped, in seconds of the epoch.
    """

    method: str
    what: str
    at_epoch: float
    confirmed: bool


@dataclass(frozen=True)
class Source(Data):
    """The primary that a standby shall follow, and the account that it does so with."""

    host: str
    user: str
    password: str = field(default="", repr=False)
    port: int = 3306
    ssl: Optional[bool] = None
    ssl_ca: Optional[str] = None
    heartbeat_seconds: float = 1.0
    retry_seconds: int = 1

    @property
    def title(self) -> str:
        return f"{self.host}:{self.port}"


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
