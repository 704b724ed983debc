# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that all switch modules share."""

from __future__ import annotations

from typing import Any, Dict

CONNECTION_ARGUMENTS: Dict[str, Dict[str, Any]] = {
    "host": {"type": "str"},
    "port": {"type": "int"},
    "user": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "private_key_file": {"type": "path"},
    "private_key_passphrase": {"type": "str", "no_log": True},
    "enable_password": {"type": "str", "no_log": True},
    "platform": {"type": "str"},
    "known_hosts": {"type": "path"},
    "ssh_config_file": {"type": "path"},
    "connect_timeout": {"type": "float"},
    "login_timeout": {"type": "float"},
    "command_timeout": {"type": "float"},
}

ON_CONTROLLER = (
    "This module runs on the controller by its action plugin; call it as contingency.infra.{name} in a task."
)
