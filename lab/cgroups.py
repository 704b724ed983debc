# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A control group for each machine that runs systemd: two of them in one group would see each other's services."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from lab.instance import Instance

PATIENCE = 5.0


def enter(group: str) -> list[Path]:
    """Put the calling process into a group of every hierarchy that systemd keeps services in; returns where it was."""
    before = list(_own())
    for hierarchy in hierarchies():
        (hierarchy / group).mkdir(exist_ok=True)
        move([hierarchy / group])
    return before


def move(groups: Iterable[Path]) -> None:
    """Put the calling process there."""
    for path in groups:
        (path / "cgroup.procs").write_text(f"{os.getpid()}\n", encoding="ascii")


def _own() -> Iterator[Path]:
    """The groups of the calling process."""
    lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    paths = {controllers: path for _number, controllers, path in (line.split(":", 2) for line in lines)}
    for hierarchy, controllers in _mounted():
        yield hierarchy / paths[controllers].lstrip("/")


def group(instance: Instance, machine: str) -> str:
    return f"contingency-lab.{instance.prefix}{machine}"


def remove(name: str) -> None:
    """Remove the groups of that name, of which no process may be alive; what was just killed may linger a moment."""
    for hierarchy in hierarchies():
        if (hierarchy / name).exists():
            _remove_tree(hierarchy / name)


def remove_all(instance: Instance) -> None:
    for hierarchy in hierarchies():
        for path in hierarchy.glob(f"{group(instance, '')}*"):
            _remove_tree(path)


def hierarchies() -> Iterator[Path]:
    return (path for path, _controllers in _mounted())


def _mounted() -> Iterator[tuple[Path, str]]:
    """The unified hierarchy, and on an older set-up also the one that is named systemd, as /proc/self/cgroup has it."""
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        mounted, _dash, kind = line.partition(" - ")
        words = kind.split()
        if words[0] == "cgroup2":
            yield Path(mounted.split()[4]), ""
        elif words[0] == "cgroup" and "name=systemd" in words[2].split(","):
            yield Path(mounted.split()[4]), "name=systemd"


def _remove_tree(top: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            for directory, _below, _files in os.walk(top, topdown=False):
                os.rmdir(directory)
            return
        except FileNotFoundError:
            continue
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)
