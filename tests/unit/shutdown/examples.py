# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many random instances a property is tried on.

CI tries 2,100 in all. `CONTINGENCY_EXAMPLES=20 make unit` tries twenty times as many.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings

VARIABLE = "CONTINGENCY_EXAMPLES"
# Instances in CI, by what is done with each.
SCHEDULES = 600
REPLAYS = 1000
READINGS = 500


def tried(count: int) -> Callable[[Any], Any]:
    """A decorator: the property is tried on so many instances, times CONTINGENCY_EXAMPLES."""
    return settings(
        max_examples=max(1, round(count * float(os.environ.get(VARIABLE, "1")))),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
