# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arista EOS: against the fake device, and outputs of other releases."""

from __future__ import annotations

from tests.unit.switch.platforms.behaviour import Behaviour


class TestAristaEos(Behaviour):
    """The common behaviour."""

    name = "arista_eos"
    own_port = "Management1"
    rejected_line = "interface Ethernet50"
    cut_line = "commit timer*"
