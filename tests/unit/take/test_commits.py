# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a snapshot sees what WAL says was committed."""

from __future__ import annotations

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.commits import (
    Commit,
    Sight,
    commits_in,
    same_moments,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.pg_basebackup import segment_name

# As pg_waldump of version 15 prints them.
DUMP = """rmgr: Transaction len (rec/tot):     34/    34, tx:        748, lsn: 0/015672B8, prev 0/01567278, desc: COMMIT 2026-11-22 08:20:01.123456 UTC
rmgr: Transaction len (rec/tot):    117/   117, tx:        749, lsn: 0/015672E0, prev 0/015672B8, desc: COMMIT 2026-11-22 08:20:01.123999 UTC; subxacts: 750 751; inval msgs: catcache 51
rmgr: Transaction len (rec/tot):     34/    34, tx:        752, lsn: 0/01567360, prev 0/015672E0, desc: ABORT 2026-11-22 08:20:02.000001 UTC
rmgr: Transaction len (rec/tot):    178/   178, tx:        753, lsn: 0/01567388, prev 0/01567360, desc: PREPARE gid one: 2026-11-22 08:20:02.100000 UTC
rmgr: Transaction len (rec/tot):     58/    58, tx:          0, lsn: 0/01567440, prev 0/01567388, desc: COMMIT_PREPARED 753: 2026-11-22 08:20:02.200000 UTC
"""  # noqa: E501


def test_commits_are_found_also_those_of_prepared_transactions_and_no_others() -> None:
    assert commits_in(DUMP) == [Commit(0x15672B8, 748), Commit(0x15672E0, 749), Commit(0x1567440, 753)]


@pytest.mark.parametrize(
    ("transaction", "seen"), [(747, True), (748, False), (749, True), (750, True), (751, False), (800, False)]
)
def test_a_snapshot_sees_what_ended_before_it(transaction: int, seen: bool) -> None:
    assert Sight.of("748:751:748").sees(transaction) is seen


def test_a_snapshot_with_nothing_running_sees_all_before_its_end() -> None:
    sight = Sight.of("751:751:")
    assert sight.sees(750)
    assert not sight.sees(751)


def test_transactions_around_a_full_turn_of_their_numbers() -> None:
    turned = (3 << 32) + 10
    sight = Sight.of(f"{turned - 20}:{turned}:{turned - 20}")
    assert sight.sees((1 << 32) - 1)
    assert not sight.sees((1 << 32) - 10)
    assert sight.sees(9)
    assert not sight.sees(11)


def test_the_segment_of_the_end_of_a_base_backup() -> None:
    size = 16 << 20
    assert segment_name({"Timeline": 1, "End-LSN": "0/3000000"}, size) == "000000010000000000000002"
    assert segment_name({"Timeline": 2, "End-LSN": "1/3000100"}, size) == "000000020000000100000003"
    assert segment_name({"Timeline": 1, "End-LSN": "1/0"}, 1 << 30) == "000000010000000000000003"


COMMITS = [Commit(100, 10), Commit(200, 12), Commit(300, 11), Commit(400, 13)]


def moments(*sights: str) -> list[tuple[int, int]]:
    return list(same_moments([150, 250, 350, 450], [Sight.of(text) for text in sights], COMMITS))


def test_a_snapshot_is_the_moment_of_the_restore_point_before_which_is_all_that_it_sees() -> None:
    assert moments("11:13:11") == [(1, 0)]
    assert moments("14:14:") == [(3, 0)]
    assert moments("10:11:10") == []


def test_commits_that_waited_for_the_disk_are_found_behind_an_earlier_restore_point() -> None:
    """At the moment of the last snapshot two transactions are recorded, and count as running."""
    assert moments("10:13:10,11,12", "10:13:10,11,12", "10:14:10,12,13", "11:14:11,13") == [(1, 3)]


def test_what_is_seen_out_of_turn_is_no_moment() -> None:
    assert moments("12:14:12") == []
    assert moments("10:14:10") == []


def test_the_earliest_restore_point_comes_first_and_each_with_its_snapshot() -> None:
    assert moments("14:14:", "11:14:11,12,13", "11:14:11,13") == [(0, 1), (1, 2), (3, 0)]
