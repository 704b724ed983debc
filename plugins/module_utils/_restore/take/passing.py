# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read before and after a backup, since no snapshot holds it: what came or went between is left out by name."""

from __future__ import annotations

from typing import Any, Dict, Mapping

PASSED = "it came or went while the backup was taken"
RECOUNTED = "some came or went while the backup was taken"


def passing(before: Mapping[str, Any], after: Mapping[str, Any]) -> Dict[str, str]:
    """Pure: names that are in one reading only, with why they are left out: the backup may hold them, and may not."""
    return dict.fromkeys(sorted(set(before) ^ set(after)), PASSED)


def recounted(before: Mapping[str, int], after: Mapping[str, int]) -> Dict[str, str]:
    """Pure: kinds of objects whose number is another one afterwards."""
    kinds = sorted(set(before) | set(after))
    return {kind: RECOUNTED for kind in kinds if before.get(kind) != after.get(kind)}
