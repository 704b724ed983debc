# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that a timer starts on the host of the data: take the backup of one set, tell what came of it.

``backup.pyz [--check] SET.json``: exit status 0 where the backup and all its copies are good, 1 where not. The file
holds the arguments of the module backup_manifest; ``metrics_directory`` is where metrics go, for Prometheus' node
exporter.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Dict, List, Mapping, Optional, Sequence

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host, LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.arguments import order_of, with_defaults
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.place import Place, stamp_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.retention import oldest_first
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.run import Outcome, transact
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import NotTaken, TakeOrder

CHECK = "--check"
USAGE = "usage: backup.pyz [--check] SET.json"
METRICS_MODE = 0o644
"""The node exporter runs as another user; nothing in it is secret."""


def main(arguments: Sequence[str], host: Optional[Host] = None) -> int:
    """Run it; returns the exit status."""
    machine = host or LocalHost()
    os.umask(0o077)
    paths = [word for word in arguments if word != CHECK]
    if len(paths) != 1:
        _complain(USAGE)
        return 2
    try:
        values = read_set(machine, paths[0])
        metrics = values.pop("metrics_directory", None)
        complete = with_defaults(values)
    except NotTaken as error:
        _complain(f"{paths[0]}: {error.message}")
        return 1
    order, checking = order_of(complete), CHECK in arguments
    outcome = transact(machine, order, fresh_seconds=float(complete["fresh_seconds"]), check_mode=checking)
    _tell(outcome, checking)
    problem = None if checking or outcome.idle or not metrics else write_metrics(machine, order, outcome, metrics)
    if problem:
        _complain(problem)
    return 1 if outcome.msg or problem else 0


def read_set(host: Host, path: str) -> Dict[str, Any]:
    """Return what a file says of its set; NotTaken where it cannot be read."""
    text = host.read(path)
    if text is None:
        raise NotTaken("it cannot be read; run the playbook backup, which writes it.")
    try:
        values = json.loads(text)
    except ValueError as error:
        raise NotTaken(f"it is no JSON ({error}); run the playbook backup, which writes it.") from error
    if not isinstance(values, dict):
        raise NotTaken("it is no backup set; run the playbook backup, which writes it.")
    return values


def lines_of(outcome: Outcome, checking: bool) -> List[str]:
    """Pure: what the journal says of a run that went well, or as far as it did."""
    if outcome.idle:
        return [f"nothing to do: {outcome.idle}"]
    if checking:
        return [f"would do: {step}" for step in outcome.steps]
    if outcome.path and not outcome.changed:
        return [f"{outcome.path} is young enough; nothing was taken"]
    taken = f"{outcome.path} taken in {outcome.seconds.get('take', 0):.1f} s"
    lines = [taken] if outcome.path else []
    lines += [proof for copied in outcome.copies for proof in copied.proven]
    return [*lines, *(f"{path} removed" for path in outcome.removed)]


def write_metrics(host: Host, order: TakeOrder, outcome: Outcome, directory: str) -> Optional[str]:
    """Write the set's metrics; returns why they could not be. They are read from the backups, so nothing is made up."""
    now = host.wall()
    kept = oldest_first(Place(order.directory, order.name).backups(host, order.engine), stamp_of(now))
    text = metrics_of(order.name, outcome, kept[-1].manifest if kept else None, now)
    path = os.path.join(directory, f"contingency_backup_{order.name}.prom")
    try:
        host.write_atomically(path, text, mode=METRICS_MODE)
    except OSError as error:
        return f"{path} could not be written ({error.strerror}); correct backup_metrics_directory."
    return None


def metrics_of(name: str, outcome: Outcome, newest: Optional[Mapping[str, Any]], now: float) -> str:
    """Pure: the text of the file; the time of the last good backup moves only when one is good."""
    good_copies = 1 + sum(copied.problem is None for copied in outcome.copies) if outcome.path else 0
    size = sum(artefact["bytes"] for artefact in newest["artefacts"]) if newest else 0
    figures = (
        ("last_run_timestamp_seconds", "When a backup was last tried.", now),
        ("last_good_timestamp_seconds", "The moment of the data of the newest good backup; 0: none.", _moment(newest)),
        ("success", "1 where the last run left a good backup in all its places.", float(outcome.msg is None)),
        ("good_copies", "In how many places the last run left it.", float(good_copies)),
        ("bytes", "Size of the newest good backup.", float(size)),
        ("duration_seconds", "Seconds of the last run.", round(sum(outcome.seconds.values()), 3)),
    )
    return "".join(
        f"# HELP contingency_backup_{key} {text}\n# TYPE contingency_backup_{key} gauge\n"
        f'contingency_backup_{key}{{set="{name}"}} {value!r}\n'
        for key, text, value in figures
    )


def _moment(newest: Optional[Mapping[str, Any]]) -> float:
    return float(newest["current_at_epoch"]) if newest else 0.0


def _tell(outcome: Outcome, checking: bool) -> None:
    for line in lines_of(outcome, checking):
        sys.stdout.write(f"{line}\n")
    for warning in outcome.warnings:
        _complain(f"warning: {warning}")
    if outcome.msg:
        _complain(outcome.msg)


def _complain(text: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"{text}\n")
