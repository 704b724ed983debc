#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open, update and close the record of an incident. The work is in the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: incident
short_description: Open, update and close the record of an incident
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - Keeps one directory for each incident, with a chain of events in which nothing can be changed unseen. It grades the
    incident by the rules of the contingency plan, and says who is told by when, which deadlines run, and what to do
    next.
  - What is not known counts as the worst that cannot be ruled out. Each grade says by which rule it is given, and what
    is not known.
  - While the plan cannot be used, an incident is opened all the same and what is said is kept word by word, as a note;
    the task then ends in an error, since nothing is graded. The same arguments given again, once the plan is corrected,
    complete it.
  - It sends nothing. What is due is sent by the playbook C(contingency.infra.escalate).
  - A second run with the same arguments changes nothing. Two people who report the same fault get the same incident.
  - Times are typed as C(now), C(20m ago), C(02:40), C(2026-11-22 02:40) or C(in 2h), local to the organisation.
options:
  plan:
    description:
      - The contingency plan, see C(docs/incident.md).
      - Without it C(contingency_plan) of the inventory is read, but for what may be a secret of a channel. A secret
        that is missing then keeps nobody from the record.
    type: dict
  state:
    description:
      - V(opened) opens an incident, or takes the one that is open with the same title and place.
      - V(updated) adds to the record what is given; with nothing given it shows how things stand.
      - V(closed) closes it. It is refused while something is open, unless there is a O(reason).
    type: str
    choices: [opened, updated, closed]
    default: updated
  id:
    description: The incident. Without it the only one that is open.
    type: str
  drill:
    description: Whether this is a drill. Drills are kept in a directory of their own.
    type: bool
    default: false
  title:
    description: What is wrong, in a few words. Required to open an incident.
    type: str
  incident_class:
    description: A class of the plan, or V(unknown).
    type: str
  scope:
    description: A scope of the plan, or V(unknown).
    type: str
  place:
    description: Where it is.
    type: str
  occurred:
    description: When the fault began, or V(unknown).
    type: str
  discovered:
    description: When it was seen; now where nothing is given.
    type: str
  reported_by:
    description: Who saw it.
    type: str
  expected_outage:
    description: How long the whole outage is expected to be, from the fault on, as in V(2h), or V(unknown).
    type: str
  expected_recovery:
    description: When it is expected to work again, in place of O(expected_outage).
    type: str
  core_service:
    description: Whether a core service is down; V(true), V(false) or V(unknown).
    type: str
  data_loss:
    description: Whether data was lost; V(true), V(false) or V(unknown).
    type: str
  affected:
    description: How many machines are affected.
    type: int
  cause:
    description: The cause.
    type: str
  cause_found:
    description: Whether the cause has been found; V(true), V(false) or V(unknown).
    type: str
  effect:
    description: What it affects.
    type: str
  handling:
    description: How it was handled.
    type: str
  handling_error:
    description: Whether an error was made in handling; V(true), V(false) or V(unknown).
    type: str
  rule_broken:
    description: The rule that was broken.
    type: str
  prevention:
    description: What is done so that it does not happen again.
    type: str
  severity:
    description:
      - The grade that a person gives, with its O(reason). It stays until V(rules) gives the word back to the plan.
    type: str
  reason:
    description: Why this severity, or why the incident is closed although something is open.
    type: str
  activated:
    description: The lead has activated the plan.
    type: bool
    default: false
  acknowledged:
    description: Who has answered a notice, a key or a name of the plan's contacts.
    type: str
  manual_work:
    description: Departments that start to work by hand. They are told.
    type: list
    elements: str
    default: []
  manual_work_ended:
    description: Departments that work with the systems again. They are told.
    type: list
    elements: str
    default: []
  recovered:
    description: When it worked again.
    type: str
  relapsed:
    description: It failed again after it had been said to work.
    type: bool
    default: false
  confirmed:
    description: Departments whose users have confirmed that it works.
    type: list
    elements: str
    default: []
  confirmed_by:
    description: Who confirmed it; the department where nothing is given.
    type: str
  reentered:
    description: What each department has entered that was done by hand.
    type: dict
    default: {}
  met:
    description: Keys of deadlines that are met by something that is not in the record.
    type: list
    elements: str
    default: []
  note:
    description: A line for the time line.
    type: str
  at:
    description: When it happened that is told of here, where that is not now.
    type: str
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
    description: Writes nothing, and shows which events would be written and what would be due.
    support: full
  diff_mode:
    description: Shows the incident before and after.
    support: full
seealso:
  - module: contingency.infra.incident_due
"""

EXAMPLES = r"""
- name: Open an incident
  contingency.infra.incident:
    state: opened
    plan: "{{ contingency_plan }}"
    directory: /var/lib/contingency/evidence/incidents
    drill_directory: /var/lib/contingency/evidence/drills
    title: HIS does not answer
    place: machine room
    occurred: "02:40"
    incident_class: server_fault
    expected_outage: 2h

- name: The pharmacy works by hand
  contingency.infra.incident:
    plan: "{{ contingency_plan }}"
    directory: /var/lib/contingency/evidence/incidents
    drill_directory: /var/lib/contingency/evidence/drills
    manual_work: [pharmacy]

- name: It works again
  contingency.infra.incident:
    plan: "{{ contingency_plan }}"
    directory: /var/lib/contingency/evidence/incidents
    drill_directory: /var/lib/contingency/evidence/drills
    id: INC-20261122-1
    recovered: 20m ago
    manual_work_ended: [pharmacy]
"""

RETURN = r"""
id:
  description: The incident.
  returned: always
  type: str
  sample: INC-20261122-1
path:
  description: Its directory.
  returned: always
  type: str
  sample: /var/lib/contingency/evidence/incidents/INC-20261122-1
severity:
  description: Its grade.
  returned: always
  type: str
  sample: class_1
why:
  description: Why it has this grade.
  returned: always
  type: str
  sample: "rule of the plan: class: server_fault"
unknown:
  description: Details that may change the grade once they are known.
  returned: always
  type: list
  elements: str
  sample: [expected_outage_seconds]
events:
  description: Kinds of the events that were written, or would be in check mode.
  returned: always
  type: list
  elements: str
  sample: [opened, graded]
notices:
  description: Who is told by when.
  returned: always
  type: list
  elements: dict
  sample: [{key: duty, to: duty, state: due, pending: [zhang], by_epoch: 1795568400.0}]
deadlines:
  description: The deadlines whose clocks run or ran.
  returned: always
  type: list
  elements: dict
  sample: [{key: diagnosis, state: due, due_epoch: 1795570200.0}]
manual_work:
  description: Departments that should start or end manual work.
  returned: always
  type: list
  elements: dict
  sample: [{action: start, departments: [pharmacy]}]
overdue:
  description: Keys of what should have been told or done by now.
  returned: always
  type: list
  elements: str
  sample: []
next_actions:
  description: What to do next, the most urgent first.
  returned: always
  type: list
  elements: str
  sample: ["run procedures with -e contingency_incident=INC-20261122-1, so that they stand in its report"]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._incident.words import ON_CONTROLLER

TEXT = {"type": "str"}
LIST = {"type": "list", "elements": "str", "default": []}
FLAG = {"type": "bool", "default": False}
ARGUMENT_SPEC = {
    "plan": {"type": "dict"},
    "state": {"type": "str", "choices": ["opened", "updated", "closed"], "default": "updated"},
    "id": TEXT,
    "drill": FLAG,
    "title": TEXT,
    "incident_class": TEXT,
    "scope": TEXT,
    "place": TEXT,
    "occurred": TEXT,
    "discovered": TEXT,
    "reported_by": TEXT,
    "expected_outage": TEXT,
    "expected_recovery": TEXT,
    "core_service": TEXT,
    "data_loss": TEXT,
    "affected": {"type": "int"},
    "cause": TEXT,
    "cause_found": TEXT,
    "effect": TEXT,
    "handling": TEXT,
    "handling_error": TEXT,
    "rule_broken": TEXT,
    "prevention": TEXT,
    "severity": TEXT,
    "reason": TEXT,
    "activated": FLAG,
    "acknowledged": TEXT,
    "manual_work": LIST,
    "manual_work_ended": LIST,
    "recovered": TEXT,
    "relapsed": FLAG,
    "confirmed": LIST,
    "confirmed_by": TEXT,
    "reentered": {"type": "dict", "default": {}},
    "met": LIST,
    "note": TEXT,
    "at": TEXT,
    "directory": {"type": "path", "required": True},
    "drill_directory": {"type": "path", "required": True},
    "language": {"type": "str", "choices": ["en", "zh"], "default": "en"},
}


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(msg=ON_CONTROLLER.format(name="incident"))


if __name__ == "__main__":
    main()
