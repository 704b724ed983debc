# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a staged shutdown reads and acts through at a real site: its UPSes, its hosts, its screen."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.contingency.infra.plugins.module_utils._host.run import TIMED_OUT
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.sentences import progress_told
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.store import FAILED, OFF, Moment
from ansible_collections.contingency.infra.plugins.module_utils._ups.reading import no_reading
from ansible_collections.contingency.infra.plugins.module_utils._ups.source import read_all, usable
from ansible_collections.contingency.infra.plugins.plugin_utils import off_inventory
from ansible_collections.contingency.infra.plugins.plugin_utils.durations import Durations
from ansible_collections.contingency.infra.plugins.plugin_utils.host_off import shut_down
from ansible_collections.contingency.infra.plugins.plugin_utils.machine import ConnectionMachine
from ansible_collections.contingency.infra.plugins.plugin_utils.off_host import HostToShut
from ansible_collections.contingency.infra.plugins.plugin_utils.off_words import NoLogin
from ansible_collections.contingency.infra.plugins.plugin_utils.outage_run import NOT_SAVED, SAVED, Outcome
from ansible_collections.contingency.infra.plugins.plugin_utils.shutdown_site import (
    Save,
    SwitchSave,
    saves_of,
    switch_saves_of,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.startup import starting

Work = Callable[[], Outcome]
SWITCH_FILES = "switches"
"""Directory beside the report of the outage that has one for each switch."""
NO_SOURCE = "no source in ups_sources reads it; add one, or correct the name"
SWITCH_SECRETS = (
    *("ansible_password", "ansible_ssh_password", "ansible_ssh_pass", "ansible_ssh_private_key_passphrase"),
    *("ansible_become_password", "ansible_become_pass"),
)


class SiteWorld:
    """The site of an inventory. ``settings`` of each host are read once, while nothing has been touched yet."""

    def __init__(
        self,
        hosts: Sequence[str],
        hostvars: Mapping[str, Any],
        sources: Sequence[Mapping[str, Any]],
        timeout: float,
        durations: Durations,
        show: Callable[[str], None],
        switches: Sequence[str] = (),
        dest: str = "",
        upses: Sequence[Mapping[str, Any]] = (),
        language: str = "en",
    ) -> None:
        self._hostvars = hostvars
        self._language = language
        self._sources = sources
        self._unread = unread(upses, sources)
        self._timeout = timeout
        self._durations = durations
        self._show = show
        self._settings: dict[str, dict[str, Any]] = {}
        self._hosts: dict[str, HostToShut] = {}
        self._refused = {host: why for host in hosts if (why := self._usable(host))}
        self._saves = {save.name: save for host in hosts for save in saves_of(host, hostvars[host])}
        self._switch_saves = {save.name: save for save in switch_saves_of(hosts, switches, hostvars)}
        self._switch_files = os.path.join(dest, SWITCH_FILES)
        self._give_up: dict[str, Callable[[], None]] = {}

    def _usable(self, host: str) -> str | None:
        """Read how the host is shut down; return why it cannot be, which keeps no other host on, or None."""
        try:
            settings = off_inventory.settings_from({}, _shutdown_variables(self._hostvars[host]))
            self._hosts[host] = off_inventory.host_to_shut(host, settings)
            self._settings[host] = settings
        except AnsibleError as error:
            said = str(error.message).rstrip(".")
            return f"{said if said.startswith(host) else f'{host}: {said}'}."
        return None

    @property
    def refused(self) -> list[str]:
        """Why hosts cannot be shut down or started by what the inventory says of them, as sentences."""
        return list(self._refused.values())

    @property
    def secrets(self) -> set[str]:
        """What must not be shown."""
        of_hosts = {secret for settings in self._settings.values() for secret in off_inventory.secrets_of(settings)}
        switches = [self._hostvars[save.switch] for save in self._switch_saves.values()]
        return of_hosts | {str(each[name]) for each in switches for name in SWITCH_SECRETS if each.get(name)}

    def now(self) -> Moment:
        return Moment.now()

    def read(self, previous: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        # Looked at again each time: a file of certificates may be gone meanwhile.
        sources, wrong = usable(self._sources)
        found = read_all(sources, self._timeout, previous) if sources else []
        silent = {**dict.fromkeys(self._unread, NO_SOURCE), **wrong}
        found += [no_reading(name, "none", why, time.time()) for name, why in silent.items()]
        return [reading.as_dict() for reading in found]

    def say(self, line: str) -> None:
        self._show(f"{time.strftime('%H:%M:%S')}  {progress_told(line, self._language)}")

    def order(self, node: Mapping[str, Any], hurried: bool) -> Work:
        """Return the work of one node; what the inventory says wrongly of it is its own failure, told by the work."""
        name = node["name"]
        if name in self._refused:
            return self._not_begun(name, self._refused[name])
        try:
            if name in self._switch_saves:
                return self._saving_switch(self._switch_saves[name])
            return self._saving(self._saves[name]) if name in self._saves else self._shutting(name)
        except AnsibleError as error:
            return self._not_begun(name, str(error.message))

    def _not_begun(self, name: str, why: str) -> Work:
        refused = Outcome(name, FAILED, "not begun", 0.0, why)
        return lambda: refused

    def give_up(self, name: str) -> None:
        """Let go of the save of a switch. Any other work of a node ends by its own time-out, and harms nothing."""
        self._give_up.get(name, lambda: None)()

    def _shutting(self, host: str) -> Work:
        machine = ConnectionMachine(host, self._hostvars[host])
        means = off_inventory.means_of(
            host,
            self._settings[host],
            machine,
            lambda other: ConnectionMachine(other, self._hostvars[other]),
            self._hostvars,
            self._durations,
        )
        return lambda: _outcome(host, shut_down(self._hosts[host], means))

    def start(self, node: Mapping[str, Any]) -> Work:
        """Return the work that has one host on and healthy; what the inventory says wrongly is its own failure."""
        name = node["name"]
        if name in self._refused:
            return self._not_begun(name, self._refused[name])
        try:
            return starting(name, self._settings[name]["bmc"], self._hostvars[name])
        except AnsibleError as error:
            return self._not_begun(name, str(error.message))

    def _saving_switch(self, save: SwitchSave) -> Work:
        # Not at the top: Netmiko costs 0.2 s to load, and most runs save no switch.
        from ansible_collections.contingency.infra.plugins.plugin_utils import switch_save

        try:
            saver = switch_save.saver_of(save.switch, self._hostvars[save.switch], self._switch_files, save.timeout)
        except switch_save.SwitchError as error:
            refused = Outcome(save.name, FAILED, NOT_SAVED, 0.0, error.message)
            return lambda: refused
        self._give_up[save.name] = saver.give_up
        return lambda: switch_save.outcome(save.name, saver)

    def _saving(self, save: Save) -> Work:
        machine = ConnectionMachine(save.host, self._hostvars[save.host])
        return lambda: _saved(save, machine)


def unread(upses: Sequence[Mapping[str, Any]], sources: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of the UPSes of the site that no source reads: nobody knows whether they have mains."""
    read = {source.get("name") for source in sources}
    return [str(ups["name"]) for ups in upses if ups.get("name") and ups["name"] not in read]


def _shutdown_variables(variables: Mapping[str, Any]) -> dict[str, Any]:
    return {name: variables[name] for name in off_inventory.VARIABLES if name in variables}


def _outcome(name: str, result: Mapping[str, Any]) -> Outcome:
    """Return the outcome of a host by the result of host_shutdown: it is off only where that was confirmed."""
    seconds = float(result["seconds"]["total"])
    if result["state"] == "off" and not result["failed"]:
        return Outcome(name, OFF, f"off ({result['how']}, by {result['confirmed_by']})", seconds)
    if result["kind"] == "controller" and not result["failed"]:
        # The last one: it goes a moment later, and nobody is left to see it.
        return Outcome(name, OFF, "shuts down now", seconds)
    return Outcome(name, FAILED, "NOT confirmed off", seconds, str(result["msg"]))


def _saved(save: Save, machine: ConnectionMachine) -> Outcome:
    started = time.monotonic()
    try:
        answer = machine.run(save.command, save.timeout)
    except NoLogin as error:
        return Outcome(save.name, FAILED, NOT_SAVED, time.monotonic() - started, str(error))
    finally:
        machine.close()
    seconds = time.monotonic() - started
    if answer.status == 0:
        return Outcome(save.name, OFF, SAVED, seconds)
    why = f"not ended within {save.timeout:g} s" if answer.status == TIMED_OUT else answer.complaint
    return Outcome(save.name, FAILED, NOT_SAVED, seconds, why)
