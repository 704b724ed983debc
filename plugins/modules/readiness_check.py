#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read on one host what a failover needs. The work is in the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: readiness_check
short_description: Read on one host what a failover needs, without changing anything
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - Asks the BMC of the host (the inventory's C(standby_bmc)) for the state of the power, which tries the login too, and
    reads on the host, in one remote command, its database server, its service addresses, its services, its clock and
    the record of the last takeover.
  - Never fails because of what it finds, and not where the host cannot be reached. What was read is judged by
    M(contingency.infra.readiness_summary), which sees all hosts.
  - Changes nothing. A health check of kind C(sql) runs in a read-only transaction, one of kind C(command) only with
    O(run_commands). Who has a service address is asked with an ordinary ARP request.
  - The host keeps the program in C(/run/contingency), as for a takeover. It needs root and Python 3.9 or newer.
options:
  database:
    description: Whether the host has a database server of a pair.
    type: bool
    default: false
  engine:
    description: Product of the database server.
    type: str
    choices: [postgresql, mariadb]
    default: postgresql
  server:
    description: Which server of this host is meant, as in M(contingency.infra.standby_takeover).
    type: dict
    default: {}
  addresses:
    description: Service addresses that move with the primary, with their prefix length.
    type: list
    elements: str
    default: []
  interface:
    description: Interface of the service addresses. Without it nobody on the network is asked for them.
    type: str
  services:
    description: Services of the host, as in M(contingency.infra.service_health). None is started.
    type: list
    elements: dict
    default: []
  run_commands:
    description: Whether health checks of kind C(command) are run. Set it only where all of them only read.
    type: bool
    default: false
  cold:
    description: Whether the host is a cold standby, which is off until it is needed.
    type: bool
    default: false
  promotion_limits:
    description: Limits of a failover, as the option limits of M(contingency.infra.standby_takeover).
    type: dict
    default: {}
  max_message_age:
    description: How old the last message of the primary may be, in seconds.
    type: float
    default: 5
  max_clock_offset:
    description: How far the clock of the host may be from that of the controller, in seconds.
    type: float
    default: 2
  min_free_bytes:
    description: What has to be free on the disk of the database server.
    type: int
    default: 1073741824
attributes:
  check_mode:
    description: Reads the same.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
seealso:
  - module: contingency.infra.readiness_summary
"""

EXAMPLES = r"""
- name: Look at the pair
  contingency.infra.readiness_check:
    database: true
    addresses: [10.9.0.100/24]
    interface: eth0
  register: readiness_result

- name: Look at an application server
  contingency.infra.readiness_check:
    services:
      - unit: his-writer.service
        health:
          kind: http
          url: http://127.0.0.1:8080/health
  register: readiness_result
"""

RETURN = r"""
power:
  description: What the BMC says; empty where none is configured.
  returned: always
  type: dict
  sample: {protocol: redfish, state: "on", error: null}
looked:
  description: What was read on the host, by part; null where it was not reached.
  returned: always
  type: dict
trouble:
  description: Why the host was not read.
  returned: always
  type: str
  sample: "his-db-2: cannot be reached (Connection timed out)"
clock:
  description: By how many seconds the host's clock is ahead of the controller's, and how uncertain that is.
  returned: always
  type: dict
  sample: {seconds: 0.01, uncertainty: 0.05}
addresses:
  description: The service addresses that were asked for.
  returned: always
  type: list
  elements: str
limits:
  description: The limits for the judgement.
  returned: always
  type: dict
seconds:
  description: How long it took.
  returned: always
  type: float
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._standby.words import ON_CONTROLLER

ARGUMENT_SPEC = {
    "database": {"type": "bool", "default": False},
    "engine": {"type": "str", "choices": ["postgresql", "mariadb"], "default": "postgresql"},
    "server": {"type": "dict", "default": {}},
    "addresses": {"type": "list", "elements": "str", "default": []},
    "interface": {"type": "str"},
    "services": {"type": "list", "elements": "dict", "default": []},
    "run_commands": {"type": "bool", "default": False},
    "cold": {"type": "bool", "default": False},
    "promotion_limits": {"type": "dict", "default": {}},
    "max_message_age": {"type": "float", "default": 5},
    "max_clock_offset": {"type": "float", "default": 2},
    "min_free_bytes": {"type": "int", "default": 1073741824},
}


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(msg=ON_CONTROLLER.format(name="readiness_check"))


if __name__ == "__main__":
    main()
