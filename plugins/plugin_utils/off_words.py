# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who can tell whether a host is off: its BMC, its hypervisor, the port of its switch. Silence is never off."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple, Protocol

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer
from ansible_collections.contingency.infra.plugins.module_utils._power.control import PowerControl
from ansible_collections.contingency.infra.plugins.module_utils._power.model import PowerError, PowerState
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.kinds import Guest

LINK_SECONDS = 5.0
"""A network card that is reset, as in a restart, loses its link for some seconds too."""
HYPERVISOR_SECONDS = 15.0


class NoLogin(Exception):
    """The host cannot be logged in to; the text is the reason, without a full stop.

    ``broken`` is True where the login was there and broke, so that the command may be at work.
    """

    def __init__(self, reason: str, broken: bool = False) -> None:
        super().__init__(reason)
        self.broken = broken


class Machine(Protocol):
    """A login to one host.

    ``here`` is True where it leads to the machine that this runs on, as far as can be told without asking.
    """

    name: str
    here: bool

    def run(self, command: str, timeout: float) -> Answer:
        """Run a command within so many seconds; status 124 where the time was over, NoLogin where there is no login."""

    def close(self) -> None:
        """Give up a login that is kept open; never raises."""


def said_of(power: PowerControl) -> str:
    """Return the name of a BMC within a sentence."""
    return f"the {power.name[4:]}" if power.name.startswith("The ") else power.name


class Word(NamedTuple):
    """What somebody says of a host: on, off or unknown, and what was seen."""

    state: PowerState
    seen: str


class Witness(ABC):
    """Somebody who can tell whether a host is off.

    ``steady_seconds`` is for how long it has to say so without a break.
    """

    method: str
    steady_seconds = 0.0

    @abstractmethod
    def ask(self) -> Word:
        """Return what it says; never raises, what goes wrong is an unknown with its reason."""

    def close(self) -> None:
        """Give up what is held open; never raises."""
        return


class BmcWitness(Witness):
    """The BMC, asked for the state of the power; ``answered`` is whether it ever did."""

    method = "bmc"
    answered = False

    def __init__(self, power: PowerControl) -> None:
        self._power = power

    def ask(self) -> Word:
        try:
            state = self._power.state()
        except PowerError as error:
            return Word(PowerState.UNKNOWN, error.message.rstrip("."))
        self.answered = True
        return Word(state, f"{self._power.name} reads {state}")


class HypervisorWitness(Witness):
    """The hypervisor of a guest, asked by a command."""

    method = "hypervisor"

    def __init__(self, machine: Machine, guest: str, words: Guest) -> None:
        self._machine = machine
        self._command = words.command.replace("{guest}", guest)
        self._words = words
        self._guest = guest

    def ask(self) -> Word:
        try:
            answer = self._machine.run(self._command, HYPERVISOR_SECONDS)
        except NoLogin as error:
            return Word(PowerState.UNKNOWN, f"the hypervisor {self._machine.name} cannot be asked: {error}")
        return self._understood(answer)

    def _understood(self, answer: Answer) -> Word:
        said = answer.output.strip()
        seen = f"{self._machine.name} says of {self._guest}: {(said or answer.complaint).splitlines()[-1][:100]}"
        if answer.status == 0 and re.search(self._words.off, said, re.MULTILINE | re.IGNORECASE):
            return Word(PowerState.OFF, seen)
        if answer.status == 0 and re.search(self._words.on, said, re.MULTILINE | re.IGNORECASE):
            return Word(PowerState.ON, seen)
        return Word(PowerState.UNKNOWN, seen)


class LinkWitness(Witness):
    """The port of the switch that the host is plugged into: it has a link, or none for some seconds.

    ``read`` returns True with a link, False without, None where that cannot be told; OSError is such an answer too.
    Only for a host whose card gives up its link with the power: one that listens for Wake-on-LAN keeps it.
    """

    method = "link"

    def __init__(
        self,
        read: Callable[[], bool | None],
        port: str,
        steady_seconds: float = LINK_SECONDS,
        close: Callable[[], None] | None = None,
    ) -> None:
        self._read = read
        self._port = port
        self._close = close
        self.steady_seconds = steady_seconds

    def close(self) -> None:
        if self._close is not None:
            self._close()

    def ask(self) -> Word:
        try:
            link = self._read()
        except OSError as error:
            return Word(PowerState.UNKNOWN, f"{self._port} cannot be read: {str(error).rstrip('.')}")
        if link is None:
            return Word(PowerState.UNKNOWN, f"{self._port} does not tell its link")
        return Word(PowerState.ON if link else PowerState.OFF, f"{self._port} has {'a' if link else 'no'} link")
