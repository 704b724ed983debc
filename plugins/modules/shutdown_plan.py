#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan a staged shutdown, or the start after it. The work is in the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: shutdown_plan
short_description: Plan which hosts are shut down when, by what the batteries still hold, or started again
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - Decides from the readings of the UPSes, the record of the outage and the site's policy what is shut down now, and
    says why, when the next look is needed, and whether everything can be off in time at all.
  - A stage is due by the age of the outage or by the runtime that remains. The hard trigger fires when something would
    no longer be off in time, with O(policy.reserve_seconds) in reserve, if everything began one poll later; then all
    that shares a UPS with it goes, and saves are dropped.
  - A host counts at full draw until it is confirmed off. With two feeds it draws half from each, and all from one when
    the other UPS is empty or unknown; it is at risk only if all its feeds are.
  - A UPS that is unknown is never good news. In an outage its last trusted reading counts, drained since then at
    the highest plausible load, and as empty if there is none. Alone it begins no outage; it is named in RV(problems).
  - Switches go after all hosts and saves, unless their C(after) names hosts; the controller goes after everything.
  - Without an outage it says what one that begins now would bring, among it stages that the batteries never reach.
  - Runs on the controller, reads nothing and changes nothing. The same options give the same plan.
options:
  nodes:
    description: What is shut down.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the node.
        type: str
        required: true
      kind:
        description: V(save) is a backup of data or of a switch's configuration.
        type: str
        choices: [host, switch, controller, save]
        default: host
      stage:
        description: Name of the stage that it goes with.
        type: str
        required: true
      duration_seconds:
        description:
          - Seconds until it is confirmed off, of those measured nearly the longest; of a save, its time-out.
        type: float
        required: true
      power_watts:
        description:
          - What it draws in use, not what its label says. More than that hides load that stays on.
          - Where it is not known, shutting it gains nothing in the plan.
        type: float
      feeds:
        description: Names of the UPSes of its power supplies. May be left out where there is one UPS, and for saves.
        type: list
        elements: str
        default: []
      after:
        description: Names of the nodes that have to be confirmed off, or done, before it.
        type: list
        elements: str
        default: []
  upses:
    description: The UPSes.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the UPS, as in O(readings).
        type: str
        required: true
      nominal_watts:
        description: Load in watts that is 100 percent. Needed with O(upses[].runtime_table).
        type: float
      runtime_table:
        description:
          - Runtimes of a new battery from its manual, as a list of C([load in percent, minutes]).
          - Without it the runtime that the UPS tells is taken, with cautious exponents for other loads.
        type: list
        elements: list
        default: []
      derate:
        description: What is left of that with age.
        type: float
        default: 0.8
      low_battery_percent:
        description: Charge at which the UPS says low battery, which counts as empty.
        type: float
        default: 0
  policy:
    description: The rules.
    type: dict
    required: true
    suboptions:
      stages:
        description: The stages in their order.
        type: list
        elements: dict
        required: true
        suboptions:
          name:
            description: Name of the stage.
            type: str
            required: true
          after_seconds:
            description: Age of the outage at which it is due.
            type: float
          below_runtime_seconds:
            description: It is due when the first node would lose power in less than that.
            type: float
      reserve_seconds:
        description: Seconds of power that are left for each node when it is confirmed off.
        type: float
        default: 120
      concurrency:
        description: How many nodes are in shutdown at once.
        type: int
        default: 8
      poll_seconds:
        description: Longest time between two looks.
        type: float
        default: 60
      minimum_charge_percent:
        description: Charge that every UPS needs before anything is started.
        type: float
        default: 50
      stable_seconds:
        description: Seconds that mains has to be back before anything is started.
        type: float
        default: 300
  readings:
    description:
      - Readings of the UPSes. Of several readings of one UPS the last one is the present one; the earlier ones tell
        what it held when it was last trusted.
    type: list
    elements: dict
    required: true
  outage:
    description: The outage as recorded. Without it, or when it has ended, there is none.
    type: dict
  now_epoch:
    description: The present time in seconds since the epoch. Without it the controller's clock.
    type: float
  direction:
    description: Plan the shutdown or the start.
    type: str
    choices: [shutdown, start]
    default: shutdown
  up:
    description: Names of the nodes that are on and were seen healthy, for O(direction=start).
    type: list
    elements: str
    default: []
  online_since_epoch:
    description: Since when all UPSes have been on mains without a break, for O(direction=start).
    type: float
attributes:
  check_mode:
    description: Nothing is ever changed.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Can the policy be met, before there is an outage
  contingency.infra.shutdown_plan:
    nodes:
      - name: office-1
        stage: office
        duration_seconds: 45
        power_watts: 200
        feeds: [ups-a]
      - name: his-app-1
        stage: critical
        duration_seconds: 60
        power_watts: 350
        feeds: [ups-a, ups-b]
      - name: his-db-1
        stage: critical
        duration_seconds: 90
        power_watts: 450
        feeds: [ups-a, ups-b]
        after: [his-app-1]
    upses:
      - {name: ups-a, nominal_watts: 3000, runtime_table: [[10, 105], [50, 21], [100, 9]]}
      - {name: ups-b, nominal_watts: 3000, runtime_table: [[10, 105], [50, 21], [100, 9]]}
    policy:
      stages:
        - {name: office, after_seconds: 1800}
        - {name: critical, after_seconds: 3600}
    readings: "{{ ups.readings }}"
  register: plan

- name: What may be started now
  contingency.infra.shutdown_plan:
    direction: start
    nodes: "{{ shutdown_nodes }}"
    upses: "{{ shutdown_upses }}"
    policy: "{{ shutdown_policy }}"
    readings: "{{ ups.readings }}"
    outage: "{{ outage }}"
    online_since_epoch: "{{ online_since }}"
    up: "{{ healthy }}"
"""

RETURN = r"""
due:
  description: Names of the nodes to start shutting down, or to start, now, in this order.
  returned: always
  type: list
  elements: str
  sample: [his-app-1, office-1]
waiting:
  description:
    - Nodes that wait, each with its name, the first ten that it waits for (C(after)), and that as a sentence (C(why)).
  returned: always
  type: list
  elements: dict
  sample:
    - {name: his-db-1, after: [his-app-1], why: his-db-1 waits for his-app-1 (shutting).}
why:
  description: Why it is so, as sentences.
  returned: always
  type: list
  elements: str
  sample: ["The stage office is due: the outage is 1803 s old, and it is due after 1800 s."]
problems:
  description: What a person has to know, as sentences that name node, UPS and figures.
  returned: direction is shutdown
  type: list
  elements: str
  sample: ["ups-b is unknown (its driver is not connected); nothing is known of its battery, it counts as empty."]
feasible:
  description:
    - Whether every node can be off in time if the shutdown begins now; before an outage, if it begins a poll after one.
    - For a start, whether it is allowed now.
  returned: always
  type: bool
  sample: true
next_look_seconds:
  description: Seconds until a decision can change.
  returned: always
  type: float
  sample: 60.0
hard:
  description: Whether the hard trigger has fired.
  returned: direction is shutdown
  type: bool
  sample: false
hard_upses:
  description:
    - UPSes for which it has fired. To be kept in the record of the outage as C(hard_upses); it does not go back.
  returned: direction is shutdown
  type: list
  elements: str
  sample: []
stages_due:
  description: Stages that are due, to be kept in the record of the outage as C(due_stages); none goes back.
  returned: direction is shutdown
  type: list
  elements: str
  sample: [office]
mains_back:
  description: Whether there is an outage on record and mains is positively back on all UPSes. Then nothing is begun.
  returned: direction is shutdown
  type: bool
  sample: false
in_flight:
  description: Nodes that are in shutdown and are to be finished.
  returned: direction is shutdown
  type: list
  elements: str
  sample: []
dropped:
  description: Saves that are not waited for any longer; those that run are to be broken off.
  returned: direction is shutdown
  type: list
  elements: str
  sample: []
failed:
  description: Nodes that could not be confirmed off. They count as on and are due again with their stage.
  returned: direction is shutdown
  type: list
  elements: str
  sample: []
schedule:
  description: All nodes that are left, with start and end in seconds from now, if everything began now.
  returned: direction is shutdown
  type: list
  elements: dict
  sample:
    - {name: his-app-1, start_seconds: 0.0, end_seconds: 60.0}
    - {name: his-db-1, start_seconds: 60.0, end_seconds: 150.0}
makespan_seconds:
  description: Seconds that this takes.
  returned: direction is shutdown
  type: float
  sample: 150.0
critical_path_seconds:
  description: Seconds that it would take without a limit of how many at once.
  returned: direction is shutdown
  type: float
  sample: 150.0
depletion_seconds:
  description:
    - If nothing is shut - seconds until each UPS is empty (C(upses)), until the first of them is (C(earliest)), and
      until the first node loses power (C(first_node)). Null is never.
  returned: direction is shutdown
  type: dict
  sample: {upses: {ups-a: 2310.2, ups-b: 2604.9}, earliest: 2310.2, first_node: 2310.2}
slack_seconds:
  description:
    - Seconds that the shutdown of everything may still wait; below 0, by how many it is too late.
    - Null if no battery presses.
  returned: direction is shutdown
  type: float
  sample: 1985.0
limitation:
  description: Why nothing may be started, or null.
  returned: direction is start
  type: str
  sample: "Mains has been back for 40 s and has to be for 300 s; wait 260 s."
waves:
  description: The whole start in waves; each one's nodes need only those of the waves before.
  returned: direction is start
  type: list
  elements: list
  sample: [[his-db-1], [his-app-1]]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._standby.words import ON_CONTROLLER

_NODE = {
    "name": {"type": "str", "required": True},
    "kind": {"type": "str", "choices": ["host", "switch", "controller", "save"], "default": "host"},
    "stage": {"type": "str", "required": True},
    "duration_seconds": {"type": "float", "required": True},
    "power_watts": {"type": "float"},
    "feeds": {"type": "list", "elements": "str", "default": []},
    "after": {"type": "list", "elements": "str", "default": []},
}
_UPS = {
    "name": {"type": "str", "required": True},
    "nominal_watts": {"type": "float"},
    "runtime_table": {"type": "list", "elements": "list", "default": []},
    "derate": {"type": "float", "default": 0.8},
    "low_battery_percent": {"type": "float", "default": 0},
}
_STAGE = {
    "name": {"type": "str", "required": True},
    "after_seconds": {"type": "float"},
    "below_runtime_seconds": {"type": "float"},
}
_POLICY = {
    "stages": {"type": "list", "elements": "dict", "required": True, "options": _STAGE},
    "reserve_seconds": {"type": "float", "default": 120},
    "concurrency": {"type": "int", "default": 8},
    "poll_seconds": {"type": "float", "default": 60},
    "minimum_charge_percent": {"type": "float", "default": 50},
    "stable_seconds": {"type": "float", "default": 300},
}
ARGUMENT_SPEC = {
    "nodes": {"type": "list", "elements": "dict", "required": True, "options": _NODE},
    "upses": {"type": "list", "elements": "dict", "required": True, "options": _UPS},
    "policy": {"type": "dict", "required": True, "options": _POLICY},
    "readings": {"type": "list", "elements": "dict", "required": True},
    "outage": {"type": "dict"},
    "now_epoch": {"type": "float"},
    "direction": {"type": "str", "choices": ["shutdown", "start"], "default": "shutdown"},
    "up": {"type": "list", "elements": "str", "default": []},
    "online_since_epoch": {"type": "float"},
}


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(msg=ON_CONTROLLER.format(name="shutdown_plan"))


if __name__ == "__main__":
    main()
