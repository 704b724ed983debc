# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's traffic probe, between one of the guest's cores and the guest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from lab.errors import LabError
from lab.gaps import MILLISECOND, FlowReport

STOPS_WITHIN = 10.0
INTERVAL_MS = 10.0


class GuestProbe:
    """Runs from the making until `stop`, which reports; as a context until the end of the block."""

    def __init__(self, core: str, namespace: Path, guest: str, address: str) -> None:
        flow = {"source": core, "namespace": str(namespace), "target": guest, "address": address}
        plan = {"interval_ns": int(INTERVAL_MS * MILLISECOND), "flows": [flow]}
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-m", "lab.prober", json.dumps(plan)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
            start_new_session=True,
        )
        self._report: FlowReport | None = None
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != "started":
            self.stop()

    def __enter__(self) -> GuestProbe:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> FlowReport:
        """What was sent, lost and interrupted; the same when called again."""
        if self._report is None:
            output, errors = self._process.communicate(timeout=STOPS_WITHIN)
            if self._process.returncode != 0:
                raise LabError(f"The guest's probe ended with status {self._process.returncode}: {errors.strip()}")
            (report,) = json.loads(output)
            self._report = FlowReport.from_dict(report)
        return self._report
