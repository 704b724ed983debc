# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run pytest and keep its counts: `python -m tools.pytest_part PART [PYTEST ARGUMENTS]`."""

from __future__ import annotations

import subprocess
import sys

from tools import results
from tools.collection_link import ROOT


def main(arguments: list[str]) -> int:
    part, *pytest_arguments = arguments
    results.forget(part)
    junit = results.RESULTS / f"{part}.xml"
    junit.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", f"--junitxml={junit}", *pytest_arguments]
    status = subprocess.run(command, cwd=ROOT, check=False).returncode
    result = results.from_junit(part, [junit] if junit.exists() else [])
    if status != 0 and not result.failures:
        result = result._replace(failures=(f"pytest ended with status {status}",))
    return results.write(result)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
