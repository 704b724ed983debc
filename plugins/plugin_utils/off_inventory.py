# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory and the options of host_shutdown say of one host, as what `host_off.shut_down` works with."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.contingency.infra.plugins.module_utils._power.control import PowerControl, open_control
from ansible_collections.contingency.infra.plugins.module_utils._power.model import Bmc, PowerError
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.kinds import (
    GUESTS,
    Guest,
    KindError,
    kind_named,
    services_from,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.durations import FILE, Durations
from ansible_collections.contingency.infra.plugins.plugin_utils.evidence import plain
from ansible_collections.contingency.infra.plugins.plugin_utils.machine import own_identity
from ansible_collections.contingency.infra.plugins.plugin_utils.off_host import HostToShut, Means
from ansible_collections.contingency.infra.plugins.plugin_utils.off_words import (
    HypervisorWitness,
    LinkWitness,
    Machine,
    Witness,
)

DEFAULTS: dict[str, Any] = {
    "kind": "linux",
    "timeout": 300.0,
    "force": True,
    "force_timeout": 30.0,
    "login_timeout": 30.0,
}
FROM_INVENTORY = (*DEFAULTS, "services", "command", "bmc", "confirm")
"""Each is an option of host_shutdown, and with shutdown_ before it a variable of the host."""
VARIABLES = (*(f"shutdown_{name}" for name in FROM_INVENTORY), "standby_bmc")
_HYPERVISOR = ("host", "guest", "kind", "command", "off", "on")
_LINK = ("switch", "port")


def settings_from(arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that were given, else the host's variables, else the defaults; for the BMC standby_bmc."""
    found = {}
    for name in FROM_INVENTORY:
        values = (arguments.get(name), variables.get(f"shutdown_{name}"), DEFAULTS.get(name))
        found[name] = plain(next((value for value in values if value is not None), None))
    if found["bmc"] is None:
        found["bmc"] = plain(variables.get("standby_bmc"))
    return found


def host_to_shut(name: str, settings: Mapping[str, Any]) -> HostToShut:
    """Return what is to be done; AnsibleActionFail names what cannot be."""
    try:
        kind = kind_named(str(settings["kind"]), settings["command"])
        services = services_from(settings["services"], kind)
    except KindError as error:
        raise AnsibleActionFail(f"{name}: {error}") from error
    return HostToShut(
        name=name,
        kind=kind,
        services=services,
        timeout=_seconds(name, settings, "timeout"),
        force_timeout=_seconds(name, settings, "force_timeout"),
        force=str(settings["force"]).lower() in ("true", "yes", "1"),
        login_seconds=_seconds(name, settings, "login_timeout"),
    )


def means_of(
    name: str,
    settings: Mapping[str, Any],
    machine: Machine | None,
    login: Callable[[str], Machine],
    hostvars: Mapping[str, Any],
    durations: Durations | None,
) -> Means:
    """Return with what it is done. ``login`` makes the login to a hypervisor by its name in the inventory.

    To be called in the main thread: variables are read and plugins are loaded here.
    """
    return Means(
        machine=machine,
        own=own_identity(),
        power=power_of(name, settings["bmc"]),
        witnesses=witnesses_of(name, settings["confirm"] or {}, login, hostvars),
        durations=durations,
    )


def power_of(name: str, described: Any) -> PowerControl | None:
    """Return the BMC; None where there is none that can switch off and tell the state, as with Wake-on-LAN."""
    if not described:
        return None
    if not isinstance(described, Mapping):
        raise AnsibleActionFail(f"{name}: shutdown_bmc or standby_bmc is not a dictionary; write protocol, host, user.")
    try:
        control = open_control(Bmc.from_dict(described))
    except PowerError as error:
        raise AnsibleActionFail(f"{name}: shutdown_bmc or standby_bmc cannot be used: {error}") from error
    return control if control.limitation("forced_off") is None else None


def witnesses_of(
    name: str, confirm: Any, login: Callable[[str], Machine], hostvars: Mapping[str, Any]
) -> list[Witness]:
    """Return who is asked after the BMC: the hypervisor, then the port of the switch."""
    if not isinstance(confirm, Mapping) or set(confirm) - {"hypervisor", "link"}:
        raise AnsibleActionFail(
            f"{name}: shutdown_confirm is {confirm!r}; write hypervisor: {{host, kind, guest}} or "
            "link: {switch, port}."
        )
    found: list[Witness] = []
    if confirm.get("hypervisor"):
        found.append(
            _hypervisor(name, _checked(name, "hypervisor", confirm["hypervisor"], _HYPERVISOR), login, hostvars)
        )
    if confirm.get("link"):
        found.append(_link(name, _checked(name, "link", confirm["link"], _LINK), hostvars))
    return found


def durations_from(durations_file: str | None, evidence_dir: str | None) -> Durations:
    """Return the file of durations: the one that is named, else one in the directory of the evidence."""
    directory = evidence_dir or "~/contingency/evidence"
    return Durations(os.path.expanduser(durations_file or os.path.join(directory, FILE)))


def secrets_of(settings: Mapping[str, Any]) -> list[str]:
    """Return what must not be in a result."""
    password = (settings["bmc"] or {}).get("password")
    return [str(password)] if password else []


def _checked(name: str, method: str, described: Any, known: tuple[str, ...]) -> Mapping[str, Any]:
    if isinstance(described, Mapping) and not set(described) - set(known):
        return described
    raise AnsibleActionFail(f"{name}: {method} of shutdown_confirm is {described!r}; it has {', '.join(known)}.")


def _hypervisor(
    name: str, described: Mapping[str, Any], login: Callable[[str], Machine], hostvars: Mapping[str, Any]
) -> Witness:
    where = str(described.get("host") or "")
    if where not in hostvars:
        raise AnsibleActionFail(f"{name}: the hypervisor {where!r} is not in the inventory; correct shutdown_confirm.")
    return HypervisorWitness(login(where), str(described.get("guest") or name), _guest(name, described))


def _guest(name: str, described: Mapping[str, Any]) -> Guest:
    """Return the site's own command with its words, else the preset of the hypervisor's kind."""
    own = [described.get(each) for each in ("command", "off", "on")]
    if not any(own):
        kind = str(described.get("kind") or "libvirt")
        if kind not in GUESTS:
            raise AnsibleActionFail(f"{name}: kind of hypervisor is {kind!r}; use {', '.join(GUESTS)}, or a command.")
        return GUESTS[kind]
    if not all(own):
        raise AnsibleActionFail(f"{name}: command, off and on of hypervisor go together; set what is missing.")
    for pattern in own[1:]:
        try:
            re.compile(str(pattern))
        except re.error as error:
            raise AnsibleActionFail(f"{name}: {pattern!r} is not a regular expression ({error}).") from error
    return Guest(str(own[0]), off=str(own[1]), on=str(own[2]))


def _link(name: str, described: Mapping[str, Any], hostvars: Mapping[str, Any]) -> Witness:
    switch, port = str(described.get("switch") or ""), str(described.get("port") or "")
    if switch not in hostvars or not port:
        raise AnsibleActionFail(f"{name}: link of shutdown_confirm needs a switch of the inventory and a port of it.")
    # Not at the top: Netmiko costs 0.2 s to load, and most hosts have a BMC.
    from ansible_collections.contingency.infra.plugins.plugin_utils.switch_port import LinkReader

    reader = LinkReader(switch, port, hostvars[switch])
    return LinkWitness(reader.read, f"port {port} of {switch}", close=reader.close)


def _seconds(name: str, settings: Mapping[str, Any], option: str) -> float:
    try:
        seconds = float(settings[option])
    except (TypeError, ValueError):
        seconds = 0.0
    if not 0 < seconds < 86400:
        raise AnsibleActionFail(f"{name}: {option} is {settings[option]!r}; write seconds above 0.")
    return seconds
