# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPMI through the program ipmitool: one short session for each question, the password in its environment."""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Tuple, Type

from .._host.run import MISSING, TIMED_OUT, Answer, Host, LocalHost
from .control import PowerControl
from .model import Bmc, BmcBusy, BmcLoginFailed, BmcRefused, BmcUnreachable, PowerError, PowerState

_COMMANDS: Dict[str, str] = {"on": "on", "graceful_off": "soft", "forced_off": "off"}
_STATE = re.compile(r"^Chassis Power is (on|off)$", re.MULTILINE)
# Said also when all is well, as with the privilege OPERATOR the extras of some makers are out of reach.
_NOISE = re.compile(
    r"IANA PEN|^Loading |^Running |^Discovered |^Invalid completion code|HPM\.x|^Error: Unable to establish|^$"
)

# What ipmitool -v says, what it means, and what to do.
_COMPLAINTS: Tuple[Tuple[str, Type[PowerError], str], ...] = (
    (
        r"unauthorized name|no matching credential|invalid role|unauthorized role|insufficient privilege",
        BmcLoginFailed,
        "knows no user {user} that may switch power; correct user, or give that user the privilege OPERATOR or more "
        "on the LAN channel",
    ),
    (
        r"RAKP 2 HMAC is invalid|invalid integrity check value|password",
        BmcLoginFailed,
        "does not accept the password of {user}; correct the password in standby_bmc",
    ),
    (
        r"no matching cipher|invalid (authentication|integrity|confidentiality) algorithm",
        BmcLoginFailed,
        "does not take cipher suite {cipher_suite}; set cipher_suite to one that it offers, mostly 3 or 17",
    ),
    (r"insufficient resources|Node Busy|Out of space", BmcBusy, "is busy ({complaint}); try again in a minute"),
    (
        r"Authentication type .* not supported|does not support IPMI v2|Error: no response from RAKP",
        BmcRefused,
        "does not speak IPMI 2.0 as it should ({complaint}); switch on IPMI over LAN in its settings",
    ),
    (
        r"Could not open socket|Address lookup for .* failed|Name or service|getaddrinfo",
        BmcUnreachable,
        "has a name or an address that leads nowhere ({complaint}); correct host",
    ),
)
_SILENCE = re.compile(r"Get Auth Capabilities error|Get Channel Authentication Capabilities|no response|timeout")


class IpmiControl(PowerControl):
    """A machine behind a BMC that speaks IPMI 2.0 over LAN (RMCP+)."""

    def __init__(self, bmc: Bmc, host: Optional[Host] = None) -> None:
        super().__init__(str(bmc), bmc.timeout)
        self._bmc = bmc
        self._host = host or LocalHost()

    def state(self) -> PowerState:
        answer = self._ipmitool("status")
        found = _STATE.search(answer.output)
        if found is None:
            raise BmcRefused(
                f"{self.name} does not tell the state of its machine's power; look at the BMC's own page and log."
            )
        return PowerState(found.group(1))

    def request(self, action: str) -> None:
        self._ipmitool(_COMMANDS[action])

    def close(self) -> None:
        """Each question has closed its own session."""

    def _ipmitool(self, command: str) -> Answer:
        patience = self.patience
        password = self._bmc.password or ""
        answer = self._host.run(self._argv(command), timeout=patience, environment={"IPMI_PASSWORD": password})
        if answer.status != 0:
            raise self._explained(answer, command, patience)
        return answer

    def _argv(self, command: str) -> List[str]:
        """Return the command line; never `cycle` or `reset`, after which the machine would be on again."""
        bmc = self._bmc
        address = ["-H", str(bmc.host), "-p", str(bmc.port or 623), "-U", str(bmc.user), "-E"]
        # A packet is sent again after a second, until the time of this question is over.
        again = ["-N", "1", "-R", str(max(1, int(self.patience)))]
        # OPERATOR is what switching power needs; an account that has more is let in too.
        login = ["-C", str(bmc.cipher_suite), "-L", "OPERATOR"]
        return [bmc.ipmitool, "-I", "lanplus", *address, *login, *again, "-v", "chassis", "power", command]

    def _explained(self, answer: Answer, command: str, patience: float) -> PowerError:
        if answer.status == MISSING:
            return PowerError(
                f"{self.name} needs the program {self._bmc.ipmitool}, which is not on this controller; "
                "install ipmitool or set the option ipmitool to its path."
            )
        lines = _telling(answer)
        complaint = lines[0].rstrip(".") if lines else "it gave no reason"
        said = "\n".join(lines)
        for pattern, error, sentence in _COMPLAINTS:
            if re.search(pattern, said, re.IGNORECASE):
                text = sentence.format(user=self._bmc.user, cipher_suite=self._bmc.cipher_suite, complaint=complaint)
                return error(f"{self.name} {text}.")
        if answer.status == TIMED_OUT or _SILENCE.search(said):
            return BmcUnreachable(
                f"{self.name} does not answer IPMI within {patience:.3g} s; check its address, its network and that "
                "IPMI over LAN is switched on."
            )
        return BmcRefused(f"{self.name} refused power {command} ({complaint}); look at its own log.")


def _telling(answer: Answer) -> List[str]:
    """Return the lines that say what is wrong."""
    lines = [line.strip("> \t") for line in (*answer.error.splitlines(), *answer.output.splitlines())]
    return [line for line in lines if not _NOISE.search(line)]
