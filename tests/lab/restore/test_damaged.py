# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every damage is found, by a stage that may know of it, and what was restored for that is gone."""

from __future__ import annotations

import pytest

from lab.damage import DAMAGES, Damage
from lab.damage.model import Manifest
from tests.lab.restore.chosen import damages
from tests.lab.restore.left import left_over
from tests.lab.restore.shelf import Shelf, reseal, spoken, words


@pytest.mark.parametrize("damage", damages(), ids=str)
def test_a_damage_is_named_by_the_stage_that_may_know_of_it(shelf: Shelf, damage: Damage) -> None:
    backup = shelf.fresh(damage.source)
    if damage.history:
        assert shelf.test(damage.source, backup)["verdict"] == "passed"
    damage.strike(backup, shelf.ground)
    if damage.manifest is Manifest.LATER:
        reseal(backup)
    elif damage.manifest is Manifest.NONE:
        backup.remove_manifest()
    # Without a manifest nobody may know how old a script is, and that would be told first.
    known = damage.manifest is not Manifest.NONE
    result = shelf.test(damage.source, backup, manifest=known, max_age="26h" if known else None)
    assert result["verdict"] == "failed", words(result)
    assert set(spoken(result)) <= set(damage.stages), words(result)
    assert left_over(shelf.ground.server) == []


def test_a_damaged_first_copy_is_told_and_the_second_serves(shelf: Shelf) -> None:
    second = shelf.take("pg_dump-custom")
    first = shelf.fresh("pg_dump-custom")
    damage = next(each for each in DAMAGES if str(each) == "pg_dump-custom-end-lost")
    damage.strike(first, shelf.ground)
    result = shelf.test("pg_dump-custom", first, second)
    assert (result["verdict"], result["copy_used"]) == ("degraded", 2), words(result)
    assert spoken(result) == ["checksums"]
