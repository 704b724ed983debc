# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An ordinary module that imports Netmiko and sends lines: what the action plugin is measured against."""

from __future__ import annotations

import netmiko
from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Log in, send the lines, log out."""
    module = AnsibleModule(
        argument_spec={
            "host": {"type": "str", "required": True},
            "port": {"type": "int", "required": True},
            "user": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
            "lines": {"type": "list", "elements": "str", "required": True},
        }
    )
    connection = netmiko.ConnectHandler(
        device_type="cisco_ios",
        host=module.params["host"],
        port=module.params["port"],
        username=module.params["user"],
        password=module.params["password"],
    )
    for line in module.params["lines"]:
        connection.send_command(line, expect_string=r"#\s*$")
    connection.disconnect()
    module.exit_json(changed=True)


if __name__ == "__main__":
    main()
