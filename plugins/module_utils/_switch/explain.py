# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong at a login, as one sentence each that says what to do."""

from __future__ import annotations

import base64
import hashlib
import socket
from typing import Any, Callable, Iterator, Optional, Tuple, Type

from .errors import HostKeyChanged, HostKeyUnknown, LoginFailed, PrivilegeMissing, SwitchError, Unreachable
from .target import Target

try:
    import paramiko
    from paramiko.ssh_exception import NoValidConnectionsError
except ImportError:
    _SSHException: Type[Any] = Exception
else:
    _SSHException = paramiko.SSHException

_CHECK_THE_WAY = "check its power, its cable and the management network"


class HostKeyNotKnown(_SSHException):
    """Raised inside the key exchange: the key that was shown is in no known_hosts file."""

    def __init__(self, key: Any) -> None:
        super().__init__("host key not known")
        self.key = key


def explained(target: Target, error: BaseException) -> SwitchError:
    """Return the SwitchError that tells a person what ``error`` means."""
    for link in _chain(error):
        for kind, explain in _explanations():
            if isinstance(link, kind):
                found = explain(target, link)
                if found is not None:
                    return found
    text = " ".join(str(error).split())
    if any(each in text for each in ("banner", "EOF", "No existing session")):
        return Unreachable(
            target.name, f"{_where(target)} accepts the connection but does not speak SSH in time; try the console"
        )
    return Unreachable(
        target.name,
        f"no session on {_where(target)}: {type(error).__name__}: {text[:200]}; check switch_platform and the console",
    )


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


Explain = Callable[[Target, Any], Optional[SwitchError]]


def _explanations() -> Tuple[Tuple[Type[BaseException], Explain], ...]:
    """Return what explains which exception; the first that fits and has an answer counts."""
    return (
        (HostKeyNotKnown, _key_unknown),
        (paramiko.BadHostKeyException, _key_changed),
        (paramiko.AuthenticationException, _refused),
        (socket.gaierror, _no_such_name),
        (NoValidConnectionsError, _no_connection),
        (socket.timeout, _timed_out),
        (OSError, _local_or_network),
        (ValueError, _no_enable),
    )


def _chain(error: Optional[BaseException]) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _where(target: Target) -> str:
    return f"{target.host} port {target.port}"


def _known_as(target: Target) -> str:
    return target.host if target.port == 22 else f"[{target.host}]:{target.port}"


def _known_hosts_file(target: Target) -> str:
    return target.known_hosts[0] if target.known_hosts else "~/.ssh/known_hosts"


def _key_unknown(target: Target, error: Any) -> SwitchError:
    return HostKeyUnknown(
        target.name,
        f"the host key of {_known_as(target)} is not known: {fingerprint(error.key)}; only if the switch's console "
        f"shows the same, record it: ssh-keyscan -p {target.port} {target.host} >> {_known_hosts_file(target)}",
    )


def _key_changed(target: Target, error: Any) -> SwitchError:
    return HostKeyChanged(
        target.name,
        f"do not log in unless this switch was replaced: {_where(target)} shows the host key "
        f"{fingerprint(error.key)}, recorded is {fingerprint(error.expected_key)}; after a replacement: "
        f"ssh-keygen -R '{_known_as(target)}' -f {_known_hosts_file(target)}, then record the new key",
    )


def _refused(target: Target, error: Any) -> SwitchError:
    if "imeout" in str(error):
        return Unreachable(
            target.name, f"{_where(target)} did not finish the login within {target.login_timeout:g} s; try the console"
        )
    with_what = "the key " + target.key_file if target.key_file else "the password"
    return LoginFailed(
        target.name,
        f"refused user '{target.user}' with {with_what} on {_where(target)}; the switch is unchanged, "
        "check ansible_user and ansible_password or ansible_ssh_private_key_file",
    )


def _no_such_name(target: Target, _error: Any) -> SwitchError:
    return Unreachable(target.name, f"the name '{target.host}' does not resolve; set ansible_host to an address")


def _no_connection(target: Target, error: Any) -> SwitchError:
    cause = next(iter(error.errors.values()))
    return Unreachable(target.name, f"{_words(cause)} at {_where(target)}; {_CHECK_THE_WAY}")


def _timed_out(target: Target, _error: Any) -> SwitchError:
    return Unreachable(
        target.name, f"no answer from {_where(target)} within {target.connect_timeout:g} s; {_CHECK_THE_WAY}"
    )


def _local_or_network(target: Target, error: Any) -> SwitchError:
    if isinstance(error, (FileNotFoundError, PermissionError)) and error.filename:
        return LoginFailed(target.name, f"{error.filename}: {_words(error)}; check ansible_ssh_private_key_file")
    return Unreachable(target.name, f"{_words(error)} at {_where(target)}; {_CHECK_THE_WAY}")


def _no_enable(target: Target, error: Any) -> Optional[SwitchError]:
    return privilege_missing(target) if "enable" in str(error).lower() else None


def _words(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
