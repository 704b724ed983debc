#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell what journals hold and whether they were altered. The work is in the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: journal_info
short_description: Tell what journals of runs hold, and whether they were altered
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - Reads the journal of one run, or of all runs, that the callback P(contingency.infra.journal#callback) wrote.
  - Each line carries the hash of the line before it, the index of runs knows the hash of each journal's last line, and
    a journal holds the hashes of the files that it names. All three are compared with what is there now.
  - Whoever may write to the directory can also write all of it anew. To see that, compare RV(runs[].head) with one
    that is kept elsewhere, such as in a signed report.
options:
  journal:
    description: Directory of a run, or that of the evidence for all of its runs.
    type: path
    required: true
  require_intact:
    description: Fail where a journal is not proven to be as it was written.
    type: bool
    default: false
  language:
    description: Language of the sentences.
    type: str
    choices: [en, zh]
    default: en
attributes:
  check_mode:
    description: Nothing is ever changed.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
seealso:
  - module: contingency.infra.journal_step
"""

EXAMPLES = r"""
- name: Verify all journals
  contingency.infra.journal_info:
    journal: /srv/contingency/evidence
    require_intact: true
"""

RETURN = r"""
state:
  description: >-
    The worst of all runs. V(intact), V(altered), or V(unproven) where nothing says that a journal was altered and
    nothing proves that it was not.
  returned: always
  type: str
  sample: intact
runs:
  description: >-
    The runs, the oldest first. Where O(require_intact) fails, only those that are not intact, with what was found.
  returned: always
  type: list
  elements: dict
  contains:
    run:
      description: Name of the run, which is that of its directory.
      type: str
    directory:
      description: Where its journal lies.
      type: str
    state:
      description: V(intact), V(altered) or V(unproven).
      type: str
    findings:
      description: What is not as it was written, each with C(why), the C(path) and C(line) of it, and C(altered).
      type: list
      elements: dict
    remarks:
      description: What is no alteration, and worth to be known.
      type: list
      elements: dict
    head:
      description: Hash of the last line.
      type: str
    lines:
      description: Number of lines.
      type: int
    playbook:
      description: Name of the playbook.
      type: str
    person:
      description: Who was at the keyboard.
      type: dict
    begun_epoch:
      description: When it began, in seconds since the epoch.
      type: float
    ended_epoch:
      description: When it ended. None where it was broken off, or still goes on.
      type: float
    status:
      description: V(ok), V(failed), V(interrupted), or none where it was broken off or still goes on.
      type: str
    incident:
      description: The incident that it belongs to.
      type: str
    drill:
      description: Whether it was a drill.
      type: bool
    check:
      description: Whether it was run in check mode.
      type: bool
    steps:
      description: The marked steps.
      type: list
      elements: dict
    counts:
      description: Number of results by their status.
      type: dict
    files:
      description: The files that it names, each with C(path), C(sha256), C(bytes) and C(intact).
      type: list
      elements: dict
  sample:
    - run: 20261122T020000Z-core_switch_failover-1a2b3c
      state: intact
      playbook: core_switch_failover
      status: ok
      counts: {ok: 12, changed: 6}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._journal.words import ON_CONTROLLER

ARGUMENT_SPEC = {
    "journal": {"type": "path", "required": True},
    "require_intact": {"type": "bool", "default": False},
    "language": {"type": "str", "choices": ["en", "zh"], "default": "en"},
}


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(msg=ON_CONTROLLER.format(name="journal_info"))


if __name__ == "__main__":
    main()
