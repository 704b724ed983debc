# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Through which port a session runs, where that port is an aggregate."""

from __future__ import annotations

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.guards import session_limitation
from ansible_collections.contingency.infra.plugins.module_utils._switch.model import Uplinks
from ansible_collections.contingency.infra.plugins.module_utils._switch.plan import Plan, Request
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import platform_named

from tests.unit.switch.scripted import scripted

ADDRESSES = (
    "Interface   Physical Protocol IP Address      Description\nVlan10      up       up       192.0.2.1       --\n"
)
ARP = """\
  Type: S-Static   D-Dynamic   O-Openflow   R-Rule   M-Multiport  I-Invalid
IP address      MAC address    VLAN     Interface                Aging Type
192.0.2.9       0000-5e00-0109 10       BAGG1                    16    D
"""
MACS = """\
MAC Address      VLAN ID    State            Port/Nickname            Aging
0000-5e00-0109   10         Learned          BAGG1                    Y
"""


@pytest.mark.parametrize(
    ("shut", "management_port", "says"),
    [
        ("XGE1/0/49", None, "cannot be told through which port"),
        ("Bridge-Aggregation1", None, "carries this session"),
        ("BAGG2", None, None),
        ("XGE1/0/49", "XGE1/0/50", None),
        ("XGE1/0/49", "Ten-GigabitEthernet1/0/49", "carries this session"),
    ],
)
def test_a_member_of_the_carrying_aggregate_may_not_be_shut(
    shut: str, management_port: str | None, says: str | None
) -> None:
    comware = platform_named("sw1", "hp_comware")
    session = scripted(
        comware, {"display ip interface brief": ADDRESSES, "display arp": ARP, "display mac-address": MACS}
    )
    request = Request(active="XGE1/0/50", standby=(shut,), management_port=management_port)
    uplinks = Uplinks(ports={})
    reason = session_limitation(comware, session, uplinks, Plan("break_before_make", (((shut, False),),)), request)
    assert (says is None) == (reason is None)
    assert says is None or says in str(reason)
