#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge what the readiness check read. The work is in the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: readiness_summary
short_description: Judge what a readiness check read, show it, record it, and fail where something is in the way
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - Judges what M(contingency.infra.readiness_check) registered as C(readiness_result) on each host, by itself and in
    pairs, and on the controller the backups of the switches' configurations and the place for the record.
  - Shows one line for each problem, with what was seen, what was expected and what to do, then one line with the count
    of what is fine. Writes all of it to dated files, and metrics for Prometheus' textfile collector.
  - Fails where a finding is critical or unknown; what is unknown is no good news.
options:
  databases:
    description: Database servers. C(standby_partner) tells who stands by for whom, else all of them belong together.
    type: list
    elements: str
    default: []
  applications:
    description: Application servers.
    type: list
    elements: str
    default: []
  backup_sets:
    description: Backup sets, each with what M(contingency.infra.restore_test) registered as C(readiness_set_result).
    type: list
    elements: str
    default: []
  restore_test_max_age_days:
    description: How long ago a backup set may last have been proven good, in days.
    type: float
    default: 35
  switches:
    description: Switches of whose configuration there has to be a backup.
    type: list
    elements: str
    default: []
  backup_dir:
    description: Directory of the backups, as the option dest of M(contingency.infra.switch_backup).
    type: path
    required: true
  backup_max_age_hours:
    description: How long ago a backup may have been made or confirmed, in hours.
    type: float
    default: 26
  approvals:
    description:
      - What procedures need to be allowed, with C(required), C(allowed_signers), C(standing) and C(directory) as in
        M(contingency.infra.approval). Tells approvers that are too few, standing approvals that end within 30 days, and
        credentials that M(contingency.infra.break_glass) opened and that are not rotated.
    type: dict
    default: {}
  metrics_file:
    description:
      - File for the textfile collector, such as C(/var/lib/prometheus/node-exporter/contingency_readiness.prom).
      - Its directory has to be there. Without it no metrics are written.
    type: path
  dest:
    description: Directory on the controller for the record.
    type: path
    required: true
  language:
    description: Language of the lines.
    type: str
    choices: [en, zh]
    default: en
attributes:
  check_mode:
    description: Judges and shows the same, and writes neither record nor metrics.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
seealso:
  - module: contingency.infra.readiness_check
"""

EXAMPLES = r"""
- name: Judge
  contingency.infra.readiness_summary:
    databases: "{{ groups['databases'] }}"
    applications: "{{ groups['applications'] }}"
    switches: "{{ groups['switches'] }}"
    backup_dir: /srv/contingency/backup/switches
    metrics_file: /var/lib/prometheus/node-exporter/contingency_readiness.prom
    dest: /srv/contingency/evidence
"""

RETURN = r"""
ready:
  description: Whether nothing was found that is critical or unknown.
  returned: always
  type: bool
counts:
  description: Number of findings by severity.
  returned: always
  type: dict
  sample: {critical: 0, unknown: 0, warning: 1, ok: 31}
files:
  description: What was written, the metrics and the record, which has every finding.
  returned: always
  type: list
  elements: str
  sample: [/srv/contingency/evidence/readiness-20261122T060000Z.json]
contingency_steps:
  description: What the journal is told of the procedure. See M(contingency.infra.journal_step).
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._standby.words import ON_CONTROLLER

ARGUMENT_SPEC = {
    "databases": {"type": "list", "elements": "str", "default": []},
    "applications": {"type": "list", "elements": "str", "default": []},
    "backup_sets": {"type": "list", "elements": "str", "default": []},
    "restore_test_max_age_days": {"type": "float", "default": 35},
    "switches": {"type": "list", "elements": "str", "default": []},
    "backup_dir": {"type": "path", "required": True},
    "backup_max_age_hours": {"type": "float", "default": 26},
    "approvals": {"type": "dict", "default": {}},
    "metrics_file": {"type": "path"},
    "dest": {"type": "path", "required": True},
    "language": {"type": "str", "choices": ["en", "zh"], "default": "en"},
}


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(msg=ON_CONTROLLER.format(name="readiness_summary"))


if __name__ == "__main__":
    main()
