# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics of a restore test for the textfile collector of Prometheus' node exporter, one file for each set."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._restore.history import GOOD
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    DEGRADED,
    FAILED,
    NOT_RUN,
    PASSED,
)

PREFIX = "backup_restore_test"
MODE = 0o644
"""The node exporter runs as another user; nothing in it is secret."""
Sample = Tuple[Mapping[str, str], float]


def file_name(name: str) -> str:
    return f"contingency_restore_test_{name}.prom"


def rendered(result: Mapping[str, Any], last_success: Optional[float]) -> str:
    """Return the text of the file. ``last_success``: seconds since the epoch, which only a good test moves on."""
    good = result["verdict"] in GOOD
    ended = result["began_at_epoch"] + result["seconds"]
    verdicts = [({"verdict": each}, float(each == result["verdict"])) for each in (PASSED, DEGRADED, FAILED, NOT_RUN)]
    objectives = [({"objective": n}, float(bool(each["met"]))) for n, each in result["objectives"].items()]
    described: List[Tuple[str, str, Sequence[Sample]]] = [
        ("last_success_timestamp_seconds", "When a copy was last proven good; 0: never.", _one(last_success or 0.0)),
        ("last_run_timestamp_seconds", "When the last test ended, whatever it found.", _one(ended)),
        ("success", "1 where the last test found a good copy.", _one(float(good))),
        ("verdict", "1 at the verdict of the last test.", verdicts),
        ("copy_used", "The place of the copy that was good; 0: none.", _one(float(result["copy_used"] or 0))),
        ("duration_seconds", "Seconds of each stage, of the copy that was tried last.", _stages(result)),
        ("rpo_seconds", "How old the content of the good copy was.", _one(result["age_seconds"])),
        (
            "rto_seconds",
            "Seconds until the good copy ran, with those lost on others.",
            _one(result["recovery_seconds"]),
        ),
        ("objective_met", "1 where the objective was met.", objectives),
    ]
    return "".join(_family(f"{PREFIX}_{name}", text, result["name"], samples) for name, text, samples in described)


def _one(value: Optional[float]) -> Sequence[Sample]:
    return [] if value is None else [({}, float(value))]


def _stages(result: Mapping[str, Any]) -> Sequence[Sample]:
    copies = result["copies"]
    return [({"stage": stage["name"]}, float(stage["seconds"])) for stage in copies[-1]["stages"]] if copies else []


def _family(name: str, text: str, backup_set: str, samples: Sequence[Sample]) -> str:
    if not samples:
        return ""
    lines = [f"# HELP {name} {text}", f"# TYPE {name} gauge"]
    lines += [f"{name}{_labels({'set': backup_set, **labels})} {value:.15g}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"
