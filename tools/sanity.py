# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-test sanity on a copy of the checkout: `python -m tools.sanity PART [OPTIONS OF ansible-test]`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools import results
from tools.checkout_copy import copy_of_checkout
from tools.collection_link import ROOT

_BIN = Path(sys.executable).parent
# The versions of the get-pip script that ansible-core 2.19 and 2.21 look for.
_GET_PIP = ("get_pip_24_2.py", "get_pip_25_2.py")

# Not part of the collection: ruff and mypy judge them.
_NOT_SHIPPED = ("lab/", "tools/", "tests/bench/", "tests/faults/", "tests/lab/", "tests/unit/")


def main(arguments: list[str]) -> int:
    part, *options = arguments
    results.forget(part)
    copy = copy_of_checkout(ROOT / "build" / part, without=_NOT_SHIPPED)
    _place_get_pip(Path.home() / ".ansible/test/cache")
    status = _ansible_test(copy, options)
    junit = sorted(copy.glob("tests/output/junit/*.xml"))
    result = results.from_junit(part, junit)
    if status != 0 and not result.failures:
        result = result._replace(failures=(f"ansible-test ended with status {status}",))
    return results.write(result)


def _place_get_pip(cache: Path) -> None:
    """Put the stand-in for ansible-test's download there where none is; see tools/get_pip.py."""
    cache.mkdir(parents=True, exist_ok=True)
    for name in _GET_PIP:
        if not (cache / name).exists():
            shutil.copyfile(ROOT / "tools/get_pip.py", cache / name)


def _ansible_test(copy: Path, options: list[str]) -> int:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    environment = {**os.environ, "PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}"}
    # Files are compiled when they are first imported: half the time of pip's installation is saved.
    environment["PIP_NO_COMPILE"] = "1"
    for name in ("ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_CONFIG", "PYTHONPATH"):
        environment.pop(name, None)
    command = [
        str(_BIN / "ansible-test"),
        "sanity",
        "--local",
        "--python",
        version,
        "--color",
        "no",
        "--junit",
        *options,
    ]
    return subprocess.run(command, cwd=copy, env=environment, stdin=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
