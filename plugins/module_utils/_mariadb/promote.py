# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a replica the primary: apply all that it has received, forget the old primary, take writes.

MariaDB throws its relay log away when replication by GTID starts while both of its threads are stopped, and asks the
primary for it once more, which is dead now. So STOP SLAVE comes only after everything is applied; and where somebody
has stopped both threads already, the relay log that is there is applied by file and position instead.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import List, Optional, Sequence

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._mariadb import gtid, guards, journal
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.client import quoted
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.model import (
    Check,
    FenceProof,
    Limits,
    MariadbError,
    Outcome,
    Server,
    State,
)
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.server import read

WAIT_SECONDS = 0.2


def promote(
    host: Host,
    server: Server,
    proof: Optional[FenceProof],
    limits: Limits,
    *,
    apply_timeout: float = 60.0,
    timeout: float = 5.0,
    journal_path: str = posixpath.join(journal.DIRECTORY, "promotion.json"),
    check: bool = False,
) -> Outcome:
    """Make this server the primary; whatever goes wrong is ``msg`` of the outcome."""
    promotion = _Promotion(host, server, timeout, apply_timeout, journal_path)
    try:
        promotion.run(proof, limits, check)
    except MariadbError as error:
        promotion.outcome.msg = error.message
    promotion.outcome.seconds["total"] = host.now() - promotion.began
    return promotion.outcome


def preparation(state: State) -> List[str]:
    """Return the statements after which nothing more is received and everything received is being applied."""
    found: List[str] = []
    if state.io_running != "No":
        if state.sql_running != "Yes":
            found.append("START SLAVE SQL_THREAD")
        return [*found, "STOP SLAVE IO_THREAD"]
    if state.sql_running == "Yes" or guards.is_applied(state):
        return found
    if state.uses_gtid:
        place = f"RELAY_LOG_FILE={quoted(state.relay_file)}, RELAY_LOG_POS={state.relay_position}"
        found.append(f"CHANGE MASTER TO MASTER_USE_GTID=no, {place}")
    return [*found, "START SLAVE SQL_THREAD"]


def takeover(state: State) -> List[str]:
    """Return the statements that turn a replica which has applied everything into a primary."""
    found = ["STOP SLAVE", "RESET SLAVE ALL"] if state.is_replica else []
    return [*found, "SET GLOBAL read_only = OFF"] if state.read_only else found


class _Promotion:
    """One run, with what it has done so far."""

    def __init__(self, host: Host, server: Server, timeout: float, apply_timeout: float, path: str) -> None:
        self.host = host
        self.server = server
        self.timeout = timeout
        self.apply_timeout = apply_timeout
        self.path = path
        self.outcome = Outcome()
        self.began = host.now()

    def run(self, proof: Optional[FenceProof], limits: Limits, check: bool) -> None:
        state = self.read("read")
        self.outcome.before = self.outcome.after = state
        record = journal.read(self.host, self.path)
        resumed = journal.continues(record, state, self.host.wall())
        if state.is_primary:
            if record is not None and resumed and not check:
                journal.write(self.host, self.path, replace(record, finished=True))
            return
        self._guard(state, proof, limits, resumed)
        if record is None or not resumed:
            record = _record_of(state, proof, self.host.wall())
        self.outcome.facts = {"loss_seconds": record.loss_seconds, "heard_by": state.heard_by, "resumed": resumed}
        self.outcome.warnings = guards.promotion_warnings(state)
        self.outcome.changed = True
        if check:
            self.outcome.steps = [*preparation(state), *takeover(state)]
            self.outcome.after = replace(state, connections=(), read_only=False)
            return
        journal.write(self.host, self.path, record)
        if state.is_replica:
            state = self._apply(state)
            record = self._noted(record, state)
        self._verify(self.execute(state, takeover(state), "promote"), state)
        journal.write(self.host, self.path, replace(record, finished=True))

    def _guard(self, state: State, proof: Optional[FenceProof], limits: Limits, resumed: bool) -> None:
        """What a run that was killed had judged already cannot be judged again: its I/O thread is stopped."""
        judged = (guards.no_replica, guards.without_gtid, guards.loss_in_seconds) if resumed else ()
        for guard in guards.GUARDS:
            reason = None if guard in judged else guard(state, proof, limits)
            if reason:
                raise MariadbError(reason)

    def _noted(self, record: journal.Record, state: State) -> journal.Record:
        """Note what came between the first reading and the end of the I/O thread."""
        if record.received != state.gtid_io_pos:
            record = replace(record, received=state.gtid_io_pos)
            journal.write(self.host, self.path, record)
        return record

    def _apply(self, state: State) -> State:
        started = self.host.now()
        state = self.execute(state, preparation(state), "receive")
        while not guards.is_applied(state):
            if state.sql_running != "Yes":
                raise MariadbError(_stopped(state))
            if self.host.now() - started > self.apply_timeout:
                raise MariadbError(_too_slow(state, self.apply_timeout))
            state = self._later(state)
        self.outcome.seconds["apply"] = self.host.now() - started
        return state

    def _later(self, state: State) -> State:
        """Let the server wait where it can, so that the end is seen at once."""
        if state.gtid_io_pos:
            return self.read("apply", [f"DO MASTER_GTID_WAIT({quoted(state.gtid_io_pos)}, {WAIT_SECONDS})"])
        self.host.sleep(WAIT_SECONDS)
        return self.read("apply")

    def _verify(self, state: State, received: State) -> None:
        self.outcome.after = state
        self.outcome.proven += [
            Check("takes writes", "read_only OFF", f"read_only {'ON' if state.read_only else 'OFF'}", state.is_primary),
            Check("follows nobody", "0 connections", f"{len(state.connections)} connections", not state.is_replica),
            Check(
                "all that was received is applied",
                received.gtid_io_pos or received.gtid_slave_pos,
                state.gtid_slave_pos,
                gtid.covers(state.gtid_slave_pos, received.gtid_io_pos),
            ),
        ]
        failed = [each for each in self.outcome.proven if not each.passed]
        if failed:
            seen = "; ".join(f"{each.check}: {each.seen} instead of {each.expected}" for each in failed)
            raise MariadbError(f"The server was promoted and is not what a primary is ({seen}); look into its log.")

    def execute(self, state: State, statements: List[str], name: str) -> State:
        connection = (state.connections or ("",))[0]
        choice = [f"SET default_master_connection = {quoted(connection)}"] if connection else []
        found = self.read(name, [*choice, *statements])
        self.outcome.steps += statements
        return found

    def read(self, name: str, statements: Sequence[str] = ()) -> State:
        """Run statements and read the state after them, in one session; the first reading is judged by the guards."""
        started = self.host.now()
        state = read(self.host, self.server, self.timeout, after=statements, dated=name == "read")
        self.outcome.seconds[name] = self.outcome.seconds.get(name, 0.0) + self.host.now() - started
        if not state.running and name != "read":
            raise MariadbError(state.errors[0])
        return state


def _record_of(state: State, proof: Optional[FenceProof], now: float) -> journal.Record:
    return journal.Record(
        at_epoch=now,
        data_directory=state.data_directory or "",
        server_id=state.server_id or 0,
        primary=f"{state.primary_host}:{state.primary_port}",
        received=state.gtid_io_pos,
        loss_seconds=guards.loss_seconds(state, proof),
    )


def _stopped(state: State) -> str:
    seen = state.sql_error.rstrip(".") or "it says no reason"
    return (
        f"The SQL thread has stopped at {state.gtid_slave_pos} before everything that was received "
        f"({state.gtid_io_pos or 'unknown'}) was applied: {seen}; repair that and run this again, which goes on from "
        "here."
    )


def _too_slow(state: State, seconds: float) -> str:
    return (
        f"After {seconds:g} s the standby has applied up to {state.gtid_slave_pos} of the {state.gtid_io_pos} that it "
        "has received, and takes no writes before it has all; run this again, which goes on from here, or raise "
        "apply_timeout."
    )
