# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One restore test with all that belongs to it: history, evidence, metrics, the dead man's switch.

What goes wrong beside the test is told as a problem and never changes or hides the verdict.
"""

from __future__ import annotations

import json
import os
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Dict, Iterator, List, Optional

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._restore import junit, metrics, ping
from ansible_collections.contingency.infra.plugins.module_utils._restore.history import History, last_success, of_a_year
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import NotRunnable, Order
from ansible_collections.contingency.infra.plugins.module_utils._restore.shown import all_shown
from ansible_collections.contingency.infra.plugins.module_utils._restore.stages import Tools, run
from ansible_collections.contingency.infra.plugins.module_utils._restore.verdict import Outcome


@dataclass(frozen=True)
class Places:
    """Where a test is told of, beside its history; each may be None."""

    evidence_directory: Optional[str] = None
    metrics_directory: Optional[str] = None
    ping_url: Optional[str] = None


@dataclass
class _Beside:
    """What went wrong beside the test, and the files that were written."""

    problems: List[str] = field(default_factory=list)
    files: List[str] = field(default_factory=list)

    @contextmanager
    def noting(self, what: str, way_on: str) -> Iterator[None]:
        try:
            yield
        except NotRunnable as error:
            self.problems.append(error.message)
        except (OSError, ValueError) as error:
            # ValueError: a text that its file cannot hold.
            self.problems.append(f"{what} could not be written ({getattr(error, 'strerror', None) or error}); {way_on}")


def perform(order: Order, tools: Tools, places: Places, accept_drift: bool = False) -> Dict[str, Any]:
    """Do the test and tell of it; return the evidence with ``history``, ``problems`` and ``files``."""
    beside, history = _Beside(), History.of(tools.host, order)
    _tell(beside, places, "start")
    outcome = _tested(order, tools, history, accept_drift)
    with beside.noting(f"the history in {history.path}", "free space there, or set history_directory"):
        history.add(outcome)
    entries: List[Dict[str, Any]] = []
    with beside.noting(history.path, "correct it"):
        entries = history.entries()
    success = last_success(entries, outcome.began_at)
    result = {**outcome.as_dict(), "host": socket.gethostname(), "stamp": stamp(outcome.began_at)}
    _write_metrics(tools.host, places, beside, result, success)
    _write_evidence(tools.host, places, beside, result)
    _tell(beside, places, str(ping.STATUS[outcome.verdict]), ping.told(outcome))
    told = {
        **result,
        "last_success_epoch": success,
        "history": of_a_year(entries, outcome.began_at),
        "objectives_missed": outcome.missed,
        "findings": [finding.line for finding in outcome.findings],
        "problems": beside.problems,
        "files": beside.files,
    }
    return dict(all_shown(told))


def _tested(order: Order, tools: Tools, history: History, accept_drift: bool) -> Outcome:
    try:
        last = history.last_good()
    except NotRunnable as error:
        # Without what the last good test restored, nothing that vanished would be noticed.
        return Outcome(order, tools.host.wall(), 0.0, (), error.message)
    return run(order, replace(tools, last_good=last, accept_drift=accept_drift))


def stamp(epoch: float) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(epoch))


def _tell(beside: _Beside, places: Places, word: str, text: str = "") -> None:
    trouble = ping.ping(places.ping_url, word, text) if places.ping_url else None
    beside.problems += [trouble] if trouble else []


def _write_metrics(
    host: Host, places: Places, beside: _Beside, result: Dict[str, Any], success: Optional[float]
) -> None:
    if not places.metrics_directory:
        return
    path = os.path.join(places.metrics_directory, metrics.file_name(result["name"]))
    with beside.noting(f"the metrics in {path}", "correct metrics_directory"):
        host.write_atomically(path, metrics.rendered(result, success), metrics.MODE)
        beside.files.append(path)


def _write_evidence(host: Host, places: Places, beside: _Beside, result: Dict[str, Any]) -> None:
    if not places.evidence_directory:
        return
    base = os.path.join(places.evidence_directory, f"restore_test-{result['name']}-{result['stamp']}")
    with beside.noting(f"the evidence in {base}.json", "free space there, or set evidence_directory"):
        os.makedirs(places.evidence_directory, mode=0o700, exist_ok=True)
        text = json.dumps({"format": 1, **result}, indent=1, default=str) + "\n"
        for path, content in ((f"{base}.json", text), (f"{base}.xml", junit.rendered([result]))):
            host.write_atomically(path, content)
            beside.files.append(path)
