# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bonds of Open vSwitch, through ovs-appctl and ovs-vsctl."""

from __future__ import annotations

import json
import re
import signal

from ansible_collections.contingency.infra.plugins.module_utils._host.announce import announcement
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.bond import Bond
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.host import Answer, Host
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.model import (
    BondNotFound,
    BondState,
    Change,
    Member,
    ServerUplinkError,
)

MEMBER = re.compile(r"^(?:member|slave) (?P<name>\S+): (?P<state>\S+)$")
ACTIVE = re.compile(r"^\s+active (?:member|slave)$")
SETTING = re.compile(r"^(?P<key>[a-z][A-Za-z _-]*): (?P<value>.*)$")
SECONDS = 5
APPCTL = ("ovs-appctl", f"--timeout={SECONDS}")
VSCTL = ("ovs-vsctl", f"--timeout={SECONDS}")
ENDED_BY_ITS_TIMEOUT = -signal.SIGALRM


class BondShow:
    """What ``ovs-appctl bond/show`` says, in the words of OVS before and after 2.15."""

    def __init__(self, text: str) -> None:
        self.settings: dict[str, str] = {}
        self.members: list[tuple[str, bool]] = []
        self.active: str | None = None
        for line in text.splitlines():
            self._line(line)
        self.old_words = "active slave mac" in self.settings

    def _line(self, line: str) -> None:
        member = MEMBER.match(line)
        setting = SETTING.match(line)
        if member:
            self.members.append((member.group("name"), member.group("state") == "enabled"))
        elif ACTIVE.match(line) and self.members:
            self.active = self.members[-1][0]
        elif setting and not self.members:
            self.settings[setting.group("key")] = setting.group("value").strip()

    @property
    def primary(self) -> str | None:
        words = self.settings.get("active-backup primary", "<none>").split()
        return None if words[0] == "<none>" else words[0]

    @property
    def lacp(self) -> str:
        return self.settings.get("lacp_status", "off")


class OpenVswitchBond(Bond):
    """A bond port of an Open vSwitch bridge."""

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self._verb = "set-active-member"

    def read(self) -> BondState:
        if not self.host.has_program("ovs-appctl"):
            raise BondNotFound("Open vSwitch is not on this host")
        show = BondShow(self._show())
        mode = show.settings.get("bond_mode")
        if mode is None:
            raise ServerUplinkError(
                f"ovs-appctl bond/show {self.name} printed no bond_mode, so the state of the bond is unknown; run "
                "it by hand."
            )
        self._verb = "set-active-slave" if show.old_words else "set-active-member"
        return BondState(
            name=self.name,
            kind="openvswitch",
            mode=mode,
            up=True,
            active=show.active,
            members=tuple(self._member(name, enabled, show.lacp) for name, enabled in show.members),
            primary=show.primary,
            primary_reselect=None if show.primary is None else "always",
        )

    def command(self, change: Change) -> str:
        return " ".join(self._words(change))

    def apply(self, change: Change) -> None:
        answer = self.host.run(self._words(change))
        if answer.status == ENDED_BY_ITS_TIMEOUT:
            raise ServerUplinkError(self._no_answer(answer))
        if answer.status:
            raise ServerUplinkError(
                f"Open vSwitch refused `{self.command(change)}` ({answer.complaint}); look at ovs-appctl "
                f"bond/show {self.name}."
            )

    def announce(self) -> None:
        bridge = self._vsctl("br-to-parent", self._vsctl("port-to-br", self.name))
        for device in [bridge, *self._vsctl("list-ports", bridge).split()]:
            for mac, address in self._addresses(device):
                self._send(device, mac, address)

    def _addresses(self, device: str) -> list[tuple[str, str]]:
        """The hardware and IP addresses that a device has in this host; none where it has no such device."""
        answer = self.host.run(["ip", "-json", "addr", "show", "dev", device])
        links = json.loads(answer.output or "[]") if not answer.status else []
        return [(link["address"], info["local"]) for link in links for info in link["addr_info"]]

    def _send(self, device: str, mac: str, address: str) -> None:
        try:
            self.host.send_frame(device, announcement(mac, address))
        except OSError as error:
            raise ServerUplinkError(
                f"{address} could not be announced on {device} ({error.strerror}); run the task as root (become: true)."
            ) from error

    def carries(self, device: str) -> bool:
        bridge = self._vsctl("br-to-parent", self._vsctl("port-to-br", self.name))
        return any(self._bridge_of(name) == bridge for name in self._with_lower(device))

    def _words(self, change: Change) -> list[str]:
        if change.setting == "primary":
            return [*VSCTL, "set", "port", self.name, f"other_config:bond-primary={change.member}"]
        return [*APPCTL, f"bond/{self._verb}", self.name, change.member]

    def _show(self) -> str:
        answer = self.host.run([*APPCTL, "bond/show", self.name])
        if answer.status == 0:
            return answer.output
        if "no such bond" in answer.error:
            raise BondNotFound(f"Open vSwitch has no bond {self.name}")
        raise ServerUplinkError(self._no_answer(answer))

    def _no_answer(self, answer: Answer) -> str:
        if answer.status == ENDED_BY_ITS_TIMEOUT:
            return (
                f"Open vSwitch did not answer within {SECONDS} s, so the state of {self.name} is unknown; look at "
                "ovs-vswitchd and its log, and restart it where it hangs."
            )
        return (
            f"Open vSwitch does not answer, so the state of {self.name} is unknown ({answer.complaint}); start "
            "it, or set OVS_RUNDIR where it runs elsewhere, and be root (become: true)."
        )

    def _member(self, name: str, enabled: bool, lacp: str) -> Member:
        return Member(
            name=name,
            carrier=self._has_carrier(name),
            enabled=enabled,
            aggregated=None if lacp == "off" else lacp == "negotiated" and enabled,
        )

    def _has_carrier(self, name: str) -> bool:
        """As the kernel sees it; Open vSwitch's own column may lag, and is asked only where the kernel cannot tell."""
        state = self.host.read(f"/sys/class/net/{name}/operstate")
        if state in ("up", "down", "lowerlayerdown", "notpresent"):
            return state == "up"
        return self._vsctl("get", "interface", name, "link_state") == "up"

    def _vsctl(self, *words: str) -> str:
        answer = self.host.run([*VSCTL, *words])
        if answer.status:
            raise ServerUplinkError(self._no_answer(answer))
        return answer.output.strip()

    def _bridge_of(self, device: str) -> str:
        """The bridge that a device is a port of, or whose own port it is; empty where there is none."""
        return self._ask("br-to-parent", self._ask("iface-to-br", device) or device)

    def _ask(self, *words: str) -> str:
        answer = self.host.run([*VSCTL, *words])
        return "" if answer.status else answer.output.strip()

    def _with_lower(self, device: str) -> list[str]:
        found = [device]
        for name in self.host.names("/sys/class/net/" + device):
            if name.startswith("lower_"):
                found += self._with_lower(name[len("lower_") :])
        return found
