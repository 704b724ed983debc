# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traffic between machines of the lab, watched while something happens to the network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from lab.errors import LabError
from lab.gaps import MILLISECOND, FlowReport
from lab.instance import MARK, Instance
from lab.topology import Topology

DEFAULT_INTERVAL_MS = 5.0
STOPS_WITHIN = 10.0


class Probe:
    """Runs in the background from its making until `stop`, which reports."""

    def __init__(
        self,
        instance: Instance,
        topology: Topology,
        flows: Iterable[tuple[str, str]],
        interval_ms: float = DEFAULT_INTERVAL_MS,
    ) -> None:
        plan = {
            "interval_ns": int(interval_ms * MILLISECOND),
            "flows": [_flow(instance, topology, source, target) for source, target in flows],
        }
        environment = {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
            MARK: instance.mark("probe"),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-m", "lab.prober", json.dumps(plan)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,
        )
        self._reports: list[FlowReport] | None = None
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != "started":
            self.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> list[FlowReport]:
        """One report for each flow; the same ones when called again."""
        if self._reports is None:
            output, errors = self._process.communicate(timeout=STOPS_WITHIN)
            if self._process.returncode != 0:
                said = errors.strip().splitlines()[-1] if errors.strip() else "it said nothing"
                raise LabError(f"The probe ended with status {self._process.returncode}: {said}")
            self._reports = [FlowReport.from_dict(report) for report in json.loads(output)]
        return self._reports


def _flow(instance: Instance, topology: Topology, source: str, target: str) -> dict[str, str]:
    address = topology.machine(target).address
    if address is None:
        raise LabError(f"{target} has no address in the hospital's network: probe a machine that has one.")
    namespace = instance.namespace_path(topology.machine(source).name)
    return {"source": source, "namespace": str(namespace), "target": target, "address": address}


def clients_to_servers(topology: Topology) -> list[tuple[str, str]]:
    return [
        (client.name, server.name) for client in topology.of_role("client") for server in topology.of_role("server")
    ]


def table(reports: Iterable[FlowReport]) -> str:
    lines = [f"{'from':<20}{'to':<14}{'sent':>7}{'lost':>7}{'longest gap ms':>16}{'probe late ms':>15}"]
    for report in reports:
        lines.append(
            f"{report.source:<20}{report.target:<14}{report.sent:>7}{report.lost:>7}"
            f"{report.longest_gap_ms:>16.1f}{report.probe_lateness_ms:>15.1f}"
        )
    return "\n".join(lines)
