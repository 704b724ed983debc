# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same port in many spellings, and different ports in similar ones."""

from __future__ import annotations

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.names import expanded, find, similar
from hypothesis import given
from hypothesis import strategies as st

CISCO = {"te": "tengigabitethernet", "gi": "gigabitethernet", "po": "port-channel"}
KINDS = st.sampled_from(["te", "Te", "TenGigabitEthernet", "gi", "Port-channel", "swp", "Eth-Trunk", "XGE"])
NUMBERS = st.lists(st.integers(0, 96), min_size=1, max_size=4).map(lambda parts: "/".join(map(str, parts)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Te1/0/2", "TenGigabitEthernet1/0/2"),
        ("te1/0/2", "TENGIGABITETHERNET1/0/2"),
        ("Te 1/0/2", "TenGigabitEthernet1/0/2"),
        (" gi0/1 ", "GigabitEthernet0/1"),
        ("Po10", "Port-channel10"),
        ("xe-0/0/1:0", "XE-0/0/1:0"),
        ("mgmt", "MGMT"),
    ],
)
def test_spellings_of_one_port(one: str, other: str) -> None:
    assert expanded(one, CISCO) == expanded(other, CISCO)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Te1/0/1", "Te1/0/11"),
        ("Te1/0/1", "Gi1/0/1"),
        ("swp5", "swp50"),
        ("Te1/0/1", "Te1/0/1.100"),
        ("eth1", "eth1:1"),
    ],
)
def test_different_ports(one: str, other: str) -> None:
    assert expanded(one, CISCO) != expanded(other, CISCO)


@given(KINDS, NUMBERS)
def test_expanding_twice_is_expanding_once(kind: str, number: str) -> None:
    once = expanded(f"{kind}{number}", CISCO)
    assert expanded(once, CISCO) == once


@given(KINDS, NUMBERS, NUMBERS)
def test_another_number_is_another_port(kind: str, one: str, other: str) -> None:
    assert (expanded(kind + one, CISCO) == expanded(kind + other, CISCO)) == (one == other)


@given(st.text(max_size=30))
def test_no_text_breaks_it(text: str) -> None:
    assert expanded(text, CISCO) == expanded(text, CISCO).lower()


def test_find_returns_the_name_of_the_switch() -> None:
    known = ["GigabitEthernet1/0/2", "TenGigabitEthernet1/0/2"]
    assert find("te1/0/2", known, CISCO) == "TenGigabitEthernet1/0/2"
    assert find("te1/0/3", known, CISCO) is None


def test_at_most_three_similar_names_are_offered() -> None:
    assert similar("swp5", [f"swp{number}" for number in range(50, 60)])[0].startswith("swp5")
    assert len(similar("swp5", [f"swp{number}" for number in range(50, 60)])) == 3
