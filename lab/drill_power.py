# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The third part of the drill: mains is lost at two UPSes, hosts go in stages, and come back in order.

The policy is the plan's 30, 45 and 60 minutes, at the lab's pace. What is told of it is not the playbook's word: it
is looked at which machines have processes, and what the lab's batteries hold.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Mapping
from itertools import groupby
from typing import Any
from urllib.request import urlopen

from lab import kernel, playbook
from lab.engine import Lab
from lab.instance import CONTROLLER
from lab.kinds.host import HEALTH_PORT, Host
from lab.playbook import REPOSITORY, PlaybookRun
from lab.power import control
from lab.power.watch import Watch
from lab.screen import say, step, table

PACE = 90.0
"""Seconds of the batteries in one second; each host still takes its own time to stop and to start."""
STAGE_MINUTES = {"not_critical": 30, "application": 45, "critical": 60}
"""As in inventories/lab/group_vars/all.yml."""
CHARGED = 0.95
WITHIN = 120.0
LONGEST_PAUSE = 5.0
ALL_OFF, ALL_UP = "all 8 hosts are off", "all 8 hosts are up"
REPORTS = REPOSITORY / "build" / "drill"
_PROGRESS = re.compile(r"\d\d:\d\d:\d\d  |\d+ of \d+ hosts are|WAITS: ")
_RESULT = re.compile(r"^(?:changed|ok|fatal): ", re.M)


def hold(lab: Lab, findings: list[str]) -> None:
    """Lose mains, shut down in stages, run it again, start again; what is not as it should be goes to findings."""
    control.set_pace(lab, PACE)
    step(f"1 s is {PACE:.0f} s of the batteries: the plan's 30 and 60 min are {_clock(30):.0f} and {_clock(60):.0f} s")
    with Watch(lab) as watch:
        say("Mains are lost at both UPSes; staged_shutdown runs as its timer runs it")
        lost = time.time()
        for ups in control.upses(lab):
            lab.fault("mains-off", ups.name)
        run = _until(lab, "staged_shutdown", ALL_OFF, findings)
        _show(run)
        _show_stages(lab, watch, lost)
        report = _report(lab)
        findings += _order(lab, watch, report) + _stages(lab, watch, report, lost)
        _again(lab, "staged_shutdown", findings)
        say(f"Mains are back, and the batteries, which take hours, are set to {CHARGED:.0%}; staged_startup runs")
        for ups in control.upses(lab):
            lab.heal("mains-off", ups.name)
            control.set_battery(lab, ups.name, charge=CHARGED)
        _show(_until(lab, "staged_startup", ALL_UP, findings))
        findings += _all_well(lab, watch)
        _again(lab, "staged_startup", findings)
    _keep(lab)


def _clock(minutes: float) -> float:
    """Seconds of the clock in which so many minutes of the batteries pass."""
    return minutes * 60 / PACE


# -- running -------------------------------------------------------------------------------------------------


def _until(lab: Lab, name: str, end: str, findings: list[str]) -> PlaybookRun:
    """Run the playbook, each time when the run before it said, until it says that it is at its end."""
    step(f"$ ansible-playbook contingency.infra.{name}")
    deadline = time.monotonic() + WITHIN
    while True:
        run = playbook.run(lab, name, _progress)
        if run.status or end in run.output:
            break
        if time.monotonic() > deadline:
            findings.append(f"{name}: not at its end after {WITHIN:.0f} s")
            break
        time.sleep(min(LONGEST_PAUSE, max(0.0, _next_look(lab) - time.time())))
    if run.status:
        findings.append(f"{name}: exit status {run.status}")
    return run


def _again(lab: Lab, name: str, findings: list[str]) -> None:
    say("The same command once more: nothing is left to do")
    run = playbook.run(lab, name)
    changed = {host: count for host, count in run.changed().items() if count}
    print(f"  exit status {run.status}, {run.seconds:.1f} s, changed: {changed or 'nothing'}")
    if run.status or changed:
        findings.append(f"second run of {name}: exit status {run.status}, changed {changed}")


def _progress(line: str) -> None:
    if _PROGRESS.match(line):
        print(f"  | {line}", flush=True)


def _report(lab: Lab) -> Mapping[str, Any]:
    """What the runs wrote down about the outage."""
    (path,) = playbook.evidence_of(lab).glob("outage-*.json")
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return report


def _next_look(lab: Lab) -> float:
    return float(_report(lab)["last_run"]["next_look_epoch"] or 0.0)


# -- what is shown -------------------------------------------------------------------------------------------


def _show(run: PlaybookRun) -> None:
    """The summary of a run."""
    _before, title, rest = run.output.partition("\nStaged ")
    print("".join(f"  | {line}\n" for line in _RESULT.split(f"{title.strip()} {rest}")[0].splitlines()))


def _show_stages(lab: Lab, watch: Watch, lost: float) -> None:
    """By what the machines' processes and the batteries themselves say, in the time of the plan."""
    off = watch.went_off()
    rows = []
    for stage, members in groupby(control.hosts(lab), lambda host: host.options.stage):
        names = [host.name for host in members]
        last = max((off[name].after for name in names if name in off), key=lambda sample: sample.at, default=None)
        when = "-" if last is None else f"{(last.at - lost):.0f} ({(last.at - lost) * PACE / 60:.0f})"
        left = "-" if last is None else f"{last.runtime_seconds * PACE / 60:.0f}"
        rows.append((stage, str(STAGE_MINUTES[stage]), " ".join(names), when, left))
    print()
    table(("stage", "due at min", "hosts", "all off after s (min)", "runtime left min"), rows)
    print()


# -- what is judged ------------------------------------------------------------------------------------------


def _order(lab: Lab, watch: Watch, report: Mapping[str, Any]) -> list[str]:
    """Each host was begun when those before it had no process any more; no battery was empty before that."""
    off, begun = watch.went_off(), report["outage"]["nodes"]
    found = [f"{name} still ran when the shutdown had ended" for name in sorted(watch.on)]
    found += [
        f"a UPS carried nothing any more, and {', '.join(sorted(turn.before.on))} ran until then"
        for turn in watch.dark()[:1]
    ]
    for host in control.hosts(lab):
        for other in host.options.after:
            if other in off and off[other].before.at > begun[host.name]["since"]["epoch"]:
                found.append(f"{host.name} was begun while {other}, which goes before it, still ran")
    if not found:
        least = min(state.charge for state in watch.samples[-1].upses.values())
        step(f"no process is left on any host; the batteries still hold {100 * least:.0f} %; the order was kept")
    return found


def _stages(lab: Lab, watch: Watch, report: Mapping[str, Any], lost: float) -> list[str]:
    """No stage went before its time, unless the batteries pressed, which is shown."""
    hard = report["outage"]["hard_upses"]
    if hard:
        step(f"the batteries of {', '.join(hard)} pressed: it went before the stages' time")
        return []
    off = watch.went_off()
    return [
        f"{host.name} went off before its stage {host.options.stage} was due"
        for host in control.hosts(lab)
        if host.name in off and off[host.name].after.at - lost < _clock(STAGE_MINUTES[host.options.stage])
    ]


def _all_well(lab: Lab, watch: Watch) -> list[str]:
    """Every host runs and its service works, and none was switched on before those that it needs."""
    hosts, on = control.hosts(lab), watch.went_on()
    found = [f"{host.name}: {reason}" for host in hosts if (reason := _trouble(host)) is not None]
    found += [
        f"{other} was switched on before {host.name}, which it needs"
        for host in hosts
        for other in host.options.after
        if other in on and host.name in on and on[other].after.at < on[host.name].after.at
    ]
    if not found:
        step("every service answers, and no host was switched on before those that it needs")
    return found


def _trouble(host: Host) -> str | None:
    """Why its service does not work, asked from where the controller is."""
    if not host.running():
        return "it is off"
    url = f"http://{host.spec.management}:{HEALTH_PORT}/health"
    try:
        with kernel.network_namespace(host.site.instance.namespace_path(CONTROLLER)):
            urlopen(url, timeout=5).close()
    except OSError as error:
        return f"{url} says {error}"
    return None


def _keep(lab: Lab) -> None:
    """Copy the report out of the lab."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    for path in sorted(playbook.evidence_of(lab).glob("outage-*")):
        shutil.copy(path, REPORTS)
    step(f"the report of the outage and its picture (outage-*.svg) are in {REPORTS.relative_to(REPOSITORY)}")
