# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drill: core-a dies under traffic, the playbook moves all to core-b, and back. Then a database, mains, a backup.

Everything is real except the wires: the playbook is the one of the collection, the switches are FRR and
Open vSwitch, the traffic is watched from every client to every server. It ends with the path of its report, which is
made of what the runs wrote down.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from lab import drill_power, drill_restore, drill_standby, playbook
from lab.drill_report import Record
from lab.engine import Lab
from lab.errors import LabError
from lab.gaps import FlowReport
from lab.playbook import REPOSITORY, PlaybookRun
from lab.screen import say, step, table

FAILED, STANDBY = "core-a", "core-b"
SETTLE_SECONDS = 1.0
EVIDENCE = REPOSITORY / "build" / "drill" / "evidence"


def main() -> int:
    """Hold the drill; 0 when every step did what it should."""
    started = time.monotonic()
    lab = Lab.from_environment()
    findings: list[str] = []
    _forget()
    record = Record.begin(EVIDENCE)
    try:
        with playbook.recorded(EVIDENCE), playbook.linked(record.link):
            _hold(lab, record, findings)
    finally:
        say("The lab is taken down")
        lab.down()
    report = record.end()
    say(
        f"Drill over after {time.monotonic() - started:.0f} s: "
        + ("all as it should be" if not findings else "NOT as it should be")
    )
    for finding in findings:
        print(f"  {finding}")
    print(f"\n  The report of {record.id}: {report.relative_to(REPOSITORY)}")
    return 1 if findings else 0


def _forget() -> None:
    """Remove what the last drill left but its record: this drill is compared with it, and no old run is part of it."""
    for path in [*EVIDENCE.parent.glob("*"), *EVIDENCE.glob("*")]:
        if path.is_file():
            path.unlink()
        elif path not in (EVIDENCE, EVIDENCE / "drills"):
            shutil.rmtree(path)


def _hold(lab: Lab, record: Record, findings: list[str]) -> None:
    say("The lab: a small hospital, two core switches, four access switches, two servers")
    lab.up(step, parts=["network"])
    _failover(lab, record, findings)
    _again(lab, findings)
    _failback(lab, record, findings)
    say("The database servers are added: two Debian machines with PostgreSQL, each with a management controller")
    lab.up(step, parts=["standby"])
    drill_standby.hold(lab, record, findings)
    lab.down()
    say("In their place the eight hosts of a laboratory's information system, behind two UPSes")
    lab.up(step, parts=["power"])
    drill_power.hold(lab, findings)
    lab.down()
    say("In their place a server with the hospital's database, its backups, and room to restore them")
    lab.up(step, parts=["backup"])
    drill_restore.hold(lab, findings)


def _failover(lab: Lab, record: Record, findings: list[str]) -> None:
    say(f"{FAILED} loses power under traffic, then core_switch_failover runs")
    probe = lab.probe()
    time.sleep(SETTLE_SECONDS)
    lab.machine(FAILED).power_off()
    run = _play(lab, "core_switch_failover")
    time.sleep(SETTLE_SECONDS)
    reports = probe.stop()
    _show(run, reports)
    findings += _findings("failover", run, reports)
    record.traffic("core_switch_failover", reports)
    restored = restored_seconds(run, reports)
    if restored is not None:
        print(f"\n  traffic of all access switches was back {restored:.2f} s after the playbook was started")
        record.measured("core_switch_failover", outage_seconds=round(restored, 2))


def _again(lab: Lab, findings: list[str]) -> None:
    say("The same command once more: nothing is left to do")
    run = _play(lab, "core_switch_failover", show=False)
    changed = {host: count for host, count in run.changed().items() if count and host in moved_hosts(run)}
    print(f"  exit status {run.status}, {run.seconds:.1f} s, changed: {changed or 'nothing'}")
    if run.status or changed:
        findings.append(f"second run: exit status {run.status}, changed {changed}")


def _failback(lab: Lab, record: Record, findings: list[str]) -> None:
    say(f"{FAILED} is repaired and has power again, then core_switch_failback runs under traffic")
    lab.machine(FAILED).power_on()
    lab.up(step)
    probe = lab.probe()
    time.sleep(SETTLE_SECONDS)
    run = _play(lab, "core_switch_failback")
    time.sleep(SETTLE_SECONDS)
    reports = probe.stop()
    _show(run, reports)
    findings += _findings("failback", run, reports)
    record.traffic("core_switch_failback", reports)
    longest = max((report.longest_gap_ms for report in reports), default=0.0)
    record.measured("core_switch_failback", outage_seconds=round(longest / 1000, 3))


def _play(lab: Lab, name: str, show: bool = True) -> PlaybookRun:
    variables = {"failed": FAILED, "contingency_confirm": FAILED}
    print("  $ ansible-playbook contingency.infra." + name + "".join(f" -e {k}={v}" for k, v in variables.items()))
    return playbook.run(lab, name, show=(lambda line: print(f"  | {line}")) if show else None, **variables)


def moved_hosts(run: PlaybookRun) -> list[str]:
    """Return the access switches and servers of a run's record."""
    return [host["host"] for host in run.record.get("hosts", []) if host["role"] in ("access", "server")]


def restored_seconds(run: PlaybookRun, reports: Sequence[FlowReport]) -> float | None:
    """Return the seconds from the start of ansible-playbook until the last flow was answered again."""
    ends = [report.gap_end for report in reports if report.lost]
    if not ends or any(end is None for end in ends):
        return None
    return max(end for end in ends if end is not None) - run.started


def _findings(what: str, run: PlaybookRun, reports: Sequence[FlowReport]) -> list[str]:
    found = [] if run.status == 0 else [f"{what}: the playbook ended with exit status {run.status}"]
    return found + [
        f"{what}: {report.source} got no answer from {report.target} any more"
        for report in reports
        if report.gaps and report.gaps[-1].end is None
    ]


def _show(run: PlaybookRun, reports: Sequence[FlowReport]) -> None:
    print()
    moved = [host for host in run.record.get("hosts", []) if host["role"] in ("access", "server")]
    table(("switch", "before", "after", "verified", "saved", "seconds"), [_row(host) for host in moved])
    print()
    table(
        ("traffic", "packets", "lost", "longest gap ms"),
        [(f"{r.source} -> {r.target}", str(r.sent), str(r.lost), f"{r.longest_gap_ms:.0f}") for r in reports],
    )


def _row(host: Mapping[str, Any]) -> tuple[str, ...]:
    result = host["result"]
    if not host["ok"]:
        return (host["host"], "", "", "", "", host["text"])
    seconds = result["seconds"]
    return (
        host["host"],
        _ports(result["before"]),
        _ports(result["after"]),
        ", ".join(sorted({check["check"].split()[0] for check in result["verified"]})),
        {True: "yes", False: "NO"}.get(result.get("saved"), "-"),
        f"{seconds['total'] if isinstance(seconds, Mapping) else seconds:.2f}",
    )


def _ports(state: Mapping[str, Any]) -> str:
    if "active" in state:
        return str(state["active"])
    return " ".join(f"{name}{' up' if port['link'] else ' no link'}" for name, port in state.items() if port["enabled"])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LabError as error:
        sys.exit(str(error))
