# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A login to one host through Ansible's own connection plugins, usable from threads.

All that asks Ansible's shared state (variables, plugin loaders, settings) is done while a machine is made, in the main
thread; what is left to `run` is one process of ssh, or what the site's connection plugin does instead.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.playbook.play_context import PlayContext
from ansible.plugins.connection import ConnectionBase
from ansible.plugins.loader import become_loader, connection_loader
from ansible_collections.contingency.infra.plugins.module_utils._host.run import TIMED_OUT, Answer
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.remote import Identity
from ansible_collections.contingency.infra.plugins.plugin_utils.off_words import NoLogin

Executed = tuple[int, bytes, bytes]
_KEYWORDS = (
    "connection",
    "remote_user",
    "port",
    "become",
    "become_method",
    "become_user",
    "become_flags",
    "become_exe",
)
_LOCAL = ("local", "ansible.builtin.local")
_BROKEN = ("closed by", "connection reset", "broken pipe", "not responding", "connection to")
_STANDARD_INPUT = b"\n"
"""With some, ssh asks for no terminal: its end would not end what runs there, and errors stay apart from output."""


class ConnectionMachine:
    """A host of the inventory, reached as a task for it would be: every ssh option and become of the site holds.

    ``variables`` are the host's, as hostvars gives them. ``keywords`` are those of the task that are to hold for it
    too (`keywords_of`), ``passwords`` are what -k and -K asked for (`passwords_of`).
    """

    def __init__(
        self,
        name: str,
        variables: Mapping[str, Any],
        keywords: Mapping[str, Any] | None = None,
        passwords: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        given = dict(keywords or {})
        play_context = PlayContext(passwords=dict(passwords or {}))
        play_context.remote_addr = variables.get("ansible_host") or name
        transport = str(
            variables.get("ansible_connection") or given.pop("connection", None) or constants.DEFAULT_TRANSPORT
        )
        self._connection = connection_loader.get(transport, play_context, new_stdin=None)
        if self._connection is None:
            raise AnsibleError(f"{name}: there is no connection plugin {transport}; correct ansible_connection.")
        self._set_become(variables, given)
        self._set_options(variables, given, dict(passwords or {}))
        self._shell = str(variables.get("ansible_shell_executable") or play_context.executable or "")
        self.here = is_here(transport, str(play_context.remote_addr))

    def run(self, command: str, timeout: float) -> Answer:
        return bounded(lambda: self._execute(command), timeout)

    def close(self) -> None:
        end_login(self._connection)

    def _execute(self, command: str) -> Executed:
        connection, become = self._connection, self._connection.become
        if become and self._becomes_another():
            command = become.build_become_command(command, connection._shell)
        if connection.allow_executable and self._shell:
            command = f"{self._shell} -c {shlex.quote(command)}"
        takes_input = become is None or become.pipelining
        status, output, error = connection.exec_command(command, in_data=_STANDARD_INPUT if takes_input else None)
        return status, output, error

    def _becomes_another(self) -> bool:
        """As Ansible has it: who is that user already needs no sudo."""
        remote = self._connection.get_option("remote_user")
        return bool(constants.BECOME_ALLOW_SAME_USER or self._connection.become.get_option("become_user") != remote)

    def _set_become(self, variables: Mapping[str, Any], keywords: Mapping[str, Any]) -> None:
        wanted = variables.get("ansible_become")
        if not boolean(keywords.get("become") if wanted is None else wanted, strict=False):
            self._connection.set_become_plugin(None)
            return
        method = str(variables.get("ansible_become_method") or keywords.get("become_method") or "sudo")
        plugin = become_loader.get(method)
        if plugin is None:
            raise AnsibleError(f"{self.name}: there is no become plugin {method}; correct ansible_become_method.")
        self._connection.set_become_plugin(plugin)

    def _set_options(
        self, variables: Mapping[str, Any], keywords: Mapping[str, Any], passwords: Mapping[str, str]
    ) -> None:
        """Give the connection, its shell and its become their options, from variables, keywords and settings."""
        keys = {name: value for name, value in keywords.items() if value is not None}
        if passwords.get("conn_pass"):
            keys["password"] = passwords["conn_pass"]
        if passwords.get("become_pass"):
            keys["become_pass"] = passwords["become_pass"]
        for kind, plugin in (
            ("connection", self._connection),
            ("shell", self._connection._shell),
            ("become", self._connection.become),
        ):
            if plugin is not None:
                names = constants.config.get_plugin_vars(kind, plugin._load_name)
                values = {each: variables[each] for each in names if variables.get(each) is not None}
                plugin.set_options(task_keys=keys, var_options={"inventory_hostname": self.name, **values})


def keywords_of(task: Any) -> dict[str, Any]:
    """Return the keywords of a task that hold for its logins to other hosts too."""
    return {name: getattr(task, name) for name in _KEYWORDS}


def passwords_of(play_context: PlayContext) -> dict[str, str]:
    """Return what -k and -K asked for."""
    return {"conn_pass": play_context.password or "", "become_pass": play_context.become_pass or ""}


class TaskMachine:
    """The host of the task, through the task's own connection."""

    def __init__(self, name: str, connection: Any, execute: Callable[[str, bytes | None], Mapping[str, Any]]) -> None:
        self.name = name
        self._connection = connection
        self._execute = execute
        address = connection._play_context.remote_addr or name
        self.here = is_here(str(connection.transport), str(address))

    def run(self, command: str, timeout: float) -> Answer:
        return bounded(lambda: self._executed(command), timeout)

    def close(self) -> None:
        end_login(self._connection)

    def _executed(self, command: str) -> Executed:
        become = self._connection.become
        takes_input = become is None or become.pipelining
        done = self._execute(command, _STANDARD_INPUT if takes_input else None)
        return int(done["rc"]), str(done["stdout"]).encode(), str(done["stderr"]).encode()


def own_identity() -> Identity:
    """Return what tells the machine that this runs on from all others."""
    return Identity(_content("/proc/sys/kernel/random/boot_id"), _content("/etc/machine-id"))


def is_here(transport: str, address: str) -> bool:
    """Does a login by this way to this address lead to the machine that this runs on, as far as that is plain?

    Names are not resolved: in an outage that may take long.
    """
    if transport in _LOCAL or address in constants.LOCALHOST:
        return True
    try:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        packed = socket.inet_pton(family, address)
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            asked.bind((socket.inet_ntop(family, packed), 0))
    except OSError:
        return False
    return True


def bounded(work: Callable[[], Executed], timeout: float) -> Answer:
    """Do it in a thread and wait so long; NoLogin where there is no login, status 124 where the time was over.

    A connection plugin has no end of its own while a host is silent. What it had started is then ended.
    """
    found: list[Executed | BaseException] = []
    done = threading.Event()
    caller = _Caller(work, found, done)
    thread = threading.Thread(target=caller.run, daemon=True, name="login")
    thread.start()
    if not done.wait(timeout):
        caller.end()
        return Answer(TIMED_OUT, "", f"no end within {timeout:g} s")
    outcome = found[0]
    if isinstance(outcome, AnsibleConnectionFailure):
        raise no_login(outcome) from outcome
    if isinstance(outcome, AnsibleError):
        raise NoLogin(" ".join(str(outcome.message).split()).rstrip(".")) from outcome
    if isinstance(outcome, BaseException):
        raise outcome
    status, output, error = outcome
    return Answer(status, output.decode("utf-8", "replace"), error.decode("utf-8", "replace"))


class _Caller:
    """One call in its own thread."""

    def __init__(
        self, work: Callable[[], Executed], found: list[Executed | BaseException], done: threading.Event
    ) -> None:
        self._work = work
        self._found = found
        self._done = done
        self._thread = 0

    def run(self) -> None:
        self._thread = threading.get_native_id()
        try:
            self._found.append(self._work())
        except Exception as error:  # noqa: BLE001  It is raised in the thread that waits.
            self._found.append(error)
        self._done.set()

    def end(self) -> None:
        """End the programs that this thread started, and so its wait for them; Linux tells them by thread."""
        children = _content(f"/proc/self/task/{self._thread}/children") or ""
        for pid in children.split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGTERM)


def no_login(error: AnsibleConnectionFailure) -> NoLogin:
    """Return what ssh said, without Ansible's words around it, and whether the login had been there."""
    text = str(error.message)
    for words in ("Failed to connect to the host via ssh:", "can be reached over ssh:"):
        text = text.partition(words)[2] or text
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith(("**", "Warning:"))]
    said = " ".join(lines[-2:])[:300].rstrip(".") or "no reason was given"
    low = said.lower()
    never = any(word in low for word in ("refused", "timed out", "no route", "permission denied", "verification"))
    return NoLogin(said, broken=not never and any(word in low for word in _BROKEN))


def end_login(connection: Any) -> None:
    """End a login that is kept open: the next one, after a start, would wait for a machine that is gone."""
    if type(connection).reset is ConnectionBase.reset:
        return
    with contextlib.suppress(AnsibleError, OSError):
        connection.reset()


def _content(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="ascii").strip() or None
    except (OSError, ValueError):
        return None
