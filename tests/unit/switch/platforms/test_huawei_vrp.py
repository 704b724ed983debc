# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Huawei VRP 5 against its fake, and outputs that the fake does not show."""

from __future__ import annotations

from tests.unit.switch.uplink_contract import UplinkContract


class TestHuaweiVrp(UplinkContract):
    """The contract, spoken by VRP 5."""

    platform = "huawei_vrp"
    ports_command = "display interface brief"
    has_net = False
