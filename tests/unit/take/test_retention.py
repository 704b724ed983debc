# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last good backup is never removed."""

from __future__ import annotations

from ansible_collections.contingency.infra.plugins.module_utils._restore.take.place import Kept
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.retention import oldest_first, removable
from hypothesis import given
from hypothesis import strategies as st


def kept(number: int, good: bool) -> Kept:
    return Kept(f"202611{number:02d}T013000Z", f"/backup/{number}", None, None if good else "cut")


SETS = st.lists(st.booleans(), max_size=20)


@given(SETS, st.integers(min_value=0, max_value=25))
def test_as_many_good_ones_stay_as_shall_be_kept_and_they_are_the_newest(good: list[bool], keep: int) -> None:
    backups = [kept(number, each) for number, each in enumerate(good)]
    gone = removable(backups, keep)
    stay = [each for each in backups if each.problem is None and each not in gone]
    assert len(stay) == (sum(good) if keep == 0 else min(sum(good), keep))
    assert all(old.stamp < new.stamp for old in gone for new in stay)


@given(SETS, st.integers(min_value=0, max_value=25))
def test_one_that_is_not_good_is_left_to_be_looked_at(good: list[bool], keep: int) -> None:
    backups = [kept(number, each) for number, each in enumerate(good)]
    assert all(each.problem is None for each in removable(backups, keep))


@given(SETS.filter(any), st.integers(min_value=1, max_value=25))
def test_a_run_of_bad_backups_never_pushes_the_last_good_one_out(good: list[bool], keep: int) -> None:
    backups = [kept(number, each) for number, each in enumerate([*good, *[False] * 30])]
    newest_good = [each for each in backups if each.problem is None][-1]
    assert newest_good not in removable(backups, keep)


@given(SETS, st.integers(min_value=1, max_value=25), st.integers(min_value=0, max_value=20))
def test_the_one_just_taken_is_the_newest_whatever_the_clock_says(good: list[bool], keep: int, at: int) -> None:
    good.insert(min(at, len(good)), True)
    backups = [kept(number, each) for number, each in enumerate(good)]
    taken = backups[min(at, len(good) - 1)]
    assert taken not in removable(backups, keep, taken.stamp)
    assert oldest_first(backups, taken.stamp)[-1] == taken
