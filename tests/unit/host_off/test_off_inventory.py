# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory says of a host's shutdown, and what it must not say."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer
from ansible_collections.contingency.infra.plugins.module_utils._power.model import PowerState
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.kinds import GUESTS
from ansible_collections.contingency.infra.plugins.modules.host_shutdown import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils import off_inventory
from ansible_collections.contingency.infra.plugins.plugin_utils.off_words import HypervisorWitness, NoLogin

BMC = {"protocol": "ipmi", "host": "192.0.2.1", "user": "admin", "password": "lab-only"}


class Hypervisor:
    """A login that answers each command with the same words."""

    name = "pve-1"
    here = False

    def __init__(self, output: str = "", status: int = 0, reason: str | None = None) -> None:
        self._answer = Answer(status, output, "")
        self._reason = reason
        self.commands: list[str] = []

    def run(self, command: str, timeout: float) -> Answer:
        self.commands.append(command)
        if self._reason:
            raise NoLogin(self._reason)
        return self._answer

    def close(self) -> None:
        """Nothing is held open."""


def test_options_go_before_the_inventory_and_the_inventory_before_the_defaults() -> None:
    variables = {"shutdown_timeout": 600, "shutdown_services": ["a"], "standby_bmc": BMC}
    settings = off_inventory.settings_from({"services": ["b"], "timeout": None}, variables)
    assert (settings["services"], settings["timeout"], settings["kind"]) == (["b"], 600, "linux")
    assert settings["bmc"] == BMC
    assert off_inventory.settings_from({}, {**variables, "shutdown_bmc": {"a": 1}})["bmc"] == {"a": 1}


def test_every_option_of_the_module_is_a_variable_too() -> None:
    assert {*off_inventory.FROM_INVENTORY, "durations_file"} == set(ARGUMENT_SPEC)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"shutdown_kind": "solaris"}, "his-app-1: shutdown_kind"),
        ({"shutdown_timeout": "soon"}, "timeout is 'soon'"),
        ({"shutdown_services": 5}, "write a list"),
    ],
)
def test_what_cannot_be_is_named_with_its_host(variables: dict[str, Any], said: str) -> None:
    with pytest.raises(AnsibleActionFail, match=said):
        off_inventory.host_to_shut("his-app-1", off_inventory.settings_from({}, variables))


def test_wake_on_lan_is_no_bmc_that_can_confirm_anything() -> None:
    assert off_inventory.power_of("his-app-1", {"protocol": "wake_on_lan", "mac": "52:54:00:12:34:56"}) is None
    assert off_inventory.power_of("his-app-1", None) is None
    assert off_inventory.power_of("his-app-1", BMC) is not None


def test_a_bmc_that_is_described_wrongly_is_said() -> None:
    with pytest.raises(AnsibleActionFail, match="his-app-1: shutdown_bmc or standby_bmc cannot be used"):
        off_inventory.power_of("his-app-1", {"protocol": "ipmi"})


@pytest.mark.parametrize(
    ("confirm", "said"),
    [
        ("bmc", "write hypervisor"),
        ({"switch": "core-a"}, "write hypervisor"),
        ({"hypervisor": {"host": "nowhere"}}, "'nowhere' is not in the inventory"),
        ({"hypervisor": {"host": "pve-1", "kind": "xen"}}, "use libvirt, proxmox, esxi"),
        ({"hypervisor": {"host": "pve-1", "command": "xl list"}}, "go together"),
        ({"hypervisor": {"host": "pve-1", "command": "a", "off": "(", "on": "b"}}, "not a regular expression"),
        ({"link": {"switch": "nowhere", "port": "1"}}, "needs a switch of the inventory"),
        ({"link": {"switch": "pve-1", "port": "1", "vlan": 2}}, "it has switch, port"),
    ],
)
def test_who_cannot_confirm_anything_is_refused(confirm: Any, said: str) -> None:
    with pytest.raises(AnsibleActionFail, match=said):
        off_inventory.witnesses_of("his-app-1", confirm, lambda _name: Hypervisor(), {"pve-1": {}})


@pytest.mark.parametrize(
    ("kind", "output", "state"),
    [
        ("libvirt", "shut off\n\n", PowerState.OFF),
        ("libvirt", "running\n\n", PowerState.ON),
        ("libvirt", "in shutdown\n", PowerState.ON),
        ("libvirt", "crashed\n", PowerState.UNKNOWN),
        ("proxmox", "status: stopped\n", PowerState.OFF),
        ("proxmox", "status: running\n", PowerState.ON),
        ("esxi", "Retrieved runtime info\nPowered off\n", PowerState.OFF),
        ("esxi", "Retrieved runtime info\nPowered on\n", PowerState.ON),
        ("esxi", "", PowerState.UNKNOWN),
    ],
)
def test_the_word_of_a_hypervisor_is_understood(kind: str, output: str, state: PowerState) -> None:
    hypervisor = Hypervisor(output)
    witness = HypervisorWitness(hypervisor, "104", GUESTS[kind])
    assert witness.ask().state is state
    assert "104" in hypervisor.commands[0]


@pytest.mark.parametrize("hypervisor", [Hypervisor("shut off", status=1), Hypervisor(reason="Connection refused")])
def test_a_hypervisor_that_fails_knows_nothing(hypervisor: Hypervisor) -> None:
    word = HypervisorWitness(hypervisor, "his-app-1", GUESTS["libvirt"]).ask()
    assert word.state is PowerState.UNKNOWN
    assert "pve-1" in word.seen


def test_the_password_of_the_bmc_is_a_secret() -> None:
    assert off_inventory.secrets_of(off_inventory.settings_from({}, {"standby_bmc": BMC})) == ["lab-only"]
    assert off_inventory.secrets_of(off_inventory.settings_from({}, {})) == []
