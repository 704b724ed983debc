# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The takeover on the host that takes over: ``begin`` reads, ``finish`` promotes and takes the address.

Between the two the former primary is fenced, from the controller. Both are called over one remote command each
and answer with plain data. Nothing is changed by ``begin``; ``finish`` writes each step down before it makes it.
"""

from __future__ import annotations

import time
from typing import Any, Dict, Mapping, Optional

from .._address.claim import present, read
from .._address.holder import holders
from .._address.model import AddressError, Wanted
from .._host.run import Host, LocalHost
from . import record as records
from .beside import Beside
from .engine import Engine, EngineError
from .engines import engine_named
from .lease import Lease, LeaseHeld, Owner, limitation
from .record import DONE, FENCED, REJOINED, Record

Arguments = Mapping[str, Any]
UNFINISHED_SECONDS = 3600.0
"""For so long a run that was broken off counts as the beginning of this one."""
WITHOUT_LOSS: Dict[str, Dict[str, Any]] = {"postgresql": {"synchronous": True}, "mariadb": {}}


def begin(**arguments: Any) -> Dict[str, Any]:
    """Read everything that decides; with a lease, so that nobody else begins meanwhile."""
    return _Begin(LocalHost(), arguments).answer()


def finish(**arguments: Any) -> Dict[str, Any]:
    """Promote the server and take the address, now that the former primary is fenced."""
    return _Finish(LocalHost(), arguments).answer()


def give_back(**arguments: Any) -> Dict[str, Any]:
    """Let others begin: this run does not go on."""
    Lease().release(_owner(arguments))
    return {}


class _Begin:
    """One reading."""

    def __init__(self, host: Host, arguments: Arguments) -> None:
        self._host = host
        self._arguments = arguments

    def answer(self) -> Dict[str, Any]:
        held = self._lease()
        if held is not None:
            return {"held": held}
        engine = engine_named(self._host, self._arguments)
        record = records.read(self._host)
        addresses = Beside(lambda: _address_state(self._host, self._arguments))
        answer: Dict[str, Any] = {
            "held": None,
            "record": vars(record) if record else None,
            "primary": False,
            "state": {},
            "limitation": None,
            "address": {},
        }
        try:
            engine.read()
            answer["address"] = addresses.result()
        except (EngineError, AddressError) as error:
            return {**answer, "limitation": error.message}
        proof = self._assumed(record)
        return {
            **answer,
            "found": engine.found(),
            "primary": engine.is_primary(),
            "state": engine.state(),
            "limitation": engine.limitation(proof, limits_of(self._arguments)),
        }

    def _lease(self) -> Optional[Dict[str, Any]]:
        if self._arguments.get("only_look"):
            return None
        try:
            Lease().take(_owner(self._arguments), instead_of=self._arguments.get("instead_of"))
        except LeaseHeld as held:
            reason = limitation(held, self._arguments["host"])
            return {"run": held.run, "reason": reason, "seconds_left": held.seconds_left}
        return None

    def _assumed(self, record: Optional[Record]) -> Dict[str, Any]:
        """Return the fence that this run is going to make, or the one that an earlier run made."""
        now = self._host.wall()
        young = record is not None and 0 <= now - record.started_at < UNFINISHED_SECONDS
        if record and young and record.failed == self._arguments["failed"] and record.proof and record.phase != DONE:
            return record.proof
        return {"method": "assumed", "what": "it is fenced now", "at_epoch": now, "confirmed": True}


class _Finish:
    """The steps after the fence, in order; a second run does only what is left."""

    def __init__(self, host: Host, arguments: Arguments) -> None:
        self._host = host
        self._arguments = arguments
        self._owner = _owner(arguments)
        self._engine: Engine = engine_named(host, arguments)
        self._started = time.monotonic()
        self._result: Dict[str, Any] = {
            "changed": False,
            "steps": [],
            "proven": [],
            "seconds": {},
            "refused": None,
            "primary": None,
        }

    def answer(self) -> Dict[str, Any]:
        lease = Lease()
        try:
            # Held until the end, so that a run that was given up for dead cannot meet its successor here.
            with lease.working():
                lease.take(self._owner)
                self._work()
        except LeaseHeld as held:
            self._refuse(limitation(held, self._arguments["host"]))
        except (EngineError, AddressError) as error:
            self._refuse(error.message)
        except OSError as error:
            self._refuse(f"{self._arguments['host']}: {records.PATH} cannot be written ({error.strerror}); make room")
        lease.release(self._owner)
        return self._result

    def _refuse(self, reason: Optional[str]) -> None:
        self._result["refused"] = reason

    def _work(self) -> None:
        # Nobody may answer for the address; who does is heard while the server is read and promoted.
        answering = Beside(self._answering)
        self._timed("read", self._engine.read)
        self._result["before"] = self._engine.state()
        self._result["primary"] = self._engine.is_primary()
        self._result["data_loss_seconds"] = self._engine.loss(self._arguments["proof"])
        reason = self._engine.limitation(self._arguments["proof"], limits_of(self._arguments))
        if reason:
            return self._refuse(reason)
        if self._is_done():
            return None
        record = Record(
            failed=self._arguments["failed"],
            phase=FENCED,
            run=self._owner.run,
            started_at=self._arguments["started_at"],
            proof=dict(self._arguments["proof"]),
            waited_for=self._engine.waits_for() or self._waited_for_before(),
        )
        records.write(self._host, record)
        if self._engine.waits_for():
            self._result["changed"] = True
            self._result["steps"].append(self._timed("stop_waiting", self._engine.stop_waiting))
        self._await_last_byte()
        self._promote()
        self._take_address(answering)
        records.write(self._host, record.further(DONE, done_at=self._host.wall()))
        return None

    def _waited_for_before(self) -> Optional[str]:
        """Return what a run that was broken off has taken away."""
        record = records.read(self._host)
        return record.waited_for if record and record.phase != REJOINED else None

    def _is_done(self) -> bool:
        record = records.read(self._host)
        return (
            self._engine.is_primary()
            and _has_all(_address_state(self._host, self._arguments))
            and record is not None
            and (record.failed, record.phase) == (self._arguments["failed"], DONE)
        )

    def _await_last_byte(self) -> None:
        """After a planned stop the primary's last write has to be here; then nothing is lost."""
        position = self._arguments.get("position")
        if not position or self._engine.is_primary():
            return
        done = self._timed("last_byte", lambda: self._engine.await_position(position, self._arguments["timeout"]))
        self._result["proven"] += done["proven"]
        self._result["no_loss"] = True

    def _promote(self) -> None:
        if self._engine.is_primary():
            return
        # From here on until it is answered, nobody knows.
        self._result["primary"] = None
        self._result["changed"] = True
        done = self._timed("promote", lambda: self._engine.promote(self._arguments["timeout"]))
        self._result["primary"] = True
        self._result["steps"] += done["steps"]
        self._result["proven"] += done["proven"]

    def _answering(self) -> Dict[str, str]:
        """Return who else answers for the addresses that are not here yet."""
        missing = [address for address, there in _address_state(self._host, self._arguments).items() if not there]
        if not missing:
            return {}
        return holders(self._arguments["interface"], missing, self._arguments["claim_timeout"])

    def _take_address(self, answering: Beside[Dict[str, str]]) -> None:
        if not self._arguments["addresses"]:
            return
        found = self._timed("duplicate_check", answering.result)
        if found:
            raise AddressError(_taken(self._arguments["host"], found))
        outcome = self._timed("address", lambda: present(self._host, self._wanted(), checked=True))
        self._result["changed"] = self._result["changed"] or outcome.changed
        self._result["steps"] += outcome.steps
        self._result["proven"] += outcome.proven

    def _wanted(self) -> Wanted:
        return Wanted(interface=self._arguments["interface"], addresses=tuple(self._arguments["addresses"]))

    def _timed(self, name: str, work: Any) -> Any:
        started = time.monotonic()
        try:
            return work()
        finally:
            self._result["seconds"][name] = round(time.monotonic() - started, 3)
            self._result["seconds"]["total"] = round(time.monotonic() - self._started, 3)


def limits_of(arguments: Arguments) -> Dict[str, Any]:
    """Return the limits; after a planned stop those on lost data give way to the wait for the last byte."""
    limits = dict(arguments["limits"])
    return {**limits, **WITHOUT_LOSS[arguments["engine"]]} if arguments.get("position") else limits


def _owner(arguments: Arguments) -> Owner:
    return Owner(arguments["run"], arguments["who"])


def _address_state(host: Host, arguments: Arguments) -> Dict[str, bool]:
    """Return for each service address whether this host has it."""
    if not arguments["addresses"]:
        return {}
    here = read(host, arguments["interface"])
    return {address: here.address(address.partition("/")[0]) is not None for address in arguments["addresses"]}


def _has_all(addresses: Mapping[str, bool]) -> bool:
    return all(addresses.values())


def _taken(host: str, found: Mapping[str, str]) -> str:
    said = ", ".join(f"{address} is answered by {mac}" for address, mac in found.items())
    return (
        f"{host}: the server takes writes, but {said}: find that machine and take the address away from it, "
        "then run this again"
    )
