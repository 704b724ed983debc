# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shutting one host down and knowing that it is off: read, plan, one remote call, wait for a word, force, read back.

It knows nothing of Ansible's tasks, so that many hosts can be shut down at once, each in a thread of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._host.run import TIMED_OUT, Answer
from ansible_collections.contingency.infra.plugins.module_utils._power.control import PowerControl, ensure_forced_off
from ansible_collections.contingency.infra.plugins.module_utils._power.model import (
    BmcBusy,
    BmcUnreachable,
    Outcome,
    PowerError,
    PowerState,
)
from ansible_collections.contingency.infra.plugins.module_utils._shutdown import remote
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.remote import Told
from ansible_collections.contingency.infra.plugins.plugin_utils import off_sentences
from ansible_collections.contingency.infra.plugins.plugin_utils.durations import DurationsError
from ansible_collections.contingency.infra.plugins.plugin_utils.off_host import (
    HostToShut,
    Means,
    means_limitation,
    wrong_host_limitation,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.off_watch import Watch
from ansible_collections.contingency.infra.plugins.plugin_utils.off_words import (
    BmcWitness,
    Machine,
    NoLogin,
    Word,
    said_of,
)

__all__ = ["HostToShut", "Means", "shut_down"]
LOGIN_AGAIN_SECONDS = 2.0
LOGIN_LATER_SECONDS = 10.0
FORCE_AGAIN_SECONDS = 1.0
CONTROLLER_DELAY = 5.0
_GOING_DOWN = re.compile(r"system is going down|shutdown is in progress|pam_nologin", re.IGNORECASE)
"""What a login says while systemd shuts down: pam_nologin(8) shows /run/nologin to everyone but root."""


def shut_down(host: HostToShut, means: Means, check_mode: bool = False) -> dict[str, Any]:
    """Have one host off, and return what was done: see RETURN of the module host_shutdown.

    Raises nothing for what the host, its BMC or its hypervisor does. It takes at most ``timeout`` + ``force_timeout``
    seconds and the patience of the readings in between.
    """
    work = _Work(host, means)
    try:
        return work.planned() if check_mode else work.done()
    finally:
        if means.power is not None:
            means.power.close()
        for witness in means.witnesses:
            witness.close()
        if means.machine is not None and not check_mode:
            means.machine.close()


class _Work:
    """One shutdown."""

    def __init__(self, host: HostToShut, means: Means) -> None:
        self._host = host
        self._means = means
        self._clock = means.clock
        self._started = self._clock.now()
        self._deadline = self._started + host.timeout
        self._bmc = BmcWitness(means.power) if means.power is not None else None
        bmc = [self._bmc] if self._bmc is not None else []
        self._watch = Watch([*bmc, *means.witnesses], self._clock, self._trouble)
        self._steps: list[str] = []
        self._troubles: list[str] = []
        self._warnings: list[str] = [f"{host.name}: {host.kind.caution}"] if host.kind.caution else []
        self._told = Told()
        self._changed = False
        self._was_under_way = False
        self._how: str | None = None
        self._seconds: dict[str, float] = {}

    # -- the whole -------------------------------------------------------------------------------------

    def planned(self) -> dict[str, Any]:
        """Read, and say what a run would do."""
        refused = wrong_host_limitation(self._host, self._means)
        if refused:
            return self._result(PowerState.ON, refused, failed=True)
        if self._read() or (not self._can_log_in() and self._watch.settle()):
            return self._off("already")
        limitation = means_limitation(self._host, self._means)
        if limitation:
            return self._result(self._watch.state, limitation, failed=True)
        running = self._look()
        if isinstance(running, str):
            return self._result(PowerState.ON, running, failed=True)
        self._plan(running)
        self._changed = True
        return self._result(self._watch.state, f"{self._host.name} would be shut down.")

    def done(self) -> dict[str, Any]:
        """Have it off."""
        refused = wrong_host_limitation(self._host, self._means)
        if refused:
            return self._result(PowerState.ON, refused, failed=True)
        if not self._host.is_controller and self._read():
            return self._off("already")
        limitation = means_limitation(self._host, self._means)
        if limitation:
            return self._result(self._watch.state, limitation, failed=True)
        begun = self._ask_by_login()
        if self._told.refused:
            return self._wrong_machine()
        if self._host.is_controller:
            return self._controller_goes(begun)
        if not begun and not self._changed and self._watch.settle():
            return self._off("already")
        begun = begun or self._ask_by_bmc()
        if begun and self._watch.witnesses and self._watch.wait(self._deadline):
            return self._off(self._how or "graceful")
        return self._forced(begun)

    # -- reading ---------------------------------------------------------------------------------------

    def _read(self) -> bool:
        """Look once; is it off for certain?"""
        started = self._clock.now()
        off = self._watch.ask()
        self._seconds["read"] = round(self._clock.now() - started, 3)
        seen = self._watch.word.seen if self._watch.word else "nobody can tell"
        self._note(f"read {self._watch.state}: {seen}")
        return off

    def _can_log_in(self) -> bool:
        """Does the host answer a login? Asked only where its word alone is not enough yet."""
        if self._watch.state is not PowerState.OFF or self._means.machine is None:
            return False
        command = remote.command_to_look(self._host.kind, ()) or "true"
        try:
            self._means.machine.run(command, self._host.login_seconds)
        except NoLogin:
            return False
        return True

    def _look(self) -> Mapping[str, bool | None] | str | None:
        """Return which services run, None where the host does not tell, or the sentence of a refusal."""
        command = remote.command_to_look(self._host.kind, self._host.services)
        if command is None or self._means.machine is None:
            return None
        try:
            answer = self._means.machine.run(command, self._host.login_seconds)
        except NoLogin as error:
            self._trouble(f"login: {error}")
            return None
        self._told = remote.told(self._host.kind, (), answer.status, answer.output, answer.error)
        if self._told.identity == remote.NOBODY:
            self._trouble(f"login: {self._told.complaint}")
            return None
        if remote.is_same(self._told.identity, self._means.own) != self._host.is_controller:
            return off_sentences.wrong_machine(self._host.name, self._host.kind)
        return remote.running(self._host.services, answer.output)

    def _plan(self, running: Mapping[str, bool | None] | None) -> None:
        host, power = self._host, self._means.power
        methods = [witness.method for witness in self._watch.witnesses]
        bmc = said_of(power) if power is not None else None
        self._steps += off_sentences.plan(host.kind, host.services, running, bmc, methods, host.timeout, host.force)

    # -- asking by login -------------------------------------------------------------------------------

    def _ask_by_login(self) -> bool:
        """Make the one remote call; True where the host is on its way down."""
        machine = self._means.machine
        if self._host.kind.shut_down is None or machine is None:
            return False
        started = self._clock.now()
        try:
            answer = self._call(machine)
        except NoLogin as error:
            if _GOING_DOWN.search(str(error)):
                return self._is_under_way(f"its login says: {error}")
            self._trouble(f"login: {error}")
            return False
        finally:
            self._seconds["call"] = round(self._clock.now() - started, 3)
        kind, services = self._host.kind, self._host.services
        self._told = remote.told(kind, services, answer.status, answer.output, answer.error)
        self._watch.discredit("the host answered at that time")
        return self._understood(answer)

    def _call(self, machine: Machine) -> Answer:
        """Call once, and again where the login broke: what was at work there goes on, and a second call finds that."""
        delay = CONTROLLER_DELAY if self._host.is_controller else 0.0
        command = remote.command_to_shut_down(self._host.kind, self._host.services, self._means.own, delay)
        try:
            return machine.run(command, self._call_seconds())
        except NoLogin as error:
            if not error.broken:
                raise
            # What was sent may be at work there.
            self._changed = True
            self._note(f"the login broke ({error}); once more")
        self._clock.sleep(LOGIN_AGAIN_SECONDS)
        return machine.run(command, self._call_seconds())

    def _call_seconds(self) -> float:
        left = max(1.0, self._deadline - self._clock.now())
        return min(left, remote.patience(self._host.services, self._host.login_seconds))

    def _understood(self, answer: Answer) -> bool:
        for each in self._told.services:
            self._changed = True
            took = f"stopped in {each.seconds:g} s" if each.stopped else f"NOT stopped, {each.why}"
            self._note(f"{each.name}: {took}")
        if self._told.begun:
            self._changed, self._how = True, "graceful"
            self._note(f"sent {self._host.kind.shut_down}")
            return True
        if self._told.under_way:
            return self._is_under_way("it says that it is stopping")
        if answer.status == TIMED_OUT:
            # What was asked for may be at work there.
            self._changed = True
        if not self._told.refused:
            self._trouble(self._why_not_begun(answer))
        return False

    def _why_not_begun(self, answer: Answer) -> str:
        if self._told.not_root:
            return "login: it is not root there; log in as root or set ansible_become"
        if answer.status == TIMED_OUT:
            return f"login: the call did not end ({answer.error})"
        return f"shutdown command: {self._told.complaint}"

    def _is_under_way(self, seen: str) -> bool:
        self._how = "graceful"
        self._was_under_way = not self._changed
        self._note(f"a shutdown is under way ({seen}); not started again")
        return True

    # -- asking by the BMC, waiting, forcing -------------------------------------------------------------

    def _ask_by_bmc(self) -> bool:
        """Press the power button through the BMC; True where there is something to wait for."""
        power = self._means.power
        if power is None:
            return self._log_in_later()
        try:
            power.request("graceful_off")
        except BmcUnreachable as error:
            self._trouble(f"bmc: {error.message.rstrip('.')}")
            return self._log_in_later()
        except PowerError as error:
            self._trouble(f"bmc: {error.message.rstrip('.')}")
            return False
        self._changed, self._how = True, "bmc_graceful"
        self._note(f"asked {said_of(power)} for a graceful shutdown")
        return True

    def _log_in_later(self) -> bool:
        """Log in again: once where nobody knows the host's state, else as long as somebody says that it is on."""
        pause = LOGIN_AGAIN_SECONDS
        while self._clock.now() + pause < self._deadline:
            if self._watch.wait(self._clock.now() + pause) or self._ask_by_login():
                return True
            if self._watch.by is None:
                return False
            pause = LOGIN_LATER_SECONDS
        return False

    def _forced(self, begun: bool) -> dict[str, Any]:
        power = self._means.power
        if self._told.refused:
            return self._wrong_machine()
        if power is None or not self._host.force:
            return self._not_off(begun)
        started = self._clock.now()
        try:
            outcome = self._force(power)
        except PowerError as error:
            return self._not_forced(error, begun)
        finally:
            self._seconds["force"] = round(self._clock.now() - started, 3)
        self._watch.take(Word(PowerState.OFF, f"{power.name} reads off"), self._bmc or BmcWitness(power))
        if not outcome.changed:
            return self._off(self._gone_by_itself())
        self._changed = True
        waited = f"after {self._host.timeout:g} s" if begun else "as nothing graceful was to be had"
        self._note(f"forced off through {said_of(power)} {waited}")
        return self._off("forced")

    def _force(self, power: PowerControl) -> Outcome:
        """Force it off; a BMC that is silent or busy for a moment, and was not all the time, is asked once more."""
        try:
            return ensure_forced_off(power, self._host.force_timeout, self._clock)
        except (BmcUnreachable, BmcBusy) as error:
            if self._bmc is None or not self._bmc.answered:
                raise
            self._trouble(f"bmc: {error.message.rstrip('.')}")
        self._clock.sleep(FORCE_AGAIN_SECONDS)
        return ensure_forced_off(power, self._host.force_timeout, self._clock)

    def _not_forced(self, error: PowerError, begun: bool) -> dict[str, Any]:
        """Ask once more, and a BMC that said nothing just now not again."""
        self._trouble(f"bmc: {error.message.rstrip('.')}")
        forced = error.outcome is not None and error.outcome.changed
        self._changed = self._changed or forced
        silent = self._bmc if isinstance(error, BmcUnreachable) else None
        if self._watch.ask(without=silent) or self._watch.settle():
            return self._off("forced" if forced else self._gone_by_itself())
        return self._not_off(begun)

    def _gone_by_itself(self) -> str:
        return self._how or ("graceful" if self._changed else "already")

    # -- the end -----------------------------------------------------------------------------------------

    def _controller_goes(self, begun: bool) -> dict[str, Any]:
        name = self._host.name
        if not begun:
            why = "; ".join(self._troubles)
            return self._result(PowerState.ON, f"{name}: it could not be shut down ({why}).", failed=True)
        said = f"{name} is the controller; it shuts down in {CONTROLLER_DELAY:g} s, and nobody here can confirm that."
        return self._result(PowerState.UNKNOWN, said)

    def _off(self, how: str) -> dict[str, Any]:
        self._how = how
        took = self._clock.now() - self._started
        if how != "already":
            self._seconds["off"] = round(took, 3)
            self._keep(took, how)
        return self._result(PowerState.OFF, off_sentences.off(self._host.name, how, took, self._troubles))

    def _keep(self, took: float, how: str) -> None:
        """Keep the duration of a shutdown that this run saw from its beginning."""
        if self._means.durations is None or not self._changed or self._was_under_way:
            return
        try:
            self._means.durations.add(self._host.name, self._clock.wall(), took, how, self._host.timeout)
        except DurationsError as error:
            self._warnings.append(str(error))

    def _wrong_machine(self) -> dict[str, Any]:
        refused = off_sentences.wrong_machine(self._host.name, self._host.kind)
        return self._result(PowerState.ON, refused, failed=True)

    def _not_off(self, begun: bool) -> dict[str, Any]:
        waited = self._clock.now() - self._started
        said = off_sentences.not_off(self._host.name, begun, waited, self._watch, self._troubles)
        on = self._watch.state is PowerState.ON
        return self._result(PowerState.ON if on else PowerState.UNKNOWN, said, failed=True)

    def _note(self, step: str) -> None:
        self._steps.append(step)

    def _trouble(self, what: str) -> None:
        if what not in self._troubles:
            self._troubles.append(what)
            self._note(what)

    def _result(self, state: PowerState, msg: str, failed: bool = False) -> dict[str, Any]:
        off, word, by = state is PowerState.OFF, self._watch.word, self._watch.by
        self._seconds["total"] = round(self._clock.now() - self._started, 3)
        return {
            "changed": self._changed,
            "failed": failed,
            "msg": msg,
            "host": self._host.name,
            "kind": self._host.kind.name,
            "tested": self._host.kind.tested,
            "state": state.value,
            "how": self._how,
            "confirmed_by": by.method if off and by else None,
            "confirmed_at_epoch": round(self._clock.wall(), 3) if off else None,
            "seconds": dict(self._seconds),
            "services": [dict(each._asdict()) for each in self._told.services],
            "steps": list(self._steps),
            "proven": [word.seen] if off and word else [],
            "identity": dict(self._told.identity._asdict()),
            "warnings": list(self._warnings),
        }
