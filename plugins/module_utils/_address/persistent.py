# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Would a service address come back by itself when this host boots? Then fencing is undone by a reboot."""

from __future__ import annotations

import re
from typing import Optional, Sequence

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host

PLACES = (
    "/etc/network/interfaces",
    "/etc/network/interfaces.d",
    "/etc/netplan",
    "/etc/systemd/network",
    "/etc/NetworkManager/system-connections",
    "/etc/sysconfig/network-scripts",
    "/etc/sysconfig/network",
)


def persistent_limitation(host: Host, addresses: Sequence[str]) -> Optional[str]:
    """Return which file of the network's configuration names one of the addresses; comments don't count."""
    places = [place for place in PLACES if host.exists(place)]
    if not places:
        return None
    for address in addresses:
        ip = address.partition("/")[0]
        pattern = rf"^[^#]*(^|[^0-9a-fA-F.:]){re.escape(ip)}([^0-9a-fA-F.:]|$)"
        answer = host.run(["grep", "-rlsE", "--", pattern, *places])
        if answer.status == 0 and answer.output.strip():
            file = answer.output.splitlines()[0]
            return (
                f"{ip} is in {file}, so this host takes it by itself when it boots, also after it was fenced; "
                "take it out of there: only floating_ip may put it on."
            )
    return None
