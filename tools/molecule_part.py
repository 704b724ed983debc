# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run all Molecule scenarios in one lab and count them: `python -m tools.molecule_part`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tools import results
from tools.collection_link import ROOT, ensure_link

_BIN = Path(sys.executable).parent
_OWNER = "default"
_COLOR = re.compile(r"\x1b\[[0-9;]*m")
_STEP = re.compile(r"\[(?P<scenario>\S+) > (?P<action>\S+)\] (?P<word>Executing|Executed: Failed)")
_COMPLAINTS = ("[ERROR]: Task failed", "[ERROR]: Unexpected", "fatal: ", "CRITICAL Idempotence", "* ")
_MOST = 4
_RECAP = re.compile(r"^(?P<scenario>\S+)\s*: actions=(?P<actions>\d+) .*\bfailed=(?P<failed>\d+)")


def main() -> int:
    results.forget("molecule")
    ensure_link()
    status, lines = _molecule(_environment())
    lines = [_COLOR.sub("", line) for line in lines]
    result = count(sorted(path.parent.name for path in ROOT.glob("molecule/*/molecule.yml")), lines)
    why = reasons(lines)
    result = result._replace(failures=tuple(f"{name}: {why.get(name, 'it did not run')}" for name in result.failures))
    if status != 0 and not result.failures:
        result = result._replace(failures=(f"molecule ended with status {status}",))
    return results.write(result)


def count(scenarios: list[str], lines: Iterable[str]) -> results.Result:
    """A scenario passed when its recap shows actions and no failure; one without a recap did not run."""
    acted: dict[str, int] = dict.fromkeys(scenarios, 0)
    failed: dict[str, int] = dict.fromkeys(scenarios, 0)
    for line in lines:
        recap = _RECAP.match(line)
        if recap and recap["scenario"] in acted:
            acted[recap["scenario"]] += int(recap["actions"])
            failed[recap["scenario"]] += int(recap["failed"])
    bad = tuple(name for name in scenarios if failed[name] or not acted[name])
    return results.Result("molecule", len(scenarios) - len(bad), bad)


def reasons(lines: Iterable[str]) -> dict[str, str]:
    """Return for each scenario that failed its action, the task that was the last one, and the first complaints."""
    found: dict[str, str] = {}
    said: list[str] = []
    for line in lines:
        step = _STEP.search(line)
        if step and step["word"] == "Executing":
            said = []
        elif step:
            found.setdefault(step["scenario"], results.shortened(f"{step['action']}: {'; '.join(said)}"))
        elif line.startswith("TASK [") and len(said) < 2:
            said = [line.strip(" *\n")]
        elif line.startswith(_COMPLAINTS) and len(said) < _MOST:
            said.append(line.strip())
    return found


def _environment() -> dict[str, str]:
    # What a killed run left would make Molecule believe that the lab is there.
    state = ROOT / "build/molecule"
    shutil.rmtree(state, ignore_errors=True)
    environment = {
        **os.environ,
        "MOLECULE_EPHEMERAL_DIRECTORY": str(state),
        "PATH": f"{ROOT / 'tools/molecule_bin'}{os.pathsep}{_BIN}{os.pathsep}{os.environ['PATH']}",
    }
    inventory = os.environ.get("CONTINGENCY_LAB_INVENTORY")
    if inventory:
        environment["CONTINGENCY_LAB_INVENTORY"] = str(Path(inventory).resolve())
    return environment


def _molecule(environment: dict[str, str]) -> tuple[int, list[str]]:
    command = [str(_BIN / "molecule"), "test", "--all", "--no-command-borders"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    lines = []
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    return process.returncode, lines


if __name__ == "__main__":
    sys.exit(main())
