# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the power area talks about: the BMC, the states, what was done, and what can go wrong."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from enum import Enum
from typing import Any, Callable, Dict, List, Mapping, Optional

PROTOCOLS = ("ipmi", "redfish", "wake_on_lan")


class PowerState(str, Enum):
    """Whether a machine has power, as its BMC says; ``unknown`` is not off."""

    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Outcome:
    """What was done and seen.

    ``confirmed_at`` is the time (epoch) of the reading that showed the wanted state; None where nothing can be read,
    as with Wake-on-LAN without a probe.
    """

    changed: bool
    before: PowerState
    after: PowerState
    steps: List[str] = field(default_factory=list)
    confirmed_at: Optional[float] = None
    seconds: float = 0.0

    @property
    def confirmed(self) -> bool:
        return self.confirmed_at is not None

    def as_dict(self) -> Dict[str, Any]:
        return {**asdict(self), "before": self.before.value, "after": self.after.value, "confirmed": self.confirmed}


class PowerError(Exception):
    """Something about a machine's power could not be done; ``message`` is one sentence that says how to get on.

    ``outcome`` is what had been done until then, where an ``ensure_`` function was at work.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.outcome: Optional[Outcome] = None


class BmcUnreachable(PowerError):
    """Nothing answers."""


class BmcLoginFailed(PowerError):
    """The BMC answers and does not let us in."""


class BmcRefused(PowerError):
    """The BMC, or the protocol, cannot or will not do what was asked."""


class BmcBusy(BmcRefused):
    """The BMC asks to come back later."""


class NotConfirmed(PowerError):
    """It was asked for, and until the time-out nothing showed that it happened."""


@dataclass(frozen=True)
class Bmc:
    """How to reach a machine's BMC, or how to wake the machine.

    ``timeout`` is what a BMC that does not answer may cost, in seconds. ``broadcast`` and ``interface`` say where the
    Wake-on-LAN packet goes, and ``probe`` (address:port) shows that the machine is on. ``ipmitool`` is the program, by
    its path where it is not in an ordinary place.
    """

    protocol: str
    host: Optional[str] = None
    port: Optional[int] = None
    user: Optional[str] = None
    password: Optional[str] = field(default=None, repr=False)
    cipher_suite: int = 3
    verify_tls: bool = True
    ca_file: Optional[str] = None
    system_id: Optional[str] = None
    mac: Optional[str] = None
    broadcast: Optional[str] = None
    interface: Optional[str] = None
    probe: Optional[str] = None
    ipmitool: str = "ipmitool"
    timeout: float = 5.0

    def __post_init__(self) -> None:
        if self.protocol not in PROTOCOLS:
            raise PowerError(f"{self.protocol!r} is not a BMC's protocol; use one of {', '.join(PROTOCOLS)}.")
        needed = ("mac",) if self.protocol == "wake_on_lan" else ("host", "user", "password")
        missing = [name for name in needed if not getattr(self, name)]
        if missing:
            raise PowerError(f"The {self.protocol} BMC's {' and '.join(missing)} must be given; set what is missing.")
        if self.timeout <= 0:
            raise PowerError(f"The BMC's timeout is {self.timeout:g} s; set one above 0.")

    @classmethod
    def from_dict(cls, mapping: Mapping[str, Any]) -> Bmc:
        """Return the BMC that options or an inventory variable describe; values may be text, None counts as absent."""
        known = {item.name for item in fields(cls)}
        unknown = sorted(set(mapping) - known)
        if unknown:
            raise PowerError(f"A BMC has no {', '.join(map(str, unknown))}; it has {', '.join(sorted(known))}.")
        given = {name: _typed(name, value) for name, value in mapping.items() if value is not None}
        return cls(**{"protocol": "", **given})

    def __str__(self) -> str:
        """Name it as error messages do."""
        if self.protocol == "wake_on_lan":
            return f"Wake-on-LAN of {self.mac}"
        return f"The BMC {self.host}" + (f":{self.port}" if self.port else "")


_TYPES: Dict[str, Callable[[str], Any]] = {"port": int, "cipher_suite": int, "timeout": float}
_TRUTHS = {"true": True, "yes": True, "1": True, "on": True, "false": False, "no": False, "0": False, "off": False}


def _typed(name: str, value: Any) -> Any:
    text = str(value)
    try:
        if name == "verify_tls":
            return _TRUTHS[text.lower()]
        return _TYPES.get(name, str)(text)
    except (KeyError, ValueError):
        raise PowerError(f"The BMC's {name} cannot be {text!r}; correct it.") from None
