# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site marks as a step is one, or it is told why not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.action.journal_step import step_limitation

STEP: dict[str, Any] = {"text": "moved", "next_action": None, "figures": {"outage_seconds": "1.5"}, "objectives": {}}


def test_a_step_is_taken() -> None:
    assert step_limitation(STEP) is None


@pytest.mark.parametrize("value", ["nan", float("inf"), "soon", True, None, 10**400])
def test_what_is_no_number_is_refused(value: Any) -> None:
    assert "figures.outage_seconds" in str(step_limitation({**STEP, "figures": {"outage_seconds": value}}))
