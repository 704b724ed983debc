# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cisco IOS against its fake."""

from __future__ import annotations

from tests.unit.switch.uplink_contract import UplinkContract


class TestCiscoIos(UplinkContract):
    """The contract, spoken by IOS."""

    platform = "cisco_ios"
    ports_command = "show interfaces status"
