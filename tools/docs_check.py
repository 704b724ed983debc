# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the documentation of plugins and roles with antsibull-docs: `python -m tools.docs_check`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tools import results
from tools.checkout_copy import copy_of_checkout
from tools.collection_link import ROOT

_BIN = Path(sys.executable).parent


def main() -> int:
    results.forget("docs-check")
    copy = copy_of_checkout(ROOT / "build/docs-check")
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/docs-check"),
        "PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}",
    }
    command = [str(_BIN / "antsibull-docs"), "lint-collection-docs", "--plugin-docs", str(copy)]
    status = subprocess.run(command, env=environment, check=False).returncode
    failures = ("antsibull-docs lint-collection-docs",) if status else ()
    return results.write(results.Result("docs-check", 1 - len(failures), failures))


if __name__ == "__main__":
    sys.exit(main())
