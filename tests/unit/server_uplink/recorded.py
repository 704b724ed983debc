# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bonds in the format that the kernel 6.1 of the lab's guest and Open vSwitch before and after 2.15 print them."""

from __future__ import annotations

ACTIVE_BACKUP = """Ethernet Channel Bonding Driver: v6.1.0-56-cloud-amd64

Bonding Mode: fault-tolerance (active-backup)
Primary Slave: eth0 (primary_reselect better)
Currently Active Slave: eth0
MII Status: up
MII Polling Interval (ms): 100
Up Delay (ms): 0
Down Delay (ms): 0
Peer Notification Delay (ms): 0

Slave Interface: eth0
MII Status: up
Speed: 10000 Mbps
Duplex: full
Link Failure Count: 0
Permanent HW addr: 52:54:00:09:00:00
Slave queue ID: 0

Slave Interface: eth1
MII Status: going back
Speed: Unknown
Duplex: Unknown
Link Failure Count: 2
Permanent HW addr: 52:54:00:09:00:01
Slave queue ID: 0
"""

LACP = """Ethernet Channel Bonding Driver: v6.1.0-56-cloud-amd64

Bonding Mode: IEEE 802.3ad Dynamic link aggregation
Transmit Hash Policy: layer3+4 (1)
MII Status: up
MII Polling Interval (ms): 100
Up Delay (ms): 0
Down Delay (ms): 0
Peer Notification Delay (ms): 0

802.3ad info
LACP active: on
LACP rate: fast
Min links: 0
Aggregator selection policy (ad_select): stable
System priority: 65535
System MAC address: 52:54:00:09:00:00
Active Aggregator Info:
\tAggregator ID: 1
\tNumber of ports: 1
\tActor Key: 15
\tPartner Key: 3
\tPartner Mac Address: 5c:db:09:00:00:02

Slave Interface: eth0
MII Status: up
Speed: 10000 Mbps
Duplex: full
Link Failure Count: 0
Permanent HW addr: 52:54:00:09:00:00
Slave queue ID: 0
Aggregator ID: 1
Actor Churn State: none
Partner Churn State: none
details actor lacp pdu:
    system priority: 65535
    system mac address: 52:54:00:09:00:00
    port state: 63
details partner lacp pdu:
    system mac address: 5c:db:09:00:00:02
    port state: 61

Slave Interface: eth1
MII Status: up
Speed: 10000 Mbps
Duplex: full
Link Failure Count: 0
Permanent HW addr: 52:54:00:09:00:01
Slave queue ID: 0
Aggregator ID: 2
Actor Churn State: churned
Partner Churn State: churned
"""

OVS_3 = """---- bond0 ----
bond_mode: active-backup
bond may use recirculation: no, Recirc-ID : -1
bond-hash-basis: 0
lb_output action: disabled, bond-id: -1
all members active: false
updelay: 0 ms
downdelay: 0 ms
lacp_status: off
lacp_fallback_ab: false
active-backup primary: <none>
active member mac: 0a:46:9c:77:0d:4e(eth0)

member eth0: enabled
  active member
  may_enable: true

member eth1: disabled
  may_enable: false

"""

OVS_2_9 = """---- bond0 ----
bond_mode: active-backup
bond may use recirculation: no, Recirc-ID : -1
bond-hash-basis: 0
updelay: 0 ms
downdelay: 0 ms
lacp_status: off
lacp_fallback_ab: false
active slave mac: 0a:46:9c:77:0d:4e(eth0)

slave eth0: enabled
\tactive slave
\tmay_enable: true

slave eth1: enabled
\tmay_enable: true

"""

OVS_LACP = """---- bond0 ----
bond_mode: balance-tcp
bond may use recirculation: yes, Recirc-ID : 1
bond-hash-basis: 0
lb_output action: disabled, bond-id: -1
updelay: 0 ms
downdelay: 0 ms
next rebalance: 7952 ms
lacp_status: negotiated
lacp_fallback_ab: false
active-backup primary: <none>
active member mac: 0a:46:9c:77:0d:4e(eth0)

member eth0: enabled
  active member
  may_enable: true
  hash 2: 1 kB load

member eth1: enabled
  may_enable: true
  hash 1: 1 kB load

"""
