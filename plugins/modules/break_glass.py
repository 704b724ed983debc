#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open a sealed credential in need, see that it is rotated. The work is in the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: break_glass
short_description: Open a sealed credential in need, and see that it is rotated afterwards
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - A sealed credential is a file made with C(ansible-vault), with a password that is kept for it alone. It is opened
    for a reason that is recorded, with the approvals of two persons who are not the one who opens it. Approvals are
    bound to the reason and to the seal as it is (see M(contingency.infra.approval)).
  - The opening is on record before the credential is anywhere. It goes to a new file that only its owner can read, or
    once to the terminal, and never into results, logs or the record.
  - What was opened is listed until it is rotated. The rotation is noted when the file was encrypted anew and holds
    something else, and where a check is set, when the new credential works and the old one does not. It deletes the
    file that the credential was handed over in.
options:
  state:
    description: V(opened) breaks a seal, V(rotated) proves that it was made good, V(listed) tells what waits for that.
    type: str
    choices: [opened, rotated, listed]
    default: listed
  name:
    description: Name of the credential. Needed for V(opened) and V(rotated).
    type: str
  sealed:
    description:
      - The sealed credentials by name, each with C(file), and C(check), a list of a program and its words. The program
        gets what the file holds on its standard input and has to end with 0 where that works, within 60 seconds.
    type: dict
    default: {}
  reason:
    description: Why the seal is broken, for the approvers and the record. Needed for V(opened).
    type: str
  file:
    description:
      - New file for the credential, best in memory (C(/dev/shm)). For V(rotated) a file that holds the old one, where a
        check needs it and it was handed over elsewhere.
    type: path
  show:
    description: Show it once on the terminal, in place of O(file).
    type: bool
    default: false
  allowed_signers:
    description: See O(contingency.infra.approval#module:allowed_signers).
    type: path
  directory:
    description: Directory on the controller for requests, approvals and the record of seals.
    type: path
    required: true
  logins:
    description: See O(contingency.infra.approval#module:logins).
    type: dict
    default: {}
  person:
    description: See O(contingency.infra.approval#module:person).
    type: str
  incident:
    description: Incident that it belongs to.
    type: str
  incident_dir:
    description: Directory on the controller that holds the incidents.
    type: path
  drill_dir:
    description: Directory on the controller that holds the drills.
    type: path
  language:
    description: Language of the lines.
    type: str
    choices: [en, zh]
    default: en
attributes:
  check_mode:
    description: Looks at approvals, seal and check as otherwise; opens and records nothing.
    support: full
  diff_mode:
    description: There is nothing that could be shown.
    support: none
seealso:
  - module: contingency.infra.approval
"""

EXAMPLES = r"""
- name: Open the emergency account of the hospital's database
  contingency.infra.break_glass:
    state: opened
    name: his-db-root
    sealed: {his-db-root: {file: /srv/contingency/sealed/his-db-root.vault}}
    reason: The administrator is not reachable, the primary has to be repaired
    file: /dev/shm/his-db-root
    allowed_signers: /srv/contingency/allowed_signers
    directory: /srv/contingency/evidence/approvals

- name: Tell what waits to be rotated
  contingency.infra.break_glass:
    directory: /srv/contingency/evidence/approvals
"""

RETURN = r"""
missing:
  description: How many approvals are still missing.
  returned: for V(opened)
  type: int
  sample: 2
proven:
  description: Whether the check proved that the new credential works and the old one does not.
  returned: for V(rotated)
  type: bool
  sample: true
open:
  description: What was opened and is not rotated yet.
  returned: for V(listed)
  type: list
  elements: dict
  sample: [{name: his-db-root, at: "2026-11-22T03:12:05.120Z", by: wang, reason: The administrator is not reachable}]
trouble:
  description: What could not be written down or deleted.
  returned: for V(opened) and V(rotated)
  type: list
  elements: str
  sample: []
contingency_approval:
  description: The decision, for the journal; see M(contingency.infra.approval).
  returned: for V(opened)
  type: dict
  sample: {granted: true, basis: signed, procedure: break_glass, target: his-db-root, required: 2}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._standby.words import ON_CONTROLLER

ARGUMENT_SPEC = {
    "state": {"type": "str", "choices": ["opened", "rotated", "listed"], "default": "listed"},
    "name": {"type": "str"},
    "sealed": {"type": "dict", "default": {}},
    "reason": {"type": "str"},
    "file": {"type": "path"},
    "show": {"type": "bool", "default": False},
    "allowed_signers": {"type": "path"},
    "directory": {"type": "path", "required": True},
    "logins": {"type": "dict", "default": {}},
    "person": {"type": "str"},
    "incident": {"type": "str"},
    "incident_dir": {"type": "path"},
    "drill_dir": {"type": "path"},
    "language": {"type": "str", "choices": ["en", "zh"], "default": "en"},
}
REQUIRED_IF = [
    ("state", "opened", ["name", "reason"]),
    ("state", "rotated", ["name"]),
]


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, required_if=REQUIRED_IF, supports_check_mode=True)
    module.fail_json(msg=ON_CONTROLLER.format(name="break_glass"))


if __name__ == "__main__":
    main()
