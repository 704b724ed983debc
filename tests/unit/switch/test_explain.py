# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each error of a login is one sentence: what it is, where, and what to do."""

from __future__ import annotations

import errno
import os
import socket

import paramiko
import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import (
    HostKeyChanged,
    HostKeyUnknown,
    LoginFailed,
    PrivilegeMissing,
    SwitchError,
    Unreachable,
)
from ansible_collections.contingency.infra.plugins.module_utils._switch.explain import (
    HostKeyNotKnown,
    _explanations,
    explained,
    fingerprint,
)
from ansible_collections.contingency.infra.plugins.module_utils._switch.target import Target
from netmiko.exceptions import ReadTimeout
from paramiko.ssh_exception import NoValidConnectionsError

ADDRESS = ("10.77.0.21", 22)
TARGET = Target("access-ward", ADDRESS[0], user="ops", password="pass-word", connect_timeout=3, login_timeout=4)
WITH_KEY = Target("access-ward", ADDRESS[0], port=2222, user="ops", key_file="/keys/ops", known_hosts=("/etc/known",))
SHOWN, RECORDED = paramiko.ECDSAKey.generate(), paramiko.ECDSAKey.generate()
WAY = "; check its power, its cable and the management network"
WHERE = "10.77.0.21 port 22"


def os_error(number: int, path: str | None = None) -> OSError:
    return OSError(number, os.strerror(number), path) if path else OSError(number, os.strerror(number))


CASES: list[tuple[BaseException, Target, type[SwitchError], str]] = [
    (
        HostKeyNotKnown(SHOWN),
        TARGET,
        HostKeyUnknown,
        f"the host key of 10.77.0.21 is not known: {fingerprint(SHOWN)}; only if the switch's console shows the same, "
        "record it: ssh-keyscan -p 22 10.77.0.21 >> ~/.ssh/known_hosts",
    ),
    (
        HostKeyNotKnown(SHOWN),
        WITH_KEY,
        HostKeyUnknown,
        f"the host key of [10.77.0.21]:2222 is not known: {fingerprint(SHOWN)}; only if the switch's console shows the "
        "same, record it: ssh-keyscan -p 2222 10.77.0.21 >> /etc/known",
    ),
    (
        paramiko.BadHostKeyException("10.77.0.21", SHOWN, RECORDED),
        WITH_KEY,
        HostKeyChanged,
        "do not log in unless this switch was replaced: 10.77.0.21 port 2222 shows the host key "
        f"{fingerprint(SHOWN)}, recorded is {fingerprint(RECORDED)}; after a replacement: "
        "ssh-keygen -R '[10.77.0.21]:2222' -f /etc/known, then record the new key",
    ),
    (
        paramiko.AuthenticationException("Authentication failed."),
        TARGET,
        LoginFailed,
        f"refused user 'ops' with the password on {WHERE}; the switch is unchanged, "
        "check ansible_user and ansible_password or ansible_ssh_private_key_file",
    ),
    (
        paramiko.AuthenticationException("Authentication failed."),
        WITH_KEY,
        LoginFailed,
        "refused user 'ops' with the key /keys/ops on 10.77.0.21 port 2222; the switch is unchanged, "
        "check ansible_user and ansible_password or ansible_ssh_private_key_file",
    ),
    (
        paramiko.AuthenticationException("Authentication timeout."),
        TARGET,
        Unreachable,
        f"{WHERE} did not finish the login within 4 s; try the console",
    ),
    (
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        TARGET,
        Unreachable,
        "the name '10.77.0.21' does not resolve; set ansible_host to an address",
    ),
    (
        NoValidConnectionsError({ADDRESS: os_error(errno.ECONNREFUSED)}),
        TARGET,
        Unreachable,
        f"connection refused at {WHERE}{WAY}",
    ),
    (socket.timeout("timed out"), TARGET, Unreachable, f"no answer from {WHERE} within 3 s{WAY}"),  # noqa: UP041
    (os_error(errno.EHOSTUNREACH), TARGET, Unreachable, f"no route to host at {WHERE}{WAY}"),
    (os_error(errno.ENETUNREACH), TARGET, Unreachable, f"network is unreachable at {WHERE}{WAY}"),
    (ConnectionResetError(), TARGET, Unreachable, f"connectionreseterror at {WHERE}{WAY}"),
    (
        os_error(errno.EACCES, "/keys/ops"),
        WITH_KEY,
        LoginFailed,
        "/keys/ops: permission denied; check ansible_ssh_private_key_file",
    ),
    (
        ValueError("Failed to enter enable mode."),
        TARGET,
        PrivilegeMissing,
        "user 'ops' may not configure: an enable password is needed; "
        "set ansible_become_password or give the user privilege level 15",
    ),
    (
        paramiko.SSHException("Error reading SSH protocol banner"),
        TARGET,
        Unreachable,
        f"{WHERE} accepts the connection but does not speak SSH in time; try the console",
    ),
    (
        EOFError("EOF"),
        TARGET,
        Unreachable,
        f"{WHERE} accepts the connection but does not speak SSH in time; try the console",
    ),
    (
        ReadTimeout("\n\nPattern not detected:\n 'x'\n"),
        TARGET,
        Unreachable,
        f"no session on {WHERE}: ReadTimeout: Pattern not detected: 'x'; check switch_platform and the console",
    ),
    (
        ValueError("of another kind"),
        TARGET,
        Unreachable,
        f"no session on {WHERE}: ValueError: of another kind; check switch_platform and the console",
    ),
]
IDS = [f"{type(error).__name__}-{kind.__name__}" for error, _target, kind, _says in CASES]


@pytest.mark.parametrize(("error", "target", "kind", "says"), CASES, ids=IDS)
def test_it_says_what_happened_and_what_to_do(
    error: BaseException, target: Target, kind: type[SwitchError], says: str
) -> None:
    found = explained(target, error)
    assert (found.reason, isinstance(found, kind)) == (kind.reason, True)
    assert str(found) == f"access-ward: {says}"


@pytest.mark.parametrize(("error", "target", "kind", "says"), CASES, ids=IDS)
def test_it_is_one_line_without_a_traceback_or_a_password(
    error: BaseException, target: Target, kind: type[SwitchError], says: str
) -> None:
    said = str(explained(target, error))
    assert "\n" not in said
    assert "Traceback" not in said
    assert "pass-word" not in said


def test_every_entry_of_the_table_has_a_case() -> None:
    kinds = {kind for kind, _explain in _explanations()}
    assert {kind for kind in kinds if any(isinstance(error, kind) for error, *_rest in CASES)} == kinds


def test_the_cause_counts_where_netmiko_wraps_it() -> None:
    wrapped = ReadTimeout("login failed")
    wrapped.__cause__ = paramiko.BadHostKeyException("10.77.0.21", SHOWN, RECORDED)
    assert isinstance(explained(TARGET, wrapped), HostKeyChanged)
    wrapped = ReadTimeout("login failed")
    wrapped.__context__ = os_error(errno.EHOSTUNREACH)
    assert "no route to host" in str(explained(TARGET, wrapped))


def test_a_refused_enable_password_is_told_from_a_missing_one() -> None:
    target = Target("access-ward", "10.77.0.21", user="ops", enable_secret="en-secret")
    said = str(explained(target, ValueError("Failed to enter enable mode.")))
    assert "the enable password was refused; check ansible_become_password" in said
    assert "en-secret" not in said


def test_a_long_message_is_cut() -> None:
    assert len(str(explained(TARGET, RuntimeError("x" * 5000)))) < 400
