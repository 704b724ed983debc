# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands for the matrix of damaged backups is part of it."""

from __future__ import annotations

from lab.damage import DAMAGES
from tests.lab.restore.chosen import DAMAGES_OF_THE_SLICE, SETS_OF_THE_SLICE
from tests.lab.restore.shelf import SETS


def test_the_slice_names_damages_and_sets_that_there_are() -> None:
    assert set(DAMAGES_OF_THE_SLICE) <= {str(damage) for damage in DAMAGES}
    assert set(SETS_OF_THE_SLICE) <= set(SETS)


def test_each_damage_is_of_a_set_that_there_is() -> None:
    assert {damage.source for damage in DAMAGES} == set(SETS)
