# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a switch is and how one logs in to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Optional, Tuple


@dataclass(frozen=True)
class Target:
    """The way to one switch, or to a host that is asked for a proof.

    ``name`` is the inventory's name, used in every message. Time-outs are in seconds.
    """

    name: str
    host: str
    port: int = 22
    user: str = ""
    password: Optional[str] = field(default=None, repr=False)
    key_file: Optional[str] = None
    passphrase: Optional[str] = field(default=None, repr=False)
    enable_secret: Optional[str] = field(default=None, repr=False)
    known_hosts: Tuple[str, ...] = ()
    host_key_checking: bool = True
    connect_timeout: float = 10.0
    login_timeout: float = 10.0
    command_timeout: float = 30.0
    ssh_config_file: Optional[str] = None

    @property
    def secrets(self) -> Tuple[str, ...]:
        """Return what must appear nowhere."""
        return tuple(secret for secret in (self.password, self.passphrase, self.enable_secret) if secret)

    def netmiko_arguments(self, device_type: str) -> Dict[str, Any]:
        """Return the keyword arguments of Netmiko's ConnectHandler, not yet connecting."""
        return {
            "device_type": device_type,
            "host": self.host,
            "port": self.port,
            "username": self.user,
            "password": self.password,
            "secret": self.enable_secret or "",
            "use_keys": self.key_file is not None,
            "key_file": self.key_file,
            "passphrase": self.passphrase,
            "allow_agent": self.password is None and self.key_file is None,
            "system_host_keys": self.host_key_checking,
            "ssh_strict": self.host_key_checking,
            "conn_timeout": self.connect_timeout,
            "banner_timeout": self.login_timeout,
            "auth_timeout": self.login_timeout,
            "ssh_config_file": self.ssh_config_file,
            "fast_cli": True,
            "auto_connect": False,
        }
