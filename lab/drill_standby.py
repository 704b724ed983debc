# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The second half of the drill: the primary database server loses its power while an application writes.

Two whole Debian machines with PostgreSQL and management controllers of their own; each acknowledged row is
counted, and looked for on the server that has taken over.
"""

from __future__ import annotations

from lab import playbook, standby
from lab.drill_report import Record
from lab.engine import Lab
from lab.playbook import PlaybookRun
from lab.screen import say, step, table
from lab.writer import Report, Writer

PRIMARY, STANDBY = "his-db-1", "his-db-2"


def hold(lab: Lab, record: Record, findings: list[str]) -> None:
    """Fail over, run it again, rejoin, and switch back as planned; what is not as it should be goes to findings."""
    standby.synchronous(lab)
    _failover(lab, record, findings)
    _again(lab, findings)
    _rejoin(lab, PRIMARY, findings)
    _switch_back(lab, record, findings)
    _rejoin(lab, STANDBY, findings)


def _failover(lab: Lab, record: Record, findings: list[str]) -> None:
    say(f"{PRIMARY} loses power while an application writes, then standby_failover runs")
    with Writer(lab) as writer:
        lab.machine(PRIMARY).power_off()
        run = _play(lab, "standby_failover", failed=PRIMARY, contingency_confirm=PRIMARY, standby_synchronous="true")
        served = writer.accepted_after(run.started) if run.status == 0 else None
        report = writer.report(STANDBY)
    _show(run, report)
    if served is not None:
        print(f"\n  the first write was accepted {served - run.started:.2f} s after the playbook was started")
    record.measured("standby_failover", outage_seconds=round(report.outage, 2))
    _judge("standby_failover", run, report, findings)


def _again(lab: Lab, findings: list[str]) -> None:
    say("The same command once more: nothing is left to do")
    run = _play(lab, "standby_failover", show=False, failed=PRIMARY, contingency_confirm=PRIMARY)
    changed = {host: count for host, count in run.changed().items() if count and host != "localhost"}
    print(f"  exit status {run.status}, {run.seconds:.1f} s, changed: {changed or 'nothing'}")
    if run.status or changed:
        findings.append(f"second run of standby_failover: exit status {run.status}, changed {changed}")


def _rejoin(lab: Lab, host: str, findings: list[str]) -> None:
    say(f"{host} is repaired and becomes the standby: standby_rejoin")
    run = _play(lab, "standby_rejoin", failed=host, contingency_confirm=host)
    if run.status:
        findings.append(f"standby_rejoin of {host}: exit status {run.status}")


def _switch_back(lab: Lab, record: Record, findings: list[str]) -> None:
    say(f"Back to {PRIMARY} as planned, while an application writes: standby_switchover")
    with Writer(lab) as writer:
        run = _play(lab, "standby_switchover", primary=STANDBY, contingency_confirm=STANDBY)
        if run.status == 0:
            writer.accepted_after(run.ended)
        report = writer.report(PRIMARY if run.status == 0 else STANDBY)
    _show(run, report)
    record.measured("standby_switchover", outage_seconds=round(report.outage, 2))
    _judge("standby_switchover", run, report, findings)


def _play(lab: Lab, name: str, show: bool = True, **variables: str) -> PlaybookRun:
    print()
    return playbook.run(lab, name, (lambda line: print(f"  | {line}", flush=True)) if show else None, **variables)


def _show(run: PlaybookRun, report: Report) -> None:
    print()
    table(("server", "what was done"), [(host["host"], host["text"]) for host in run.record.get("hosts", [])])
    print()
    table(
        ("rows acknowledged", "lost", "outage s"),
        [(str(report.acknowledged), str(len(report.missing)), f"{report.outage:.2f}")],
    )
    step(f"the playbook took {run.seconds:.1f} s")


def _judge(name: str, run: PlaybookRun, report: Report, findings: list[str]) -> None:
    if run.status:
        findings.append(f"{name}: exit status {run.status}")
    if report.missing:
        findings.append(f"{name}: {len(report.missing)} acknowledged rows are lost, with synchronous replication")
