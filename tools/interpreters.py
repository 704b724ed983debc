# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find a Python interpreter of a wanted version on PATH or among pyenv's versions."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_ASK = "import sys; print(sys.version_info[0], sys.version_info[1], sys.executable)"


class Interpreter(NamedTuple):
    """A Python that answered when it was started."""

    version: tuple[int, int]
    path: str

    @property
    def name(self) -> str:
        return "Python {}.{}".format(*self.version)


def find(wanted: Sequence[tuple[int, int]]) -> Interpreter | None:
    """Return the first interpreter found, in the order of the wanted versions."""
    for version in wanted:
        for candidate in _candidates(version):
            interpreter = ask(candidate)
            if interpreter is not None and interpreter.version == version:
                return interpreter
    return None


def ask(command: str) -> Interpreter | None:
    """Start it to learn what it is: a pyenv shim exists for versions that are not enabled."""
    try:
        answer = subprocess.run([command, "-c", _ASK], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = answer.stdout.strip().split(" ", 2)
    if answer.returncode != 0 or len(words) != 3:
        return None
    return Interpreter((int(words[0]), int(words[1])), words[2])


def _candidates(version: tuple[int, int]) -> Iterator[str]:
    dotted = "{}.{}".format(*version)
    yield "python" + dotted
    yield "python3"
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for found in sorted(pyenv.glob("versions/" + dotted + ".*/bin/python3"), reverse=True):
        yield str(found)
