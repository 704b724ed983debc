# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening an SSH session with Netmiko, host keys checked."""

from __future__ import annotations

import logging
import os
import socket
from typing import Any, Type

from .errors import LoginFailed
from .explain import HostKeyNotKnown, explained
from .target import Target

try:
    import netmiko
    import paramiko
except ImportError:
    HAS_NETMIKO = False
    _Policy: Type[Any] = object
else:
    HAS_NETMIKO = True
    _Policy = paramiko.MissingHostKeyPolicy
    # Without a handler Python prints what paramiko logs, tracebacks too; every error reaches the user as a sentence.
    logging.getLogger("paramiko").addHandler(logging.NullHandler())


class _RejectUnknown(_Policy):
    """Reject an unknown key, and remember which it was."""

    def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
        raise HostKeyNotKnown(key)


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
        _use_known_hosts(connection, target)
    try:
        connection.establish_connection()
        _send_at_once(connection)
        if prepare:
            connection._try_session_preparation()
    except Exception as error:
        connection.paramiko_cleanup()
        raise explained(target, error) from error
    return connection


def _send_at_once(connection: Any) -> None:
    """Do not hold small packets back: with the other end's delayed ACK each command would take 40 ms more."""
    sock = connection.remote_conn_pre.get_transport().sock
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _use_known_hosts(connection: Any, target: Target) -> None:
    """Let the connection know the host keys of all the target's files; Netmiko itself takes only one."""
    build_client = connection._build_ssh_client

    def with_known_hosts() -> Any:
        client = build_client()
        for path in target.known_hosts:
            if os.path.isfile(os.path.expanduser(path)):
                client.load_host_keys(os.path.expanduser(path))
        return client

    connection._build_ssh_client = with_known_hosts
