# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tile of lost data says "none" only where nothing says anything else."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import Incident
from ansible_collections.contingency.infra.plugins.module_utils._record.steps import step
from ansible_collections.contingency.infra.plugins.plugin_utils.document import Tile, Tiles
from ansible_collections.contingency.infra.plugins.plugin_utils.page import GOOD, UNKNOWN, WARN
from ansible_collections.contingency.infra.plugins.plugin_utils.report_run import Chain, Run
from ansible_collections.contingency.infra.plugins.plugin_utils.report_subject import Subject
from ansible_collections.contingency.infra.plugins.plugin_utils.report_summary import opening_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_voice import voice_of


def failover(loss: float | None) -> Run:
    """Return a run in which a standby took over; where its loss cannot be told, the step says so."""
    figures = {"takeover_seconds": 4.0, **({} if loss is None else {"data_loss_seconds": loss})}
    told = step(
        "handling",
        "db-2 is the primary",
        procedure="standby_failover",
        figures=figures,
        unproven=["how much was lost"] if loss is None else (),
    )
    return Run("r", "/r", Chain("j", 1, ""), begun={"playbook": "standby_failover"}, status="ok", steps=(told,))


def tile(*losses: float | None, **details: Any) -> Tile:
    incident = Incident("INC-20261122-1", 0.0, 0.0, details=details)
    runs = tuple(failover(loss) for loss in losses)
    opening = opening_of(Subject(voice_of("en"), 60.0, runs=runs, incident=incident))[1]
    assert isinstance(opening, Tiles)
    return opening.tiles[1]


@pytest.mark.parametrize(
    ("losses", "details", "figure", "kind"),
    [
        ((0.0,), {}, "none", GOOD),
        ((0.0, 5.0), {}, "up to 5 s", WARN),
        ((0.0,), {"data_loss": False}, "none", GOOD),
        ((0.0,), {"data_loss": True}, "yes", WARN),
        ((5.0,), {"data_loss": True}, "up to 5 s", WARN),
        ((0.0, None), {}, "unknown", UNKNOWN),
        ((5.0, None), {}, "unknown", UNKNOWN),
        ((None,), {"data_loss": False}, "none", GOOD),
        ((None,), {"data_loss": True}, "yes", WARN),
    ],
)
def test_the_worst_that_is_said_counts(
    losses: tuple[float | None, ...], details: dict[str, Any], figure: str, kind: str
) -> None:
    found = tile(*losses, **details)
    assert (found.name, found.figure, found.kind) == ("Data lost", figure, kind)
