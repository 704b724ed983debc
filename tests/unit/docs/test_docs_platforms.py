# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables and the guide say what a platform is and can prove."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.base import Platform
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import PLATFORMS

from tests.unit.docs.pages import READMES, platform_rows, rows, text

NOTHING = ("none", "无")
NOT_POSSIBLE = ("no", "不能")


@pytest.mark.parametrize("readme", READMES)
@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=list(PLATFORMS))
def test_platform_table_says_what_a_platform_can_prove(readme: str, platform: Platform) -> None:
    _name, _switches, _ports, _neighbor, _macs, tree, ping, net = platform_rows(readme)[platform.name]
    kind = type(platform)
    assert (tree not in NOT_POSSIBLE) == (kind.read_tree is not Platform.read_tree)
    assert (not ping.startswith(NOT_POSSIBLE)) == platform.can_ping()
    assert (net not in NOTHING) == (kind.safety_net is not Platform.safety_net)


def test_both_platform_tables_have_the_same_rows() -> None:
    english, chinese = (platform_rows(readme) for readme in READMES)
    assert list(english) == list(chinese)
    assert len(english) >= len(PLATFORMS)


def test_guide_names_what_the_base_class_has() -> None:
    members = [
        member
        for row in rows("docs/adding_a_platform.md")
        if len(row) == 2
        for member in re.findall(r"`(\w+)`", row[0])
    ]
    assert members
    assert [member for member in members if not hasattr(Platform, member)] == []


def test_guide_names_all_that_a_platform_must_define() -> None:
    guide = text("docs/adding_a_platform.md")
    assert [name for name in Platform.__abstractmethods__ if f"`{name}`" not in guide] == []


def test_example_of_the_guide_is_a_platform() -> None:
    example = re.search(r"```python\n(.*?)```", text("docs/adding_a_platform.md"), re.DOTALL)
    assert example
    made: dict[str, Any] = {}
    exec(compile(example.group(1), "adding_a_platform.md", "exec", dont_inherit=True), made)
    platform = made["AcmeOs"]()
    assert isinstance(platform, Platform)
    assert [send.command for send in platform.change([("Te1/1", False)])] == [
        "configure terminal",
        "interface Te1/1",
        "shutdown",
        "end",
    ]


def test_lists_of_platforms_agree_with_the_options_of_the_modules() -> None:
    fragment = text("plugins/doc_fragments/switch.py")
    assert [name for name in platform_rows("README.md") if f"V({name})" not in fragment] == []
