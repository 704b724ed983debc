#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation and arguments; the work is done by plugins/action/standby_takeover.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: standby_takeover
short_description: Let a standby database server take over from a failed primary
version_added: 0.1.0
author: contingency.infra contributors (@contingency-infra)
description:
  - One transaction. Reads the standby server, refuses where it must not be promoted, fences the former primary and
    proves that, promotes the standby server, takes the service address and proves that too.
  - Without a proven fence nothing is promoted. What was done so far is written on the standby host before each step,
    so that a run that was killed is finished by the next one, from whichever controller.
  - Only one takeover of a host runs at a time. The lease for that lies on the standby host and ends by itself
    after 60 seconds.
  - Runs for the standby host, as root. The fence is made from the controller.
options:
  failed:
    description: The primary that failed, by its name in the inventory.
    type: str
    required: true
  engine:
    description: What kind of server it is.
    type: str
    choices: [postgresql, mariadb]
    default: postgresql
  server:
    description:
      - Which server of the host is meant, where there is more than one. The same keys as the options of
        M(contingency.infra.postgresql_standby) that describe the server.
    type: dict
  addresses:
    description: Service addresses with their prefix length, such as 10.9.0.100/24.
    type: list
    elements: str
    default: []
  interface:
    description: The interface of the standby host that gets the service addresses.
    type: str
  claim_timeout:
    description: Seconds in which another host may answer for a service address. It is asked beside the promotion.
    type: float
    default: 0.2
  fence:
    description:
      - Ways to fence the failed primary, tried in this order until one is proven. Those that its inventory variables
        do not describe are left out.
      - V(bmc) switches it off through C(standby_bmc) and reads that back.
      - V(switch_port) shuts C(standby_switch_port), a dictionary with C(switch) and C(port), reads it back, saves it.
      - V(operator) takes the written word of a person, see O(fenced).
    type: list
    elements: str
    choices: [bmc, switch_port, operator]
    default: [bmc, switch_port, operator]
  fence_timeout:
    description: Seconds that a BMC has to confirm that the primary is off.
    type: float
    default: 10
  fenced:
    description: The statement of a person that the failed primary is off. It has to name the primary.
    type: str
  proof:
    description: A proof that the primary is stopped, from an earlier task of a planned switchover; replaces O(fence).
    type: dict
  position:
    description: What the primary's last write was when it was stopped for a planned switchover; it is waited for.
    type: dict
  limits:
    description:
      - What the site puts up with, see M(contingency.infra.postgresql_standby), M(contingency.infra.mariadb_standby).
    type: dict
    default: {}
  timeout:
    description: Seconds that the promotion may take.
    type: float
    default: 60
  cold:
    description:
      - Whether the standby host may be off. Where it cannot be reached, it is switched on through its own
        C(standby_bmc), and waited for until its server can be read.
    type: bool
    default: false
  cold_timeout:
    description: Seconds that a cold standby host has from being switched on until its server can be read.
    type: float
    default: 300
attributes:
  check_mode:
    description: Reads the standby host and returns the steps of a real run; fences and changes nothing.
    support: full
"""

EXAMPLES = r"""
- name: Let the standby server take over
  contingency.infra.standby_takeover:
    failed: his-db-1
    addresses: [10.9.0.100/24]
    interface: eth0
    limits:
      max_data_loss_seconds: 5

- name: The same where nobody can reach the BMC, and somebody has pulled the plug
  contingency.infra.standby_takeover:
    failed: his-db-1
    addresses: [10.9.0.100/24]
    interface: eth0
    fence: [operator]
    fenced: his-db-1 has no power, seen by Wang Li in the server room at 02:10
"""

RETURN = r"""
failed_host:
  description: The primary that was left.
  returned: always
  type: str
  sample: his-db-1
fence:
  description: How the primary was fenced, what was seen, and when, in seconds since the epoch.
  returned: when it was fenced
  type: dict
  sample:
    method: bmc
    what: his-db-1 switched off, its BMC 10.77.0.51 reads off
    at_epoch: 1795398151.2
    confirmed: true
data_loss_seconds:
  description: For how long at most the primary may have confirmed writes that are lost; none where nothing bounds it.
  returned: when it was promoted
  type: float
  sample: 0.4
no_loss:
  description: Whether it is proven that every write which the primary confirmed is there.
  returned: when it was promoted
  type: bool
  sample: false
before:
  description: The standby server as it was read before it was promoted.
  returned: when it was read
  type: dict
steps:
  description: What was done, or in check mode would be done, in order.
  returned: always
  type: list
  elements: str
  sample: [promote 15/main, ip address add 10.9.0.100/24 dev eth0]
proven:
  description: Each check with what was expected and seen.
  returned: always
  type: list
  elements: dict
seconds:
  description: How long each part took.
  returned: always
  type: dict
  sample: {begin: 0.31, fence: 0.12, finish: 0.36, total: 0.8}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._standby.words import ON_CONTROLLER

ARGUMENT_SPEC = {
    "failed": {"type": "str", "required": True},
    "engine": {"type": "str", "choices": ["postgresql", "mariadb"], "default": "postgresql"},
    "server": {"type": "dict"},
    "addresses": {"type": "list", "elements": "str", "default": []},
    "interface": {"type": "str"},
    "claim_timeout": {"type": "float", "default": 0.2},
    "fence": {
        "type": "list",
        "elements": "str",
        "choices": ["bmc", "switch_port", "operator"],
        "default": ["bmc", "switch_port", "operator"],
    },
    "fence_timeout": {"type": "float", "default": 10},
    "fenced": {"type": "str"},
    "proof": {"type": "dict"},
    "position": {"type": "dict"},
    "limits": {"type": "dict", "default": {}},
    "timeout": {"type": "float", "default": 60},
    "cold": {"type": "bool", "default": False},
    "cold_timeout": {"type": "float", "default": 300},
}


def main() -> None:
    """Say that this runs from the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(msg=ON_CONTROLLER.format(name="standby_takeover"))


if __name__ == "__main__":
    main()
