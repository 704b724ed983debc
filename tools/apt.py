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

PACKAGES = {
    "venv": ("python3-venv",),
    "lab": ("ethtool", "iproute2", "mmdebstrap", "systemd-container"),
    "guest": ("qemu-system-x86",),
}


def main(groups: list[str]) -> int:
    if not groups or any(group not in PACKAGES for group in groups):
        return _fail("usage: python3 tools/apt.py " + "|".join(PACKAGES))
    missing = [package for group in groups for package in PACKAGES[group] if not _is_installed(package)]
    if not missing:
        return 0
    names = " ".join(missing)
    if os.geteuid() != 0:
        return _fail(f"These packages are missing and need root: run 'apt-get install {names}', then make again.")
    print(f"apt: installing {names} ...", flush=True)
    started = time.monotonic()
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *missing]):
        done = _apt_get(command)
        if done.returncode != 0:
            return _fail(f"{done.stdout}apt-get {command[0]} failed: see its message above, then run make again.")
    print(f"apt: installed in {time.monotonic() - started:.0f} s", flush=True)
    return 0


def _is_installed(package: str) -> bool:
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    return subprocess.run(query, capture_output=True, text=True, check=False).stdout == "installed"


def _apt_get(command: list[str]) -> subprocess.CompletedProcess[str]:
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
