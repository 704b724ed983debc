#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show and record what a standby procedure did. The work is in the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: standby_summary
short_description: Show and record what a standby procedure did
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - Collects what the tasks of the role C(contingency.infra.standby) registered on each host, shows it in short lines,
    and writes it to dated files, readable by their owner only.
  - Fails where something is not done, so that the run ends non-zero.
options:
  failed:
    description: Database server that is left.
    type: str
    required: true
  target:
    description: Database server that takes over.
    type: str
    required: true
  applications:
    description: Application hosts.
    type: list
    elements: str
    default: []
  procedure:
    description: Which procedure it was.
    type: str
    choices: [failover, switchover, rejoin]
    default: failover
  mode:
    description: Whether the run changed anything, V(plan) without confirmation, V(check) in check mode.
    type: str
    choices: [run, plan, check]
    required: true
  language:
    description: Language of the lines.
    type: str
    choices: [en, zh]
    default: en
  dest:
    description: Directory on the controller for the record.
    type: path
    required: true
attributes:
  check_mode:
    description: Shows the lines and writes nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Summary
  contingency.infra.standby_summary:
    failed: his-db-1
    target: his-db-2
    applications: "{{ groups['applications'] }}"
    mode: run
    dest: /var/lib/contingency/evidence
"""

RETURN = r"""
failed_hosts:
  description: Hosts that are not done.
  returned: always
  type: list
  elements: str
  sample: [his-app-1]
files:
  description: The files of the record, JSON and Markdown.
  returned: always
  type: list
  elements: str
  sample: [/var/lib/contingency/evidence/standby_failover-20261121T214500Z.json]
contingency_steps:
  description: What the journal is told of the procedure. See M(contingency.infra.journal_step).
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._standby.words import ON_CONTROLLER

ARGUMENT_SPEC = {
    "failed": {"type": "str", "required": True},
    "target": {"type": "str", "required": True},
    "applications": {"type": "list", "elements": "str", "default": []},
    "procedure": {"type": "str", "choices": ["failover", "switchover", "rejoin"], "default": "failover"},
    "mode": {"type": "str", "choices": ["run", "plan", "check"], "required": True},
    "language": {"type": "str", "choices": ["en", "zh"], "default": "en"},
    "dest": {"type": "path", "required": True},
}


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(msg=ON_CONTROLLER.format(name="standby_summary"))


if __name__ == "__main__":
    main()
