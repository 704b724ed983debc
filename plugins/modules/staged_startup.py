#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start what a loss of mains has shut down, in order. The work is in the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: staged_startup
short_description: Start what a loss of mains has shut down, each host healthy before the next
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - One run of the start after M(contingency.infra.staged_shutdown). Only what that has shut down is started, in the
    reverse order of the dependencies; each host is switched on through its BMC and has to be healthy before the next.
  - Waits, and says for what, until mains is back on every UPS for C(stable_seconds) of the policy, the batteries have
    their minimum of charge, and a new shutdown could be borne. The UPSes are read again before each host.
  - When all are up the outage is closed. A run that was killed is gone on with by the next one.
options:
  hosts:
    description:
      - Names of the hosts in the inventory. Their variables C(shutdown_health) (a check as in
        M(contingency.infra.service_health), of kind tcp, http or sql; without it a login is tried),
        C(shutdown_start_timeout), C(shutdown_bmc) or C(standby_bmc), and those of
        M(contingency.infra.staged_shutdown) say the rest.
    type: list
    elements: str
    required: true
  outage:
    description: V(over) says that a planned outage is over; one that the UPSes told of ends with mains.
    type: str
    choices: [auto, over]
    default: auto
  dest:
    description: Directory on the controller for measured durations.
    type: path
    required: true
extends_documentation_fragment: [contingency.infra.outage]
seealso:
  - module: contingency.infra.staged_shutdown
  - module: contingency.infra.ups_info
  - module: contingency.infra.server_power
"""

EXAMPLES = r"""
- name: Start what was shut down
  contingency.infra.staged_startup:
    hosts: "{{ groups['shutdown_hosts'] }}"
    sources:
      - {name: ups-a, kind: nut, host: 192.0.2.71, ups: ups-a}
    upses:
      - {name: ups-a, nominal_watts: 2700, runtime_table: [[10, 360], [50, 106], [100, 53]]}
    policy:
      stages:
        - {name: not_critical, after_seconds: 1800}
        - {name: critical, after_seconds: 3600}
      minimum_charge_percent: 50
      stable_seconds: 300
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
limitation:
  description: Why nothing may be started now, null where something may.
  returned: always
  type: str
  sample: ups-a is charged to 31 % and needs 50 %; wait, or lower minimum_charge_percent.
closed:
  description: Whether all hosts are up, so that the outage is closed.
  returned: always
  type: bool
  sample: true
outcomes:
  description: What became of each host of this run.
  returned: always
  type: list
  elements: dict
  sample: [{name: lis-db-1, state: up, how: up and healthy, seconds: 21.4, message: ""}]
failed_hosts:
  description: Hosts that are not up and healthy.
  returned: always
  type: list
  elements: str
  sample: []
next_look_epoch:
  description: When the next run has to look again, in seconds of the epoch; null without an outage.
  returned: always
  type: float
  sample: 1795321368.5
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
    "outage": {"type": "str", "choices": ["auto", "over"], "default": "auto"},
    "dest": {"type": "path", "required": True},
}


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(msg=ON_CONTROLLER.format(name="staged_startup"))


if __name__ == "__main__":
    main()
