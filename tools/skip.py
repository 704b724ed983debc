# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record that a part was left out, and say why: `python -m tools.skip PART REASON`."""

from __future__ import annotations

import sys

from tools import results


def main(arguments: list[str]) -> int:
    part, reason = arguments
    print(f"Skipped: {reason}.")
    return results.write(results.Result(part, 0, skipped=(reason,)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
