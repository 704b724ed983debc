#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mark a step of a procedure in the journal. The work is in the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: journal_step
short_description: Mark a step of a procedure in the journal
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - For a site's own playbooks. Says what a procedure has done, what it proved and how long it took, as the procedures
    of this collection do by themselves. The journal, the incident's report and the evaluation of a drill read it.
  - It does nothing else. Without the callback P(contingency.infra.journal#callback) nobody writes it down.
options:
  text:
    description: What was done, as one sentence, or the same sentence by language, such as C({en:..., zh:...}).
    type: raw
    required: true
  phase:
    description: Phase of the contingency plan that the step belongs to.
    type: str
    choices: [discovery, report, grading, activation, handling, verification, end, aftermath]
    default: handling
  procedure:
    description: Name of the procedure, which is that of its playbook.
    type: str
    required: true
  ok:
    description: Whether the step came to what it should.
    type: bool
    default: true
  host:
    description: What the step was done on. Without it the host that the task runs for.
    type: str
  began_epoch:
    description: When it began, in seconds since the epoch.
    type: float
  ended_epoch:
    description: When it ended, in seconds since the epoch.
    type: float
  proven:
    description: What was proven, each a sentence or the same by language.
    type: list
    elements: raw
    default: []
  unproven:
    description: What could not be proven.
    type: list
    elements: raw
    default: []
  figures:
    description:
      - Numbers by name, with the unit in the name, such as C(outage_seconds), C(longest_gap_ms), C(packets_lost),
        C(data_loss_seconds), C(runtime_seconds) or C(restore_seconds).
    type: dict
    default: {}
  objectives:
    description: The limits of figures of the same names.
    type: dict
    default: {}
  series:
    description: What can be plotted over time.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What it is.
        type: str
        required: true
      unit:
        description: Unit of the values.
        type: str
        default: ""
      points:
        description: Pairs of seconds since the epoch and a value.
        type: list
        elements: list
        required: true
  next_action:
    description: What is to be done next, as a sentence or the same by language.
    type: raw
  files:
    description: Files of evidence on the controller. The journal holds their hashes.
    type: list
    elements: path
    default: []
attributes:
  check_mode:
    description: The step is marked in check mode too. The journal says of the whole run that it was a check.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
seealso:
  - module: contingency.infra.journal_info
"""

EXAMPLES = r"""
- name: Mark that the telephones were moved
  contingency.infra.journal_step:
    procedure: telephones
    phase: handling
    text:
      en: The telephones are on the standby line
      zh: 电话已切换到备用线路
    proven:
      - "call to the emergency desk: answered"
    figures:
      outage_seconds: 12.5
    objectives:
      outage_seconds: 60
"""

RETURN = r"""
contingency_steps:
  description: The step as the journal takes it.
  returned: always
  type: list
  elements: dict
  sample:
    - {phase: handling, text: The telephones are on the standby line, procedure: telephones, ok: true, host: pbx-1}
files:
  description: The files whose hashes the journal holds.
  returned: always
  type: list
  elements: str
  sample: [/srv/contingency/evidence/telephones.pdf]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._journal.words import ON_CONTROLLER
from ansible_collections.contingency.infra.plugins.module_utils._record.steps import PHASES

ARGUMENT_SPEC = {
    "text": {"type": "raw", "required": True},
    "phase": {"type": "str", "choices": list(PHASES), "default": "handling"},
    "procedure": {"type": "str", "required": True},
    "ok": {"type": "bool", "default": True},
    "host": {"type": "str"},
    "began_epoch": {"type": "float"},
    "ended_epoch": {"type": "float"},
    "proven": {"type": "list", "elements": "raw", "default": []},
    "unproven": {"type": "list", "elements": "raw", "default": []},
    "figures": {"type": "dict", "default": {}},
    "objectives": {"type": "dict", "default": {}},
    "series": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "unit": {"type": "str", "default": ""},
            "points": {"type": "list", "elements": "list", "required": True},
        },
    },
    "next_action": {"type": "raw"},
    "files": {"type": "list", "elements": "path", "default": []},
}


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(msg=ON_CONTROLLER.format(name="journal_step"))


if __name__ == "__main__":
    main()
