# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fourth part of the drill: a backup is damaged, the second copy has to serve; then that one is damaged, too.

A whole Debian machine with PostgreSQL. The backup is taken while people write, and is restored beside the database that
it was taken of: the hardest case for isolation. Whether that was touched is asked of the database and its archive.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from lab import playbook
from lab.backup import hospital
from lab.backup.ground import Ground
from lab.backup.left import left_over
from lab.backup.state import State, settle
from lab.backup.writers import Writing
from lab.damage.model import Backup, flip
from lab.engine import Lab
from lab.playbook import REPOSITORY, PlaybookRun
from lab.screen import say, step, table

ROWS = 5_000
REPORTS = REPOSITORY / "build" / "drill"
_RESULT = re.compile(r"^(?:changed|ok|fatal): |^\[ERROR\]", re.M)


def hold(lab: Lab, findings: list[str]) -> None:
    """Back up beside writers, damage one copy, then the other; what is not as it should be goes to findings."""
    ground = hospital.furnish(lab, ROWS)
    ground.production.sql("SELECT pg_create_physical_replication_slot('standby', true)")
    step(f"the hospital's database on {ground.server.machine.name}: {hospital.described(ground)}")
    if not _back_up(lab, ground, findings):
        return
    settle(ground)
    before = State.of(ground)
    copies = hospital.copies(ground)
    _spoil(copies[0])
    findings += judge_degraded(_test(lab, findings, ends_well=True)) + _touched(ground, before)
    _spoil(copies[1])
    findings += judge_failed(_test(lab, findings, ends_well=False)) + _touched(ground, before)
    _keep(lab)


def _back_up(lab: Lab, ground: Ground, findings: list[str]) -> bool:
    """Whether the backup was taken."""
    say("The playbook backup installs its timer and takes a backup with its manifest, while people write")
    with Writing(ground.server, ground.production.writer()) as writing:
        began = writing.transactions
        run = _play(lab, "backup", backup_now=hospital.SET)
        during = writing.transactions - began
    if run.status:
        print("".join(f"  | {line}\n" for line in run.output.splitlines()[-30:]))
        findings.append(f"backup: exit status {run.status}")
        return False
    for copy in hospital.copies(ground):
        content = copy.manifest["content"]["tables"].values()
        rows = sum(each["rows"] for each in content)
        step(f"{copy.directory}: {_size(copy)}, {len(content)} tables, {rows} rows")
    step(f"the playbook took {run.seconds:.1f} s, in which {during} transactions were acknowledged")
    return True


def _spoil(copy: Backup) -> None:
    file = copy.largest()
    flip(file)
    say(f"One bit of one byte in the middle of {copy.inside(file)} ({_size(copy)}) changes; restore_test runs")


def _size(copy: Backup) -> str:
    return f"{copy.largest().stat().st_size / 1_000_000:.1f} MB"


def _play(lab: Lab, name: str, **variables: str) -> PlaybookRun:
    print(f"  $ ansible-playbook contingency.infra.{name}" + "".join(f" -e {k}={v}" for k, v in variables.items()))
    return playbook.run(lab, name, None, **variables)


def _test(lab: Lab, findings: list[str], ends_well: bool) -> Mapping[str, Any]:
    """Test the set, and show what the screen showed and how each stage went; what the playbook wrote down of it."""
    # A test that has to fail is no finding of the drill.
    with playbook.linked({}) if not ends_well else nullcontext():
        run = _play(lab, "restore_test")
    _before, title, rest = run.output.partition("\nRestore test of ")
    print("".join(f"  | {line}\n" for line in _RESULT.split(f"{title.strip()} {rest}")[0].strip().splitlines()))
    tested: dict[str, Any] = next(iter(run.record.get("sets", [])), {})
    rows = [_row(number, copy["stages"]) for number, copy in enumerate(tested.get("copies", []), 1)]
    table(("copy", "given up at", "stages done", "seconds"), rows)
    step(f"exit status {run.status}, the playbook took {run.seconds:.1f} s")
    if (run.status == 0) != ends_well:
        findings.append(f"restore_test: exit status {run.status}, expected {'0' if ends_well else 'another than 0'}")
    return {**tested, "output": run.output}


def _row(number: int, stages: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    given_up = next((stage["name"] for stage in stages if stage["findings"]), "-")
    done = ", ".join(stage["name"] for stage in stages if not stage["findings"])
    return str(number), given_up, done, f"{sum(stage['seconds'] for stage in stages):.2f}"


# -- what is judged ------------------------------------------------------------------------------------------


def judge_degraded(tested: Mapping[str, Any]) -> list[str]:
    """The damage is named, and all of the second copy's content is proven."""
    if (tested.get("verdict"), tested.get("copy_used")) != ("degraded", 2):
        return [f"restore_test: {tested.get('verdict')} with copy {tested.get('copy_used')}, not degraded with copy 2"]
    first, second = ({stage["name"]: stage for stage in copy["stages"]} for copy in tested["copies"])
    found = [name for name, stage in first.items() if stage["findings"]]
    proven = second.get("content", {}).get("proven", [])
    for line in proven:
        step(f"proven of copy 2: {line}")
    return [
        *([] if found == ["checksums"] else [f"restore_test: the damage was named by {found}, not by checksums"]),
        *([] if proven else ["restore_test: the content of copy 2 is not proven"]),
        *(f"restore_test: copy 2: {finding}" for stage in second.values() for finding in stage["findings"]),
    ]


def judge_failed(tested: Mapping[str, Any]) -> list[str]:
    found = [] if tested.get("verdict") == "failed" else [f"restore_test: {tested.get('verdict')}, not failed"]
    asked = f"no copy of {hospital.SET} is good" in tested["output"] and "call the vendor" in tested["output"]
    return found + ([] if asked else ["restore_test: it does not say that the vendor is to be called"])


def _touched(ground: Ground, before: State) -> list[str]:
    """What the test changed at the database beside which it ran, and what it left behind."""
    now = State.of(ground)
    found = [f"restore_test: production's {name} are not as before" for name in before.differences(now)]
    found += [f"restore_test left behind: {line}" for line in left_over(ground.server, hospital.SCRATCH)]
    if not found:
        step(f"production is as before ({now}), and nothing is left of the scratch instance")
    return found


def _keep(lab: Lab) -> None:
    """Copy the last page out of the lab."""
    pages: list[Path] = sorted(playbook.evidence_of(lab).glob("restore_test-*.html"))
    REPORTS.mkdir(parents=True, exist_ok=True)
    for page in pages:
        shutil.copy(page, REPORTS)
    step(f"the pages of both tests (restore_test-*.html) are in {REPORTS.relative_to(REPOSITORY)}")
