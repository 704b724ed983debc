# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install the few Debian packages that start lab machines: `python3 tools/apt.py lab|guest`.

Only what is missing is installed. None of these packages starts a service.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

PACKAGES = {
    "venv": ("python3-venv",),
    "lab": ("ethtool", "iproute2", "mmdebstrap", "openssh-client", "systemd-container"),
    "guest": ("qemu-system-x86",),
}


def main(groups: list[str]) -> int:
    if not groups or any(group not in PACKAGES for group in groups):
        return _fail("usage: python3 tools/apt.py " + "|".join(PACKAGES))
    missing = [package for group in groups for package in PACKAGES[group] if not _is_installed(package)]
    if not missing and _has_lists():
        return 0
    if os.geteuid() != 0:
        return _without_root(missing)
    names = " ".join(missing)
    print(f"apt: installing {names} ..." if missing else "apt: fetching the lists of packages ...", flush=True)
    started = time.monotonic()
    # One unreachable source of many is no reason to stop: what counts is whether the packages come.
    said = _apt_get("update").stdout
    if missing:
        done = _apt_get("install", "--yes", "--no-install-recommends", *missing)
        if done.returncode != 0:
            return _fail(f"{said}{done.stdout}apt-get could not install {names}: see above, then run make again.")
    print(f"apt: done in {time.monotonic() - started:.0f} s", flush=True)
    return 0


def _without_root(missing: list[str]) -> int:
    if not missing:
        return 0
    return _fail(f"Packages are missing and need root: run 'apt-get install {' '.join(missing)}', then make again.")


def _is_installed(package: str) -> bool:
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    return subprocess.run(query, capture_output=True, text=True, check=False).stdout == "installed"


def _has_lists() -> bool:
    """The lab asks apt for the kernel of its guest, which needs the lists."""
    return any(Path("/var/lib/apt/lists").glob("*_Packages*"))


def _apt_get(*command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # Another apt on the machine is waited for, not failed at.
    return subprocess.run(
        ["apt-get", "--quiet", "-o", "DPkg::Lock::Timeout=300", *command],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
