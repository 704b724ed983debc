#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold a drill of the contingency plan, and judge it. The work is in the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drill
short_description: Hold a drill of the contingency plan, at the table or live, and judge it
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - A drill is told by a scenario. At the table each situation is told, its procedures are run with C(--check) so that
    every step and command is seen and nothing is changed, and questions are asked, of which some are answered by the
    site's own C(contingency_plan). Answers and the time that each took are recorded.
  - Live, the module opens the record and says what to prepare, how the fault is caused, when to stop and how to get
    back. The people on duty then work as in an incident, with C(contingency_drill) on each command, which links its
    journal.
  - Each drill is judged by phase of the plan, in percent. What people answered, what procedures proved, objectives
    against what was achieved, deadlines and what had to happen count the same within a phase. What was not answered,
    not run or not measured counts as nothing. A late answer counts half. Findings are held against the last drill of
    the scenario.
  - A drill has a directory of its own below that of the drills, apart from incidents, and everything in it is marked
    as a drill. Each answer is on disk before the next question is asked, so that a drill that was broken off goes on
    there.
options:
  scenario:
    description: Name of a scenario of the collection or of O(scenarios), or the path of a file.
    type: str
    default: ""
  scenarios:
    description: Paths of the site's own scenarios.
    type: list
    elements: path
    default: []
  mode:
    description: At the table, or live.
    type: str
    choices: [tabletop, live]
    default: tabletop
  state:
    description:
      - V(held) holds a drill at the table and judges it, or opens a live one.
      - V(evaluated) judges a drill that was held, writes its report and closes it.
    type: str
    choices: [held, evaluated]
    default: held
  drill:
    description: The drill that is meant, such as V(DRILL-20261122-1), to go on with it or to judge it.
    type: str
    default: ""
  targets:
    description: Which host each target of the scenario is; without it the first one of its group.
    type: dict
    default: {}
  participants:
    description: Who takes part, for the record.
    type: list
    elements: str
    default: []
  answers:
    description:
      - A file with the answers, as YAML, where nobody sits at a terminal. C(answers) has, by question, C(text),
        C(choice), C(points) (numbers of the points that it named, from 1), C(seconds) and C(by).
    type: path
  measured:
    description:
      - What was measured beside the procedures of a live drill, figures by procedure, as in the example. The worst
        figure of each name counts.
    type: dict
    default: {}
  plan:
    description: The contingency plan as data. Without it the variable C(contingency_plan) counts.
    type: dict
  timeout:
    description: Seconds that a procedure with C(--check) may take.
    type: float
    default: 600
  evidence_dir:
    description: Directory of the evidence on the controller.
    type: path
    required: true
  drill_dir:
    description: Directory of the drills. Without it that in O(evidence_dir).
    type: path
  language:
    description: Language of what is shown, asked and reported.
    type: str
    choices: [en, zh]
    default: en
attributes:
  check_mode:
    description: Shows what would be told, run and asked, and writes nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
seealso:
  - module: contingency.infra.plan_document
  - module: contingency.infra.incident_report
"""

EXAMPLES = r"""
- name: Drill at the table
  contingency.infra.drill:
    scenario: core_switch_dies
    targets: {core: core-b}
    answers: ~/contingency/answers.yml
    evidence_dir: /var/lib/contingency/evidence

- name: Judge a live drill
  contingency.infra.drill:
    drill: DRILL-20261122-1
    state: evaluated
    measured:
      core_switch_failover: {outage_seconds: 4.2}
    evidence_dir: /var/lib/contingency/evidence
"""

RETURN = r"""
drill:
  description: The drill; empty in check mode.
  returned: always
  type: str
  sample: DRILL-20261122-1
directory:
  description: Where its record is.
  returned: always
  type: str
  sample: /var/lib/contingency/evidence/drills/DRILL-20261122-1
score:
  description: Percent; null where nothing was judged yet.
  returned: always
  type: float
  sample: 83.0
scores:
  description: Percent by phase.
  returned: always
  type: dict
  sample: {discovery: 66.7, report: 100.0, handling: 75.0}
findings:
  description: What was not as it should be, in the language of the drill.
  returned: always
  type: list
  elements: str
  sample: ["Not named (Which times do you write down at once?): when it was discovered, and by whom it was reported"]
files:
  description: The report, as HTML and Markdown.
  returned: always
  type: list
  elements: str
  sample: [/var/lib/contingency/evidence/drills/DRILL-20261122-1/evaluation.html]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import LANGUAGES, MODES
from ansible_collections.contingency.infra.plugins.module_utils._drill.words import ON_CONTROLLER

ARGUMENT_SPEC = {
    "scenario": {"type": "str", "default": ""},
    "scenarios": {"type": "list", "elements": "path", "default": []},
    "mode": {"type": "str", "choices": list(MODES), "default": "tabletop"},
    "state": {"type": "str", "choices": ["held", "evaluated"], "default": "held"},
    "drill": {"type": "str", "default": ""},
    "targets": {"type": "dict", "default": {}},
    "participants": {"type": "list", "elements": "str", "default": []},
    "answers": {"type": "path"},
    "measured": {"type": "dict", "default": {}},
    "plan": {"type": "dict"},
    "timeout": {"type": "float", "default": 600.0},
    "evidence_dir": {"type": "path", "required": True},
    "drill_dir": {"type": "path"},
    "language": {"type": "str", "choices": list(LANGUAGES), "default": "en"},
}


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(msg=ON_CONTROLLER.format(name="drill"))


if __name__ == "__main__":
    main()
