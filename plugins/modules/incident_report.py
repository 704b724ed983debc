#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the report of an incident, a drill or a run. The work is in the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: incident_report
short_description: Write the report of an incident, a drill or a run
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - Writes C(report.html), one file with everything in it for the screen and for A4, and C(report.md), from the record
    of an incident and the journals of its runs, which it verifies. A run belongs to an incident where the incident's
    record names it, or where the run's own journal names the incident.
  - The summary comes first, then what is still open, the fault report, the time line as a picture, objectives against
    what was achieved, what was measured, what was done on which host, who was told, deadlines, approvals, all that
    happened in the order of time, the review, and the evidence with its hashes.
  - The review is written by people into C(postmortem.md), which is made once and never written again. The report
    shows what stands in it.
  - What cannot be read, what was altered and what is not known is told in the report; it keeps no report from being
    made.
  - Is changed where the report says something else than the one that is there.
options:
  incident:
    description:
      - The incident or the drill, such as V(INC-20261122-1).
      - Without it and without O(run) the incident that is open is meant, if there is just one.
    type: str
  run:
    description: Directory of a run that belongs to no incident.
    type: path
  evidence_dir:
    description: Directory of the evidence on the controller.
    type: path
    required: true
  incident_dir:
    description: Directory of the incidents. Without it that in O(evidence_dir).
    type: path
  drill_dir:
    description: Directory of the drills. Without it that in O(evidence_dir).
    type: path
  plan:
    description:
      - The contingency plan. Without it the variable C(contingency_plan) counts, of which nothing is read that may hold
        a secret. It has the names of grades, departments and people, the deadlines, the objectives and the time zone.
        Without both, or where the plan cannot be read, they are told as in the record.
    type: dict
    default: {}
  language:
    description: Language of the report.
    type: str
    choices: [en, zh]
    default: en
  dest:
    description: Directory for the files. Without it that of the incident, or of the run.
    type: path
attributes:
  check_mode:
    description: Makes the report, shows its headline, and writes nothing.
    support: full
  diff_mode:
    description: Shows the Markdown before and after.
    support: full
seealso:
  - plugin: contingency.infra.journal
    plugin_type: callback
"""

EXAMPLES = r"""
- name: Report of an incident
  contingency.infra.incident_report:
    incident: INC-20261122-1
    evidence_dir: /srv/contingency/evidence
    plan: "{{ contingency_plan }}"
    language: zh

- name: Report of one run
  contingency.infra.incident_report:
    run: /srv/contingency/evidence/runs/20261122T140210Z-core_switch_failover-1a2b3c
    evidence_dir: /srv/contingency/evidence
"""

RETURN = r"""
files:
  description: The report as HTML and as Markdown.
  returned: always
  type: list
  elements: str
  sample:
    - /srv/contingency/evidence/incidents/INC-20261122-1/report.html
    - /srv/contingency/evidence/incidents/INC-20261122-1/report.md
sha256:
  description: Hash of the HTML file, which the incident's record holds too.
  returned: always
  type: str
  sample: 9f2c1e0b7d4a5f6e8c3b2a1908f7e6d5c4b3a29180716253443526170819283a
headline:
  description: The first sentence of the report.
  returned: always
  type: str
  sample: Service was gone for 7 min 3 s and is back.
open_points:
  description: What is still open, the gravest first.
  returned: always
  type: list
  elements: str
  sample: [The incident is not closed.]
evidence_altered:
  description: What of the evidence was altered or is gone, in sentences.
  returned: always
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._restore.words import ON_CONTROLLER

ARGUMENT_SPEC = {
    "incident": {"type": "str"},
    "run": {"type": "path"},
    "evidence_dir": {"type": "path", "required": True},
    "incident_dir": {"type": "path"},
    "drill_dir": {"type": "path"},
    "plan": {"type": "dict", "default": {}},
    "language": {"type": "str", "choices": ["en", "zh"], "default": "en"},
    "dest": {"type": "path"},
}
MUTUALLY_EXCLUSIVE = [["incident", "run"]]


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, mutually_exclusive=MUTUALLY_EXCLUSIVE, supports_check_mode=True)
    module.fail_json(msg=ON_CONTROLLER.format(name="incident_report"))


if __name__ == "__main__":
    main()
