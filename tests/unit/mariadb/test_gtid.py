# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which transactions one server has and another has not, with Hypothesis as the two primaries."""

from __future__ import annotations

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.gtid import (
    Gtid,
    covers,
    errant,
    extra,
    merged,
    parse,
)
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.model import MariadbError
from hypothesis import given
from hypothesis import strategies as st

gtids = st.builds(Gtid, st.integers(0, 3), st.integers(1, 4), st.integers(1, 50))
positions = st.dictionaries(st.integers(0, 3), st.tuples(st.integers(1, 4), st.integers(1, 50))).map(
    lambda found: ",".join(f"{domain}-{server}-{sequence}" for domain, (server, sequence) in found.items())
)


@given(st.lists(gtids))
def test_what_is_printed_is_read_back(found: list[Gtid]) -> None:
    assert parse(",".join(map(str, found))) == tuple(found)


@pytest.mark.parametrize("text", ["0-1", "a-b-c", "0-1-2-3", "0-1--2", "mysql-uuid:1-5"])
def test_what_is_no_gtid_is_named(text: str) -> None:
    with pytest.raises(MariadbError, match="is no transaction id of MariaDB"):
        parse(text)


@given(positions, positions)
def test_the_furthest_position_covers_both(one: str, other: str) -> None:
    both = merged(one, other)
    assert covers(both, one)
    assert covers(both, other)


@given(positions)
def test_a_server_has_all_that_it_has(position: str) -> None:
    assert covers(position, position)
    assert extra(position, position) == ()


@given(common=st.integers(1, 100), lost=st.integers(0, 20), written=st.integers(0, 20))
def test_after_a_failover_exactly_what_was_not_replicated_is_extra(common: int, lost: int, written: int) -> None:
    former = f"0-1-{common + lost}"
    new = f"0-1-{common}" + (f",0-2-{common + written}" if written else "")
    found = extra(former, new)
    assert bool(found) == bool(lost)
    if lost:
        assert found[0].last == Gtid(0, 1, common + lost)
        assert found[0].known == common


def test_a_range_is_named_by_its_ends() -> None:
    assert [str(each) for each in extra("0-1-105", "0-1-103,0-2-110")] == ["0-1-104 to 0-1-105"]
    assert [str(each) for each in extra("0-1-104", "0-1-103,0-2-110")] == ["0-1-104"]


def test_a_history_that_began_as_a_copy_knows_no_servers_of_before() -> None:
    assert extra("0-3-50,0-1-105", "0-1-105") == ()
    assert [str(each) for each in extra("0-1-105,0-3-106", "0-1-105")] == ["0-3-106"]


def test_another_domain_counts_by_itself() -> None:
    assert [str(each) for each in extra("0-1-10,1-1-3", "0-1-10")] == ["1-1-3"]


def test_errant_is_what_a_replica_wrote_itself() -> None:
    assert errant("0-2-11", "0-1-10", 2) == (Gtid(0, 2, 11),)
    assert errant("0-1-10", "0-1-10", 2) == ()
    assert errant("0-2-9", "0-1-10", 2) == ()
    assert errant("0-1-10,5-2-1", "0-1-10", 2) == (Gtid(5, 2, 1),)
