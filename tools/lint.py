# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run every linter, also after one has found something: `python -m tools.lint`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tools import results
from tools.collection_link import ROOT, ensure_link

_BIN = Path(sys.executable).parent
_TYPED = ("ansible_collections.contingency.infra.plugins", "lab", "tests", "tools")

LINTERS = {
    "ruff check": ("ruff", "check", "."),
    "ruff format": ("ruff", "format", "--check", "."),
    "yamllint": ("yamllint", "--strict", "."),
    "mypy": ("mypy", *(word for package in _TYPED for word in ("--package", package))),
    "role README": ("python", "-m", "tools.role_readme", "--check"),
    "ansible-lint": ("ansible-lint", "--offline", "--profile", "production"),
}


def main() -> int:
    results.forget("lint")
    collections = ensure_link()
    # ansible-lint starts ansible-playbook and yamllint by name.
    environment = {
        **os.environ,
        "PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
    }
    failures = []
    for name, (program, *arguments) in LINTERS.items():
        started = time.monotonic()
        done = subprocess.run([str(_BIN / program), *arguments], cwd=ROOT, env=environment, check=False)
        if done.returncode != 0:
            failures.append(name)
        print(f"{name}: {'failed' if done.returncode else 'ok'} in {time.monotonic() - started:.1f} s", flush=True)
    return results.write(results.Result("lint", len(LINTERS) - len(failures), tuple(failures)))


if __name__ == "__main__":
    sys.exit(main())
