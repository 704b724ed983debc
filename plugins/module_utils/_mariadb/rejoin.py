# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a former primary, or a standby that fell behind, follow the new primary by GTID.

Read-only comes first, then both histories are compared. What this server has and the new primary has not can only be
got rid of with a new copy of the data: skipping those ids would leave their rows in the tables, on a standby that says
it is in order. Nothing needs a record: each step leaves a state from which the next run goes on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import List, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._mariadb import gtid
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.client import execute_at, only, quoted
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.model import (
    Check,
    Data,
    MariadbError,
    Outcome,
    Server,
    Source,
    State,
)
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.server import read

QUESTION = (
    "SELECT @@global.server_id AS server_id, @@global.read_only AS read_only, @@global.log_bin AS log_bin, "
    "@@global.gtid_binlog_state AS binlog_state, @@global.gtid_binlog_pos AS binlog_pos, "
    "@@global.gtid_slave_pos AS slave_pos, @@global.version AS version"
)
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Primary(Data):
    """What the new primary says of itself to the account that replicates."""

    server_id: int
    read_only: bool
    log_bin: bool
    position: str
    history: str
    version: str


def ask_primary(host: Host, client: str, source: Source, timeout: float = 5.0) -> Primary:
    """Ask the server that shall be followed, from the one that shall follow it."""
    rows = only(execute_at(host, client, source, QUESTION, timeout), "server_id")
    if not rows:
        raise MariadbError(f"MariaDB at {source.title} gave no answer to what its position is; see whether it runs.")
    row = {name: value or "" for name, value in rows[0].items()}
    return Primary(
        server_id=int(row["server_id"]),
        read_only=row["read_only"].upper() not in ("0", "OFF"),
        log_bin=row["log_bin"].upper() not in ("0", "OFF"),
        position=gtid.merged(row["binlog_pos"], row["slave_pos"]),
        history=",".join(filter(None, (row["binlog_state"], row["binlog_pos"], row["slave_pos"]))),
        version=row["version"],
    )


def own_history(state: State) -> str:
    return ",".join(filter(None, (state.gtid_binlog_state, state.gtid_binlog_pos, state.gtid_slave_pos)))


def rejoin_limitation(state: State, primary: Primary, source: Source) -> Optional[str]:
    """Return the first reason why this server must not follow that one, None where it may."""
    if state.server_id == primary.server_id:
        return (
            f"This server and {source.title} both have server_id {state.server_id}: either it would follow itself, or "
            "their server_id must be made different first."
        )
    if primary.read_only:
        return (
            f"{source.title} is read-only, so it is no primary: promote it first, or name the server that takes the "
            "writes."
        )
    if not primary.log_bin:
        return f"{source.title} has no binary log (log_bin is OFF), so nothing can follow it; switch that on first."
    if state.log_bin is False and not state.is_replica:
        return (
            "This server has no binary log (log_bin is OFF), so nothing tells whether it has transactions that "
            f"{source.title} has not; take a new copy of the data (mariadb-backup)."
        )
    return diverged(state, primary, source)


def diverged(state: State, primary: Primary, source: Source) -> Optional[str]:
    found = gtid.extra(own_history(state), primary.history)
    if not found:
        return None
    named = ", ".join(str(each) for each in found)
    return (
        f"This server has transactions that {source.title} has not: {named}. They were never replicated, and following "
        "would leave them in its tables; save what matters of them (mariadb-binlog), then replace the data by a new "
        f"copy of {source.title} (mariadb-backup)."
    )


def follows(state: State, source: Source) -> bool:
    """Is the server a read-only replica of that primary, by GTID, over one connection?"""
    return (
        state.read_only is True
        and len(state.connections) == 1
        and (state.primary_host, state.primary_port) == (source.host, source.port)
        and (state.using_gtid or "").lower() == "slave_pos"
    )


def change_master(source: Source, hidden: bool = False) -> str:
    """Return the statement that points the server at its primary; ``hidden`` is for what people read."""
    password = "********" if hidden else quoted(source.password)
    words = [
        f"MASTER_HOST={quoted(source.host)}",
        f"MASTER_PORT={source.port}",
        f"MASTER_USER={quoted(source.user)}",
        f"MASTER_PASSWORD={password}",
        "MASTER_USE_GTID=slave_pos",
        f"MASTER_HEARTBEAT_PERIOD={source.heartbeat_seconds:g}",
        f"MASTER_CONNECT_RETRY={source.retry_seconds}",
    ]
    if source.ssl is not None:
        words.append(f"MASTER_SSL={int(source.ssl)}")
    if source.ssl_ca:
        words.append(f"MASTER_SSL_CA={quoted(source.ssl_ca)}")
    return f"CHANGE MASTER TO {', '.join(words)}"


def pointing(state: State, source: Source, hidden: bool = False) -> List[str]:
    """Return the statements that make a read-only server follow its primary from where it is."""
    if follows(state, source):
        return [] if state.io_running == state.sql_running == "Yes" else ["STOP SLAVE", "START SLAVE"]
    found = [f"RESET SLAVE {quoted(name)} ALL" for name in state.connections]
    position = gtid.merged(state.gtid_slave_pos, state.gtid_binlog_pos)
    return [
        *(["STOP ALL SLAVES"] if found else []),
        *found,
        *([] if position == state.gtid_slave_pos else [f"SET GLOBAL gtid_slave_pos = {quoted(position)}"]),
        change_master(source, hidden),
        "START SLAVE",
    ]


def rejoin(
    host: Host,
    server: Server,
    source: Source,
    *,
    max_lag_seconds: int = 5,
    follow_timeout: float = 60.0,
    timeout: float = 5.0,
    check: bool = False,
) -> Outcome:
    """Make this server follow the new primary; whatever goes wrong is ``msg`` of the outcome."""
    run = _Rejoin(host, server, source, timeout)
    try:
        run.run(max_lag_seconds, follow_timeout, check)
    except MariadbError as error:
        run.outcome.msg = error.message
    run.outcome.seconds["total"] = host.now() - run.began
    return run.outcome


class _Rejoin:
    """One run, with what it has done so far."""

    def __init__(self, host: Host, server: Server, source: Source, timeout: float) -> None:
        self.host = host
        self.server = server
        self.source = source
        self.timeout = timeout
        self.outcome = Outcome()
        self.began = host.now()

    def run(self, max_lag_seconds: int, follow_timeout: float, check: bool) -> None:
        state = self.read("read")
        self.outcome.before = self.outcome.after = state
        primary = self._judged(state)
        plan = [] if state.read_only else ["SET GLOBAL read_only = ON"]
        if check:
            self.outcome.steps = [*plan, *pointing(replace(state, read_only=True), self.source, hidden=True)]
            self.outcome.changed = bool(self.outcome.steps)
            if self.outcome.changed:
                self.outcome.after = self._expected(state)
            return
        if plan:
            # Between the first reading and this one somebody may have written here.
            state = self.execute(plan, plan, "read_only")
            primary = self._judged(state)
        if pointing(state, self.source):
            self.execute(pointing(state, self.source), pointing(state, self.source, hidden=True), "point")
        self._confirm(primary, max_lag_seconds, follow_timeout)

    def _judged(self, state: State) -> Primary:
        started = self.host.now()
        primary = ask_primary(self.host, self.server.client, self.source, self.timeout)
        self.outcome.seconds["ask"] = self.host.now() - started
        limitation = rejoin_limitation(state, primary, self.source)
        if limitation:
            raise MariadbError(limitation)
        return primary

    def _expected(self, state: State) -> State:
        return replace(
            state,
            read_only=True,
            connections=("",),
            primary_host=self.source.host,
            primary_port=self.source.port,
            primary_user=self.source.user,
            using_gtid="Slave_Pos",
            io_running="Yes",
            sql_running="Yes",
        )

    def _confirm(self, primary: Primary, max_lag_seconds: int, follow_timeout: float) -> None:
        """Done is only when it streams: both threads run, the lag is small, and the primary's position is reached."""
        started = self.host.now()
        while True:
            state = self.read("confirm")
            self.outcome.after = state
            self.outcome.proven = proof_of(state, primary, max_lag_seconds)
            if all(each.passed for each in self.outcome.proven):
                return
            broken = broken_thread(state)
            if broken or self.host.now() - started > follow_timeout:
                raise MariadbError(self._not_following(state, broken, follow_timeout))
            self.host.sleep(POLL_SECONDS)

    def _not_following(self, state: State, broken: Optional[str], seconds: float) -> str:
        if broken:
            return f"This server does not follow {self.source.title}: {broken}; repair that and run this again."
        failed = "; ".join(f"{each.check}: {each.seen}" for each in self.outcome.proven if not each.passed)
        reason = f" ({state.io_error.rstrip('.')})" if state.io_error else ""
        return (
            f"This server does not yet follow {self.source.title} after {seconds:g} s: {failed}{reason}; it goes on by "
            "itself, so run this again later, or raise follow_timeout."
        )

    def execute(self, statements: Sequence[str], shown: Sequence[str], name: str) -> State:
        state = self.read(name, statements)
        self.outcome.steps += shown
        self.outcome.changed = True
        return state

    def read(self, name: str, statements: Sequence[str] = ()) -> State:
        started = self.host.now()
        secrets = (self.source.password,)
        state = read(self.host, self.server, self.timeout, after=statements, secrets=secrets, dated=False)
        self.outcome.seconds[name] = self.outcome.seconds.get(name, 0.0) + self.host.now() - started
        if not state.running:
            raise MariadbError(state.errors[0])
        return state


def proof_of(state: State, primary: Primary, max_lag_seconds: int) -> List[Check]:
    lag = "unknown" if state.seconds_behind is None else f"{state.seconds_behind} s"
    small = state.seconds_behind is not None and state.seconds_behind <= max_lag_seconds
    reached = gtid.covers(state.gtid_slave_pos, primary.position)
    return [
        Check(
            "takes no writes", "read_only ON", f"read_only {'ON' if state.read_only else 'OFF'}", bool(state.read_only)
        ),
        Check("I/O thread", "Yes", state.io_running or "none", state.io_running == "Yes"),
        Check("SQL thread", "Yes", state.sql_running or "none", state.sql_running == "Yes"),
        Check("lag", f"at most {max_lag_seconds} s", lag, small),
        Check("position of the primary", primary.position or "none", state.gtid_slave_pos or "none", reached),
    ]


def broken_thread(state: State) -> Optional[str]:
    """Return why a thread has ended by itself; one that still tries to connect has not."""
    threads: Tuple[Tuple[str, Optional[str], str], ...] = (
        ("I/O", state.io_running, state.io_error),
        ("SQL", state.sql_running, state.sql_error),
    )
    for name, running, error in threads:
        if running == "No":
            return f"its {name} thread has stopped ({error.rstrip('.') or 'without a reason'})"
    return None
