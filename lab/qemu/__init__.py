# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole Linux machine with Debian's kernel, for what the carrying machine's kernel lacks (bonding).

    with BondingGuest("lab-server-his") as guest:
        guest.run("cat /proc/net/bonding/bond0")
        guest.set_link("eth1", up=False)

bond0 has eth0 behind core-a and eth1 behind core-b. Both cores are bridges in network namespaces of their own, joined
by a trunk, and announce themselves by LLDP. eth2 is for management: sshd answers there, inside the namespace
``guest.management``.
"""

from __future__ import annotations

from lab.qemu.image import GuestImage, ensure_image
from lab.qemu.machine import BondingGuest, GuestError

__all__ = ["BondingGuest", "GuestError", "GuestImage", "ensure_image"]
