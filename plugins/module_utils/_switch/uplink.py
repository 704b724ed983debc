# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The uplink transaction: read, plan, refuse or apply, prove, save; on failure put back what was there."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Dict, Sequence, TypeVar

from .checks import Probe, Verification, Verifier, complaint
from .errors import CheckFailed, CommandRejected, Refused, SaveFailed, SessionLost, StateUnknown, SwitchError, told
from .guards import limitations
from .line import Line
from .model import Uplinks
from .outcome import Outcome
from .plan import MAKE_BEFORE_BREAK, Plan, Request, after_plan, commands, plan_move
from .platforms.base import Platform
from .rollback import Rollback
from .session import Session
from .target import Target

_NET_MARGIN = 90
_ATTEMPTS = 2
_NET_FIRED = "the switch's own safety net undid the change meanwhile"

Result = TypeVar("Result")


class UplinkTransaction:
    """Makes one of several uplinks of a switch the active one."""

    def __init__(self, target: Target, platform: Platform, request: Request, probes: Sequence[Probe] = ()) -> None:
        self.outcome = Outcome()
        self._platform = platform
        self._request = request
        self._probes = probes
        self._verifier = Verifier(platform, request, probes)
        self._line = Line(target, platform, request.ports, request.verify.timeout, self.outcome)
        self._name = target.name

    def run(self, check_mode: bool) -> Outcome:
        """Do it, or in check mode only say what would be done; SwitchError where it cannot be done."""
        started = time.monotonic()
        try:
            self._timed("connect", self._line.connect)
            before = self._timed("read", self._line.read)
            plan = self._timed("plan", lambda: self._planned(before))
            if check_mode:
                self._predict(before, plan)
            else:
                self._timed("switch_over", lambda: self._converge(before, plan))
                self._timed("save", lambda: self._save(bool(plan.steps)))
        finally:
            self._line.close()
            self.outcome.seconds["total"] = round(time.monotonic() - started, 3)
        return self.outcome

    def _timed(self, name: str, work: Callable[[], Result]) -> Result:
        started = time.monotonic()
        try:
            return work()
        finally:
            self.outcome.seconds[name] = round(time.monotonic() - started, 3)

    def _prepare_probes(self, before: Uplinks) -> None:
        """Log in to the probe hosts while traffic still flows: one that cannot be asked stops the move.

        Where no uplink works, the hosts may be behind the dead one, and every login delays the way out.
        """
        working = any(port.enabled and port.link for port in before.ports.values())
        if self._probes and working:
            with ThreadPoolExecutor(len(self._probes)) as pool:
                list(pool.map(lambda probe: probe.prepare(), self._probes))

    # -- planning ----------------------------------------------------------------------------------

    def _planned(self, before: Uplinks) -> Plan:
        """Return the plan; Refused, with nothing sent, where a guard or a probe host says no."""
        self.outcome.note_before(before.ports)
        plan = plan_move(before, self._request)
        self.outcome.strategy = plan.strategy
        self._refuse(before, plan, "nothing was changed")
        self._prepare_probes(before)
        # A net that undoes what rollback=false wants to keep would be a surprise minutes later.
        wanted = plan.steps and self._request.safety_net and self._request.rollback
        if wanted and self._platform.safety_net(self._line.session):
            self._line.net_seconds = int(self._request.verify.timeout) + _NET_MARGIN
        return plan

    def _refuse(self, uplinks: Uplinks, plan: Plan, what_now: str) -> None:
        reason = limitations(self._platform, self._line.session, uplinks, plan, self._request, bool(self._probes))
        if reason:
            raise Refused(self._name, f"{reason}; {what_now}")

    def _predict(self, before: Uplinks, plan: Plan) -> None:
        save = self._save_needed(bool(plan.steps))
        net = self._line.net_seconds
        self.outcome.commands = commands(self._platform, plan, net, before.pending_revert, save)
        self.outcome.changed = bool(self.outcome.commands)
        states = after_plan(before, plan.steps)
        self.outcome.diff["after"] = "".join(f"{name}: {'enabled' if up else 'shut'}\n" for name, up in states.items())

    # -- changing ----------------------------------------------------------------------------------

    def _converge(self, before: Uplinks, plan: Plan) -> None:
        """Apply and prove; finish after a lost session; undo whatever else goes wrong."""
        now = before
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._apply(now, plan)
            except SessionLost as lost:
                now = self._line.reconnect(lost)
                plan = plan_move(now, self._request)
                if attempt == _ATTEMPTS:
                    raise self._undone(before, plan, lost) from lost
            except StateUnknown:
                raise
            except Exception as error:
                # Whatever it was, a switch must not be left half-way.
                raise self._undone(before, plan, told(self._name, error)) from error
        return None

    def _apply(self, now: Uplinks, plan: Plan) -> None:
        self._refuse(now, plan, "look at it before you run this again")
        self._finish_pending(now, plan)
        net = bool(self._line.net_seconds)
        if plan.breaks_first():
            self._prove(self._verifier.before_break)
        for number, step in enumerate(plan.steps, start=1):
            self._line.change(step, net)
            last = number == len(plan.steps)
            self._prove(self._verifier.after if last else self._verifier.before_break)
            if net:
                self._line.confirm()
            if net and not last:
                self._require(dict(step), _NET_FIRED)
        if not plan.steps and not now.pending_revert:
            self._prove(self._verifier.after)
        if net or now.pending_revert:
            self._prove_kept()

    def _finish_pending(self, now: Uplinks, plan: Plan) -> None:
        """Confirm what a killed run left to the safety net, once it has proven itself where it is what is wanted."""
        if not now.pending_revert:
            return
        if not plan.steps:
            self._prove(self._verifier.after)
        elif plan.strategy == MAKE_BEFORE_BREAK and now.ports[self._request.active].enabled:
            self._prove(self._verifier.before_break)
        self._line.confirm()

    def _prove(self, ask: Callable[[Session], Verification]) -> None:
        verification = ask(self._line.session)
        self.outcome.note(verification)
        if verification.failed:
            raise CheckFailed(self._name, f"{complaint(verification)} within {self._request.verify.timeout:g} s")

    def _prove_kept(self) -> None:
        """The safety net may have fired while the proofs were gathered: what was confirmed must still be there."""
        self._require_wanted(_NET_FIRED)
        if self._platform.read_pending(self._line.session):
            raise CheckFailed(self._name, "the change was confirmed, but the switch would still undo it")

    def _require_wanted(self, why: str) -> None:
        self._require({name: name == self._request.active for name in self._request.ports}, why)

    def _require(self, wanted: Dict[str, bool], why: str) -> None:
        ports = self._line.read_states()
        wrong = [name for name, enabled in wanted.items() if ports[name].enabled != enabled]
        if wrong:
            raise CheckFailed(self._name, f"{why}: {', '.join(wrong)} is not as wanted; run this again")

    def _undone(self, before: Uplinks, plan: Plan, cause: SwitchError) -> SwitchError:
        if not self.outcome.changed and not before.pending_revert:
            return cause
        rollback = Rollback(self._line, before, plan.strategy, inherited=not self.outcome.changed)
        return rollback.undone(cause) if self._request.rollback else rollback.left_as_it_is(cause)

    # -- saving ------------------------------------------------------------------------------------

    def _save_needed(self, changed: bool) -> bool:
        if self._request.save == "never":
            return False
        if self._request.save == "always" or changed:
            return True
        return bool(self._platform.unsaved(self._line.session, self._request.ports))

    def _save(self, changed: bool) -> None:
        """Save where needed and compare; also finishes what a run that was killed left unsaved."""
        try:
            self._save_once(changed)
        except SessionLost as lost:
            self._line.reconnect(lost)
            self._require_wanted("the session was lost while saving, and since then")
            self._save_once(changed=True)

    def _save_once(self, changed: bool) -> None:
        if not self._save_needed(changed):
            self.outcome.saved = self._request.save != "never"
            return
        try:
            self._line.send(self._platform.save())
        except CommandRejected as error:
            raise self._not_saved(f"it answered {error.command!r} with {error.answer}") from error
        unsaved = self._platform.unsaved(self._line.session, self._request.ports)
        if unsaved:
            raise self._not_saved(f"the startup configuration differs from the running one at {', '.join(unsaved)}")
        self.outcome.saved = True

    def _not_saved(self, why: str) -> SaveFailed:
        return SaveFailed(
            self._name,
            f"moved and working, but NOT SAVED, do not restart it: {why}; "
            "free space or repair the flash, then run this again",
        )
