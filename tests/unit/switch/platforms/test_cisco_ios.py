# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cisco IOS: against the fake device."""

from __future__ import annotations

from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import PLATFORMS
from tests.unit.switch.platforms.behaviour import RevertingSafetyNet, Saving, Switches
from tests.unit.switch.platforms.recorded import Recorded


class TestCiscoIos(RevertingSafetyNet, Saving):
    """The common behaviour."""

    name = "cisco_ios"
    own_port = "GigabitEthernet0/0"
    rejected_line = "interface TenGigabitEthernet1/0/2"
    cut_line = "no shutdown"

    def test_without_archive_there_is_no_safety_net(self, switches: Switches) -> None:
        handle = switches.start(archive="")
        assert not self.platform.safety_net(switches.session(handle))
        assert switches.move(handle).saved


def test_release_that_does_not_know_the_archive_has_no_safety_net() -> None:
    assert not PLATFORMS["cisco_ios"].safety_net(Recorded("cisco_ios", {}))
