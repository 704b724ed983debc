#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read UPSes. The work is in the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ups_info
short_description: Read UPSes over NUT, apcupsd or SNMP, and mark what cannot be true
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - Reads all O(sources) at once from the controller, within one time, and brings them into one form.
  - A UPS that does not answer, answers nonsense, or whose daemon has lost it, has the status V(unknown) and says why in
    one sentence that tells what to do. Only wrong options fail the task, before anything is asked.
  - V(online) is only what says so positively, is fresh, and contradicts itself nowhere. V(unknown) is not good news.
  - An implausible figure (65535, -1, 0 while running, a charge above 100, a runtime that rises without a reason) is
    null in its field, and is named with its value in C(marks). A figure that falls without a reason is used and marked,
    as an old battery does that.
  - Nothing is sent to a UPS but questions.
requirements:
  - The Python package C(pysnmp), 7.1 or newer and below 8, on the controller for sources of the kind V(snmp).
options:
  sources:
    description: The UPSes, and how each is read.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the UPS, as hosts have it in their feeds.
        type: str
        required: true
      kind:
        description:
          - V(nut) is a upsd of Network UPS Tools, V(apcupsd) the network information server of apcupsd, V(snmp) the
            network card of the UPS itself.
        type: str
        choices: [nut, apcupsd, snmp]
        required: true
      host:
        description: Name or address of the daemon or card.
        type: str
        required: true
      port:
        description: Its port. Without it 3493 for NUT, 3551 for apcupsd, 161 for SNMP.
        type: int
      ups:
        description: Name of the UPS in C(ups.conf). Needed for V(nut).
        type: str
      user:
        description: User of upsd, which needs none for reading; or the user of SNMP version 3.
        type: str
      password:
        description: Password of the user of upsd. Without O(sources[].tls) it can be read on the way.
        type: str
      tls:
        description: Whether to speak to upsd over TLS only (STARTTLS), its certificate verified. Without it C(false).
        type: bool
      ca_file:
        description: Certificates to trust instead of the system's, such as upsd's own self-signed one.
        type: path
      mib:
        description:
          - What the card speaks. V(ietf) is RFC 1628, which most makers have, V(powernet) that of APC. Without it
            V(ietf).
        type: str
        choices: [ietf, powernet]
      version:
        description: Version of SNMP. Without it V(2c), whose community can be read on the way.
        type: str
        choices: ['2c', '3']
      community:
        description: Community of SNMP version 2c, as C(community) in its agent; a read-only one is enough.
        type: str
      auth_protocol:
        description: How messages of SNMP version 3 are signed. Without it V(sha).
        type: str
        choices: [md5, sha, sha224, sha256, sha384, sha512]
      auth_password:
        description: Passphrase of the signature. Without it messages are not signed.
        type: str
      privacy_protocol:
        description: How messages of SNMP version 3 are encrypted. Without it V(aes).
        type: str
        choices: [des, aes, aes192, aes256]
      privacy_password:
        description: Passphrase of the encryption. Without it messages are not encrypted.
        type: str
  timeout:
    description: Seconds for all UPSes together, from the first name that is looked up to the last answer.
    type: float
    default: 5
  previous:
    description:
      - RV(readings) of earlier calls, of all of this outage if there is one, and of any UPSes. Figures are compared
        with them.
    type: list
    elements: dict
    default: []
attributes:
  check_mode:
    description: Reads the same.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Read both UPSes
  contingency.infra.ups_info:
    sources:
      - name: ups-a
        kind: nut
        host: nut.example.org
        ups: apc-rack-1
        tls: true
        ca_file: /etc/ssl/certs/nut.pem
      - name: ups-b
        kind: snmp
        host: 10.0.0.8
        version: '3'
        user: reader
        auth_protocol: sha256
        auth_password: "{{ vault_ups_auth }}"
        privacy_password: "{{ vault_ups_privacy }}"
  register: ups_now

- name: Read again, and compare with what was read before
  contingency.infra.ups_info:
    sources:
      - name: ups-c
        kind: apcupsd
        host: 10.0.0.9
    previous: "{{ ups_before.readings }}"
  register: ups_now

- name: Say when a UPS is not known to be on line
  ansible.builtin.debug:
    msg: "{{ ups_now.readings | rejectattr('status', 'eq', 'online') | list }}"
"""

RETURN = r"""
readings:
  description: One reading for each source, in their order.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the UPS.
      type: str
      sample: ups-a
    source:
      description: Where it was read.
      type: str
      sample: nut://nut.example.org:3493/apc-rack-1
    status:
      description: V(online), V(on_battery), V(low_battery) or V(unknown).
      type: str
      sample: on_battery
    why:
      description: Why the status is unknown, and what to do; else null.
      type: str
      sample: null
    runtime_seconds:
      description: What the UPS says that its battery lasts at this load, in seconds; null where that cannot be true.
      type: float
      sample: 1620.0
    charge_percent:
      description: Charge of its battery.
      type: float
      sample: 83.0
    load_percent:
      description: Its load, of what it is made for.
      type: float
      sample: 41.0
    power_watts:
      description: The power drawn. Where it is not measured it is estimated, and C(marks) says so.
      type: float
      sample: 1230.0
    nominal_watts:
      description: The power that it is made for.
      type: float
      sample: 3000.0
    age_seconds:
      description:
        - How old the reading is, as far as the source tells. NUT tells only how often its driver asks the UPS, SNMP
          nothing.
      type: float
      sample: 2.0
    read_at_epoch:
      description: When it was read, by the controller's clock, in seconds since the epoch.
      type: float
      sample: 1795352400.2
    replace_battery:
      description: Whether the UPS wants a new battery; null where nothing was read.
      type: bool
      sample: false
    marks:
      description: What cannot be true, is estimated, or has to be known - field, value and why of each.
      type: list
      elements: dict
      sample: [{field: runtime_seconds, value: 65535.0, why: "65535 is what a UPS shows that does not know it."}]
    raw:
      description: What the source said, name by name.
      type: dict
      sample: {ups.status: OB DISCHRG, battery.runtime: '1620'}
on_battery:
  description: Names of the UPSes that are on battery, those with a low one included.
  returned: success
  type: list
  elements: str
  sample: [ups-a]
unknown:
  description: Names of the UPSes whose status is unknown.
  returned: success
  type: list
  elements: str
  sample: []
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

SOURCE_SPEC: Dict[str, Dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "kind": {"type": "str", "choices": ["nut", "apcupsd", "snmp"], "required": True},
    "host": {"type": "str", "required": True},
    "port": {"type": "int"},
    "ups": {"type": "str"},
    "user": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "tls": {"type": "bool"},
    "ca_file": {"type": "path"},
    "mib": {"type": "str", "choices": ["ietf", "powernet"]},
    "version": {"type": "str", "choices": ["2c", "3"]},
    "community": {"type": "str", "no_log": True},
    "auth_protocol": {"type": "str", "choices": ["md5", "sha", "sha224", "sha256", "sha384", "sha512"]},
    "auth_password": {"type": "str", "no_log": True},
    "privacy_protocol": {"type": "str", "choices": ["des", "aes", "aes192", "aes256"]},
    "privacy_password": {"type": "str", "no_log": True},
}
ARGUMENT_SPEC = {
    "sources": {"type": "list", "elements": "dict", "required": True, "options": SOURCE_SPEC},
    "timeout": {"type": "float", "default": 5},
    "previous": {"type": "list", "elements": "dict", "default": []},
}


def main() -> None:
    """Say that this runs on the controller; the argument specification above is what Ansible checks."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(
        msg="This module runs on the controller by its action plugin; call it as contingency.infra.ups_info in a task."
    )


if __name__ == "__main__":
    main()
