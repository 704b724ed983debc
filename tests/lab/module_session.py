# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that stays loaded on another machine: the bonding guest, or one of the lab.

Without hardware virtualisation the guest's Python takes seconds to compile what Ansible sends with each task; here it
does so once.
"""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import ansible.module_utils

from lab.qemu import BondingGuest
from tools.collection_link import ROOT

HOME = "/root/module"
MODULE_UTILS = Path(ansible.module_utils.__file__).parent
COLLECTION = Path("ansible_collections/contingency/infra/plugins")
UNUSED = ("facts",)
Reach = Callable[[str], list[str]]
"""From a script to the command line here that runs it there."""
SERVER = Path(__file__).with_name("module_server.py")


def package(module: str, areas: Sequence[str]) -> bytes:
    """The module with everything that it imports: Ansible's own module code, and areas of the collection's."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("ansible/__init__.py"))
        _add(archive, MODULE_UTILS, Path("ansible/module_utils"))
        for area in areas:
            _add(archive, ROOT / f"plugins/module_utils/{area}", COLLECTION / f"module_utils/{area}")
        archive.add(ROOT / f"plugins/modules/{module}.py", str(COLLECTION / f"modules/{module}.py"))
        archive.add(SERVER, SERVER.name)
    return packed.getvalue()


def _add(archive: tarfile.TarFile, source: Path, target: Path) -> None:
    for path in source.rglob("*.py"):
        inside = path.relative_to(source)
        if inside.parts[0] not in UNUSED:
            archive.add(path, str(target / inside))


class ModuleSession:
    """One module, loaded once; each call runs it in a new process."""

    def __init__(self, reach: Reach, module: str, areas: Sequence[str]) -> None:
        home = f"{HOME}-{module}"
        subprocess.run(reach(f"mkdir -p {home} && tar -x -C {home} -f -"), input=package(module, areas), check=True)
        self._process = subprocess.Popen(
            reach(f"exec python3 -u -B {home}/{SERVER.name} {module}"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @classmethod
    def in_guest(cls, guest: BondingGuest, module: str) -> ModuleSession:
        ssh = ["ip", "netns", "exec", guest.management, *guest.ssh_command()]
        return cls(lambda script: [*ssh, script], module, ("_host", f"_{module}"))

    def __enter__(self) -> ModuleSession:
        try:
            assert self._line() == "ready"
        except BaseException:
            self._process.communicate()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    @property
    def pid(self) -> int:
        """The process here whose descendants do the module's work."""
        return self._process.pid

    def __call__(self, **arguments: Any) -> dict[str, Any]:
        """What the module returned, with ``failed``."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}) + "\n")
        self._process.stdin.flush()
        printed: list[dict[str, Any]] = []
        while not printed or "status" not in printed[-1]:
            line = self._line()
            if line:
                printed.append(json.loads(line))
        assert len(printed) == 2, f"the module printed no result, and {printed}"
        result, end = printed
        return {**result, "failed": end["status"] != 0}

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the module's session ended; see the captured errors"
        return line.strip()
