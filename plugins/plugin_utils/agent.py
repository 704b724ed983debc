# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calling a function of module_utils on a host in one remote command.

An ordinary module is packed, sent and unpacked for each call, which costs a failover several tenths of a
second. Here the files go along once, lie compiled in a directory that only root can write, and a call is
one program start.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import os
import shlex
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

AREAS = ("_host", "_address", "_health", "_postgresql", "_mariadb", "_standby", "_readiness")
"""What a host may get. Standard library only; nothing of it imports Ansible."""
DATABASE_AREAS = {engine: ("_host", "_address", "_standby", f"_{engine}") for engine in ("postgresql", "mariadb")}
"""What a takeover needs: reading, sending and writing the rest would lengthen the outage."""
MODULE_UTILS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "module_utils")
PACKAGE = "ansible_collections.contingency.infra.plugins.module_utils"
"""The files keep their names, so that what imports them by these finds them."""
DIRECTORY = "/run/contingency"
MARK = "contingency-agent:"

_BOOTSTRAP = """
import json, os, sys
os.umask(0o077)
request = json.loads(sys.stdin.readline())
def answered(answer):
    print({mark!r} + json.dumps(answer))
    sys.exit(0)
if os.geteuid():
    answered({{"not_root": True}})
os.makedirs({directory!r}, mode=0o700, exist_ok=True)
home = os.path.join({directory!r}, "agent-" + request["digest"])
if not os.path.isdir(home):
    if request["files"] is None:
        answered({{"no_files": True}})
    import base64, zlib
    building = "%s.%d" % (home, os.getpid())
    for name, text in json.loads(zlib.decompress(base64.b64decode(request["files"]))).items():
        path = os.path.join(building, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    try:
        os.rename(building, home)
    except OSError:
        if not os.path.isdir(home):
            raise
sys.path.insert(0, home)
module, _separator, function = request["function"].partition(":")
__import__({package!r} + "." + module)
answered(getattr(sys.modules[{package!r} + "." + module], function)(**request["arguments"]))
"""

Execute = Callable[[str, bytes], Mapping[str, Any]]
"""Runs a command with this standard input; returns rc, stdout and stderr as Ansible's connections do."""


@dataclass
class AgentError(Exception):
    """The host did not answer as it should; ``unreachable`` where it did not answer at all."""

    host: str
    message: str
    unreachable: bool = False

    def __str__(self) -> str:
        return f"{self.host}: {self.message}"


class Agent:
    """One host; each call is one remote command."""

    def __init__(self, host: str, interpreter: str, execute: Execute, areas: tuple[str, ...] = AREAS) -> None:
        self._host = host
        self._interpreter = interpreter
        self._execute = execute
        self._areas = areas
        self._has_files = False

    def call(self, function: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return what ``area.file:function`` of module_utils answers to these arguments.

        AgentError where the host cannot be reached, is not entered as root, or answers something else.
        """
        digest, files = bundle(self._areas)
        request = {"function": function, "arguments": arguments, "digest": digest}
        if self._has_files:
            answer = self._asked({**request, "files": None})
            if not answer.get("no_files"):
                return answer
        answer = self._asked({**request, "files": files})
        self._has_files = True
        return answer

    def _asked(self, request: Mapping[str, Any]) -> dict[str, Any]:
        command = f"{shlex.quote(self._interpreter)} -I -S -c {shlex.quote(_bootstrap())}"
        return self._answer(self._execute(command, (json.dumps(request) + "\n").encode()))

    def _answer(self, done: Mapping[str, Any]) -> dict[str, Any]:
        for line in str(done.get("stdout", "")).splitlines():
            if line.startswith(MARK):
                answer: dict[str, Any] = json.loads(line[len(MARK) :])
                if answer.get("not_root"):
                    raise AgentError(self._host, "this needs root on the host; log in as root or set ansible_become")
                return answer
        lines = str(done.get("stderr") or done.get("stdout") or "").splitlines()
        said = [line.strip() for line in lines if line.strip()]
        raise AgentError(
            self._host,
            f"{self._interpreter} ended there with status {done.get('rc')}: {said[-1] if said else 'no message'}; "
            "check ansible_python_interpreter (3.9 or newer) and the login",
        )


def _bootstrap() -> str:
    return _BOOTSTRAP.format(mark=MARK, directory=DIRECTORY, package=PACKAGE)


@functools.cache
def bundle(areas: tuple[str, ...]) -> tuple[str, str]:
    """Return a digest of the files of these areas, and the files as compressed JSON in base64."""
    files = json.dumps(_sources(areas), sort_keys=True).encode()
    return hashlib.sha256(files).hexdigest()[:16], base64.b64encode(zlib.compress(files)).decode("ascii")


def _sources(areas: tuple[str, ...]) -> dict[str, str]:
    root = PACKAGE.replace(".", "/")
    parents = PACKAGE.split(".")
    found = {"/".join([*parents[: depth + 1], "__init__.py"]): "" for depth in range(len(parents))}
    for area in areas:
        for folder, _folders, files in os.walk(os.path.join(MODULE_UTILS, area)):
            for file in files:
                if file.endswith(".py"):
                    path = os.path.join(folder, file)
                    with open(path, encoding="utf-8") as source:
                        found[f"{root}/{os.path.relpath(path, MODULE_UTILS)}"] = source.read()
    return found


def interpreter(variables: Mapping[str, Any]) -> str:
    """Return the Python of the host that the inventory names, else the one that its PATH finds."""
    named = str(variables.get("ansible_python_interpreter") or "auto")
    return "python3" if named.startswith("auto") else named
