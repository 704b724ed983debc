#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what is due and what is overdue in the open incidents. The work is in the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: incident_due
short_description: Say what is due and what is overdue in the open incidents
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - Reads the records and changes nothing. For each open incident it says who has to be told now, who will be told when,
    which deadlines run, were kept or missed, and what to do next.
  - An incident that cannot be read is told, and makes the task fail.
options:
  plan:
    description:
      - The contingency plan, see C(docs/incident.md).
      - Without it C(contingency_plan) of the inventory is read, but for what may be a secret of a channel. A secret
        that is missing then keeps nobody from the record.
    type: dict
  id:
    description: The incident. Without it all that are open.
    type: str
  drill:
    description: Whether the drills are meant, in place of the incidents.
    type: bool
    default: false
  at:
    description: The time for which to say it, as in V(in 2h); now where nothing is given.
    type: str
    default: now
  fail_on_overdue:
    description: Whether the task fails where something is overdue, for a monitoring system.
    type: bool
    default: false
  directory:
    description: Where incidents are kept.
    type: path
    required: true
  drill_directory:
    description: Where drills are kept.
    type: path
    required: true
  language:
    description: Language of the lines.
    type: str
    choices: [en, zh]
    default: en
attributes:
  check_mode:
    description: It only reads.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
seealso:
  - module: contingency.infra.incident
"""

EXAMPLES = r"""
- name: What is due now
  contingency.infra.incident_due:
    plan: "{{ contingency_plan }}"
    directory: /var/lib/contingency/evidence/incidents
    drill_directory: /var/lib/contingency/evidence/drills
  register: due
"""

RETURN = r"""
incidents:
  description: For each incident what M(contingency.infra.incident) returns of it.
  returned: always
  type: list
  elements: dict
  sample: [{id: INC-20261122-1, severity: class_1, overdue: []}]
overdue:
  description: Keys of what is overdue, by incident.
  returned: always
  type: dict
  sample: {INC-20261122-1: [lead]}
unreadable:
  description: Incidents that cannot be read, with the reason.
  returned: always
  type: dict
  sample: {}
next_epoch:
  description: The moment before which nothing of this changes by time alone.
  returned: always
  type: float
  sample: 1795570200.0
gaps:
  description: What the plan leaves open, such as a role without a contact.
  returned: always
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._incident.words import ON_CONTROLLER

ARGUMENT_SPEC = {
    "plan": {"type": "dict"},
    "id": {"type": "str"},
    "drill": {"type": "bool", "default": False},
    "at": {"type": "str", "default": "now"},
    "fail_on_overdue": {"type": "bool", "default": False},
    "directory": {"type": "path", "required": True},
    "drill_directory": {"type": "path", "required": True},
    "language": {"type": "str", "choices": ["en", "zh"], "default": "en"},
}


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(msg=ON_CONTROLLER.format(name="incident_due"))


if __name__ == "__main__":
    main()
