# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install Python packages into an environment: with uv, and with pip where uv cannot.

uv from PyPI installs the runtime in 2 s where pip needs 14. It does not read pip's
configuration (an index of one's own, a proxy, a certificate), so that is handed to it;
what it cannot do with that is left to pip.
"""

from __future__ import annotations

import ast
import glob
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_UV = "uv>=0.8,<1"
_UV_SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}


class InstallError(Exception):
    """The packages could not be installed; the message is one sentence for the user."""


def install(python: str, directory: Path, requirements: Sequence[str], cache: Path) -> None:
    """Install the requirements into the virtual environment in the directory."""
    pip = _pip_command(python)
    uv = _uv_command(pip, cache)
    if uv is not None and _install_with_uv(uv, pip, directory, requirements):
        return
    print("uv could not install the packages; trying pip, which takes longer ...", flush=True)
    command = [*pip, "--python", str(directory / "bin/python"), "install", "--quiet", *requirements]
    if subprocess.run(command, check=False).returncode != 0:
        raise InstallError("The Python packages could not be installed: see pip's message above, then run make again.")


def _pip_command(python: str) -> list[str]:
    """The interpreter's own pip, else the wheel that its ensurepip carries, run from the wheel."""
    if subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
        return [python, "-m", "pip"]
    library = subprocess.run(
        [python, "-c", "import os; print(os.path.dirname(os.__file__))"], capture_output=True, text=True, check=True
    ).stdout.strip()
    for pattern in (f"{library}/ensurepip/_bundled/pip-*.whl", "/usr/share/python-wheels/pip-*.whl"):
        for wheel in sorted(glob.glob(pattern), reverse=True):
            return [python, f"{wheel}/pip"]
    raise InstallError(f"{python} has no pip: install it (apt-get install python3-venv), then run make again.")


def _uv_command(pip: Sequence[str], cache: Path) -> str | None:
    """Put uv below the cache directory once; one that starts is taken as complete."""
    target = cache / "uv"
    program = str(target / "bin/uv")
    if _starts(program):
        return program
    quiet = ["--quiet", "--disable-pip-version-check", "--no-warn-script-location", "--upgrade"]
    command = [*pip, "install", *quiet, "--target", str(target), _UV]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0 and _starts(program):
        return program
    print(done.stderr, file=sys.stderr)
    return None


def _starts(program: str) -> bool:
    try:
        return subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _install_with_uv(uv: str, pip: Sequence[str], directory: Path, requirements: Sequence[str]) -> bool:
    command = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(directory / "bin/python")]
    environment = {**os.environ, **_uv_environment(pip)}
    done = subprocess.run([*command, *requirements], env=environment, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        print(done.stderr, file=sys.stderr)
    return done.returncode == 0


def _uv_environment(pip: Sequence[str]) -> dict[str, str]:
    """pip's configuration in uv's words; what the user set for uv itself wins."""
    listed = subprocess.run([*pip, "config", "list"], capture_output=True, text=True, check=False)
    # pip takes the best match over all indexes, uv the first index that knows the name.
    environment = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    for line in listed.stdout.splitlines():
        key, separator, value = line.partition("=")
        setting = _UV_SETTINGS.get(key.rpartition(".")[2])
        if separator and setting:
            environment[setting] = _words(setting, ast.literal_eval(value))
    return {key: value for key, value in environment.items() if key not in os.environ}


def _words(setting: str, value: str) -> str:
    return ",".join(value.split()) if setting == "UV_FIND_LINKS" else " ".join(value.split())
