# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All platforms: importing this module enters them into the registry."""

from __future__ import annotations

from lab.fakes import (
    arista_eos,
    cisco_ios,
    cisco_nxos,
    hp_comware,
    huawei_vrp,
    huawei_vrpv8,
    juniper_junos,
    ruijie_os,
)

__all__ = [
    "arista_eos",
    "cisco_ios",
    "cisco_nxos",
    "hp_comware",
    "huawei_vrp",
    "huawei_vrpv8",
    "juniper_junos",
    "ruijie_os",
]
