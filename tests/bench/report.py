# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-report`: how long the report of a run with 5,000 journal lines takes, and how it grows.

Writes build/bench/report.json. ``report_seconds_N``: from reading the records to both files being on disk, for a run
with N lines, its chain, its index and its files verified; median of the rounds, in the wall's seconds.
``playbook_seconds_5000``: the whole of ansible-playbook contingency.infra.incident_report for it, start included.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ansible_collections.contingency.infra.plugins.plugin_utils import report_gather as gather
from ansible_collections.contingency.infra.plugins.plugin_utils.report_document import document_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_files import files_of

from tests.bench._cost import ROOT
from tests.unit.report import samples

SIZES = (500, 5000, 50000)
MEASURED = 5000
ROUNDS = int(os.environ.get("CONTINGENCY_BENCH_ROUNDS", "5"))


def main() -> None:
    """Measure and write it down."""
    report: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as directory:
        evidence = Path(directory)
        for size in SIZES:
            run = samples.write_run(evidence, f"run-{size}", samples.journal_of(size))
            times = [_report(run) for _round in range(ROUNDS)]
            report[f"report_seconds_{size}"] = round(statistics.median(times), 3)
        run = evidence / "runs" / f"run-{MEASURED}"
        report[f"html_bytes_{MEASURED}"] = (run / "report.html").stat().st_size
        report[f"playbook_seconds_{MEASURED}"] = round(_playbook(evidence, run), 3)
    target = ROOT / "build/bench/report.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def _report(run: Path) -> float:
    for left in run.glob("report.*"):
        left.unlink()
    began = time.monotonic()
    subject = gather.of_run(str(run), samples.PLAN, gather.Made("en", samples.NOW, "bench"))
    files_of(document_of(subject), str(run), "report").write()
    return time.monotonic() - began


def _playbook(evidence: Path, run: Path) -> float:
    """Return how long the playbook takes; the report that is there is of another plan and is written anew."""
    argv = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", "contingency.infra.incident_report"]
    variables = json.dumps({"contingency_evidence_dir": str(evidence), "run": str(run)})
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    began = time.monotonic()
    subprocess.run([*argv, "-e", variables], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
