# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a host of each kind is shut down, as data; `remote` turns it into what is sent.

`tested` says whether it was run against such a host in this collection's lab. A preset that was not says so in the
plan and in the result, and where its commands are described.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Dict, Mapping, Optional, Tuple

SERVICE_SECONDS = 60.0
"""What a service has to stop in where nothing else is said; systemd itself waits 90 s before it kills."""
POSIX, POWERSHELL, PLAIN = "posix", "powershell", "plain"
_FACTS = ("name", "timeout", "command")
_SYSTEMD_STOP = "systemctl stop {service}"
_SYSTEMD_SERVICE = "systemctl show --property=LoadState,ActiveState --value {service}"
_BOOT_ID = "cat /proc/sys/kernel/random/boot_id"
_MACHINE_ID = "cat /etc/machine-id"


class KindError(Exception):
    """What the inventory says of a host's shutdown cannot be; the text says what to correct."""


@dataclass(frozen=True)
class Service:
    """One service, stopped before the host; ``timeout`` in seconds. Without a command ``name`` is a unit's name."""

    name: str
    timeout: float = SERVICE_SECONDS
    command: Optional[str] = None


@dataclass(frozen=True)
class Kind:
    """One kind of host.

    ``dialect`` is what its login understands: posix (a shell), powershell, or plain (one command at a time, which tells
    neither who the host is nor how it is). ``shut_down`` is None where no command can do it. ``detach`` says that the
    command takes the session with it and so is started a moment later. ``accepted`` are its good ends. ``state`` prints
    ``under_way`` while a shutdown is under way. ``service_stop`` and ``service_state`` have {service} in them; the
    latter prints two words, whether there is such a service and whether it runs. ``services`` are stopped after those
    of the site. ``confirmed`` says in words how it is known to be off, ``source`` where the commands are described.
    """

    name: str
    title: str
    tested: bool
    confirmed: str
    source: str
    dialect: str = POSIX
    shut_down: Optional[str] = None
    detach: bool = True
    accepted: Tuple[int, ...] = (0,)
    boot_id: Optional[str] = None
    machine_id: Optional[str] = None
    state: Optional[str] = None
    under_way: str = "stopping"
    service_stop: Optional[str] = None
    service_state: Optional[str] = None
    services: Tuple[Service, ...] = ()

    @property
    def caution(self) -> Optional[str]:
        """Return what the plan has to say of commands that were never run here."""
        if self.tested:
            return None
        return f"the commands for {self.title} come from {self.source} and were not tested here; try them on this host"


@dataclass(frozen=True)
class Guest:
    """How a hypervisor tells whether a guest is off: a command with {guest} in it, and what it prints then."""

    command: str
    off: str
    on: str
    tested: bool = False


_LINUX = Kind(
    name="linux",
    title="Linux with systemd",
    tested=True,
    confirmed="BMC, hypervisor or link of its switch port",
    source="systemctl(1)",
    shut_down="systemctl poweroff",
    boot_id=_BOOT_ID,
    machine_id=_MACHINE_ID,
    state="systemctl is-system-running",
    service_stop=_SYSTEMD_STOP,
    service_state=_SYSTEMD_SERVICE,
)

KINDS: Dict[str, Kind] = {
    each.name: each
    for each in (
        _LINUX,
        replace(
            _LINUX,
            name="libvirt",
            title="a libvirt hypervisor",
            tested=False,
            confirmed="BMC or link of its switch port",
            source="the manual of libvirt-guests (ON_SHUTDOWN=shutdown)",
            services=(Service("libvirt-guests.service", 300.0),),
        ),
        replace(
            _LINUX,
            name="proxmox",
            title="a Proxmox VE node",
            tested=False,
            confirmed="BMC or link of its switch port",
            source="the Proxmox VE administration guide (pve-guests stops all guests in their order)",
            services=(Service("pve-guests.service", 300.0),),
        ),
        Kind(
            name="esxi",
            title="VMware ESXi",
            tested=False,
            confirmed="BMC or link of its switch port",
            source="the ESXCLI reference (system shutdown poweroff, which needs the maintenance mode)",
            # It waits 10 s by itself, so that the answer still comes back.
            shut_down='esxcli system shutdown poweroff --delay=10 --reason="contingency plan"',
            detach=False,
            machine_id="esxcli system uuid get",
            services=(
                Service(
                    "guests",
                    300.0,
                    "for guest in $(vim-cmd vmsvc/getallvms | awk '$1 ~ /^[0-9]+$/ {print $1}'); do "
                    "vim-cmd vmsvc/power.getstate $guest | grep -q 'Powered on' && "
                    "vim-cmd vmsvc/power.shutdown $guest; "
                    "done; while esxcli vm process list | grep -q .; do sleep 2; done",
                ),
                Service("maintenance mode", 120.0, "esxcli system maintenanceMode set --enable true"),
            ),
        ),
        Kind(
            name="windows",
            title="Windows with OpenSSH",
            tested=False,
            confirmed="BMC, hypervisor or link of its switch port",
            source="Microsoft's reference of shutdown.exe (reason U 6:12 is a power failure)",
            dialect=POWERSHELL,
            # Windows itself waits 3 s; 1115 is ERROR_SHUTDOWN_IN_PROGRESS, 1190 ERROR_SHUTDOWN_IS_SCHEDULED.
            shut_down="shutdown.exe /s /t 3 /d u:6:12 /c contingency",
            detach=False,
            accepted=(0, 1115, 1190),
            boot_id="(Get-CimInstance Win32_OperatingSystem).LastBootUpTime.ToFileTimeUtc()",
            machine_id="(Get-CimInstance Win32_ComputerSystemProduct).UUID",
            service_stop="Stop-Service -Force -Name '{service}'",
            service_state="$s = Get-Service -ErrorAction SilentlyContinue -Name '{service}'; if (-not $s) "
            "{ 'not-found inactive' } elseif ($s.Status -eq 'Stopped') { 'loaded inactive' } else { 'loaded active' }",
        ),
        Kind(
            name="storage",
            title="a storage system",
            tested=False,
            confirmed="BMC or link of its switch port",
            source="its maker's manual; there is no command that fits all, so shutdown_command has to say it",
            dialect=PLAIN,
            detach=False,
        ),
        Kind(
            name="switch",
            title="a switch",
            tested=False,
            confirmed="link of the neighbor's port",
            source="its maker's manual; most have no such command, and go off with their power",
            dialect=PLAIN,
            detach=False,
        ),
        replace(
            _LINUX,
            name="controller",
            title="the controller itself",
            confirmed="nobody: it is the last one, and cannot see itself off",
        ),
    )
}
"""Sources beside the names: VMware's and Microsoft's public references, systemd's and libvirt's manual pages."""

GUESTS: Dict[str, Guest] = {
    "libvirt": Guest("virsh domstate {guest}", off=r"^shut off", on=r"^(running|idle|paused|in shutdown|pmsuspended)"),
    "proxmox": Guest("qm status {guest}", off=r"^status: stopped", on=r"^status: (running|paused)"),
    "esxi": Guest("vim-cmd vmsvc/power.getstate {guest}", off=r"^Powered off", on=r"^(Powered on|Suspended)"),
}
"""What each hypervisor calls a guest that is off; a word that is in neither is unknown."""


def kind_named(name: str, command: Optional[str] = None) -> Kind:
    """Return the kind of that name, with the site's own command in place of the preset's; KindError where unknown."""
    if name not in KINDS:
        raise KindError(f"shutdown_kind cannot be {name!r}; it is one of {', '.join(KINDS)}.")
    kind = KINDS[name]
    return replace(kind, shut_down=command) if command else kind


def services_from(described: Any, kind: Kind) -> Tuple[Service, ...]:
    """Return what is to be stopped, in order: the site's services, then those that the kind brings along.

    ``described`` is a list of names or of {name, timeout, command}; KindError names the entry that cannot be.
    """
    entries = described if described is not None else []
    if not isinstance(entries, (list, tuple)):
        raise KindError(f"shutdown_services is {entries!r}; write a list of names or of {{name, timeout, command}}.")
    own = [_service(entry) for entry in entries]
    if own and kind.dialect == PLAIN:
        raise KindError(
            f"Services cannot be stopped on {kind.title}: it takes one command; leave shutdown_services out."
        )
    for service in own:
        if service.command is None and kind.service_stop is None:
            raise KindError(
                f"The service {service.name} cannot be stopped by its name on {kind.title}; give it a command."
            )
    names = {service.name for service in own}
    return (*own, *(service for service in kind.services if service.name not in names))


def _service(entry: Any) -> Service:
    given: Mapping[str, Any] = {"name": entry} if isinstance(entry, str) else entry
    if not isinstance(given, Mapping) or not given.get("name"):
        raise KindError(f"A service in shutdown_services is {entry!r}; write its name, or {{name, timeout, command}}.")
    unknown = sorted(set(given) - set(_FACTS))
    if unknown:
        raise KindError(f"The service {given['name']} has no {', '.join(unknown)}; it has {', '.join(_FACTS)}.")
    name, command = str(given["name"]), given.get("command")
    if command is None and not re.fullmatch(r"[\w@.:\\ \-]+", name):
        raise KindError(f"{name!r} is not the name of a service; correct shutdown_services.")
    return Service(name, _seconds(name, given.get("timeout", SERVICE_SECONDS)), str(command) if command else None)


def _seconds(name: str, value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = 0.0
    if not 0 < seconds < 86400:
        raise KindError(f"The timeout of the service {name} is {value!r}; write seconds above 0.")
    return seconds
