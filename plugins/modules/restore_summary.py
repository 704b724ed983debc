#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show and record what the restore tests of all backup sets came to. The work is in the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: restore_summary
short_description: Show and record what the restore tests of all backup sets came to
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - Collects what M(contingency.infra.restore_test) registered as C(restore_test_result) for each backup set, shows one
    line for each with the worst first, and writes dated files, readable by their owner only. These are the evidence as
    JSON, a summary as Markdown, all findings as JUnit XML, and a page as HTML in one file, for the screen and for A4.
  - A set without a result was not tested, whatever the reason, and counts as V(not_run).
  - Fails where a set has one of the verdicts in O(fail_on), so that the run ends non-zero.
  - A missed objective is told, and by default fails nothing. C(max_age) holds how old a backup may be, and how long a
    restore took is a figure of the scratch host, which seldom is the machine that the data would be restored to.
options:
  sets:
    description: Names of the backup sets.
    type: list
    elements: str
    required: true
  language:
    description: Language of the lines and of the page.
    type: str
    choices: [en, zh]
    default: en
  fail_on:
    description: Verdicts with which the task fails, and V(missed) for a good copy that missed an objective.
    type: list
    elements: str
    choices: [degraded, failed, not_run, missed]
    default: [failed, not_run]
  dest:
    description: Directory on the controller for the record.
    type: path
    required: true
attributes:
  check_mode:
    description: Shows what is known of each set and writes nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
seealso:
  - module: contingency.infra.restore_test
"""

EXAMPLES = r"""
- name: Summary
  contingency.infra.restore_summary:
    sets: "{{ groups['backup_sets'] }}"
    dest: /var/lib/contingency/evidence
"""

RETURN = r"""
verdicts:
  description: The verdict on each set.
  returned: not in check mode
  type: dict
  sample: {his: passed, pacs: degraded}
files:
  description: The files of the record, as JSON, Markdown, JUnit XML and HTML.
  returned: always
  type: list
  elements: str
  sample: [/var/lib/contingency/evidence/restore_test-20261122T020000Z.html]
contingency_steps:
  description: What the journal is told of the procedure. See M(contingency.infra.journal_step).
  returned: success, not in check mode
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._restore.words import ON_CONTROLLER

ARGUMENT_SPEC = {
    "sets": {"type": "list", "elements": "str", "required": True},
    "language": {"type": "str", "choices": ["en", "zh"], "default": "en"},
    "fail_on": {
        "type": "list",
        "elements": "str",
        "choices": ["degraded", "failed", "not_run", "missed"],
        "default": ["failed", "not_run"],
    },
    "dest": {"type": "path", "required": True},
}


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(msg=ON_CONTROLLER.format(name="restore_summary"))


if __name__ == "__main__":
    main()
