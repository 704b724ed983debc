# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab is shared by all tests that need it."""

from __future__ import annotations

from tests.lab.fixtures import hospital, lab, pair, power_lab, room, shared_hospital, shared_pair

__all__ = ["hospital", "lab", "pair", "power_lab", "room", "shared_hospital", "shared_pair"]
