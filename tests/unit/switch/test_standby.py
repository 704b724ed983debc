# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks take for the standby where nobody names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.contingency.infra.plugins.module_utils._switch.failover import argument_limitations

PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"
ACCESS = {"access_switches": ["access-ward"]}


def standby(direction: str, groups: dict[str, list[str]], **extra: Any) -> str:
    """Return what a playbook makes of the inventory and of ``-e``."""
    (play,) = yaml.safe_load((PLAYBOOKS / f"core_switch_{direction}.yml").read_text(encoding="utf-8"))
    variables = {name: trust_as_template(value) for name, value in play["vars"].items()}
    templar = Templar(DataLoader(), variables={**variables, "groups": groups, **extra})
    return str(templar.template(variables["core_switch_standby"]))


@pytest.mark.parametrize("direction", ["failover", "failback"])
class TestStandby:
    @pytest.mark.parametrize(("failed", "other"), [("core-a", "core-b"), ("core-b", "core-a")])
    def test_with_one_other_core_it_is_that_one(self, direction: str, failed: str, other: str) -> None:
        assert standby(direction, {"core_switches": ["core-a", "core-b"]}, failed=failed) == other

    def test_a_group_of_another_name_is_looked_into(self, direction: str) -> None:
        groups = {"core_switches": ["x", "y"], "spines": ["core-a", "core-b"]}
        assert standby(direction, groups, failed="core-a", core_switch_core_group="spines") == "core-b"

    def test_who_names_it_is_believed(self, direction: str) -> None:
        groups = {"core_switches": ["core-a", "core-b", "core-c"]}
        assert standby(direction, groups, failed="core-a", standby="core-c") == "core-c"

    def test_with_three_cores_nobody_guesses(self, direction: str) -> None:
        groups = {"core_switches": ["core-a", "core-b", "core-c"], **ACCESS}
        found = standby(direction, groups, failed="core-a")
        assert found == ""
        assert argument_limitations("core-a", found, groups, {}, "core_switches", "access_switches") == [
            "name the core switch to move to: -e standby=NAME (core switches: core-a, core-b, core-c)"
        ]

    @pytest.mark.parametrize("groups", [{}, {"core_switches": []}, {"core_switches": ["core-a"]}])
    def test_without_another_core_there_is_none(self, direction: str, groups: dict[str, list[str]]) -> None:
        assert standby(direction, groups, failed="core-a") == ""
