# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options and notes that all switch modules share."""

from __future__ import annotations


class ModuleDocFragment:
    """How a switch is reached."""

    DOCUMENTATION = r"""
options:
  host:
    description:
      - Address or name of the switch.
      - Without it C(ansible_host), else the inventory's name.
    type: str
  port:
    description: SSH port. Without it C(ansible_port), else 22.
    type: int
  user:
    description: User to log in as. Without it C(ansible_user).
    type: str
  password:
    description: Password of the user. Without it C(ansible_password). It appears in no output.
    type: str
  private_key_file:
    description: Private key of the user. Without it C(ansible_ssh_private_key_file).
    type: path
  private_key_passphrase:
    description: Passphrase of the private key. Without it C(ansible_ssh_private_key_passphrase).
    type: str
  enable_password:
    description: Password for privileged mode where the switch asks for one. Without it C(ansible_become_password).
    type: str
  platform:
    description:
      - Kind of switch. Without it C(switch_platform), else C(ansible_network_os).
      - One of V(arista_eos), V(cisco_ios), V(cisco_nxos), V(frr), V(hp_comware), V(huawei_vrp), V(huawei_vrpv8),
        V(juniper_junos), V(linux_frr), V(ruijie_os), or what other collections call them, such as V(cisco.ios.ios).
    type: str
  known_hosts:
    description:
      - File of known host keys beside C(~/.ssh/known_hosts). Without it C(switch_known_hosts),
        and C(UserKnownHostsFile) in C(ansible_ssh_common_args).
      - Host keys are checked unless Ansible's own C(host_key_checking) says otherwise.
    type: path
  ssh_config_file:
    description: OpenSSH client configuration with the way through a jump host. Without it C(switch_ssh_config_file).
    type: path
  connect_timeout:
    description: Seconds for the TCP connection. Without it C(switch_connect_timeout), else 10.
    type: float
  login_timeout:
    description: Seconds for the SSH banner and for the answer to the login, each. Without it
      C(switch_login_timeout), else 10.
    type: float
  command_timeout:
    description: Seconds for the answer to one command. Without it C(switch_command_timeout), else 30.
    type: float
requirements:
  - netmiko >= 4.8 (on the controller)
  - ntc-templates >= 9.3 (on the controller)
notes:
  - Runs on the controller; the whole task is one SSH session to the switch.
  - The connection plugin of the host is not used. Where the inventory says C(ansible_connection=network_cli),
    set C(ansible_connection=local) for the play so that Ansible opens no second session.
  - On failure RV(ignore:reason) is one of V(unreachable), V(host_key_unknown), V(host_key_changed), V(login_failed),
    V(privilege_missing), V(platform_unknown), V(port_unknown), V(session_lost), V(command_rejected), V(unparsable),
    V(refused), V(busy), V(check_failed), V(save_failed), V(state_unknown).
"""
