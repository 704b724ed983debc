# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One switch before its power goes: its log and configuration into files, and what is unsaved saved on itself."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from concurrent.futures import wait
from typing import Any

from ansible.module_utils.common.parameters import remove_values
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.store import FAILED, OFF
from ansible_collections.contingency.infra.plugins.module_utils._switch.connect import HAS_NETMIKO
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import CommandRejected, SwitchError
from ansible_collections.contingency.infra.plugins.module_utils._switch.info import texts_beside
from ansible_collections.contingency.infra.plugins.module_utils._switch.keep import Kept, keep
from ansible_collections.contingency.infra.plugins.module_utils._switch.lock import only_run
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.base import Platform
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import platform_named
from ansible_collections.contingency.infra.plugins.module_utils._switch.session import Session
from ansible_collections.contingency.infra.plugins.module_utils._switch.target import Target
from ansible_collections.contingency.infra.plugins.plugin_utils.aside import begun
from ansible_collections.contingency.infra.plugins.plugin_utils.outage_run import NOT_SAVED, SAVED, Outcome
from ansible_collections.contingency.infra.plugins.plugin_utils.switch_action import (
    LOCKS,
    Variables,
    platform_name,
    target_from,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.switch_files import store_texts

__all__ = ["SwitchError", "SwitchSaver", "outcome", "saver_of"]
KEEP = 30
LOCK_SECONDS = 10.0


def saver_of(switch: str, inventory: Mapping[str, Any], dest: str, timeout: float) -> SwitchSaver:
    """Return the saver of a switch of the inventory; SwitchError names what is wrong there."""
    if not HAS_NETMIKO:
        raise SwitchError(switch, "the Python library netmiko is missing here; install what requirements.txt names")
    variables = Variables(switch, inventory)
    platform = platform_named(switch, platform_name(variables, {}))
    return SwitchSaver(target_from(variables, {}), platform, dest, timeout, LOCKS)


def outcome(name: str, saver: SwitchSaver) -> Outcome:
    """Do the save of the node ``name``; raises nothing for what the switch does."""
    started = time.monotonic()
    try:
        kept = saver.save()
    except SwitchError as error:
        return Outcome(name, FAILED, NOT_SAVED, time.monotonic() - started, error.message)
    how = f"{SAVED}, also on the switch" if kept.was_unsaved else SAVED
    left = f"({len(kept.left)} lines differ all the same, such as {kept.left[0]!r})" if kept.left else ""
    return Outcome(name, OFF, how, time.monotonic() - started, left)


class SwitchSaver:
    """One save, in a login of its own, that ends after ``timeout`` seconds whatever the switch does."""

    def __init__(self, target: Target, platform: Platform, dest: str, timeout: float, locks: str) -> None:
        self._target = target
        self._platform = platform
        self._dest = dest
        self._timeout = timeout
        self._locks = locks
        self._given_up = threading.Event()
        self._session: Session | None = None

    def save(self) -> Kept:
        """Do it; SwitchError where it is not done, without the secrets of the login in it."""
        future = begun(self._work, f"save of {self._target.name}")
        wait([future], self._timeout)
        if not future.done():
            self.give_up()
            raise SwitchError(self._target.name, f"not ended within {self._timeout:g} s; look at its console")
        try:
            return future.result()
        except SwitchError as error:
            error.message = str(remove_values(error.message, self._target.secrets))
            raise

    def give_up(self) -> None:
        """Let go of it, without waiting: nothing more is begun on the switch, and its login is ended."""
        self._given_up.set()
        session = self._session
        if session is not None:
            begun(session.close, f"end of the login to {self._target.name}")

    def _work(self) -> Kept:
        with only_run(self._target.name, self._locks, min(LOCK_SECONDS, self._timeout)), self._login() as session:
            running, startup = self._configurations(session)
            trouble = self._stored({"running": running, **({"startup": startup} if startup else {})})
            kept = keep(self._platform, session, running, startup, lambda: not self._given_up.is_set())
            found, _missing = texts_beside(self._platform, session)
            trouble = trouble or self._stored(found)
        if trouble is not None:
            raise trouble
        return kept

    @contextlib.contextmanager
    def _login(self) -> Any:
        session = self._session = self._platform.open(self._target)
        try:
            if self._given_up.is_set():
                raise SwitchError(self._target.name, "the time was over before it let anybody in")
            yield session
        finally:
            self._session = None
            session.close()

    def _configurations(self, session: Session) -> tuple[str, str]:
        """Return both configurations; a switch that was never saved may say so with an error."""
        running = self._platform.running_config(session)
        try:
            return running, self._platform.startup_config(session)
        except CommandRejected:
            return running, ""

    def _stored(self, found: Mapping[str, str]) -> SwitchError | None:
        """Write the files; a full disk of the controller must not stop what is saved on the switch."""
        try:
            store_texts(self._target.name, self._dest, self._platform, found, KEEP)
        except SwitchError as error:
            return error
        return None
