# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a part of the checks found, kept in build/results until the summary adds it up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from tools.collection_link import ROOT

RESULTS = ROOT / "build/results"
_SHOWN = 300


class Result(NamedTuple):
    """Counts of one part; `failures` names what failed."""

    part: str
    passed: int
    failures: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def failed(self) -> int:
        return len(self.failures)


def path_of(part: str) -> Path:
    return RESULTS / f"{part}.json"


def forget(part: str) -> None:
    """Remove the result of an earlier run, so that a crash cannot pass for it."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path_of(part).unlink(missing_ok=True)


def write(result: Result) -> int:
    """Keep the result; return the exit status that goes with it."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path_of(result.part).write_text(json.dumps(result._asdict(), indent=2) + "\n", encoding="utf-8")
    return 1 if result.failures or not (result.passed or result.skipped) else 0


def read(part: str) -> Result | None:
    """Return what the part left, or None where it left nothing that can be read."""
    try:
        kept = json.loads(path_of(part).read_text(encoding="utf-8"))
        return Result(kept["part"], kept["passed"], tuple(kept["failures"]), tuple(kept["skipped"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def from_junit(part: str, files: list[Path]) -> Result:
    """Count the test cases in JUnit files, as pytest and ansible-test write them."""
    passed = 0
    failures: list[str] = []
    skipped: list[str] = []
    for file in files:
        for case in ElementTree.parse(file).getroot().iter("testcase"):
            name = ".".join(filter(None, (case.get("classname"), case.get("name"))))
            wrong = case.find("failure") if case.find("failure") is not None else case.find("error")
            if wrong is not None:
                failures.append(f"{name}: {shortened(wrong.get('message') or 'no message')}")
            elif case.find("skipped") is not None:
                skipped.append(name)
            else:
                passed += 1
    return Result(part, passed, tuple(failures), tuple(skipped))


def shortened(message: str) -> str:
    """Its beginning and its end, in one line: of a long output compared with something the end tells what happened."""
    line = " ".join(message.split())
    return line if len(line) <= 2 * _SHOWN else f"{line[:_SHOWN]} ... {line[-_SHOWN:]}"
