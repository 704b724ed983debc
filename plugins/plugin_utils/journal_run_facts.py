# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the journal tells the tasks of its run, by the environment that their processes inherit."""

from __future__ import annotations

import os

BEGAN = "CONTINGENCY_RUN_BEGAN"


def tell(began_epoch: float) -> None:
    """Let the tasks know when their run began."""
    os.environ[BEGAN] = repr(began_epoch)


def forget() -> None:
    os.environ.pop(BEGAN, None)


def began_epoch() -> float | None:
    """Return when this run began, None where no journal is kept."""
    try:
        return float(os.environ[BEGAN])
    except (KeyError, ValueError):
        return None
