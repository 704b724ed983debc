# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics for the textfile collector of Prometheus' node exporter."""

from __future__ import annotations

from typing import Dict, List, Sequence

from .model import IN_THE_WAY, SEVERITIES, Finding, counts, is_ready

PREFIX = "contingency_readiness"
MODE = 0o644
"""The node exporter runs as another user; nothing in it is secret."""


def rendered(findings: Sequence[Finding], at: float, seconds: float) -> str:
    """Return the text of the file; ``at`` is seconds since the epoch, and tells how old the file is."""
    by_severity = counts(findings)
    lines = [
        *_head(PREFIX, "1 where this check does not stand in the way of a failover, 0 where it is wrong or unknown."),
        *(f"{PREFIX}{_labels(labels)} {value}" for labels, value in _verdicts(findings)),
        *_head(f"{PREFIX}_findings", "Number of findings of the last run by severity."),
        *(f"{PREFIX}_findings{_labels({'severity': name})} {by_severity[name]}" for name in SEVERITIES),
        *_head(f"{PREFIX}_ready", "1 where no finding of the last run stands in the way of a failover."),
        f"{PREFIX}_ready {int(is_ready(findings))}",
        *_head(f"{PREFIX}_last_run_timestamp_seconds", "When the last run ended; older than a day: the timer is dead."),
        f"{PREFIX}_last_run_timestamp_seconds {at:.3f}",
        *_head(f"{PREFIX}_duration_seconds", "How long the last run looked."),
        f"{PREFIX}_duration_seconds {seconds:.3f}",
    ]
    return "\n".join(lines) + "\n"


def escaped(value: str) -> str:
    """Return a label's value as the exposition format wants it."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _head(name: str, text: str) -> List[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} gauge"]


def _labels(labels: Dict[str, str]) -> str:
    return "{" + ",".join(f'{name}="{escaped(value)}"' for name, value in labels.items()) + "}"


def _verdicts(findings: Sequence[Finding]) -> List[tuple[Dict[str, str], int]]:
    """A series may be there once only: where a check found several things, the worst counts."""
    verdicts: Dict[tuple[str, str], int] = {}
    for each in findings:
        name = (each.subject, each.check)
        verdicts[name] = min(verdicts.get(name, 1), int(each.severity not in IN_THE_WAY))
    return [({"subject": subject, "check": check}, value) for (subject, check), value in verdicts.items()]
