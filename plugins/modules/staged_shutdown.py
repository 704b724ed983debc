#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shut down what is due in a loss of mains, and nothing else. The work is in the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: staged_shutdown
short_description: Shut down what is due in a loss of mains, and nothing else
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - One run of a staged shutdown. Reads the UPSes, decides by the policy and by what the batteries hold (see
    M(contingency.infra.shutdown_plan)), shuts down what is due in the order of the dependencies, each host until it is
    confirmed off (see M(contingency.infra.host_shutdown)), and ends with the time of the next look. Meant to be run
    again and again by a timer, and by hand.
  - The UPSes are read again before each host. When mains is back no new host is shut, and those in shutdown are
    finished.
  - The beginning of the outage, the stages that became due and each host are on disk before each step. A run that was
    killed is gone on with by the next one; a run beside another one does nothing and says so.
  - A UPS that cannot be read is never taken for mains that is there. Alone it does not begin an outage, but the run
    fails; in an outage it goes on counting.
options:
  hosts:
    description:
      - Names of the hosts in the inventory. Their variables C(shutdown_stage), C(shutdown_power_watts),
        C(shutdown_feeds), C(shutdown_after), C(shutdown_seconds), C(shutdown_saves) and those of
        M(contingency.infra.host_shutdown) say the rest.
    type: list
    elements: str
    required: true
  save_switches:
    description:
      - Names of switches in the inventory whose log and configuration are saved in the first stage, and which go off
        with their power. Switches among O(hosts) (C(shutdown_kind) is V(switch)) are saved without being named here.
      - Files are written as M(contingency.infra.switch_backup) does, in C(switches) in O(dest). A running configuration
        that differs from the startup one is saved on the switch too. C(shutdown_save_timeout) of a switch (120) is how
        many seconds that may take, C(shutdown_save_configuration=false) leaves a switch out.
    type: list
    elements: str
    default: []
  outage:
    description:
      - V(auto) follows the UPSes. V(planned) makes all stages due at once, for an announced outage or a storm.
    type: str
    choices: [auto, planned]
    default: auto
  mode:
    description: V(plan) reads and shows what would be done now; check mode does the same.
    type: str
    choices: [run, plan]
    default: run
  dest:
    description: Directory on the controller for the report of the outage.
    type: path
    required: true
extends_documentation_fragment: [contingency.infra.outage]
seealso:
  - module: contingency.infra.ups_info
  - module: contingency.infra.shutdown_plan
  - module: contingency.infra.host_shutdown
"""

EXAMPLES = r"""
- name: Shut down what is due
  contingency.infra.staged_shutdown:
    hosts: "{{ groups['shutdown_hosts'] }}"
    save_switches: "{{ groups['switches'] }}"
    sources:
      - {name: ups-a, kind: nut, host: 192.0.2.71, ups: ups-a}
    upses:
      - {name: ups-a, nominal_watts: 2700, runtime_table: [[10, 360], [50, 106], [100, 53]]}
    policy:
      stages:
        - {name: not_critical, after_seconds: 1800}
        - {name: critical, after_seconds: 3600}
    state_dir: /var/lib/contingency/outage
    dest: /var/lib/contingency/evidence
"""

RETURN = r"""
mains:
  description: What the UPSes tell, V(online), V(on_battery) or V(unclear).
  returned: always
  type: str
  sample: on_battery
outage:
  description: The outage as it is on disk, null where there is none.
  returned: always
  type: dict
  sample: {id: 20261121T031205Z, cause: mains, due_stages: [not_critical]}
readings:
  description: The last readings, as in M(contingency.infra.ups_info).
  returned: always
  type: list
  elements: dict
  sample: [{name: ups-a, status: on_battery, runtime_seconds: 1020.0}]
plan:
  description: The last plan, as M(contingency.infra.shutdown_plan) returns it, null without an outage.
  returned: always
  type: dict
  sample: {due: [], stages_due: [not_critical], hard: false, next_look_seconds: 60.0}
outcomes:
  description: What became of each host and save of this run.
  returned: always
  type: list
  elements: dict
  sample: [{name: lis-web-1, state: "off", how: "off (graceful, by bmc)", seconds: 8.2, message: ""}]
failed_hosts:
  description: Hosts that are not confirmed off, and saves that were not made.
  returned: always
  type: list
  elements: str
  sample: []
next_look_epoch:
  description: When the next run has to look again, in seconds of the epoch; null without an outage.
  returned: always
  type: float
  sample: 1795321368.5
files:
  description: The report of the outage as JSON, Markdown and SVG.
  returned: always
  type: list
  elements: str
  sample: [/var/lib/contingency/evidence/outage-20261121T031205Z.svg]
contingency_steps:
  description: What the journal is told of the procedure. See M(contingency.infra.journal_step).
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.arguments import OUTAGE_SPEC
from ansible_collections.contingency.infra.plugins.module_utils._standby.words import ON_CONTROLLER

ARGUMENT_SPEC = {
    **OUTAGE_SPEC,
    "hosts": {"type": "list", "elements": "str", "required": True},
    "save_switches": {"type": "list", "elements": "str", "default": []},
    "outage": {"type": "str", "choices": ["auto", "planned"], "default": "auto"},
    "mode": {"type": "str", "choices": ["run", "plan"], "default": "run"},
    "dest": {"type": "path", "required": True},
}


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(msg=ON_CONTROLLER.format(name="staged_shutdown"))


if __name__ == "__main__":
    main()
