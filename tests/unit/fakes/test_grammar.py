# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Abbreviations, arguments and errors of the command grammar."""

from __future__ import annotations

import pytest

from lab.fakes.grammar import CommandError, Node, match, resolve_interface

PORTS = ["GigabitEthernet1/0/1", "TenGigabitEthernet1/0/1", "10GE1/0/1", "TenGigabitEthernet 0/49", "Vlan10"]


@pytest.fixture
def root() -> Node:
    """A small grammar."""
    node = Node()
    for pattern in (
        "show interfaces status",
        "show interfaces <interface>",
        "show ip arp",
        "shutdown",
        "description <line>",
        "ip address <ip> <ip:mask>",
    ):
        node.add(pattern.split(), pattern)
    return node


def find(root: Node, line: str) -> tuple[str, dict[str, str]]:
    """Match a line; give the pattern and its arguments."""
    found = match(root, line, lambda text: resolve_interface(PORTS, text))
    return found.handler, found.arguments


def test_words_may_be_abbreviated_while_they_are_unique(root: Node) -> None:
    assert find(root, "sho int st") == ("show interfaces status", {})
    assert match(root, "sho ip a", str).full == "show ip arp"


@pytest.mark.parametrize(
    ("line", "kind", "column"),
    [
        ("sh", "ambiguous", 0),
        ("show i", "ambiguous", 5),
        ("show", "incomplete", 4),
        ("show foo", "unknown", 5),
        ("show interfaces te9/9/9", "wrong", 16),
        ("shutdown now", "excess", 9),
        ("  foo", "unknown", 2),
    ],
)
def test_an_error_has_its_kind_and_place(root: Node, line: str, kind: str, column: int) -> None:
    with pytest.raises(CommandError) as raised:
        find(root, line)
    assert (raised.value.kind, raised.value.column) == (kind, column)


def test_arguments_are_typed_and_named(root: Node) -> None:
    assert find(root, "desc  to core-b, rack 4 ")[1] == {"line": "to core-b, rack 4"}
    assert find(root, "ip add 10.9.0.1 255.255.0.0")[1] == {"ip": "10.9.0.1", "mask": "255.255.0.0"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("te1/0/1", "TenGigabitEthernet1/0/1"),
        ("G1/0/1", "GigabitEthernet1/0/1"),
        ("10ge1/0/1", "10GE1/0/1"),
        ("te0/49", "TenGigabitEthernet 0/49"),
        ("vlan10", "Vlan10"),
        ("te1/0/2", None),
        ("1/0/1", None),
    ],
)
def test_interface_types_may_be_abbreviated(text: str, name: str | None) -> None:
    assert resolve_interface(PORTS, text) == name


def test_an_interface_may_be_two_words(root: Node) -> None:
    assert find(root, "show int ten 1/0/1")[1] == {"interface": "TenGigabitEthernet1/0/1"}
