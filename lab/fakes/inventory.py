# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An Ansible inventory of running fake devices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from lab.fakes.network import FakeNetwork


def inventory(network: FakeNetwork, known_hosts: Path) -> dict[str, Any]:
    """Make the inventory as Ansible's YAML plugin reads it."""
    hosts = {}
    for handle in network:
        credentials = handle.device.credentials
        hosts[handle.fake.name] = {
            "ansible_host": handle.host,
            "ansible_port": handle.port,
            "ansible_user": credentials.user,
            "ansible_password": credentials.password,
            "ansible_become_password": credentials.enable_secret,
            "switch_platform": handle.device.platform,
            "switch_known_hosts": str(known_hosts),
            "core_switch_uplinks": handle.fake.uplinks(),
        }
    return {"all": {"children": {"access_switches": {"hosts": hosts}}}}


def write_inventory(network: FakeNetwork, path: Path) -> None:
    """Write the inventory, and beside it the known hosts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    known_hosts = path.resolve().with_suffix(".known_hosts")
    network.write_known_hosts(known_hosts)
    path.write_text(yaml.safe_dump(inventory(network, known_hosts), sort_keys=False), encoding="utf-8")
