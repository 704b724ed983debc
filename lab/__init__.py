# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small hospital's network on one Linux machine, to try the contingency plan on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.engine import Lab
    from lab.errors import LabError

__all__ = ["Lab", "LabError"]


def __getattr__(name: str) -> Any:
    """Imported on first use, so that `python -m lab run` starts at once."""
    if name == "Lab":
        from lab.engine import Lab

        return Lab
    if name == "LabError":
        from lab.errors import LabError

        return LabError
    raise AttributeError(name)
