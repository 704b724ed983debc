# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the virtual environments: `python3 tools/venv.py runtime|test|next|beside`.

runtime  .venv         what the lab and the drill need; quick, so that `make drill` starts soon
test     .venv         the same, with the linters and test tools on top
next     .venv-next    the newer ansible-core with what unit tests and sanity need
beside   .venv-beside  other recorders of runs, beside which the journal is to work

A stamp is written when all is installed, so a second call does nothing. An environment
whose installation was cut off has no stamp and is built again from nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools import installer  # noqa: E402
from tools.interpreters import Interpreter, find  # noqa: E402

NO_INTERPRETER = 3


class Environment(NamedTuple):
    """One set of packages in one directory."""

    directory: str
    core: str
    pythons: Sequence[tuple[int, int]]
    requirements: Sequence[str]


_OLD = ("ansible-core>=2.19.0,<2.20", ((3, 11), (3, 12), (3, 13)))
_NEW = ("ansible-core>=2.21.0,<2.22", ((3, 13), (3, 12), (3, 14)))
_LAB = ("requirements.txt", "requirements-lab.txt")
_TEST = ("requirements-snmp.txt", "requirements-unit.txt")

ENVIRONMENTS = {
    "runtime": Environment(".venv", *_OLD, _LAB),
    "test": Environment(".venv", *_OLD, (*_LAB, "requirements-test.txt", *_TEST)),
    "next": Environment(".venv-next", *_NEW, (*_LAB, *_TEST)),
    "beside": Environment(".venv-beside", *_OLD, ("requirements-beside.txt",)),
}
# The test tools stand on the runtime's packages: who has the first has the second.
CONTAINS = {"test": ("runtime",)}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in ENVIRONMENTS:
        return _fail("usage: python3 tools/venv.py " + "|".join(ENVIRONMENTS))
    name = arguments[0]
    if _is_current(name):
        return 0
    cache = ROOT / ".cache"
    cache.mkdir(exist_ok=True)
    with open(cache / "venv.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return 0 if _is_current(name) else _build(name)


def _build(name: str) -> int:
    environment = ENVIRONMENTS[name]
    started = time.monotonic()
    interpreter = find(environment.pythons)
    if interpreter is None:
        wanted = ", ".join("{}.{}".format(*version) for version in environment.pythons)
        print(f"{environment.core} needs Python {wanted}, and none was found on PATH or under pyenv.", flush=True)
        return NO_INTERPRETER
    directory = ROOT / environment.directory
    if not any(_is_current(base) for base in ENVIRONMENTS if ENVIRONMENTS[base].directory == environment.directory):
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{environment.directory}: installing {name} packages for {interpreter.name} ...", flush=True)
    _forget_stamps(directory)
    try:
        _install(interpreter, directory, environment)
    except installer.InstallError as error:
        return _fail(str(error))
    for part in (name, *CONTAINS.get(name, ())):
        _stamp(part).write_text(_digest(part), encoding="utf-8")
    print(f"{environment.directory}: {name} packages installed in {time.monotonic() - started:.0f} s", flush=True)
    return 0


def _install(interpreter: Interpreter, directory: Path, environment: Environment) -> None:
    if not (directory / "bin/python").exists():
        subprocess.run([interpreter.path, "-m", "venv", "--without-pip", str(directory)], check=True)
    requirements = [environment.core]
    for file in environment.requirements:
        requirements += ["-r", str(ROOT / file)]
    installer.install(interpreter.path, directory, requirements, ROOT / ".cache")


def _is_current(name: str) -> bool:
    stamp = _stamp(name)
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == _digest(name)


def _digest(name: str) -> str:
    environment = ENVIRONMENTS[name]
    content = hashlib.sha256(f"{ROOT}\n{environment.directory}\n{environment.core}\n".encode())
    for file in environment.requirements:
        content.update((ROOT / file).read_bytes())
    return content.hexdigest()


def _stamp(name: str) -> Path:
    return ROOT / ENVIRONMENTS[name].directory / f".installed-{name}"


def _forget_stamps(directory: Path) -> None:
    for stamp in directory.glob(".installed-*"):
        stamp.unlink()


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    # The interpreter's own bytecode switch would slow every start of ansible in the new environment.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.exit(main(sys.argv[1:]))
