#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shut one host down and know that it is off. The work is in the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_shutdown
short_description: Shut a host down, services first, and know that it is off
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - Reads whether the host is on, then stops its services in order and starts its shutdown in one remote command, waits
    until somebody confirms that it is off, and after O(timeout) forces it off through its BMC and reads that back.
  - Off is confirmed by the BMC, by the hypervisor of a guest, or by the port of the switch that has lost its link. A
    host that merely does not answer is RV(state=unknown), never off, and the task fails with what to do.
  - A host that cannot be logged in to is asked by its BMC to shut down, as by its power button, and is named.
  - A host that is off already is left alone. One that is being shut down already is not shut down twice, so a run that
    was killed can be run again.
  - Never shuts down the machine that it runs on, unless that has the kind V(controller). The host itself compares the
    ids of its boot and its installation with those of the controller before it does anything.
  - Options that are missing are taken from inventory variables of the host - C(shutdown_) and the option's name, such
    as C(shutdown_services).
  - Uses the host's own connection, with all of its options, and I(become). It needs root there and a shell, no Python.
options:
  kind:
    description:
      - What the host is. It says which commands stop a service and shut it down. Without it V(linux).
      - V(linux) is a host with systemd. V(controller) is the machine that this runs on, the last to go.
      - V(libvirt) and V(proxmox) are hypervisors, whose C(libvirt-guests) and C(pve-guests) stop the guests first.
      - V(esxi) stops its guests, enters the maintenance mode, and powers off.
      - V(windows) is reached by OpenSSH. Services are stopped by their name in C(Get-Service).
      - V(storage) and V(switch) have no command that fits all makers, see O(command).
      - Only V(linux) and V(controller) were tested, in this collection's lab. The others are presets from the makers'
        manuals; they say so in the plan and in RV(tested).
    type: str
    choices: [linux, libvirt, proxmox, esxi, windows, storage, switch, controller]
  services:
    description:
      - What is stopped before the host, in this order; each a name, or a dictionary with C(name), C(timeout) in seconds
        (60) and C(command), which stops what has no unit.
      - Name the unit that holds the process - C(postgresql@15-main) and not C(postgresql), which ends at once.
      - A service that does not stop in its time is reported, and the shutdown goes on.
    type: list
    elements: raw
  command:
    description: Shuts the host down in place of the command of its O(kind).
    type: str
  timeout:
    description: Seconds for all that is graceful, services and shutdown, until it is forced off. Without it 300.
    type: float
  force:
    description: Whether it is forced off through its BMC after O(timeout). Without it true.
    type: bool
  force_timeout:
    description: Seconds until the BMC must have read off after it was forced. Without it 30.
    type: float
  login_timeout:
    description: Seconds that the remote command may take beside the time-outs of the services. Without it 30.
    type: float
  bmc:
    description:
      - The BMC, as C(standby_bmc) is described, see M(contingency.infra.server_power). Without it C(shutdown_bmc), and
        without that C(standby_bmc).
      - A host that has only Wake-on-LAN has no BMC here.
    type: dict
  confirm:
    description: Who else can tell that the host is off, asked in this order where the BMC does not know.
    type: dict
    suboptions:
      hypervisor:
        description:
          - C(host), the hypervisor's name in the inventory, C(guest), the guest's name or number there, and C(kind),
            which is libvirt, proxmox or esxi.
          - In place of C(kind) a C(command) and the regular expressions C(off) and C(on) for what it prints.
        type: dict
      link:
        description:
          - C(switch), a switch of the inventory, and C(port), the port that the host is plugged into. It has to be
            without a link for 5 seconds.
          - Not for a host that listens for Wake-on-LAN, which keeps its link while it is off.
        type: dict
  durations_file:
    description:
      - File on the controller that keeps how long the last 20 shutdowns of each host took, for the plan. Without it
        C(shutdown_durations.json) in C(contingency_evidence_dir).
    type: path
attributes:
  check_mode:
    description: The state and the services are read; RV(steps) is the plan.
    support: full
  diff_mode:
    description: Shows the state of the power.
    support: full
"""

EXAMPLES = r"""
- name: Shut the application server down, whose BMC is in the inventory as standby_bmc
  contingency.infra.host_shutdown:
    services: [his-app]
    timeout: 120

- name: Stop the database and then its backup agent, which has no unit
  contingency.infra.host_shutdown:
    services:
      - {name: postgresql@15-main, timeout: 90}
      - {name: backup agent, command: /opt/backup/bin/agent stop, timeout: 20}

- name: Shut a guest down that its Proxmox node confirms
  contingency.infra.host_shutdown:
    confirm:
      hypervisor: {host: pve-1, kind: proxmox, guest: "104"}

- name: Shut a storage system down by its maker's command, confirmed by the port of its switch
  contingency.infra.host_shutdown:
    kind: storage
    command: system node halt -node * -inhibit-takeover true
    timeout: 900
    confirm:
      link: {switch: core-a, port: GigabitEthernet1/0/7}
"""

RETURN = r"""
state:
  description: Whether the host is off, on, or nobody knows. The task fails where it is not off.
  returned: always
  type: str
  sample: 'off'
how:
  description:
    - How it went off - V(graceful), V(bmc_graceful) where it could not be logged in to, V(forced), or V(already).
    - Where it is not known to be off, what was begun.
  returned: always
  type: str
  sample: graceful
confirmed_by:
  description: Who confirmed that it is off - bmc, hypervisor or link.
  returned: always
  type: str
  sample: bmc
confirmed_at_epoch:
  description: When that was, in seconds since the epoch.
  returned: always
  type: float
  sample: 1795398151.2
proven:
  description: What was seen that proves it.
  returned: always
  type: list
  elements: str
  sample: [The BMC 10.77.0.151 reads off]
services:
  description: How the stop of each service ended, with why where it did not stop.
  returned: always
  type: list
  elements: dict
  sample: [{name: his-app, stopped: true, seconds: 0.4, why: null}]
steps:
  description: What was read, asked for and seen, in order; in check mode the plan.
  returned: always
  type: list
  elements: str
  sample: ["read on: The BMC 10.77.0.151 reads on", "his-app: stopped in 0.4 s", sent systemctl poweroff]
seconds:
  description: Seconds of the first reading, of the remote call, until off, of the forced part, and of all.
  returned: always
  type: dict
  sample: {read: 0.1, call: 0.9, 'off': 4.2, total: 4.2}
kind:
  description: Kind of the host.
  returned: always
  type: str
  sample: linux
tested:
  description: Whether the commands of this kind were tested in this collection's lab.
  returned: always
  type: bool
  sample: true
identity:
  description: The ids of its boot and of its installation as the host told them, null where it did not.
  returned: always
  type: dict
  sample: {boot_id: 3b4a7a74-6190-4fc8-bf49-f4cdd04c0a68, machine_id: 376d08f96c294121b4c44f4181ee5b5a}
host:
  description: Name of the host.
  returned: always
  type: str
  sample: his-app-1
"""

from ansible.module_utils.basic import AnsibleModule

ARGUMENT_SPEC = {
    "kind": {
        "type": "str",
        "choices": ["linux", "libvirt", "proxmox", "esxi", "windows", "storage", "switch", "controller"],
    },
    "services": {"type": "list", "elements": "raw"},
    "command": {"type": "str"},
    "timeout": {"type": "float"},
    "force": {"type": "bool"},
    "force_timeout": {"type": "float"},
    "login_timeout": {"type": "float"},
    "bmc": {"type": "dict"},
    "confirm": {"type": "dict", "options": {"hypervisor": {"type": "dict"}, "link": {"type": "dict"}}},
    "durations_file": {"type": "path"},
}


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(
        msg="This module runs on the controller by its action plugin; call it as contingency.infra.host_shutdown in a "
        "task."
    )


if __name__ == "__main__":
    main()
