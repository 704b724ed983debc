# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with mains, UPSes and hosts that are to be shut down: see lab/faults.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lab.errors import LabError
from lab.faults import Fault
from lab.kinds.host import Host
from lab.kinds.ups import Ups
from lab.power.battery import WORN, State
from lab.power.readings import LOW_AT_ONCE

DRIVER = "dummy-ups"
FOR_EVER = "never"


class _OnUps(Fault):
    @property
    def ups(self) -> Ups:
        machine = self.lab.machine(self.target)
        if isinstance(machine, Ups):
            return machine
        known = ", ".join(found.name for found in self.lab.machines.values() if isinstance(found, Ups)) or "none"
        raise LabError(f"{self.target} is no UPS: the lab has {known}.")

    def change(self, change: Callable[[State], State]) -> None:
        self.ups.store.update(change)


class MainsOff(_OnUps):
    """Mains are gone: the UPS is on battery until that is empty, and then what it alone feeds has no power."""

    name = "mains-off"
    rank = 0

    def strike(self) -> None:
        self.change(lambda state: replace(state, mains=False))

    def heal(self) -> None:
        """It carries again at once; hosts that lost their power stay off until somebody switches them on."""
        self.change(lambda state: replace(state, mains=True, output=not state.broken))


class MainsFlap(_OnUps):
    """Mains go and come back every few seconds."""

    name = "mains-flap"
    rank = 0

    def strike(self) -> None:
        self.change(lambda state: replace(state, flapping=True))

    def heal(self) -> None:
        self.change(lambda state: replace(state, flapping=False))


class WornBattery(_OnUps):
    """The battery holds a fifth of what its table says; the runtime that it tells is true."""

    name = "worn-battery"

    def strike(self) -> None:
        self.change(lambda state: replace(state, capacity=WORN))

    def heal(self) -> None:
        self.change(lambda state: replace(state, capacity=1.0))


class StaleReadings(_OnUps):
    """The driver stands still: after some seconds upsd answers ERR DATA-STALE."""

    name = "ups-stale"

    def strike(self) -> None:
        self.inside("pkill", "-STOP", "-x", DRIVER)

    def heal(self) -> None:
        if self.ups.running():
            self.inside("pkill", "-CONT", "-x", DRIVER, check=False)


class DriverKilled(_OnUps):
    """The driver is killed: upsd answers ERR DRIVER-NOT-CONNECTED."""

    name = "ups-driver-killed"

    def strike(self) -> None:
        self.inside("pkill", "-KILL", "-x", DRIVER)

    def heal(self) -> None:
        if self.ups.running():
            self.inside("sh", "-c", f"pgrep -x {DRIVER} >/dev/null || /lab/driver")


class _Lie(_OnUps):
    def strike(self) -> None:
        self.change(lambda state: replace(state, lies=(*self._others(state), self.name)))

    def heal(self) -> None:
        self.change(lambda state: replace(state, lies=self._others(state)))

    def _others(self, state: State) -> tuple[str, ...]:
        return tuple(lie for lie in state.lies if lie != self.name)


class LowBattery(_Lie):
    """It says LB as soon as it is on battery, with all of its runtime left."""

    name = LOW_AT_ONCE


class Runtime65535(_Lie):
    """It says that it will last 65535 s."""

    name = "runtime-65535"


class RuntimeZero(_Lie):
    """It says that it will last 0 s, and goes on."""

    name = "runtime-zero"


class RuntimeNegative(_Lie):
    """It says that it will last -1 s."""

    name = "runtime-negative"


class RuntimeJumps(_Lie):
    """The runtime that it tells is another one each second."""

    name = "runtime-jumps"


class ShutdownHangs(Fault):
    """The host's service does not stop, and so the host does not go off when it is shut down."""

    name = "shutdown-hangs"

    @property
    def host(self) -> Host:
        machine = self.lab.machine(self.target)
        if isinstance(machine, Host):
            return machine
        raise LabError(f"{self.target} has no service that could hang: it is not of kind host.")

    def strike(self) -> None:
        self.host.stops_after(FOR_EVER)

    def heal(self) -> None:
        """A shutdown that hangs goes on."""
        self.host.stops_after(str(self.host.options.stop_seconds))
