#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the contingency plan as a document. The work is in the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: plan_document
short_description: Write the contingency plan as a document, from the inventory and the playbooks
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - Writes the plan that people hold in their hands, as one HTML file for screen and A4 and as Markdown. It has who does
    what, how a fault is graded, who is told by when, each procedure with its steps and the commands for the machines of
    this site, thresholds, resources, drills, the revision record, and what the plan leaves open.
  - All of it is read from the variable C(contingency_plan), the inventory, and the playbooks and roles that are run, so
    that paper and playbooks never differ. The hash of what it was made from is printed in it.
  - The same inputs give the same bytes. A document that says the same already is left alone; C(--check) tells whether a
    new one is needed, and C(--diff) what differs.
  - Holds names and telephone numbers, and no password. Files are readable by their owner only.
options:
  plan:
    description:
      - The contingency plan as data. Without it the variable C(contingency_plan) counts, of which nothing is read that
        may hold a secret; where that is not set either, the document has procedures and resources only.
    type: dict
  languages:
    description: Languages in which it is written.
    type: list
    elements: str
    choices: [en, zh]
    default: [en]
  playbooks:
    description: Procedures of the site's own, as paths of playbooks. The comment at the head of each is read, too.
    type: list
    elements: path
    default: []
  inventory:
    description: What stands after C(-i) in the commands; V(INVENTORY) when empty.
    type: str
    default: ""
  drill_dir:
    description: Directory of the drills, from which the last one of each scenario is shown.
    type: path
  scenarios:
    description: Scenarios of the site's own, as paths of files, beside those of the collection.
    type: list
    elements: path
    default: []
  dest:
    description: Directory on the controller for the document.
    type: path
    required: true
attributes:
  check_mode:
    description: Tells whether the document says what inventory and playbooks say, and writes nothing.
    support: full
  diff_mode:
    description: Shows what differs in the Markdown.
    support: full
seealso:
  - module: contingency.infra.drill
"""

EXAMPLES = r"""
- name: Plan in both languages
  contingency.infra.plan_document:
    languages: [en, zh]
    inventory: ~/contingency/site
    dest: /var/lib/contingency/plan
"""

RETURN = r"""
files:
  description: The files of the document.
  returned: always
  type: list
  elements: str
  sample: [/var/lib/contingency/plan/plan.en.html, /var/lib/contingency/plan/plan.en.md]
inputs_sha256:
  description: Hash over all that the document was made from, as it is printed in it.
  returned: always
  type: str
  sample: 6c4f0a1f5a2c9a6d7f3f0c0e3b6a5d1c8e2f4b7a9d0c1e3f5a7b9c1d3e5f7a90
gaps:
  description: What the plan leaves open, in the first of the languages.
  returned: always
  type: list
  elements: str
  sample: [Lead group is one person alone. Name a second one in contingency_plan.roles.lead.]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import LANGUAGES
from ansible_collections.contingency.infra.plugins.module_utils._drill.words import ON_CONTROLLER

ARGUMENT_SPEC = {
    "plan": {"type": "dict"},
    "languages": {"type": "list", "elements": "str", "choices": list(LANGUAGES), "default": ["en"]},
    "playbooks": {"type": "list", "elements": "path", "default": []},
    "inventory": {"type": "str", "default": ""},
    "drill_dir": {"type": "path"},
    "scenarios": {"type": "list", "elements": "path", "default": []},
    "dest": {"type": "path", "required": True},
}


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(msg=ON_CONTROLLER.format(name="plan_document"))


if __name__ == "__main__":
    main()
