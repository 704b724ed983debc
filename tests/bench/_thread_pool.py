# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The peer: a thread pool of ten that logs in with Netmiko and sends the same lines, without Ansible.

Usage: _thread_pool.py INVENTORY LINES, both JSON files.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import netmiko

THREADS = 10


def swap(host: dict[str, Any], lines: list[str]) -> None:
    """Log in to one device, send the lines, log out."""
    connection = netmiko.ConnectHandler(
        device_type="cisco_ios",
        host=host["ansible_host"],
        port=host["ansible_port"],
        username=host["ansible_user"],
        password=host["ansible_password"],
    )
    for line in lines:
        connection.send_command(line, expect_string=r"#\s*$")
    connection.disconnect()


def main() -> None:
    """Do it for every host of the inventory."""
    hosts = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    lines = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda host: swap(host, lines), hosts))


if __name__ == "__main__":
    main()
