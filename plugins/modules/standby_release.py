#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation and arguments; the work is done by plugins/action/standby_release.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: standby_release
short_description: Stop a primary database server for a planned switchover, or take it back
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - V(released) stops the primary cleanly, which sends its last write to its standby, reads where that write is, and
    takes the service address off it. What it returns lets M(contingency.infra.standby_takeover) prove that no write is
    lost.
  - V(reprotected) is for the present primary, when a standby follows again. Commits wait for it as they did before the
    takeover, and the record of the takeover is closed.
  - V(reclaimed) is the way back where the standby did not take over. It starts the server and gives it the address
    again.
  - Runs for the primary, as root. PostgreSQL only.
options:
  state:
    description: What is wanted.
    type: str
    choices: [released, reclaimed, reprotected]
    default: released
  engine:
    description: What kind of server it is.
    type: str
    choices: [postgresql, mariadb]
    default: postgresql
  server:
    description: Which server of the host is meant, see M(contingency.infra.standby_takeover).
    type: dict
  addresses:
    description: Service addresses with their prefix length, such as 10.9.0.100/24.
    type: list
    elements: str
    default: []
  interface:
    description: The interface that has the service addresses.
    type: str
  timeout:
    description: Seconds that the stop or the start may take.
    type: float
    default: 60
attributes:
  check_mode:
    description: Reads the server and returns the steps of a real run; changes nothing.
    support: full
"""

EXAMPLES = r"""
- name: Hand over
  contingency.infra.standby_release:
    addresses: [10.9.0.100/24]
    interface: eth0
  register: released
"""

RETURN = r"""
proof:
  description: That the server is stopped, as O(contingency.infra.standby_takeover#module:proof) wants it.
  returned: when it was released
  type: dict
  sample:
    method: shutdown
    what: shut down cleanly, last record at 0/5000028
    at_epoch: 1795398151.2
    confirmed: true
position:
  description: The last write, as O(contingency.infra.standby_takeover#module:position) wants it.
  returned: when it was released
  type: dict
steps:
  description: What was done, or in check mode would be done, in order.
  returned: always
  type: list
  elements: str
proven:
  description: Each check with what was expected and seen.
  returned: always
  type: list
  elements: dict
seconds:
  description: How long it took.
  returned: always
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._standby.words import ON_CONTROLLER

ARGUMENT_SPEC = {
    "state": {"type": "str", "choices": ["released", "reclaimed", "reprotected"], "default": "released"},
    "engine": {"type": "str", "choices": ["postgresql", "mariadb"], "default": "postgresql"},
    "server": {"type": "dict"},
    "addresses": {"type": "list", "elements": "str", "default": []},
    "interface": {"type": "str"},
    "timeout": {"type": "float", "default": 60},
}


def main() -> None:
    """Say that this runs from the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(msg=ON_CONTROLLER.format(name="standby_release"))


if __name__ == "__main__":
    main()
