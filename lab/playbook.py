# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a playbook against the lab, as the engineer on duty would."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lab.engine import Lab
from lab.instance import CONTROLLER

REPOSITORY = Path(__file__).resolve().parents[1]
INVENTORY = REPOSITORY / "inventories" / "lab"
_RECAP = re.compile(
    r"^(?P<host>\S+)\s+: ok=(?P<ok>\d+)\s+changed=(?P<changed>\d+)\s+unreachable=(?P<unreachable>\d+)", re.M
)


_LINK: ContextVar[Mapping[str, str]] = ContextVar("link", default=MappingProxyType({}))
_EVIDENCE: ContextVar[Path | None] = ContextVar("evidence", default=None)


@contextmanager
def recorded(evidence: Path) -> Iterator[None]:
    """Have all runs within leave their evidence in a directory that outlives the lab."""
    before = _EVIDENCE.set(evidence)
    try:
        yield
    finally:
        _EVIDENCE.reset(before)


@contextmanager
def linked(variables: Mapping[str, str]) -> Iterator[None]:
    """Have all runs within belong to a drill: ``variables`` are on each command."""
    before = _LINK.set(variables)
    try:
        yield
    finally:
        _LINK.reset(before)


def evidence_of(lab: Lab) -> Path:
    """Return where runs leave their evidence."""
    return _EVIDENCE.get() or lab.instance.state / "evidence"


@dataclass(frozen=True)
class PlaybookRun:
    """``started`` and ``ended`` are seconds since the epoch; ``record`` is what the procedure wrote down."""

    started: float
    ended: float
    status: int
    output: str
    record: Mapping[str, Any]

    @property
    def seconds(self) -> float:
        return self.ended - self.started

    def changed(self) -> dict[str, int]:
        """Return how many tasks changed something, by host."""
        return {row["host"]: int(row["changed"]) for row in _RECAP.finditer(self.output)}


def command(lab: Lab, name: str, **variables: Any) -> list[str]:
    """Return the command line of a playbook of the collection, run where the lab's machines are reached."""
    ansible = str(Path(sys.executable).with_name("ansible-playbook"))
    kept = _EVIDENCE.get()
    given = {**({"contingency_evidence_dir": str(kept)} if kept else {}), **_LINK.get(), **variables}
    extra = [word for key, value in given.items() for word in ("-e", _assignment(key, value))]
    playbook = str(REPOSITORY / "playbooks" / f"{name}.yml")
    return lab.machine(CONTROLLER).command([ansible, "-i", str(INVENTORY), playbook, *extra])


def _assignment(name: str, value: Any) -> str:
    return f"{name}={value}" if isinstance(value, str) else json.dumps({name: value})


def environment(lab: Lab) -> dict[str, str]:
    """Return the environment of a run: this lab, and no leftovers that slow Ansible down."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "LAB_NAME": lab.instance.name, "ANSIBLE_FORCE_COLOR": "0"}


def run(lab: Lab, name: str, show: Callable[[str], None] | None = None, **variables: Any) -> PlaybookRun:
    """Run a playbook to its end; ``show`` gets each line as it comes."""
    evidence = evidence_of(lab)
    known = set(evidence.glob("*.json"))
    lines: list[str] = []
    started = time.time()
    with subprocess.Popen(
        command(lab, name, **variables),
        cwd=REPOSITORY,
        env=environment(lab),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if show:
                show(line.rstrip())
    written = sorted(set(evidence.glob("*.json")) - known)
    record = json.loads(written[-1].read_text(encoding="utf-8")) if written else {}
    return PlaybookRun(started, time.time(), process.returncode, "".join(lines), record)
