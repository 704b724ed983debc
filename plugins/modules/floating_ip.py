# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a service address on an interface, or give it up."""

from __future__ import annotations

DOCUMENTATION = r"""
module: floating_ip
short_description: Take a service address on an interface, or give it up
version_added: 0.1.0
description:
  - Puts service addresses on an interface after it has asked whether another host has them, and tells the network at
    once where they are now. All of that is one task.
  - Without being told, neighbors go on sending to the former host until their entries expire, which takes the better
    part of a minute.
  - Runs on the host itself and needs nothing there but Python's standard library and iproute2.
options:
  interface:
    description: The interface that clients reach, by its name.
    type: str
    required: true
  addresses:
    description:
      - The service addresses with their prefix length, IPv4 and IPv6.
      - One outside the interface's own networks is allowed, with a warning.
    type: list
    elements: str
    required: true
  state:
    description:
      - With V(present) the addresses are taken.
      - With V(absent) they are taken off the interface; what else it has stays.
    type: str
    choices: [present, absent]
    default: present
  claim_timeout:
    description:
      - How many seconds other hosts may take to answer that they have an address. Three probes are sent meanwhile.
      - Hosts on the same network answer within a few milliseconds. A longer time finds nothing that a fenced host
        would say; it is for networks with a slow link in between.
    type: float
    default: 0.3
  announcements:
    description:
      - How often an address is announced again after the first time, the first four within five seconds. The task
        does not wait for that.
    type: int
    default: 4
  force:
    description:
      - Takes an address although another host answers for it, with a warning.
      - Two hosts then answer for one address, unless the other one is only a device that answers for all addresses
        (proxy ARP). Fence the other host instead.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Asks whether another host has the addresses, and changes nothing.
  diff_mode:
    support: full
    description: Shows the addresses of the interface before and after.
  platform:
    support: full
    platforms: linux
    description: Linux, on an Ethernet interface, a VLAN, a bond or a bridge.
notes:
  - The address is a run-time state of the kernel and is not written to the configuration of NetworkManager,
    systemd-networkd, netplan or ifupdown. That is on purpose. A former primary that was fenced and boots again must
    come up without it. Never put a service address into the network configuration of either host; the task warns
    where it finds one there.
  - The duplicate check proves that no host that hears and answers has the address. It cannot prove that a host with
    its link down stays away, so it does not replace fencing.
  - It is also done when the address is here already, so that an address which two hosts have is found.
  - IPv6 addresses are added without the kernel's own duplicate detection (C(nodad)), which would keep them
    unusable for a second or more and has been replaced by this task's. They are added as deprecated
    (C(preferred_lft 0)), so that the host's own connections do not start from them; clients notice nothing.
  - Needs root (C(become=true)).
author:
  - contingency.infra contributors (@contingency)
"""

EXAMPLES = r"""
- name: Take the database's service address
  contingency.infra.floating_ip:
    interface: eth0
    addresses: [10.9.0.100/24]
  become: true

- name: Give it up before the work on this host begins
  contingency.infra.floating_ip:
    interface: eth0
    addresses: [10.9.0.100/24]
    state: absent
  become: true

- name: Find out whether another host has the service addresses, and change nothing
  contingency.infra.floating_ip:
    interface: bond0.20
    addresses: [10.9.0.100/24, "fd09::100/64"]
    claim_timeout: 1
  become: true
  check_mode: true
"""

RETURN = r"""
before:
  description: The interface as it was read before anything was changed.
  returned: always, unless the host has no such interface
  type: dict
  sample:
    name: eth0
    mac: "02:00:00:00:00:0a"
    up: true
    carrier: true
    resolves: true
    addresses: [10.9.0.12/24]
after:
  description: The interface as it was read at the end; in check mode as it would be.
  returned: success
  type: dict
  sample: {name: eth0, addresses: [10.9.0.12/24, 10.9.0.100/24]}
steps:
  description: What was done, in order; in check mode what would be done.
  returned: success
  type: list
  elements: str
  sample: [ip address add 10.9.0.100/24 dev eth0]
proven:
  description: Each check with what was expected and what was seen.
  returned: success
  type: list
  elements: dict
  sample:
    - {check: another host has 10.9.0.100, expected: no answer, seen: no answer within 0.3 s, passed: true}
    - {check: 10.9.0.100 on eth0, expected: present, seen: present, passed: true}
holder:
  description: The host that has the address already.
  returned: when the task refuses because of it
  type: dict
  sample: {address: 10.9.0.100, mac: "02:00:00:00:00:0b"}
seconds:
  description: How long reading, asking, changing and verifying took.
  returned: success
  type: dict
  sample: {read: 0.004, claim: 0.301, change: 0.009, verify: 0.003}
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._address.claim import absent, present
from ansible_collections.contingency.infra.plugins.module_utils._address.model import (
    ABSENT,
    PRESENT,
    AddressError,
    Wanted,
)
from ansible_collections.contingency.infra.plugins.module_utils._address.persistent import persistent_limitation
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost

ARGUMENTS = {
    "interface": {"type": "str", "required": True},
    "addresses": {"type": "list", "elements": "str", "required": True},
    "state": {"type": "str", "choices": [PRESENT, ABSENT], "default": PRESENT},
    "claim_timeout": {"type": "float", "default": 0.3},
    "announcements": {"type": "int", "default": 4},
    "force": {"type": "bool", "default": False},
}


def diff_of(result: Dict[str, Any]) -> Dict[str, str]:
    return {side: "".join(f"{address}\n" for address in result[side]["addresses"]) for side in ("before", "after")}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    host = LocalHost()
    wanted = Wanted(**module.params)
    try:
        act = present if wanted.state == PRESENT else absent
        result = act(host, wanted, check_mode=module.check_mode).as_result()
    except AddressError as error:
        module.fail_json(msg=error.message, **error.evidence)
    persistent = persistent_limitation(host, wanted.addresses)
    for warning in [*result.pop("warnings"), *([persistent] if persistent else [])]:
        module.warn(warning)
    module.exit_json(diff=diff_of(result), **result)


if __name__ == "__main__":
    main()
