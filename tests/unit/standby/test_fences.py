# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ways to fence a host its inventory variables offer."""

from __future__ import annotations

import subprocess
import sys

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.contingency.infra.plugins.plugin_utils.fences import fences_of

ARGUMENTS = {"failed": "db-1", "fence": ["bmc", "switch_port", "operator"], "fence_timeout": 5.0, "fenced": ""}
BMC = {"protocol": "ipmi", "host": "192.0.2.1", "user": "admin", "password": "secret"}
PORT = {"switch": "rack", "port": "swp1"}
ALL = {"standby_bmc": BMC, "standby_switch_port": PORT}


@pytest.mark.parametrize(
    ("variables", "methods"),
    [
        (ALL, ["bmc", "switch_port", "operator"]),
        ({"standby_switch_port": PORT}, ["switch_port", "operator"]),
        ({"standby_bmc": {"protocol": "wake_on_lan", "mac": "02:00:00:00:00:01"}}, ["operator"]),
        ({}, ["operator"]),
    ],
)
def test_what_the_inventory_describes_is_tried_in_the_order_that_is_asked_for(
    variables: dict[str, object], methods: list[str]
) -> None:
    assert [fence.method for fence in fences_of(ARGUMENTS, {"db-1": variables})] == methods
    backwards = {**ARGUMENTS, "fence": ["operator", "switch_port", "bmc"]}
    assert [fence.method for fence in fences_of(backwards, {"db-1": variables})] == methods[::-1]


def test_a_host_and_a_bmc_that_cannot_be_meant_are_named() -> None:
    with pytest.raises(AnsibleActionFail, match="db-2 is not in the inventory"):
        fences_of({**ARGUMENTS, "failed": "db-2"}, {"db-1": ALL})
    with pytest.raises(AnsibleActionFail, match="standby_bmc of db-1"):
        fences_of(ARGUMENTS, {"db-1": {"standby_bmc": {**BMC, "protocol": "telnet"}}})


def test_netmiko_is_not_loaded_before_a_port_is_to_be_shut() -> None:
    """It takes 0.2 s, which would be 0.2 s of every outage whose BMC answers."""
    look = (
        "import sys, ansible.plugins.loader as loader; loader.init_plugin_loader()\n"
        "from ansible_collections.contingency.infra.plugins.plugin_utils.fences import fences_of\n"
        f"assert len(fences_of({ARGUMENTS!r}, {{'db-1': {ALL!r}}})) == 3\n"
        "sys.exit('netmiko' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
