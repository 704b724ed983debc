# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that staged_shutdown and staged_startup share: both work on one outage."""

from __future__ import annotations


class ModuleDocFragment:
    """How the UPSes are read, what the policy is, and where the outage is kept."""

    DOCUMENTATION = r"""
options:
  sources:
    description: UPSes to read, as in M(contingency.infra.ups_info).
    type: list
    elements: dict
    required: true
  upses:
    description: What is known of each UPS, as in M(contingency.infra.shutdown_plan).
    type: list
    elements: dict
    required: true
  policy:
    description: Stages and margins, as in M(contingency.infra.shutdown_plan).
    type: dict
    required: true
  timeout:
    description: How many seconds all UPSes together may take to be read.
    type: float
    default: 5
  state_dir:
    description: Directory on the controller that keeps the outage. It has to survive a restart.
    type: path
    required: true
  durations_file:
    description: File of the measured durations; in O(dest) when not given.
    type: path
  language:
    description: Language of the lines.
    type: str
    choices: [en, zh]
    default: en
attributes:
  check_mode:
    description: Reads and shows what would be done now; writes nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""
