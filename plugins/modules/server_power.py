#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switch a server's power through its BMC. The work is in the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_power
short_description: Switch a server on or off through its BMC, confirmed by reading back
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - Reads the state of the power, asks for the wanted one, and reads back until it is there.
  - Runs on the controller; the server itself is not needed, so it works where the server does not answer.
  - Options that are missing are taken from the inventory variable C(standby_bmc) of the host, a dictionary with the
    same names (O(answer_timeout) is C(timeout) there).
  - A server that is in the wanted state is left alone. It is never restarted - neither cycle nor reset is used.
  - A BMC that does not answer costs O(answer_timeout) and fails in one sentence.
requirements:
  - The program C(ipmitool) on the controller for O(protocol=ipmi).
options:
  state:
    description:
      - V(on) switches the server on.
      - V(off) asks its operating system to shut down, and cuts the power when it is still on after
        O(graceful_timeout).
      - V(forced_off) cuts the power at once, as the fence of a failover does.
    type: str
    choices: ['on', 'off', forced_off]
    required: true
  protocol:
    description:
      - How to reach the BMC. V(ipmi) is IPMI 2.0 over LAN, V(redfish) is Redfish over HTTPS.
      - V(wake_on_lan) needs no BMC. It can only switch on, and only O(probe) can confirm it.
    type: str
    choices: [ipmi, redfish, wake_on_lan]
  host:
    description:
      - Address or name of the BMC.
      - With V(http://) before it Redfish is spoken without TLS, and the password can be read on the way.
    type: str
  port:
    description: Port of the BMC. Without it 623 for IPMI, 443 for Redfish, 9 for Wake-on-LAN.
    type: int
  user:
    description: User of the BMC. The IPMI privilege OPERATOR is enough.
    type: str
  password:
    description: Password of the user. It appears in no output and on no command line.
    type: str
  cipher_suite:
    description: Cipher suite of IPMI. Without it 3. V(17) is stronger where the BMC offers it.
    type: int
  verify_tls:
    description: Check the certificate of a Redfish BMC. Without it it is checked.
    type: bool
  ca_file:
    description: Certificates to trust instead of the system's, such as a BMC's own self-signed one.
    type: path
  system_id:
    description: System that is meant where a Redfish BMC has several, as its identifier or its whole path.
    type: str
  mac:
    description: MAC address of the network card that listens for Wake-on-LAN.
    type: str
  broadcast:
    description: Address that the Wake-on-LAN packet is sent to. Without it 255.255.255.255.
    type: str
  interface:
    description:
      - Interface of the controller from which Wake-on-LAN packets are sent, by UDP and as a frame of type 0x0842.
      - Needs root on the controller.
    type: str
  probe:
    description:
      - Address and port of the server, as C(address:port). A TCP connection, or its refusal, shows that it is on.
      - Without it nothing confirms that Wake-on-LAN worked; RV(confirmed) is then false.
    type: str
  ipmitool:
    description: Path of the program C(ipmitool), where it is not in an ordinary place.
    type: path
  answer_timeout:
    description: Seconds that one answer of the BMC may take. Without it 5.
    type: float
  graceful_timeout:
    description: Seconds that the operating system has with O(state=off). V(0) cuts the power at once.
    type: float
    default: 120
  timeout:
    description:
      - Seconds until the wanted state must have been read back. With O(state=off) they begin after O(graceful_timeout).
    type: float
    default: 30
attributes:
  check_mode:
    description: Only the state is read; C(changed) says whether a real run would switch.
    support: full
  diff_mode:
    description: Shows the state of the power.
    support: full
"""

EXAMPLES = r"""
- name: Fence the old primary
  contingency.infra.server_power:
    protocol: ipmi
    host: 10.0.0.21
    user: fence
    password: "{{ vault_bmc_password }}"
    state: forced_off
    timeout: 10

- name: Start the cold standby, whose BMC is in the inventory as standby_bmc
  contingency.infra.server_power:
    state: 'on'

- name: Shut a server down for maintenance, and give it five minutes
  contingency.infra.server_power:
    protocol: redfish
    host: bmc-his-db-2.example.org
    user: operator
    password: "{{ vault_bmc_password }}"
    ca_file: /etc/ssl/certs/bmc-ca.pem
    state: 'off'
    graceful_timeout: 300

- name: Wake a server and see that its SSH answers
  contingency.infra.server_power:
    protocol: wake_on_lan
    mac: 52:54:00:12:34:56
    broadcast: 10.9.0.255
    probe: 10.9.0.12:22
    state: 'on'
    timeout: 180
"""

RETURN = r"""
before:
  description: State of the power as it was read first - on, off or unknown.
  returned: when the BMC was asked
  type: str
  sample: 'on'
after:
  description: State of the power as it was read last; in check mode the one that a real run would bring.
  returned: when the BMC was asked
  type: str
  sample: 'off'
confirmed:
  description: Whether the wanted state was read back. In check mode, whether it was there already.
  returned: when the BMC was asked
  type: bool
  sample: true
confirmed_at:
  description: When it was read back, in seconds since the epoch.
  returned: when the BMC was asked
  type: float
  sample: 1795310528.58
steps:
  description: What was read and asked for, in order.
  returned: when the BMC was asked
  type: list
  elements: str
  sample: [read on, requested forced_off, read off]
seconds:
  description: Seconds that it took.
  returned: when the BMC was asked
  type: float
  sample: 0.12
reason:
  description:
    - Fixed word for why the task failed - V(unreachable), V(login_failed), V(busy), V(refused), V(not_confirmed) or
      V(unusable), which is a missing program or an option that cannot be.
  returned: failure
  type: str
  sample: unreachable
"""

from ansible.module_utils.basic import AnsibleModule

ARGUMENT_SPEC = {
    "state": {"type": "str", "choices": ["on", "off", "forced_off"], "required": True},
    "protocol": {"type": "str", "choices": ["ipmi", "redfish", "wake_on_lan"]},
    "host": {"type": "str"},
    "port": {"type": "int"},
    "user": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "cipher_suite": {"type": "int"},
    "verify_tls": {"type": "bool"},
    "ca_file": {"type": "path"},
    "system_id": {"type": "str"},
    "mac": {"type": "str"},
    "broadcast": {"type": "str"},
    "interface": {"type": "str"},
    "probe": {"type": "str"},
    "ipmitool": {"type": "path"},
    "answer_timeout": {"type": "float"},
    "graceful_timeout": {"type": "float", "default": 120},
    "timeout": {"type": "float", "default": 30},
}


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(
        msg="This module runs on the controller by its action plugin; call it as contingency.infra.server_power in a "
        "task."
    )


if __name__ == "__main__":
    main()
