# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run leaves a whole backup in each place, or says what it left; nothing half done ever looks like a backup."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore import manifest as manifests
from ansible_collections.contingency.infra.plugins.module_utils._restore.take import copies
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.place import Place
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.run import Outcome, transact
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import NotTaken, SecondCopy

from tests.unit.take.conftest import BEGAN, DAY, Clock, FewFiles, Ordering

FIRST = "20261122T020001Z"


def backups(place: str) -> list[str]:
    """What looks like a backup in a place; hidden names do not."""
    path = Path(place) / "his"
    return sorted(entry.name for entry in path.iterdir() if not entry.name.startswith(".")) if path.exists() else []


def hidden(place: str) -> list[str]:
    return sorted(entry.name for entry in (Path(place) / "his").iterdir() if entry.name.startswith("."))


def good(outcome: Outcome) -> Outcome:
    assert outcome.msg is None, outcome.msg
    return outcome


def test_a_run_leaves_the_same_whole_backup_in_both_places(host: Clock, order: Ordering) -> None:
    outcome = good(transact(host, order()))
    assert outcome.changed
    for place in (order().directory, order().copies[0].directory):
        assert backups(place) == [FIRST, "latest"]
        assert hidden(place) == [".lock"]
        latest = Path(place) / "his/latest"
        manifest = manifests.read(host, str(latest / "manifest.json"))
        assert [(row["path"], row["bytes"]) for row in manifest["artefacts"]] == [("data/one", 1000), ("two", 500)]
        assert (latest / "data/one").read_bytes() == b"1" * 1000
        assert latest.stat().st_mode & 0o777 == 0o700
        assert (latest / "two").stat().st_mode & 0o777 == 0o600
    assert outcome.to_dict()["manifest"]["rows"] == 3
    assert "content" not in outcome.to_dict()["manifest"]
    assert FewFiles.closed


def test_two_within_one_second_are_two(host: Clock, order: Ordering) -> None:
    good(transact(host, order()))
    good(transact(host, order()))
    assert backups(order().directory) == [FIRST, "20261122T020002Z", "latest"]


@pytest.mark.parametrize("error", [NotTaken, OSError, KeyboardInterrupt])
def test_a_run_that_breaks_off_leaves_nothing(
    host: Clock, order: Ordering, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    monkeypatch.setattr(FewFiles, "broken", error)
    if error is KeyboardInterrupt:
        with pytest.raises(KeyboardInterrupt):
            transact(host, order())
    else:
        assert transact(host, order()).msg
    assert backups(order().directory) == []
    assert hidden(order().directory) == [".lock"]
    assert FewFiles.closed


def test_what_a_killed_run_left_is_removed_and_nothing_else(host: Clock, order: Ordering) -> None:
    good(transact(host, order()))
    own = Path(order().directory) / "his"
    for name in (".taking-20261122T010000Z", ".removing-20261120T010000Z"):
        (own / name / "deep").mkdir(parents=True)
    (own / "notes").mkdir()
    host.time += DAY
    outcome = good(transact(host, order()))
    assert hidden(order().directory) == [".lock"]
    assert (own / "notes").is_dir()
    assert len([warning for warning in outcome.warnings if "was left by a run" in warning]) == 2


def test_two_runs_of_a_set_never_work_at_once(host: Clock, order: Ordering) -> None:
    place = Place(order().directory, "his")
    place.make()
    with place.locked():
        outcome = transact(host, order())
    assert "Another run is taking his" in str(outcome.msg)
    good(transact(host, order()))


def test_old_ones_go_only_beyond_what_is_kept_in_each_place(host: Clock, order: Ordering) -> None:
    for _day in range(4):
        outcome = good(transact(host, order()))
        host.time += DAY
    for place in (order().directory, order().copies[0].directory):
        assert backups(place) == ["20261124T020001Z", "20261125T020001Z", "latest"]
    assert len(outcome.removed) == 2


def test_after_the_clock_was_set_back_the_one_just_taken_is_kept_and_copied(host: Clock, order: Ordering) -> None:
    good(transact(host, order(keep=1)))
    host.time -= 400 * DAY
    outcome = good(transact(host, order(keep=1)))
    for place in (order().directory, order().copies[0].directory):
        assert backups(place) == ["20251018T020001Z", "latest"]
        assert os.readlink(f"{place}/his/latest") == "20251018T020001Z"
    assert len(outcome.removed) == 2


def test_nothing_old_goes_while_a_copy_is_missing_and_it_is_made_up_for(host: Clock, order: Ordering) -> None:
    offsite = Path(order().copies[0].directory)
    good(transact(host, order()))
    away = offsite.rename(offsite.with_name("unmounted"))
    for _day in range(3):
        host.time += DAY
        outcome = transact(host, order())
        assert f"There is no directory {offsite}" in str(outcome.msg)
        assert "Nothing old was removed" in str(outcome.msg)
        assert outcome.path
    assert len(backups(order().directory)) == 5
    away.rename(offsite)
    host.time += DAY
    outcome = good(transact(host, order()))
    assert [len(copied.stamps) for copied in outcome.copies] == [2]
    assert backups(str(offsite)) == ["20261125T020001Z", "20261126T020001Z", "latest"]
    assert backups(order().directory) == ["20261125T020001Z", "20261126T020001Z", "latest"]


def test_a_medium_that_reads_back_something_else_is_said_and_keeps_no_copy(
    host: Clock, order: Ordering, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(path: str) -> None:
        if path.endswith("two"):
            Path(path).write_bytes(b"2" * 499 + b"3")

    monkeypatch.setattr(copies, "forget_cached", failing)
    outcome = transact(host, order())
    assert "read back, it differs: file two" in str(outcome.msg)
    assert backups(order().directory) == [FIRST, "latest"]
    assert [name for name in backups(order().copies[0].directory) if name != "latest"] == []


def test_one_place_that_fails_does_not_keep_the_next_from_its_copy(
    host: Clock, order: Ordering, tmp_path: Path
) -> None:
    third = tmp_path / "third"
    third.mkdir()
    outcome = transact(host, order(copies=(SecondCopy("/nowhere"), SecondCopy(str(third)))))
    assert "There is no directory /nowhere" in str(outcome.msg)
    assert backups(str(third)) == [FIRST, "latest"]


def test_a_copy_that_went_bad_is_replaced(host: Clock, order: Ordering) -> None:
    good(transact(host, order()))
    bad = Path(order().copies[0].directory) / "his" / FIRST / "two"
    bad.write_bytes(b"cut")
    host.time += DAY
    good(transact(host, order()))
    assert bad.read_bytes() == b"2" * 500


def test_one_that_went_bad_is_told_and_neither_counted_nor_copied(host: Clock, order: Ordering) -> None:
    good(transact(host, order()))
    (Path(order().directory) / "his" / FIRST / "two").write_bytes(b"cut")
    host.time += DAY
    outcome = good(transact(host, order(keep=1)))
    assert [warning for warning in outcome.warnings if "is not good (two: 3 bytes, expected 500)" in warning]
    assert FIRST in backups(order().directory)


def test_both_places_on_one_file_system_are_told(host: Clock, order: Ordering) -> None:
    outcome = good(transact(host, order()))
    assert [warning for warning in outcome.warnings if "on the same file system" in warning]


def test_a_young_backup_is_enough(host: Clock, order: Ordering) -> None:
    good(transact(host, order()))
    host.time += 3600
    outcome = good(transact(host, order(), fresh_seconds=7200))
    assert not outcome.changed
    assert outcome.path == f"{order().directory}/his/{FIRST}"
    host.time += 3601
    assert good(transact(host, order(), fresh_seconds=7200)).changed


def test_a_fresh_backup_of_which_a_copy_is_missing_is_not_enough(host: Clock, order: Ordering) -> None:
    good(transact(host, order()))
    shutil.rmtree(Path(order().copies[0].directory) / "his" / FIRST)
    assert good(transact(host, order(), fresh_seconds=7200)).changed
    assert not good(transact(host, order(), fresh_seconds=7200)).changed


def test_one_that_cannot_be_proven_is_kept_in_all_places_and_is_a_failure(
    host: Clock, order: Ordering, monkeypatch: pytest.MonkeyPatch
) -> None:
    good(transact(host, order(keep=1)))
    monkeypatch.setattr(FewFiles, "inexact", "No table can be proven.")
    host.time += DAY
    outcome = transact(host, order(keep=1))
    told = f"{outcome.path} is there. No table can be proven. Nothing old was removed."
    assert outcome.msg == told
    for place in (order().directory, order().copies[0].directory):
        assert backups(place) == [FIRST, "20261123T020001Z", "latest"]
    away = Path(order().copies[0].directory)
    away.rename(away.with_name("unmounted"))
    host.time += DAY
    told = str(transact(host, order(keep=1)).msg)
    assert "No table can be proven. " in told
    assert f"There is no directory {away}" in told


def test_one_that_cannot_be_proven_is_not_young_enough_unless_it_is_accepted(
    host: Clock, order: Ordering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FewFiles, "inexact", "No table can be proven.")
    assert transact(host, order()).msg
    host.time += 60
    for wanted, taken in ((True, False), ("true", True), (None, True)):
        outcome = transact(host, order(options={"accept_inexact": wanted}), fresh_seconds=7200, check_mode=True)
        assert outcome.changed is taken


def test_one_from_the_future_is_not_young(host: Clock, order: Ordering) -> None:
    good(transact(host, order()))
    host.time = BEGAN - DAY
    assert good(transact(host, order(), fresh_seconds=7200)).changed


def test_check_mode_says_what_would_be_done_and_does_nothing(host: Clock, order: Ordering) -> None:
    outcome = good(transact(host, order(), check_mode=True))
    assert outcome.changed
    assert outcome.steps[0] == "write two files"
    assert "read back and compared" in outcome.steps[1]
    assert backups(order().directory) == []
    assert "there is no database" in str(transact(host, order(options={"no_database": True}), check_mode=True).msg)


def test_no_space_is_said_before_anything_is_written(host: Clock, order: Ordering) -> None:
    host.free[order().directory] = 2999
    assert "2999 bytes free, and the backup may take 2000" in str(transact(host, order()).msg)
    host.free[order().directory] = 3001
    good(transact(host, order()))


def test_the_last_backup_tells_how_much_the_next_one_takes(host: Clock, order: Ordering) -> None:
    good(transact(host, order()))
    host.time += DAY
    host.free[order().directory] = 2876
    good(transact(host, order()))
    host.free[order().directory] = 2874
    host.time += DAY
    assert "may take 1875" in str(transact(host, order()).msg)


def test_no_space_for_the_copy_is_said(host: Clock, order: Ordering) -> None:
    host.free[order().copies[0].directory] = 2000
    outcome = transact(host, order())
    assert "takes 1500 beside the reserve of 1000" in str(outcome.msg)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "../his"}, "cannot be the name of a backup set"),
        ({"name": ""}, "cannot be the name of a backup set"),
        ({"directory": "/nowhere"}, "There is no directory /nowhere"),
        ({"keep": -1}, "keep has to be at least 0"),
        ({"engine": "floppy"}, "floppy is no engine"),
        ({"signing_key": "/nowhere/key"}, "There is no signing key /nowhere/key"),
    ],
)
def test_an_order_that_cannot_be_is_refused(
    host: Clock, order: Ordering, changes: dict[str, object], said: str
) -> None:
    assert said in str(transact(host, order(**changes)).msg)


def test_two_copies_in_one_directory_are_refused(host: Clock, order: Ordering) -> None:
    again = SecondCopy(f"{order().directory}/.")
    assert "Two copies would lie in one directory" in str(transact(host, order(copies=(again,))).msg)


def test_a_file_system_without_links_is_told_and_no_error(
    host: Clock, order: Ordering, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(source: str, target: str) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "symlink", refused)
    outcome = good(transact(host, order()))
    assert [warning for warning in outcome.warnings if "latest could not be made" in warning]


def test_a_standby_has_nothing_to_do_and_that_is_no_failure(
    host: Clock, order: Ordering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FewFiles, "idle", lambda self: "the primary takes this backup")
    outcome = good(transact(host, order()))
    assert (outcome.changed, outcome.idle) == (False, "the primary takes this backup")
    assert backups(order().directory) == []
