# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make one member of a dual-homed server's bond carry the traffic."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_uplink
short_description: Make one member of a dual-homed server's bond carry the traffic
version_added: 0.1.0
description:
  - Makes one member of a bond the active one, checks that the server is reachable through it, and puts the former
    member back when a check fails. All of that is one task.
  - Knows the bonding driver of the Linux kernel and the bonds of Open vSwitch.
  - Runs on the server itself and needs nothing there but Python's standard library.
  - A bond without a single active member (C(802.3ad), C(balance-*)) moves by itself when a link fails. Such a bond is
    only checked, never changed.
options:
  bond:
    description: The bond, by the name of its network device, or of its port in Open vSwitch.
    type: str
    required: true
  active:
    description: The member that shall carry the traffic.
    type: str
    required: true
  expect_neighbor:
    description:
      - Name of the switch behind O(active), as it announces itself by LLDP. A name without a domain matches with any
        domain.
      - Asked of C(lldpcli) before anything is changed. A warning is given where the server has no C(lldpcli).
    type: str
  primary:
    description:
      - What to do when another member is the bond's primary and would take the bond back.
      - With V(refuse) the task fails before it changes anything, and says so.
      - With V(move) the wanted member becomes the primary too.
      - In Open vSwitch the primary is part of its database, so V(move) outlasts a restart there.
    type: str
    choices: [refuse, move]
    default: refuse
  verify:
    description: What to check after the move, and when there was nothing to move.
    type: dict
    default: {}
    suboptions:
      carrier:
        description: O(active) must have carrier and must not be held disabled by the bond.
        type: bool
        default: true
      neighbor:
        description: O(expect_neighbor) must be behind O(active).
        type: bool
        default: true
      reachable:
        description:
          - Addresses that must answer a ping from the server, such as its gateway.
          - The route to each of them must go through the bond, or the task refuses.
        type: list
        elements: str
        default: []
      timeout:
        description: How many seconds the checks may take to come true.
        type: int
        default: 10
  rollback:
    description: Put the former member back when a check fails.
    type: bool
    default: true
attributes:
  check_mode:
    support: full
    description: Shows in RV(commands) what a real run does, and does nothing.
  diff_mode:
    support: full
    description: Shows the active member and the primary before and after.
  platform:
    support: full
    platforms: linux
    description: Linux, with a bond of the kernel or of Open vSwitch.
notes:
  - The active member is a run-time state. The configuration of NetworkManager, systemd-networkd, netplan or ifupdown
    is neither read nor changed, so after a restart of the server or of its network the bond chooses by itself again.
  - With C(fail_over_mac=active) the server's MAC address changes with the member. The task warns where the bond would
    not announce the new one (C(num_grat_arp=0)).
  - Needs root (C(become=true)).
  - Where Open vSwitch does not use its usual directory, set C(OVS_RUNDIR) with the task's C(environment).
author:
  - contingency.infra contributors (@contingency)
"""

EXAMPLES = r"""
- name: Move the server to core-b
  contingency.infra.server_uplink:
    bond: bond0
    active: eth1
    expect_neighbor: core-b
    verify:
      reachable: [10.9.0.1]
  become: true

- name: Check that a bond with LACP has its member to core-b in use
  contingency.infra.server_uplink:
    bond: bond1
    active: ens2f1
    expect_neighbor: core-b
  become: true

- name: Move a bond that has a primary, and the primary with it
  contingency.infra.server_uplink:
    bond: bond0
    active: eth1
    primary: move
  become: true
"""

RETURN = r"""
before:
  description: The bond as it was read before anything was changed.
  returned: always
  type: dict
  sample:
    name: bond0
    kind: kernel
    mode: active-backup
    up: true
    active: eth0
    members:
      - {name: eth0, carrier: true, enabled: true, speed: 10000, duplex: full, aggregated: null}
      - {name: eth1, carrier: true, enabled: true, speed: 10000, duplex: full, aggregated: null}
    primary: null
    primary_reselect: always
    fail_over_mac: none
    gratuitous_arp: 1
after:
  description: The bond as it was read at the end; in check mode as it would be.
  returned: always
  type: dict
  sample: {name: bond0, kind: kernel, mode: active-backup, active: eth1}
commands:
  description: What was done, in order, those of a roll-back included; in check mode what would be done.
  returned: always
  type: list
  elements: str
  sample: ["echo eth1 > /sys/class/net/bond0/bonding/active_slave"]
verified:
  description: Each check with what was expected and what was seen.
  returned: always
  type: list
  elements: dict
  sample:
    - {check: active, expected: eth1, seen: eth1, passed: true}
    - {check: carrier, expected: up, seen: up, passed: true}
    - {check: neighbor, expected: core-b, seen: core-b, passed: true}
    - {check: reachable 10.9.0.1, expected: answers, seen: answers, passed: true}
rolled_back:
  description: Whether the former member was put back and seen there.
  returned: always
  type: bool
  sample: false
seconds:
  description: How long reading, changing and checking took.
  returned: always
  type: float
  sample: 0.214
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.host import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.model import Wanted
from ansible_collections.contingency.infra.plugins.module_utils._server_uplink.transaction import Transaction

VERIFY = {
    "carrier": {"type": "bool", "default": True},
    "neighbor": {"type": "bool", "default": True},
    "reachable": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "int", "default": 10},
}
ARGUMENTS = {
    "bond": {"type": "str", "required": True},
    "active": {"type": "str", "required": True},
    "expect_neighbor": {"type": "str"},
    "primary": {"type": "str", "choices": ["refuse", "move"], "default": "refuse"},
    "verify": {"type": "dict", "default": {}, "apply_defaults": True, "options": VERIFY},
    "rollback": {"type": "bool", "default": True},
}


def wanted_of(module: AnsibleModule) -> Wanted:
    verify = module.params["verify"]
    return Wanted(
        bond=module.params["bond"],
        active=module.params["active"],
        primary=module.params["primary"],
        expect_neighbor=module.params["expect_neighbor"],
        carrier=verify["carrier"],
        neighbor=verify["neighbor"],
        reachable=tuple(verify["reachable"]),
        timeout=verify["timeout"],
        rollback=module.params["rollback"],
    )


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    outcome = Transaction(LocalHost(module), wanted_of(module), module.check_mode).run()
    for warning in outcome.warnings:
        module.warn(warning)
    if outcome.problem:
        module.fail_json(msg=outcome.problem, **outcome.as_result())
    module.exit_json(**outcome.as_result())


if __name__ == "__main__":
    main()
