#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put the program that takes backups on a host. The work is in the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_program
short_description: Put the program that takes backups on a host
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - Packs what M(contingency.infra.backup_manifest) runs into one file, which the host's own Python starts without
    Ansible, so that a timer takes backups there whether or not the controller is up.
  - The role C(contingency.infra.backup) uses it.
options:
  dest:
    description: Where the file lies on the host; its directory has to exist.
    type: path
    required: true
attributes:
  check_mode:
    support: full
    description: Tells whether the host's file would change.
  diff_mode:
    support: none
    description: The file is an archive.
  platform:
    support: full
    platforms: linux
    description: Linux with Python 3.9 or newer.
"""

EXAMPLES = r"""
- name: Have the program
  contingency.infra.backup_program:
    dest: /usr/local/lib/contingency/backup.pyz
  become: true
"""

RETURN = r"""
dest:
  description: Where it lies.
  returned: success
  type: str
  sample: /usr/local/lib/contingency/backup.pyz
checksum:
  description: Its SHA-1, as the action C(copy) compares it.
  returned: success
  type: str
  sample: 6e642bb8dd5c2e027bf21dd923337cbb4214f827
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

ARGUMENT_SPEC: Dict[str, Any] = {"dest": {"type": "path", "required": True}}


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(
        msg="backup_program packs its file on the controller, and its action plugin was not found there; "
        "name the task contingency.infra.backup_program and install the whole collection."
    )


if __name__ == "__main__":
    main()
