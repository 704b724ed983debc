# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redfish, spoken directly: read the system, ask for a reset type, read again."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from .control import PowerControl
from .model import Bmc, BmcRefused, PowerState
from .web import Web

_SYSTEMS = "/redfish/v1/Systems"
_STATES = {"on": PowerState.ON, "off": PowerState.OFF}
# By preference. PushPowerButton and the restarts are not among them: what they end in depends on what was before.
_RESET_TYPES = {"on": ("On", "ForceOn"), "graceful_off": ("GracefulShutdown",), "forced_off": ("ForceOff",)}


class RedfishControl(PowerControl):
    """A machine behind a BMC that speaks Redfish."""

    def __init__(self, bmc: Bmc, web: Optional[Web] = None) -> None:
        super().__init__(str(bmc), bmc.timeout)
        self._bmc = bmc
        self._web = web or Web(bmc, self.name)
        self._path = ""
        self._system: Dict[str, Any] = {}

    def state(self) -> PowerState:
        """Return on or off only where the system says exactly that: on its way, or paused, is unknown."""
        path = self._path or self._find()
        reply = self._web.get(path, self.patience)
        if reply.status == 404:
            raise BmcRefused(self._no_such_system(path))
        if "PowerState" not in reply.body:
            raise BmcRefused(f"{self.name} does not tell PowerState of {path}; check system_id.")
        self._path = path
        self._system = reply.body
        return _STATES.get(str(reply.body["PowerState"]).lower(), PowerState.UNKNOWN)

    def request(self, action: str) -> None:
        if not self._system:
            self.state()
        reason = self.limitation(action)
        if reason is not None:
            raise BmcRefused(reason)
        reset_type = next(name for name in _RESET_TYPES[action] if not self._allowed or name in self._allowed)
        self._web.post(self._target, {"ResetType": reset_type}, self.patience)

    def limitation(self, action: str) -> Optional[str]:
        wanted = _RESET_TYPES[action]
        if not self._system or not self._allowed or set(wanted) & set(self._allowed):
            return None
        return (
            f"{self.name} does not offer the reset type {' or '.join(wanted)} for {self._path} "
            f"(it offers {', '.join(self._allowed)}); switch the machine with the BMC's own means."
        )

    def close(self) -> None:
        self._web.close()

    @property
    def _reset(self) -> Dict[str, Any]:
        actions = self._system.get("Actions")
        reset = actions.get("#ComputerSystem.Reset") if isinstance(actions, dict) else None
        return reset if isinstance(reset, dict) else {}

    @property
    def _target(self) -> str:
        return str(self._reset.get("target") or f"{self._path}/Actions/ComputerSystem.Reset")

    @property
    def _allowed(self) -> List[str]:
        allowed = self._reset.get("ResetType@Redfish.AllowableValues")
        return [str(name) for name in allowed] if isinstance(allowed, list) else []

    def _find(self) -> str:
        """Return the path of the system that is meant."""
        if self._bmc.system_id:
            wanted = self._bmc.system_id
            return wanted.rstrip("/") if wanted.startswith("/") else f"{_SYSTEMS}/{wanted}"
        members = self._members()
        if len(members) == 1:
            return members[0]
        if not members:
            raise BmcRefused(f"{self.name} has no system; check that host is a server's BMC.")
        raise BmcRefused(
            f"{self.name} has several systems ({', '.join(map(_last, members))}); set system_id to the one that is "
            "meant."
        )

    def _members(self) -> List[str]:
        reply = self._web.get(_SYSTEMS, self.patience)
        found = reply.body.get("Members")
        if reply.status == 404 or not isinstance(found, list):
            raise BmcRefused(f"{self.name} has no {_SYSTEMS}: it does not speak Redfish; check host and port.")
        paths = [str(member.get("@odata.id") or "").rstrip("/") for member in found if isinstance(member, dict)]
        return [path for path in paths if path]

    def _no_such_system(self, path: str) -> str:
        found = ", ".join(map(_last, self._members())) or "none"
        return f"{self.name} has no system {_last(path)} (it has {found}); correct system_id."


def _last(path: str) -> str:
    return path.rsplit("/", 1)[-1]
