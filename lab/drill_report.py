# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of the lab's drill: opened before the first fault, linked to each run, judged and reported at the end.

    record = Record.begin(BUILD / "drill" / "evidence")
    playbook.run(lab, "core_switch_failover", **record.link, failed="core-a", contingency_confirm="core-a")
    record.measured("core_switch_failover", outage_seconds=0.8)
    print(record.end())       # the path of the report

A run that has to fail, such as a restore test of two damaged copies, is not linked: it would count as failed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.errors import LabError
from lab.gaps import FlowReport, lost_by_second

REPOSITORY = Path(__file__).resolve().parents[1]
_PLAYBOOKS = REPOSITORY / "playbooks"
SCENARIO, PLAN = REPOSITORY / "lab/drill_scenario.yml", REPOSITORY / "lab/drill_plan.yml"
_ID = re.compile(r"DRILL-\d{8}-\d+")


class Record:
    """One drill. ``evidence`` outlives the lab's machines; ``id`` is on each command."""

    def __init__(self, evidence: Path, drill: str, language: str = "en") -> None:
        self.evidence = evidence
        self.id = drill
        self.language = language
        self._measured: dict[str, dict[str, float]] = {}

    @classmethod
    def begin(cls, evidence: Path, language: str = "en") -> Record:
        """Open a drill below a directory; LabError with what Ansible said where that fails."""
        evidence.mkdir(mode=0o700, parents=True, exist_ok=True)
        given = {"scenario": str(SCENARIO), "mode": "live"}
        output = _played(_PLAYBOOKS / "drill.yml", evidence, language, given)
        found = _ID.search(output)
        if found is None:
            raise LabError(f"The drill was opened, but its name is not in what Ansible said:\n{output}")
        return cls(evidence, found[0], language)

    @property
    def link(self) -> dict[str, str]:
        """The variables that mark a run as part of this drill, and link its journal."""
        return {"contingency_drill": self.id, "contingency_drill_dir": str(self.evidence / "drills")}

    def measured(self, procedure: str, **figures: float) -> None:
        """Note what was measured beside a procedure; of several measurements the worst counts."""
        known = self._measured.setdefault(procedure, {})
        for name, value in figures.items():
            known[name] = max(value, known.get(name, value))

    def traffic(self, procedure: str, reports: Sequence[FlowReport]) -> None:
        """Keep what the probe lost while a procedure ran, to be drawn in the report."""
        lost, longest = sum(each.lost for each in reports), max(each.longest_gap_ms for each in reports)
        sent = sum(each.sent for each in reports)
        told = {
            "procedure": procedure,
            "host": "traffic",
            "text": {
                "en": f"{lost} of {sent} requests between clients and servers were lost; longest gap {longest:.0f} ms",
                "zh": f"客户端与服务器之间的 {sent} 个请求丢失 {lost} 个；最长中断 {longest:.0f} 毫秒",
            },
            "figures": {"packets_lost": lost, "longest_gap_ms": round(longest, 1)},
            "series": [{"name": "loss", "unit": "packets", "points": lost_by_second(reports)}],
        }
        _played(REPOSITORY / "lab/traffic.yml", self.evidence, self.language, {**self.link, "traffic": told})

    def end(self) -> Path:
        """Note that all works again, judge the drill and return the path of its report."""
        _played(
            _PLAYBOOKS / "incident_update.yml", self.evidence, self.language, {"incident": self.id, "recovered": "now"}
        )
        given = {"drill": self.id, "state": "evaluated", "drill_measured": self._measured}
        _played(_PLAYBOOKS / "drill.yml", self.evidence, self.language, given)
        return self.evidence / "drills" / self.id / "evaluation.html"


def _played(playbook: Path, evidence: Path, language: str, given: Mapping[str, object]) -> str:
    """Run a playbook without an inventory: the lab may be down, and the drill's record is about no host."""
    words = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", "-c", "local"]
    variables = {**given, "contingency_evidence_dir": str(evidence), "contingency_language": language}
    words += [str(playbook), "-e", f"@{PLAN}", "-e", json.dumps(variables)]
    run = subprocess.run(
        words,
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if run.returncode:
        raise LabError(f"The playbook {playbook.stem} ended with exit status {run.returncode}:\n{run.stdout}")
    return run.stdout
