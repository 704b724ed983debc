#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell people what the contingency plan asks for now. The work is in the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: escalate
short_description: Tell the right people of an incident in time
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - Reads the incidents and drills that are open, and those that were closed in the last two weeks, works out what the
    plan in O(plan) asks for now, sends the notices that are due, and writes the notice board.
  - A notice is written into the incident's record before it is sent, and so is each attempt. What was sent is never
    sent again, also after a restart. A process of its own does the sending, which goes on when Ansible is killed.
  - Where a server had a message in hand and did not say that it took it, or the sender was killed in between, nobody
    knows whether it arrived. It is sent again with the same Message-ID, and with the words that it may be a repetition.
  - A contact who could not be told is tried again after a pause that doubles, over each channel; then the next contact
    of the plan is told. Where nobody is left it is written into the record, the task fails, and it is tried on.
  - Also writes the grade that the rules of the plan give by now into the record, unless somebody gave one by hand.
  - Meant to be run each minute by a timer, and by hand at any time. Two runs at once do not send twice.
options:
  plan:
    description:
      - The contingency plan of the site.
      - Without it C(contingency_plan) of the inventory is read, and each of its channels by itself. One whose secret is
        missing, or that has a mistake, is not used; people are told over the others, and the task fails in the end.
    type: dict
  incident:
    description: Id of the one incident to look at. All when empty.
    type: str
    default: ""
  incident_dir:
    description: Directory of the incidents.
    type: path
    required: true
  drill_dir:
    description: Directory of the drills.
    type: path
    required: true
  language:
    description: Language of the messages and of the lines shown. The notice board has both, this one on the left.
    type: str
    choices: [en, zh]
    default: en
  attempts:
    description: Attempts over each channel of a contact before the next contact is told.
    type: int
    default: 3
  pause:
    description: Seconds between the first two attempts over one channel; each pause is twice the one before, up to 300.
    type: float
    default: 5
  patience:
    description: Seconds for which this run waits for attempts that are not due yet. The next run does what is left.
    type: float
    default: 40
attributes:
  check_mode:
    description: Shows who would be told, sends nothing and writes nothing.
    support: full
  diff_mode:
    description: In check mode, shows the messages.
    support: full
seealso:
  - name: Incidents
    description: The plan, its channels and its notices.
    link: https://github.com/contingency/infra/blob/main/docs/escalate.md
"""

EXAMPLES = r"""
- name: Tell who has to be told by now
  contingency.infra.escalate:
    incident_dir: /srv/contingency/evidence/incidents
    drill_dir: /srv/contingency/evidence/drills

- name: See what would be sent of one incident
  contingency.infra.escalate:
    incident: INC-20261122-1
    incident_dir: /srv/contingency/evidence/incidents
    drill_dir: /srv/contingency/evidence/drills
    language: zh
  check_mode: true
  diff: true
"""

RETURN = r"""
incidents:
  description: By id, the grade, what this run sent, what waits, whom nobody could tell, and what is overdue.
  returned: always
  type: dict
  sample:
    INC-20261122-1:
      severity: class_1
      drill: false
      sent: [{key: lead, contact: director, channel: mail}]
      pending: []
      lost: []
      unanswered: []
      overdue: []
      next_epoch: 1795350600.0
told_before:
  description: Whether nothing is new since the run before this one; its trouble then is that of the one before.
  returned: not in check mode
  type: bool
  sample: false
board:
  description: File of the notice board, empty where the plan has none.
  returned: not in check mode
  type: str
  sample: /srv/www/it.html
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._incident.words import ON_CONTROLLER

ARGUMENT_SPEC = {
    "plan": {"type": "dict"},
    "incident": {"type": "str", "default": ""},
    "incident_dir": {"type": "path", "required": True},
    "drill_dir": {"type": "path", "required": True},
    "language": {"type": "str", "choices": ["en", "zh"], "default": "en"},
    "attempts": {"type": "int", "default": 3},
    "pause": {"type": "float", "default": 5},
    "patience": {"type": "float", "default": 40},
}


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(msg=ON_CONTROLLER.format(name="escalate"))


if __name__ == "__main__":
    main()
