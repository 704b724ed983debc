# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates are read from the disk once, ahead of time, and leave nothing of one output in the next."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch import parsing
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.base import Platform
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import PLATFORMS

TEMPLATE = "cisco_ios_show_interfaces_status"
HEADING = "Port      Name               Status       Vlan       Duplex  Speed Type\n"


def row(port: str, status: str) -> str:
    return f"{port:<10}{'to core':<19}{status:<13}{'trunk':<11}{'full':<8}{'10G':<6}SFP-10GBase-SR\n"


@pytest.fixture(autouse=True)
def nothing_is_prepared() -> Iterator[None]:
    parsing._machine.cache_clear()
    yield
    parsing._machine.cache_clear()


def test_a_prepared_template_is_not_read_again() -> None:
    parsing.prepare([TEMPLATE])
    with patch.object(builtins, "open", side_effect=AssertionError("read from the disk")):
        rows = parsing.parse(TEMPLATE, HEADING + row("Te1/0/1", "connected"))
    assert [(each["port"], each["status"]) for each in rows] == [("Te1/0/1", "connected")]


def test_a_template_that_was_not_prepared_is_read_when_it_is_needed() -> None:
    assert len(parsing.parse(TEMPLATE, HEADING + row("Te1/0/1", "connected"))) == 1


def test_one_output_leaves_nothing_in_the_next() -> None:
    first = parsing.parse(TEMPLATE, HEADING + row("Te1/0/1", "connected"))
    second = parsing.parse(TEMPLATE, HEADING + row("Te1/0/2", "disabled"))
    assert [each["port"] for each in first + second] == ["Te1/0/1", "Te1/0/2"]


def test_after_an_output_that_does_not_fit_the_next_one_is_understood() -> None:
    with pytest.raises(ValueError, match="State Error"):
        parsing.parse(TEMPLATE, HEADING + "% Invalid input detected\n")
    assert len(parsing.parse(TEMPLATE, HEADING + row("Te1/0/1", "connected"))) == 1


@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=list(PLATFORMS))
def test_the_templates_that_a_platform_names_exist(platform: Platform) -> None:
    parsing.prepare(platform.templates)
    assert parsing._machine.cache_info().currsize == len(set(platform.templates))


def test_without_the_package_there_is_nothing_to_prepare() -> None:
    with patch.object(parsing, "HAS_NTC_TEMPLATES", False):
        parsing.prepare([TEMPLATE])
    assert parsing._machine.cache_info().currsize == 0
