# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The power switch of one machine, as its management controller has it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.kinds.debian import Debian

if TYPE_CHECKING:
    from lab.engine import Lab


class PowerSwitch:
    """Each press leaves the machine in the state that it says, whatever the state was before."""

    def __init__(self, lab: Lab, machine: str) -> None:
        found = lab.machine(machine)
        if not isinstance(found, Debian):
            raise LabError(
                f"{machine} has no power switch: a management controller belongs to a machine of kind debian or host."
            )
        self.machine = found
        self._lock = threading.Lock()

    def is_on(self) -> bool:
        return self.machine.running()

    def on(self) -> None:
        """A machine that no UPS feeds stays off, whoever presses the button."""
        with self._lock:
            if self.machine.no_power() is None:
                self.machine.power_on()

    def off(self) -> None:
        with self._lock:
            self.machine.power_off()

    def shut_down(self) -> None:
        with self._lock:
            self.machine.shut_down()

    def reset(self) -> None:
        with self._lock:
            self.machine.power_off()
            if self.machine.no_power() is None:
                self.machine.power_on()
