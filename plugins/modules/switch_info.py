#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a switch in one login. The work is in the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: switch_info
short_description: Read ports, neighbors, MAC addresses and more of a switch in one login
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - Reads a switch in one SSH session and returns the same shape for every platform.
extends_documentation_fragment:
  - contingency.infra.switch
options:
  gather:
    description: What to read.
    type: list
    elements: str
    choices: [ports, neighbors, macs, arp, addresses, spanning_tree, version]
    default: [ports, neighbors, macs, arp, addresses, spanning_tree, version]
attributes:
  check_mode:
    description: Only reads.
    support: full
  diff_mode:
    description: Nothing ever changes.
    support: none
"""

EXAMPLES = r"""
- name: See who is behind which port
  contingency.infra.switch_info:
    gather: [ports, neighbors]
  register: core
"""

RETURN = r"""
platform:
  description: Name of the platform that was used.
  returned: success
  type: str
  sample: cisco_ios
ports:
  description: Every port; enabled is the administrative state, link the state on the wire.
  returned: when gathered
  type: list
  elements: dict
  sample: [{name: Te1/0/1, enabled: true, link: true, detail: connected}]
neighbors:
  description: LLDP or CDP neighbors; null where the platform cannot tell.
  returned: when gathered
  type: list
  elements: dict
  sample: [{port: Te1/0/1, name: core-a, remote_port: Te1/1/1}]
macs:
  description: Learned MAC addresses; null where the platform cannot tell.
  returned: when gathered
  type: list
  elements: dict
  sample: [{mac: 005056abcdef, port: Te1/0/1, vlan: '10'}]
arp:
  description: ARP table.
  returned: when gathered
  type: list
  elements: dict
  sample: [{address: 10.9.0.1, mac: 005056abcdef, interface: Vlan10}]
addresses:
  description: The switch's own addresses with the port each is on.
  returned: when gathered
  type: dict
  sample: {10.9.0.2: Vlan10}
spanning_tree:
  description: Role and state per port, empty where spanning tree does not run, null where the platform cannot tell.
  returned: when gathered
  type: list
  elements: dict
  sample: [{port: Te1/0/1, role: root, forwarding: true}]
version:
  description: The switch's own words about its version.
  returned: when gathered
  type: str
  sample: Cisco IOS Software, C3750E Software
seconds:
  description: Time of the task in seconds.
  returned: success
  type: float
  sample: 0.8
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._switch.arguments import (
    CONNECTION_ARGUMENTS,
    ON_CONTROLLER,
)
from ansible_collections.contingency.infra.plugins.module_utils._switch.info import SUBSETS

ARGUMENT_SPEC = dict(
    CONNECTION_ARGUMENTS,
    gather={"type": "list", "elements": "str", "choices": list(SUBSETS), "default": list(SUBSETS)},
)


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(msg=ON_CONTROLLER.format(name="switch_info"))


if __name__ == "__main__":
    main()
