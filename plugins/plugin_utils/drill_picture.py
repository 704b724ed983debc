# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scores of a drill as bars, each with a mark where the drill before was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.contingency.infra.plugins.plugin_utils import svg
from ansible_collections.contingency.infra.plugins.plugin_utils.page_style import AMBER, GREEN, INK, LINE, RED
from markupsafe import Markup

ROW, LEFT, RIGHT = 26.0, 110.0, 60.0
GOOD_FROM, FAIR_FROM = 90.0, 60.0
"""Percent from which a bar is drawn as good, and as fair; the figure beside it says the same."""


def scores_picture(scores: Mapping[str, tuple[float, float | None]], title: str, description: str) -> Markup:
    """Pure: a bar for each phase, by its name: percent now and before."""
    if not scores:
        return Markup("")
    said = "; ".join(f"{name} {now:.0f} %" for name, (now, _before) in scores.items())
    rows = [part for place, (name, each) in enumerate(scores.items()) for part in _row(place, name, *each)]
    return svg.drawing("scores", title, f"{description} {said}", ROW * len(scores) + 6, *rows)


def _row(place: int, name: str, now: float, before: float | None) -> Iterator[Markup]:
    top, room = place * ROW + 4, svg.WIDTH - LEFT - RIGHT
    yield svg.text(LEFT - 8, top + 13, svg.shortened(name, LEFT - 12), anchor="end")
    yield svg.rectangle(LEFT, top, room, 16, LINE)
    yield svg.rectangle(LEFT, top, max(1.0, room * now / 100), 16, _colour(now), said=f"{name}: {now:.0f} %")
    if before is not None:
        x = LEFT + room * before / 100
        yield svg.line(x, top - 3, x, top + 19, INK, thick=2)
    yield svg.text(LEFT + room + 8, top + 13, f"{now:.0f} %")


def _colour(score: float) -> str:
    if score >= GOOD_FROM:
        return GREEN
    return AMBER if score >= FAIR_FROM else RED
