#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make one of several uplinks of a switch the active one. The work is in the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: switch_uplink
short_description: Make one of several uplinks of a switch the active one
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - Reads the uplinks, enables the wanted one, shuts the others, proves that the wanted one carries traffic,
    and saves the configuration. What was there is put back and proven when a step or a proof fails.
  - With spanning tree the new uplink is up and settled before the old one is shut. Without it the old one is shut
    first, so that two uplinks are never active at once.
  - A session that is cut in the middle is opened again, the switch is read, and the change is finished or undone.
  - A second run changes nothing. A run after a killed one finishes what that one left, also an unsaved configuration.
extends_documentation_fragment:
  - contingency.infra.switch
options:
  active:
    description: Port that shall carry the traffic.
    type: str
    required: true
  standby:
    description: Ports that shall be shut.
    type: list
    elements: str
    default: []
  expect_neighbor:
    description:
      - Name of the switch that LLDP (or CDP) must show behind O(active). A domain in the name does not matter.
      - Where the platform cannot tell, RV(unproven) names the check.
    type: str
  strategy:
    description:
      - V(auto) is V(make_before_break) where spanning tree was seen to run on the uplinks, else V(break_before_make).
      - V(make_before_break) without spanning tree is refused.
    type: str
    choices: [auto, make_before_break, break_before_make]
    default: auto
  verify:
    description: What O(active) has to prove.
    type: dict
    suboptions:
      link:
        description: The link is up.
        type: bool
        default: true
      neighbor:
        description: O(expect_neighbor) is behind it.
        type: bool
        default: true
      mac_learned:
        description: At least one MAC address was learned on it, where the platform can tell.
        type: bool
        default: true
      reachable:
        description: Addresses that must answer a ping.
        type: list
        elements: str
        default: []
      reachable_from:
        description:
          - Hosts of the inventory that ping O(verify.reachable). Without it the switch itself is asked.
          - They are Linux hosts that the controller reaches by SSH with their own inventory variables.
        type: list
        elements: str
        default: []
      timeout:
        description: Seconds until all proofs must be there.
        type: float
        default: 30
  rollback:
    description: Put back what was there when a step or a proof fails.
    type: bool
    default: true
  save:
    description:
      - V(changed) saves after a change, and when the uplinks' running configuration is not the saved one.
      - Saved means that the startup configuration was read back and is the same for these ports.
    type: str
    choices: [changed, always, never]
    default: changed
  safety_net:
    description:
      - Use the switch's own safety net where it has one and is set up for it (revert timer, commit confirmed,
        commit trial, checkpoint), so that the switch undoes the change by itself when the controller is gone.
    type: bool
    default: true
  management_port:
    description:
      - Port through which the controller reaches the switch, where the switch cannot tell it.
      - The port that carries the session is never shut.
    type: str
attributes:
  check_mode:
    description: Nothing is changed; RV(commands) are those that a real run sends.
    support: full
  diff_mode:
    description: Shows the administrative states of the ports.
    support: full
"""

EXAMPLES = r"""
- name: Move an access switch to the standby core
  contingency.infra.switch_uplink:
    active: TenGigabitEthernet1/0/2
    standby: [TenGigabitEthernet1/0/1]
    expect_neighbor: core-b
    verify:
      reachable: [10.9.0.1]

- name: Move a switch that cannot ping, and let a client prove it
  contingency.infra.switch_uplink:
    active: swp50
    standby: [swp49]
    expect_neighbor: core-b
    verify:
      reachable: [10.9.0.31]
      reachable_from: [client-pharmacy]
      timeout: 20
"""

RETURN = r"""
before:
  description: The ports as they were, by name.
  returned: when the switch could be read
  type: dict
  sample:
    swp49: {name: swp49, enabled: true, link: false, detail: ''}
    swp50: {name: swp50, enabled: false, link: false, detail: ''}
after:
  description: The ports as they are at the end, also after a roll-back.
  returned: when the switch could be read
  type: dict
  sample:
    swp49: {name: swp49, enabled: false, link: false, detail: ''}
    swp50: {name: swp50, enabled: true, link: true, detail: ''}
strategy:
  description: The strategy that was chosen.
  returned: when the switch could be read
  type: str
  sample: make_before_break
commands:
  description: Every line that was sent to change the switch, in order; in check mode those that would be sent.
  returned: always
  type: list
  elements: str
  sample: [configure terminal, interface swp50, no shutdown, end, write memory]
verified:
  description: Each check with what was expected and what was seen.
  returned: always
  type: list
  elements: dict
  sample: [{check: neighbor, subject: swp50, expected: core-b, seen: core-b, passed: true}]
unproven:
  description: Checks that this platform cannot make.
  returned: always
  type: list
  elements: str
  sample: [neighbor]
rolled_back:
  description: Whether what was there was put back and proven.
  returned: always
  type: bool
  sample: false
saved:
  description: Whether the startup configuration was seen to hold the ports as they run.
  returned: always
  type: bool
  sample: true
reconnected:
  description: How often a lost session was opened again.
  returned: always
  type: int
  sample: 0
seconds:
  description: Seconds of connect, read, plan (guards), switch_over (changes and proofs), save, and in total.
  returned: always
  type: dict
  sample: {connect: 0.31, read: 0.05, plan: 0.01, switch_over: 0.42, save: 0.2, total: 0.99}
reason:
  description: Fixed word for why the task failed.
  returned: failure
  type: str
  sample: check_failed
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._switch.arguments import (
    CONNECTION_ARGUMENTS,
    ON_CONTROLLER,
)

ARGUMENT_SPEC = dict(
    CONNECTION_ARGUMENTS,
    active={"type": "str", "required": True},
    standby={"type": "list", "elements": "str", "default": []},
    expect_neighbor={"type": "str"},
    strategy={"type": "str", "choices": ["auto", "make_before_break", "break_before_make"], "default": "auto"},
    verify={
        "type": "dict",
        "options": {
            "link": {"type": "bool", "default": True},
            "neighbor": {"type": "bool", "default": True},
            "mac_learned": {"type": "bool", "default": True},
            "reachable": {"type": "list", "elements": "str", "default": []},
            "reachable_from": {"type": "list", "elements": "str", "default": []},
            "timeout": {"type": "float", "default": 30},
        },
    },
    rollback={"type": "bool", "default": True},
    save={"type": "str", "choices": ["changed", "always", "never"], "default": "changed"},
    safety_net={"type": "bool", "default": True},
    management_port={"type": "str"},
)


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(msg=ON_CONTROLLER.format(name="switch_uplink"))


if __name__ == "__main__":
    main()
