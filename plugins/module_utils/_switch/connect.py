# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening an SSH session, and turning what can go wrong into one sentence each."""

from __future__ import annotations

import base64
import hashlib
import logging
import os
import socket
from typing import Any, Iterator, Optional

from .errors import HostKeyChanged, HostKeyUnknown, LoginFailed, PrivilegeMissing, SwitchError, Unreachable
from .target import Target

try:
    import netmiko
    import paramiko

    HAS_NETMIKO = True
    # Without a handler Python prints what paramiko logs, tracebacks too; every error reaches the user as a sentence.
    logging.getLogger("paramiko").addHandler(logging.NullHandler())
    _SSHException = paramiko.SSHException
    _MissingHostKeyPolicy = paramiko.MissingHostKeyPolicy
except ImportError:
    HAS_NETMIKO = False
    _SSHException = Exception
    _MissingHostKeyPolicy = object


class _KeyNotKnown(_SSHException):
    """Raised inside the key exchange: the key that was shown is in no known_hosts file."""

    def __init__(self, key: Any) -> None:
        super().__init__("host key not known")
        self.key = key


class _RejectUnknown(_MissingHostKeyPolicy):
    """Reject an unknown key, and remember which it was."""

    def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
        raise _KeyNotKnown(key)


def open_connection(target: Target, device_type: str, prepare: bool) -> Any:
    """Return a connected Netmiko connection; raise a SwitchError that says what to do.

    ``prepare`` False leaves out Netmiko's session preparation (paging, width, prompt).
    """
    if target.key_file and not os.path.isfile(target.key_file):
        raise LoginFailed(
            target.name, f"{target.key_file}: no such file or directory; check ansible_ssh_private_key_file"
        )
    connection = netmiko.ConnectHandler(**target.netmiko_arguments(device_type))
    if target.host_key_checking:
        connection.key_policy = _RejectUnknown()
    load_host_keys = connection._build_ssh_client

    def build_client() -> Any:
        client = load_host_keys()
        for path in target.known_hosts:
            if target.host_key_checking and os.path.isfile(os.path.expanduser(path)):
                client.load_host_keys(os.path.expanduser(path))
        return client

    connection._build_ssh_client = build_client
    try:
        connection.establish_connection()
        if prepare:
            connection._try_session_preparation()
    except Exception as error:
        connection.paramiko_cleanup()
        raise explained(target, error) from error
    return connection


def _chain(error: Optional[BaseException]) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def explained(target: Target, error: BaseException) -> SwitchError:
    """Return the SwitchError that tells a person what ``error`` means."""
    where = f"{target.host} port {target.port}"
    for link in _chain(error):
        if isinstance(link, _KeyNotKnown):
            return _key_unknown(target, link.key)
        if isinstance(link, paramiko.BadHostKeyException):
            return HostKeyChanged(
                target.name,
                f"shows another host key ({fingerprint(link.key)}) than the recorded one "
                f"({fingerprint(link.expected_key)}) on {where}; if the switch was not replaced this may be an attack, "
                f"else remove the old key with ssh-keygen -R '{_known_as(target)}' and record the new one",
            )
        if isinstance(link, paramiko.AuthenticationException) and "imeout" in str(link):
            return Unreachable(
                target.name,
                f"{where} did not finish the login within {target.login_timeout:g} s; try the console",
            )
        if isinstance(link, paramiko.AuthenticationException):
            with_what = "the key " + target.key_file if target.key_file else "the password"
            return LoginFailed(
                target.name,
                f"refused user '{target.user}' with {with_what} on {where}; "
                "check ansible_user and ansible_password or ansible_ssh_private_key_file",
            )
        if isinstance(link, socket.gaierror):
            return Unreachable(
                target.name, f"the name '{target.host}' does not resolve; set ansible_host to an address"
            )
        if isinstance(link, paramiko.ssh_exception.NoValidConnectionsError):
            cause = next(iter(link.errors.values()))
            return Unreachable(target.name, f"{_words(cause)} at {where}; check power, cable and management network")
        if isinstance(link, (TimeoutError, socket.timeout)):
            return _timed_out(target, where)
        if isinstance(link, OSError) and not isinstance(link, paramiko.SSHException):
            return _local_or_network(target, where, link)
        if isinstance(link, ValueError) and "enable" in str(link).lower():
            return privilege_missing(target)
    text = " ".join(str(error).split())
    if any(each in text for each in ("banner", "EOF", "No existing session")):
        return Unreachable(
            target.name, f"{where} accepts the connection but does not speak SSH in time; try the console"
        )
    if isinstance(error, netmiko.exceptions.NetmikoBaseException):
        return Unreachable(target.name, f"no session on {where}: {text[:200]}; check switch_platform and the console")
    return Unreachable(target.name, f"no session on {where}: {type(error).__name__}: {text[:200]}; try the console")


def privilege_missing(target: Target) -> SwitchError:
    """Return the error for a login that may look but not configure."""
    if target.enable_secret:
        why = "the enable password was refused; check ansible_become_password"
    else:
        why = "an enable password is needed; set ansible_become_password or give the user privilege level 15"
    return PrivilegeMissing(target.name, f"user '{target.user}' may not configure: {why}")


def fingerprint(key: Any) -> str:
    """Return a public key's fingerprint as OpenSSH shows it."""
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    return f"{key.get_name()} SHA256:{digest}"


def _known_as(target: Target) -> str:
    return target.host if target.port == 22 else f"[{target.host}]:{target.port}"


def _key_unknown(target: Target, key: Any) -> SwitchError:
    file = target.known_hosts[0] if target.known_hosts else "~/.ssh/known_hosts"
    return HostKeyUnknown(
        target.name,
        f"the host key {fingerprint(key)} of {_known_as(target)} is not known; compare it with the switch's console, "
        f"then record it: ssh-keyscan -p {target.port} {target.host} >> {file}",
    )


def _timed_out(target: Target, where: str) -> SwitchError:
    return Unreachable(
        target.name,
        f"no answer from {where} within {target.connect_timeout:g} s; check power, cable and management network",
    )


def _local_or_network(target: Target, where: str, error: OSError) -> SwitchError:
    if isinstance(error, (FileNotFoundError, PermissionError)) and error.filename:
        return LoginFailed(target.name, f"{error.filename}: {_words(error)}; check ansible_ssh_private_key_file")
    return Unreachable(target.name, f"{_words(error)} at {where}; check power, cable and management network")


def _words(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__).lower()
