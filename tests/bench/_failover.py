# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failovers and switchovers of the lab's pair of databases under a writer, each from a pair as new."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab import playbook, postgresql, standby
from lab.engine import Lab
from lab.errors import LabError
from lab.instance import CONTROLLER
from lab.writer import Writer

PRIMARY, STANDBY = "his-db-1", "his-db-2"
FLOOR = Path(__file__).with_name("_floor.py")
POWER_LOSS, KILLED_SERVER = "power-off", "kill-postgres"
FAULTS = (POWER_LOSS, KILLED_SERVER)
SETTLE_SECONDS = 1.0


@dataclass(frozen=True)
class Round:
    """``seconds`` from the start of the program to the first write that was sent after it and accepted.

    ``lost`` rows were acknowledged and are gone; ``parts`` is what the playbook says of its own time.
    """

    seconds: float
    lost: int
    parts: dict[str, float] = field(default_factory=dict)


def floor(lab: Lab, fault: str) -> Round:
    """The fault, and at once the plain script."""
    orders = json.dumps(_orders(lab))
    argv = lab.machine(CONTROLLER).command([sys.executable, "-I", "-S", str(FLOOR), orders])
    return _failed_over(lab, fault, lambda: _finished(argv))


def ours(lab: Lab, fault: str) -> Round:
    """The fault, and at once the playbook."""
    return _failed_over(lab, fault, lambda: _played(lab, "standby_failover", failed=PRIMARY))


def switchover(lab: Lab) -> Round:
    """A planned change of the primary; ``seconds`` is the outage that the writer saw."""
    renew(lab)
    with Writer(lab) as writer:
        time.sleep(SETTLE_SECONDS)
        parts = _played(lab, "standby_switchover", primary=PRIMARY)
        writer.accepted_after(time.time())
        writer.stop()
        report = writer.report(STANDBY)
    return Round(report.outage, len(report.missing), parts)


def reprotection(lab: Lab, fault: str) -> float:
    """After a failover the old primary follows the new one: the time of the whole playbook, power on to streaming."""
    ours(lab, fault)
    close_logins(lab)
    run = _run(lab, "standby_rejoin", failed=PRIMARY)
    if PRIMARY not in postgresql.streaming(lab, STANDBY):
        raise LabError(f"standby_rejoin ended well and {PRIMARY} does not stream from {STANDBY}.")
    return run.seconds


def renew(lab: Lab) -> None:
    """A pair as new, acknowledging synchronously, and nobody logged in to it."""
    close_logins(lab)
    lab.heal_all()
    standby.renew(lab)
    standby.synchronous(lab)


def close_logins(lab: Lab) -> None:
    """A failover begins without a login that an earlier run left open: nobody has one at three in the morning."""
    for socket in lab.instance.control_paths.glob("*"):
        subprocess.run(["ssh", "-o", f"ControlPath={socket}", "-O", "exit", "any"], capture_output=True, check=False)


def _failed_over(lab: Lab, fault: str, work: Callable[[], dict[str, float]]) -> Round:
    renew(lab)
    with Writer(lab) as writer:
        time.sleep(SETTLE_SECONDS)
        lab.fault(fault, PRIMARY)
        started = time.time()
        parts = work()
        accepted = writer.accepted_after(started)
        writer.stop()
        lost = writer.missing(STANDBY)
    return Round(accepted - started, len(lost), parts)


def _finished(argv: list[str]) -> dict[str, float]:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"The floor's script ended with status {done.returncode}: {done.stderr.strip()[-300:]}")
    return {}


def _played(lab: Lab, name: str, **names: str) -> dict[str, float]:
    return _parts(_run(lab, name, **names))


def _run(lab: Lab, name: str, **names: str) -> playbook.PlaybookRun:
    confirmed = next(iter(names.values()))
    run = playbook.run(lab, name, None, **names, contingency_confirm=confirmed, standby_synchronous=True)
    if run.status != 0:
        raise LabError(f"{name} ended with status {run.status}: {run.output[-1500:]}")
    return run


def _parts(run: playbook.PlaybookRun) -> dict[str, float]:
    hosts: list[dict[str, Any]] = run.record["hosts"]
    spent: dict[str, float] = next(each["result"]["seconds"] for each in hosts if each["host"] == STANDBY)
    return {**spent, "playbook": round(run.seconds, 3)}


def _orders(lab: Lab) -> dict[str, Any]:
    inventory = json.loads(lab.instance.inventory.read_text(encoding="utf-8"))
    host = inventory["_meta"]["hostvars"]
    common = inventory["all"]["vars"]
    login = [
        "-o",
        "BatchMode=yes",
        *common["ansible_ssh_common_args"].split(),
        "-i",
        common["ansible_ssh_private_key_file"],
    ]
    return {
        "bmc": host[PRIMARY]["standby_bmc"],
        "ssh": ["ssh", *login, f"root@{host[STANDBY]['ansible_host']}"],
        "service": standby.service_interface(lab),
        "interface": host[STANDBY]["standby_interface"],
    }
