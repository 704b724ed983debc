#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Back up a switch to dated files. The work is in the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: switch_backup
short_description: Back up configuration and log of a switch to dated files
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - Stores running and startup configuration, log buffer, version, interfaces and neighbors on the controller,
    in one login.
  - Files are named C(running-20261121T214500Z.txt), readable by their owner only, written atomically.
  - A text is written when it differs from the newest file of its kind, lines that change by themselves left out.
    The log is always evidence and is written when it differs, but it does not make the task changed.
  - The configurations hold what the switch shows, including its hashed passwords; keep the directory as safe
    as the switch. The diff hides them.
extends_documentation_fragment:
  - contingency.infra.switch
options:
  dest:
    description: Directory on the controller; each switch gets a directory of its own in it.
    type: path
    required: true
  keep:
    description: How many files of each kind are kept.
    type: int
    default: 30
  optional:
    description:
      - Whether the run goes on when the switch cannot be reached or read, as with a core switch that failed.
      - RV(had) is then false and RV(msg) says why; the task does not fail.
    type: bool
    default: false
  gather:
    description: What else to read in the same login and return, as M(contingency.infra.switch_info) does.
    type: list
    elements: str
    choices: [ports, neighbors, macs, arp, addresses, spanning_tree, version]
    default: []
attributes:
  check_mode:
    description: Reads the switch and says what would be written.
    support: full
  diff_mode:
    description: Shows the change of the running configuration without its secrets.
    support: full
"""

EXAMPLES = r"""
- name: Back up every switch
  contingency.infra.switch_backup:
    dest: /var/lib/contingency/switches
    keep: 60
"""

RETURN = r"""
had:
  description: Whether the switch could be read.
  returned: always
  type: bool
  sample: true
msg:
  description: Why the switch could not be read.
  returned: when the switch could not be read
  type: str
  sample: "core-a: no answer from 10.77.0.11 port 22 within 0.5 s; check power, cable and management network"
not_stored:
  description: Why the texts could not be written although the switch was read.
  returned: when O(optional) and the controller's disk refused
  type: str
  sample: "the backup was read but not stored: no space left on device at /backup; free space or choose another dest"
platform:
  description: Name of the platform that was used.
  returned: success
  type: str
  sample: cisco_ios
files:
  description: The newest file of each kind, its hash, and whether it was written now.
  returned: success
  type: list
  elements: dict
  sample:
    - name: running
      path: /var/lib/contingency/switches/core-b/running-20261121T214500Z.txt
      sha256: 9f86d081884c7d65
      written: true
missing:
  description: Texts that the switch did not give, with its answer.
  returned: success
  type: dict
  sample: {neighbors: "rejected 'show lldp neighbors': '% LLDP is not enabled'"}
gathered:
  description: What O(gather) asked for, by name.
  returned: success
  type: dict
  sample: {neighbors: [{port: Te1/0/1, name: core-a, remote_port: Te1/1/1}]}
seconds:
  description: Time of the task in seconds.
  returned: success
  type: float
  sample: 1.2
reason:
  description: Fixed word for why the task failed.
  returned: failure
  type: str
  sample: unreachable
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._switch.arguments import (
    CONNECTION_ARGUMENTS,
    ON_CONTROLLER,
)
from ansible_collections.contingency.infra.plugins.module_utils._switch.info import SUBSETS

ARGUMENT_SPEC = dict(
    CONNECTION_ARGUMENTS,
    dest={"type": "path", "required": True},
    keep={"type": "int", "default": 30},
    optional={"type": "bool", "default": False},
    gather={"type": "list", "elements": "str", "choices": list(SUBSETS), "default": []},
)


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(msg=ON_CONTROLLER.format(name="switch_backup"))


if __name__ == "__main__":
    main()
