#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask for an approval, give it, see that a plan has it. The work is in the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: approval
short_description: Ask for an approval, give it, and see that a plan has it before it is run
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - An approval is bound to a plan by the hash of what decides over the run, to one person by a signature of
    C(ssh-keygen), and to a span of time. No server is needed, only a directory and a list of the people who may
    approve.
  - The plan is the procedure, its target, its arguments, and of each host that it touches the settings that decide. It
    is the same in the run that prints it and in the run that does it. Where any of it changes, the approval is for
    another plan, and the refusal says what differs. Secrets are not part of it.
  - Where approvals do not suffice, a standing approval of the inventory counts, within its limits, and for a run
    without a terminal only.
options:
  state:
    description:
      - V(requested) shows the plan's hash and what the approver types, and writes the request.
      - V(given) shows the plan to the approver, signs it, and sees that the signature counts.
      - V(required) fails where the plan is not approved, and writes the request then. Where it is approved, it writes
        down by whom.
      - V(listed) shows the requests, or one with all of its plan.
    type: str
    choices: [requested, given, required, listed]
    default: required
  plan:
    description: What is to be approved. Needed for V(requested) and V(required).
    type: dict
    suboptions:
      procedure:
        description: Name of the procedure, that of its playbook.
        type: str
        required: true
      target:
        description: What it is done to, the name that C(contingency_confirm) takes.
        type: str
        required: true
      arguments:
        description: What decides beside the inventory, such as the server that takes over.
        type: dict
        default: {}
      hosts:
        description: Names of the hosts that it touches.
        type: list
        elements: str
        default: []
      settings:
        description:
          - Names of the variables of these hosts that decide. C(ansible_host), C(ansible_port), C(ansible_connection)
            and C(ansible_network_os) always do.
          - What is named like a secret, or comes out of a vault, is left out.
        type: list
        elements: str
        default: []
  required:
    description: How many different persons have to approve. With 2, neither may be the one who runs it.
    type: int
    choices: [0, 1, 2]
    default: 1
  unavoidable:
    description:
      - For what has to be done in any case, such as the shutdown in a loss of mains, where not to act does more harm.
        The lack of an approval is then told loudly and recorded, and nothing is refused.
    type: bool
    default: false
  allowed_signers:
    description:
      - File on the controller with a line for each approver, as C(ssh-keygen) reads it (ALLOWED SIGNERS in
        C(ssh-keygen(1\))). It must not be writable by others.
    type: path
  directory:
    description: Directory on the controller for requests and approvals.
    type: path
    required: true
  standing:
    description:
      - Standing approvals, each with C(procedure), C(targets) (a list, V(*) for any), C(until) (the last day), C(by).
        Also C(from), C(comment), C(attended) (true lets it count at a terminal too) and C(limits) with C(hours)
        (V(22:00-06:00), of this machine's clock), C(weekdays) (V(sat), with the night that begins on it), C(max_hosts)
        and C(max_uses_per_day).
    type: list
    elements: dict
    default: []
  logins:
    description: Accounts of an approver, as lists by name, where they are not the part before V(@).
    type: dict
    default: {}
  person:
    description: Who runs it, where only root or a shared account is known.
    type: str
  incident:
    description: Incident that the run belongs to. An approval that names one counts for no other.
    type: str
  incident_dir:
    description: Directory on the controller that holds the incidents.
    type: path
  drill_dir:
    description: Directory on the controller that holds the drills.
    type: path
  request:
    description: The first digits of the plan's hash. Needed for V(given).
    type: str
  approver:
    description: Who approves, as in O(allowed_signers). Needed for V(given).
    type: str
  key:
    description:
      - The approver's private key, or the public one of a key that an agent holds. One with a passphrase has to be in
        an agent. Needed for V(given).
    type: path
  valid_for:
    description: How long the approval holds, as V(30m), V(2h) or V(1d), at most seven days.
    type: str
    default: 2h
  valid_from:
    description: When it begins, for a procedure that is planned ahead. Now, where it is not given.
    type: str
  comment:
    description: What the approver wants to say.
    type: str
  language:
    description: Language of the lines.
    type: str
    choices: [en, zh]
    default: en
attributes:
  check_mode:
    description: Shows and looks as otherwise; writes and signs nothing.
    support: full
  diff_mode:
    description: There is nothing to compare; the plan is shown in full.
    support: none
seealso:
  - module: contingency.infra.break_glass
"""

EXAMPLES = r"""
- name: See that the move of a service is approved
  contingency.infra.approval:
    plan:
      procedure: pacs_move
      target: pacs-1
      arguments:
        to: pacs-2
      hosts: [pacs-1, pacs-2]
      settings: [pacs_volume, pacs_address]
    required: 2
    allowed_signers: /srv/contingency/allowed_signers
    directory: /srv/contingency/evidence/approvals

- name: Approve a plan
  contingency.infra.approval:
    state: given
    request: 3f9a12bc44d0
    approver: li@hospital
    key: ~/.ssh/id_ed25519
    valid_for: 4h
    required: 2
    allowed_signers: /srv/contingency/allowed_signers
    directory: /srv/contingency/evidence/approvals
"""

RETURN = r"""
plan:
  description: Hash of the plan.
  returned: where it is about one plan
  type: str
  sample: 3f9a12bc44d0c1b9b0f3a9f0f7bd3c4a1f4f6f4c2f6b4a6e2c8f7d9e0a1b2c3d
directory:
  description: Directory of the request.
  returned: for V(requested), V(given), and where it is refused
  type: str
  sample: /srv/contingency/evidence/approvals/pacs_move-pacs-1-3f9a12bc44d0
missing:
  description: How many approvals are still missing.
  returned: for V(requested), V(given) and V(required)
  type: int
  sample: 1
files:
  description: The approval as it was signed, and its signature.
  returned: for V(given)
  type: list
  elements: str
  sample: [/srv/contingency/evidence/approvals/pacs_move-pacs-1-3f9a12bc44d0/20261122T140000Z-li@hospital.json]
requests:
  description: The requests.
  returned: for V(listed)
  type: list
  elements: dict
  sample: [{plan: 3f9a12bc44d0, procedure: pacs_move, target: pacs-1, required: 2, approvers: [li@hospital]}]
trouble:
  description: What could not be written down.
  returned: for V(requested), V(given) and V(required)
  type: list
  elements: str
  sample: []
contingency_approval:
  description:
    - What the journal and the incident keep. C(state) is V(given), V(granted) or V(refused). C(basis) is V(signed),
      V(standing), V(unavoidable), or empty where it is refused.
  returned: for V(given) and V(required)
  type: dict
  sample:
    state: granted
    granted: true
    basis: signed
    procedure: pacs_move
    target: pacs-1
    plan: 3f9a12bc44d0c1b9b0f3a9f0f7bd3c4a1f4f6f4c2f6b4a6e2c8f7d9e0a1b2c3d
    required: 1
    approvals: [{approver: li@hospital, key: "SHA256:YfI1d3", valid_until: "2026-11-22T16:00:00Z", own: false}]
    standing: null
    person: [wang]
    attended: true
    incident: INC-20261122-1
    reasons: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._standby.words import ON_CONTROLLER

PLAN = {
    "procedure": {"type": "str", "required": True},
    "target": {"type": "str", "required": True},
    "arguments": {"type": "dict", "default": {}},
    "hosts": {"type": "list", "elements": "str", "default": []},
    "settings": {"type": "list", "elements": "str", "default": []},
}
ARGUMENT_SPEC = {
    "state": {
        "type": "str",
        "choices": ["requested", "given", "required", "listed"],
        "default": "required",
    },
    "plan": {"type": "dict", "options": PLAN},
    "required": {"type": "int", "choices": [0, 1, 2], "default": 1},
    "unavoidable": {"type": "bool", "default": False},
    "allowed_signers": {"type": "path"},
    "directory": {"type": "path", "required": True},
    "standing": {"type": "list", "elements": "dict", "default": []},
    "logins": {"type": "dict", "default": {}},
    "person": {"type": "str"},
    "incident": {"type": "str"},
    "incident_dir": {"type": "path"},
    "drill_dir": {"type": "path"},
    "request": {"type": "str"},
    "approver": {"type": "str"},
    "key": {"type": "path", "no_log": False},
    "valid_for": {"type": "str", "default": "2h"},
    "valid_from": {"type": "str"},
    "comment": {"type": "str"},
    "language": {"type": "str", "choices": ["en", "zh"], "default": "en"},
}
REQUIRED_IF = [
    ("state", "requested", ["plan"]),
    ("state", "required", ["plan"]),
    ("state", "given", ["request", "approver", "key"]),
]


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, required_if=REQUIRED_IF, supports_check_mode=True)
    module.fail_json(msg=ON_CONTROLLER.format(name="approval"))


if __name__ == "__main__":
    main()
