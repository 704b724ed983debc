# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Add up what the parts of the checks left in build/results.

The sum is kept in build/results/total, for .ci/run to close with.
"""

from __future__ import annotations

from collections.abc import Sequence

from tools import results

TOTAL = results.RESULTS / "total"


def report(parts: Sequence[str]) -> int:
    """Print a table, keep the sum; return 1 where anything failed."""
    rows = [_result_of(part) for part in parts]
    print()
    for row in rows:
        if row.skipped and not row.passed and not row.failures:
            print(f"skipped: {row.part}: {row.skipped[0]}")
        for failure in row.failures:
            print(f"failed: {row.part}: {failure}")
    print(f"\n{'part':<14}{'passed':>8}{'failed':>8}{'skipped':>9}")
    for row in rows:
        print(f"{row.part:<14}{row.passed:>8}{row.failed:>8}{len(row.skipped):>9}")
    passed = sum(row.passed for row in rows)
    failed = sum(row.failed for row in rows)
    skipped = sum(len(row.skipped) for row in rows)
    print(f"{'total':<14}{passed:>8}{failed:>8}{skipped:>9}", flush=True)
    TOTAL.write_text(f"{passed} passed, {failed} failed\n", encoding="utf-8")
    return 1 if failed or not passed else 0


def _result_of(part: str) -> results.Result:
    result = results.read(part)
    if result is None:
        return results.Result(part, 0, (f"ended without a result: see build/results/{part}.log",))
    return result
