# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names on the command line: what is meant, and what cannot be meant."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._standby.names import NameRefused, partner

PAIR = {"databases": ["his-db-1", "his-db-2"]}
FOUR = {"databases": ["his-db-1", "his-db-2", "pacs-db-1", "pacs-db-2"]}
TWO_PAIRS = {**FOUR, "pacs": ["pacs-db-1", "pacs-db-2"], "pacs_all": ["pacs-db-1", "pacs-web"]}


def told(failed: str, standby: str = "", groups: Any = None, limit: str = "") -> str:
    return partner(failed, standby, groups or PAIR, "databases", limit)


def test_of_a_pair_it_is_the_other_one() -> None:
    assert told("his-db-1") == "his-db-2"
    assert told("his-db-2") == "his-db-1"


def test_of_several_pairs_the_inventory_says_it() -> None:
    assert told("pacs-db-1", groups=TWO_PAIRS) == "pacs-db-2"


def test_what_is_named_counts_most() -> None:
    assert told("pacs-db-1", "his-db-1", TWO_PAIRS) == "his-db-1"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"failed": ""}, "say which database server failed: -e failed=NAME .*his-db-1, his-db-2"),
        ({"failed": "his-db-9"}, "failed=his-db-9 is no database server of this inventory"),
        ({"failed": "his-db-1", "standby": "his-db-9"}, "standby=his-db-9 is no database server"),
        ({"failed": "his-db-1", "standby": "his-db-1"}, "failed and standby are both his-db-1"),
        ({"failed": "his-db-1", "groups": FOUR}, "it cannot be told which server takes over"),
        ({"failed": "his-db-1", "groups": {"databases": ["his-db-1"]}}, "with it: none"),
        ({"failed": "", "groups": {"web": ["a"]}}, "the group databases is empty"),
        ({"failed": "his-db-1", "limit": "his-db-2"}, "leave out --limit"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_way_on(arguments: dict[str, Any], reason: str) -> None:
    with pytest.raises(NameRefused, match=reason):
        told(**arguments)
