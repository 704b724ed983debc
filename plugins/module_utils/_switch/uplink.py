# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The uplink transaction: read, plan, refuse or apply, prove, save; on failure put back what was there."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Sequence, TypeVar

from .checks import Probe, Verification, Verifier, complaint
from .errors import (
    CheckFailed,
    CommandRejected,
    Refused,
    SaveFailed,
    SessionLost,
    StateUnknown,
    SwitchError,
    Unparsable,
)
from .guards import dead_end_limitation, loop_limitation, probe_limitation, session_limitation
from .model import Port, Send, Uplinks
from .plan import Plan, Request, after_plan, commands, plan_move, plan_restore, state_text
from .platforms.base import Platform
from .session import AnySession
from .target import Target

_RECONNECT_PAUSE = 0.5
_RECONNECT_LEAST = 30.0
_RESTORE_TIMEOUT = 30.0
_NET_MARGIN = 60
_ATTEMPTS = 2

Result = TypeVar("Result")


@dataclass
class Outcome:
    """What happened, as far as it got; the module returns it, also on failure."""

    before: Dict[str, Any] = field(default_factory=dict)
    after: Dict[str, Any] = field(default_factory=dict)
    strategy: str = ""
    commands: List[str] = field(default_factory=list)
    verified: List[Dict[str, Any]] = field(default_factory=list)
    unproven: List[str] = field(default_factory=list)
    rolled_back: bool = False
    saved: bool = False
    changed: bool = False
    reconnected: int = 0
    seconds: Dict[str, float] = field(default_factory=dict)
    diff: Dict[str, str] = field(default_factory=dict)

    def note(self, verification: Verification) -> None:
        self.verified = [dict(check) for check in verification.as_list()]
        self.unproven = verification.unproven
        self.note_after(verification.ports)

    def note_after(self, ports: Dict[str, Port]) -> None:
        self.after = {name: port.as_dict() for name, port in ports.items()}
        self.diff["after"] = state_text(ports)


class UplinkTransaction:
    """Makes one of several uplinks of a switch the active one, in one session."""

    def __init__(self, target: Target, platform: Platform, request: Request, probes: Sequence[Probe] = ()) -> None:
        self._target = target
        self._platform = platform
        self._request = request
        self._probes = probes
        self._verifier = Verifier(platform, request, probes)
        self._session: Optional[AnySession] = None
        self._started = time.monotonic()
        self._net_seconds = 0
        self._attempt = 0
        self.outcome = Outcome()

    def run(self, check_mode: bool) -> Outcome:
        """Do it, or in check mode only say what would be done; SwitchError where it cannot be done."""
        try:
            self._timed("connect", self._connect)
            before = self._timed("read", self._read)
            plan = plan_move(before, self._request)
            self._note_plan(before, plan)
            if check_mode:
                self._predict(before, plan)
            else:
                self._timed("switch_over", lambda: self._converge(before, plan))
                self._timed("save", lambda: self._save(bool(plan.steps)))
        finally:
            if self._session is not None:
                self._session.close()
            self.outcome.seconds["total"] = round(time.monotonic() - self._started, 3)
        return self.outcome

    # -- reading and planning ----------------------------------------------------------------------

    def _timed(self, name: str, work: Callable[[], Result]) -> Result:
        started = time.monotonic()
        try:
            return work()
        finally:
            self.outcome.seconds[name] = round(time.monotonic() - started, 3)

    @property
    def session(self) -> AnySession:
        """Return the open session."""
        if self._session is None:
            raise StateUnknown(self._target.name, "no session is open")
        return self._session

    def _connect(self) -> None:
        self._session = self._platform.open(self._target)

    def _read(self) -> Uplinks:
        return self._platform.read_uplinks(self.session, self._request.ports)

    def _note_plan(self, before: Uplinks, plan: Plan) -> None:
        self.outcome.before = before.as_dict()
        self.outcome.after = before.as_dict()
        self.outcome.strategy = plan.strategy
        self.outcome.diff = {"before": state_text(before.ports), "after": state_text(before.ports)}
        for reason in (
            loop_limitation(before, plan),
            dead_end_limitation(before, plan, self._request),
            probe_limitation(self._platform, self._request, bool(self._probes)),
            session_limitation(self._platform, self.session, before, plan, self._request),
        ):
            if reason:
                raise Refused(self._target.name, f"{reason}; nothing was changed")
        if plan.steps and self._request.safety_net and self._platform.safety_net(self.session):
            self._net_seconds = int(self._request.verify.timeout) + _NET_MARGIN

    def _predict(self, before: Uplinks, plan: Plan) -> None:
        save = self._save_needed(bool(plan.steps))
        self.outcome.commands = commands(self._platform, plan, self._net_seconds, before.pending_revert, save)
        self.outcome.changed = bool(self.outcome.commands)
        states = after_plan(before, plan.steps)
        self.outcome.diff["after"] = "".join(f"{name}: {'enabled' if up else 'shut'}\n" for name, up in states.items())

    # -- changing ----------------------------------------------------------------------------------

    def _converge(self, before: Uplinks, plan: Plan) -> None:
        """Apply and prove; finish after a lost session; undo where a step or a proof failed."""
        try:
            self._apply(before, plan)
        except SessionLost as lost:
            self._resume(before, lost)
        except (CommandRejected, CheckFailed, Unparsable) as error:
            self._undo(before, plan, error)

    def _apply(self, before: Uplinks, plan: Plan) -> None:
        if before.pending_revert:
            self._send(self._platform.confirm())
        for number, step in enumerate(plan.steps, start=1):
            self._send(self._platform.change(step, self._net_seconds))
            last = number == len(plan.steps)
            self._prove(self._verifier.after if last else self._verifier.before_break)
            if self._net_seconds:
                self._send(self._platform.confirm())
        if not plan.steps:
            self._prove(self._verifier.after)

    def _send(self, sends: Sequence[Send]) -> None:
        for send in sends:
            self.outcome.commands.append(send.command)
            self.outcome.changed = True
            self.session.change([send])

    def _prove(self, ask: Callable[[AnySession], Verification]) -> None:
        verification = ask(self.session)
        self.outcome.note(verification)
        if verification.failed:
            raise CheckFailed(self._target.name, f"{complaint(verification)} within {self._request.verify.timeout:g} s")

    def _note_after(self) -> Dict[str, Port]:
        ports = self._platform.read_states(self.session, self._request.ports)
        self.outcome.note_after(ports)
        return ports

    # -- when it goes wrong ------------------------------------------------------------------------

    def _resume(self, before: Uplinks, lost: SessionLost) -> None:
        """Reconnect after a lost session, read what is there, and finish or undo."""
        now = self._reconnect(lost)
        self._attempt += 1
        plan = plan_move(now, self._request)
        if self._attempt >= _ATTEMPTS:
            self._undo(before, plan, lost)
            return
        try:
            self._apply(now, plan)
        except SessionLost as again:
            self._resume(before, again)
        except (CommandRejected, CheckFailed, Unparsable) as error:
            self._undo(before, plan, error)

    def _reconnect(self, lost: SessionLost) -> Uplinks:
        """Return the state after a reconnection; StateUnknown where the switch stays away."""
        deadline = time.monotonic() + max(self._request.verify.timeout, _RECONNECT_LEAST)
        self.session.close()
        while True:
            try:
                self._connect()
                self.outcome.reconnected += 1
                return self._read()
            except SwitchError as error:
                if time.monotonic() > deadline:
                    raise self._unknown(lost, error) from error
            time.sleep(_RECONNECT_PAUSE)

    def _unknown(self, lost: SwitchError, error: SwitchError) -> StateUnknown:
        net = (
            f"the switch puts the former state back by itself within {self._net_seconds} s; "
            if self._net_seconds and self._platform.reverts_by_itself
            else ""
        )
        return StateUnknown(
            self._target.name,
            f"state unknown: {_bare(lost)}, and no new session since ({_bare(error)}); sent so far: "
            f"{'; '.join(self.outcome.commands) or 'nothing'}; {net}look at its console, then run this again",
        )

    def _undo(self, before: Uplinks, plan: Plan, cause: SwitchError) -> None:
        """Put back what was there and prove it; always raises ``cause`` or that the state is unknown."""
        if not self.outcome.changed:
            raise cause
        if not self._request.rollback:
            self._leave_config()
            self._note_after()
            raise cause.adding("rollback is off, it was left as it is now")
        try:
            self._restore(before, plan)
        except SwitchError as error:
            raise StateUnknown(
                self._target.name,
                f"{_bare(cause)}; putting the former state back failed too: {_bare(error)}; look at its console",
            ) from error
        self.outcome.rolled_back = True
        self.outcome.changed = False
        raise cause.adding(f"put back and proven: {_now(self.outcome.after)}")

    def _restore(self, before: Uplinks, plan: Plan) -> None:
        try:
            self._leave_config()
        except SessionLost as lost:
            self._reconnect(lost)
        if self._net_seconds and self._platform.read_pending(self.session):
            self._tolerant(self._platform.cancel())
        now = self._read()
        if now.pending_revert:
            self._send(self._platform.confirm())
        for step in plan_restore(before, now, plan.strategy).steps:
            self._send(self._platform.change(step))
        self._prove_restored(before)

    def _leave_config(self) -> None:
        self._tolerant(self._platform.abandon())

    def _tolerant(self, sends: Sequence[Send]) -> None:
        """Send lines that the switch may refuse because there is nothing left to leave or to cancel."""
        for send in sends:
            self.session.exchange(send)

    def _prove_restored(self, before: Uplinks) -> None:
        deadline = time.monotonic() + _RESTORE_TIMEOUT
        while True:
            after = self._note_after()
            wrong = [
                f"{name} is {_state(after[name].enabled, after[name].link)}, was {_state(was.enabled, was.link)}"
                for name, was in before.ports.items()
                if after[name].enabled != was.enabled or (was.link and not after[name].link)
            ]
            if not wrong:
                return
            if time.monotonic() > deadline:
                raise CheckFailed(self._target.name, "; ".join(wrong))
            time.sleep(_RECONNECT_PAUSE)

    # -- saving ------------------------------------------------------------------------------------

    def _save_needed(self, changed: bool) -> bool:
        if self._request.save == "never":
            return False
        if self._request.save == "always" or changed:
            return True
        return bool(self._platform.unsaved(self.session, self._request.ports))

    def _save(self, changed: bool) -> None:
        """Save where needed and compare; also finishes what a run that was killed left unsaved."""
        try:
            self._save_once(changed)
        except SessionLost as lost:
            self._reconnect(lost)
            self._save_once(changed=True)

    def _save_once(self, changed: bool) -> None:
        if not self._save_needed(changed):
            self.outcome.saved = self._request.save != "never"
            return
        try:
            self._send(self._platform.save())
        except CommandRejected as error:
            raise self._not_saved(f"it answered {error.command!r} with {error.answer}") from error
        unsaved = self._platform.unsaved(self.session, self._request.ports)
        if unsaved:
            raise self._not_saved(f"the startup configuration differs from the running one at {', '.join(unsaved)}")
        self.outcome.saved = True

    def _not_saved(self, why: str) -> SaveFailed:
        return SaveFailed(
            self._target.name,
            f"moved and working, but NOT SAVED, do not restart it: {why}; "
            "free space or repair the flash, then run this again",
        )


def _state(enabled: bool, link: bool) -> str:
    return f"{'enabled' if enabled else 'shut'}, link {'up' if link else 'down'}"


def _now(ports: Dict[str, Any]) -> str:
    """Return in words which uplinks are up after a roll-back."""
    up = [name for name, port in ports.items() if port["enabled"] and port["link"]]
    if up:
        return f"on {', '.join(up)} as before"
    enabled = [name for name, port in ports.items() if port["enabled"]]
    state = f"{', '.join(enabled)} enabled without link" if enabled else "all of them shut"
    return f"as before, {state}: THIS SWITCH HAS NO UPLINK"


def _bare(error: SwitchError) -> str:
    """Return an error's message without the switch's name."""
    return error.message
