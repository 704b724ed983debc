# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An incident of a hospital as its record and the journals of its runs tell it, at times that are always the same."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.contingency.infra.plugins.module_utils._record import chain
from ansible_collections.contingency.infra.plugins.module_utils._record.steps import step

ZONE = "Asia/Shanghai"
INCIDENT = "INC-20261122-1"
BEGAN = datetime(2026, 11, 22, 14, 2, 7, tzinfo=ZoneInfo(ZONE)).timestamp()
"""When the core switch died."""
NOW = BEGAN + 3 * 86400
FAILOVER = "20261122T060512Z-core_switch_failover-1a2b3c"
PLANNED = "20261122T060431Z-core_switch_failover-9d8e7f"
SHUTDOWN = "20261122T061500Z-staged_shutdown-44aa55"
MADE = ("en", NOW, "zhang@duty")
Told = tuple[float, str, dict[str, Any]]

PLAN: dict[str, Any] = {
    "preset": "hospital",
    "organisation": {"en": "First People's Hospital", "zh": "第一人民医院"},
    "timezone": ZONE,
    "channels": {"mail": {"kind": "smtp", "host": "mail.example"}, "wecom": {"kind": "wecom", "url": "https://w"}},
    "contacts": {
        "zhang": {"name": "张伟", "channels": ["wecom", "mail"], "address": {"wecom": "zhang", "mail": "z@h.example"}},
        "li": {"name": "李娜", "channels": ["mail"], "address": {"mail": "l@h.example"}},
        "wang": {"name": "王芳", "channels": ["mail"], "address": {"mail": "w@h.example"}},
    },
    "roles": {
        "duty": {"contacts": ["zhang"]},
        "it_head": {"contacts": ["li"], "deputies": ["zhang"]},
        "lead": {"contacts": ["wang"], "deputies": ["li"]},
    },
    "objectives": {"core_switch_failover": {"rto": "10m"}, "standby_failover": {"rto": "15m", "rpo": "1m"}},
}


def write_chain(path: Path, told: Iterable[Told], previous: str = chain.FIRST) -> str:
    """Write a record whose lines have these times, and return its head."""
    lines = []
    for number, (epoch, kind, fields) in enumerate(told, 1):
        own = {"n": number, "at": chain.instant(epoch), "epoch": epoch, "kind": kind, "previous": previous}
        lines.append(chain.canonical({**fields, **own}))
        previous = chain.digest(lines[-1])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return previous


def write_run(evidence: Path, name: str, told: Sequence[Told]) -> Path:
    """Write a run's journal, and its begin and its end into the index of runs; return its directory."""
    directory = evidence / "runs" / name
    begun = (told[0][0], told[0][1], {"run": name, "evidence": str(evidence), **told[0][2]})
    whole = [begun, *told[1:]]
    head = write_chain(directory / "journal.jsonl", whole)
    index = evidence / "runs/index.jsonl"
    known: list[Told] = [(line["epoch"], line["kind"], dict(line)) for line in lines_of(index)]
    new: list[Told] = [(begun[0], "begun", {"run": name})]
    if whole[-1][1] == "run_ended":
        new.append((whole[-1][0], "ended", {"run": name, "head": head, "lines": len(whole)}))
    write_chain(index, [*known, *new])
    return directory


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


# -- runs ------------------------------------------------------------------------------------------


def begun(at: float, playbook: str, **more: Any) -> Told:
    person = {"login": "zhang", "host": "duty", "sudo_user": None, "tty": "/dev/pts/0", "ssh_client": "10.9.0.7"}
    versions = {"ansible": "2.19.4", "python": "3.11.2", "collection": "0.1.0"}
    fields = {"playbook": playbook, "person": person, "versions": versions, "inventory": ["site"], "check": False}
    return at, "run_begun", {**fields, "drill": False, "incident": INCIDENT, "confirm": "core-a", **more}


def result(at: float, host: str, task: str, status: str = "ok", **more: Any) -> Told:
    fields = {"host": host, "task": task, "role": "core_switch", "action": "contingency.infra.switch_uplink"}
    return at, "result", {**fields, "id": task, "status": status, "seconds": 3.2, "ignored": False, **more}


def ended(at: float, status: str = "ok") -> Told:
    return at, "run_ended", {"status": status, "stats": {}, "seconds": 31.0}


def marked(at: float, **fields: Any) -> Told:
    return at, "step", {"host": "localhost", "task": "Summary", **step(**fields)}


def decision() -> dict[str, Any]:
    given = {
        "approver": "wang@hospital",
        "key": "SHA256:YfI1d3",
        "approved_at": "2026-11-22T06:04:47Z",
        "valid_until": "2026-11-22T08:04:47Z",
        "comment": "go ahead",
        "own": False,
    }
    return {
        "granted": True,
        "basis": "signed",
        "procedure": "core_switch_failover",
        "target": "core-a",
        "plan": "5f1e" * 16,
        "required": 1,
        "approvals": [given],
        "standing": None,
        "person": ["zhang"],
        "attended": True,
        "incident": INCIDENT,
        "reasons": [],
    }


def approved(at: float) -> Told:
    return at, "approval", {"host": "localhost", "task": "Approval", **decision()}


def ward(number: int) -> str:
    return f"access-ward-{number:02}"


def failover(evidence: Path) -> list[Told]:
    """The switches were moved; one could not be, and its file of evidence is there."""
    at = BEGAN + 185
    log = evidence / "core-b.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("up\n", encoding="utf-8")
    hashed = {"path": str(log), "sha256": hashlib.sha256(b"up\n").hexdigest(), "bytes": 3}
    moved = [result(at + 4 + n, ward(n), "Make active the uplink to core-b", "changed") for n in range(1, 7)]
    looked = [result(at + 1, host, "Read the switch") for host in ("core-b", *(ward(n) for n in range(1, 7)))]
    return [
        begun(at, "core_switch_failover"),
        (at, "play_begun", {"play": "Core switches", "hosts": ["core-a", "core-b"]}),
        approved(at + 0.5),
        result(at + 1, "core-a", "Save its log and configuration", "unreachable", ignored=True, message="no answer"),
        *looked,
        (at + 3, "file", hashed),
        *moved,
        result(at + 12, "access-lab", "Make active the uplink to core-b", "failed", rescued=True, message=REFUSED),
        (at + 12, "rescued", {"host": "access-lab", "task": "Make active the uplink to core-b"}),
        marked(
            at + 28,
            phase="handling",
            text={"en": "6 of 7 switches use core-b", "zh": "7 台交换机中 6 台已改用 core-b"},
            procedure="core_switch_failover",
            ok=False,
            began_epoch=at + 4,
            ended_epoch=at + 28,
            figures={"longest_gap_ms": 2140.0, "packets_lost": 43.0, "packets_sent": 5200.0},
            objectives={"longest_gap_ms": 30000.0},
            unproven=[{"en": "access-lab: its neighbor was not seen", "zh": "access-lab：未看到邻居"}],
            series=[{"name": "loss", "unit": "packets", "points": loss(at)}],
        ),
        marked(
            at + 30,
            phase="verification",
            text={"en": "Service is back through core-b", "zh": "业务经 core-b 恢复"},
            procedure="core_switch_failover",
            ended_epoch=at + 30,
            proven=[{"en": "ping, MAC table, neighbor", "zh": "ping、MAC 表、邻居"}],
            figures={"outage_seconds": 423.0, "data_loss_seconds": 0.0},
            next_action={
                "en": "move access-lab by hand, then repair core-a",
                "zh": "手工切换 access-lab，然后维修 core-a",
            },
        ),
        ended(at + 31),
    ]


REFUSED = "port eth2 is down; look at its cable, its transceiver and the far end " + "<script>alert(1)</script>"


def loss(at: float) -> list[list[float]]:
    return [[at - 30 + second, 9.0 if second in (32, 33) else 0.0] for second in range(90)]


def shutdown() -> list[Told]:
    """A UPS told nothing for a while, and the run was killed."""
    at = BEGAN + 780
    runtime = [[at + 30 * n, None if 8 < n < 14 else 60 * (48 - 1.1 * n + math.sin(n))] for n in range(30)]
    second = [[at + 30 * n, 60 * (61 - 0.9 * n)] for n in range(30)]
    return [
        begun(at, "staged_shutdown", confirm=None),
        result(at + 2, "localhost", "Read the UPSes"),
        result(at + 9, "pacs-2", "Shut down", "changed"),
        marked(
            at + 870,
            phase="handling",
            text={"en": "Stage 1 is off", "zh": "第一阶段已关机"},
            procedure="staged_shutdown",
            began_epoch=at + 9,
            ended_epoch=at + 60,
            figures={"runtime_seconds": 1080.0},
            objectives={"runtime_seconds": 900.0},
            series=[
                {"name": "ups-a runtime", "unit": "seconds", "points": runtime},
                {"name": "ups-b runtime", "unit": "seconds", "points": second},
            ],
        ),
    ]


def planned() -> list[Told]:
    at = BEGAN + 144
    return [
        begun(at, "core_switch_failover", check=True, confirm=None),
        result(at + 2, ward(1), "Make active the uplink to core-b", "changed"),
        marked(at + 5, phase="activation", text="7 switches would move to core-b", procedure="core_switch_failover"),
        ended(at + 6),
    ]


# -- the incident ----------------------------------------------------------------------------------


def notice(at: float, key: str, contact: str, state: str, **more: Any) -> Told:
    return at, "notice", {"key": key, "contact": contact, "state": state, "channel": "mail", "by": "timer@duty", **more}


def events(evidence: Path) -> list[Told]:
    by = {"by": "zhang@duty"}
    runs = [{"run": name, "directory": str(evidence / "runs" / name), **by} for name in (PLANNED, FAILOVER, SHUTDOWN)]
    title = "核心交换机 core-a 断电 / core switch core-a lost power"
    return [
        (
            BEGAN + 60,
            "opened",
            {
                "id": INCIDENT,
                "title": title,
                "incident_class": "network_down",
                "place": "Machine room 1",
                "occurred_epoch": BEGAN,
                "discovered_epoch": BEGAN + 53,
                "reported_by": "ward 3",
                "drill": False,
                **by,
            },
        ),
        (BEGAN + 61, "graded", {"severity": "class_1", "rule": "class: network_down", "why": WHY, **by}),
        notice(BEGAN + 70, "duty", "zhang", "planned"),
        notice(BEGAN + 72, "duty", "zhang", "sent", message_id="<1@h>"),
        notice(BEGAN + 73, "lead", "wang", "planned"),
        notice(BEGAN + 75, "lead", "wang", "attempt", attempt=1),
        notice(BEGAN + 90, "lead", "wang", "failed", attempt=2, reason="connection refused by mail.example"),
        notice(BEGAN + 130, "lead", "wang", "sent", attempt=3, message_id="<2@h>"),
        (BEGAN + 140, "acknowledged", {"who": "wang", **by}),
        (BEGAN + 145, "run", {**runs[0], "playbook": "core_switch_failover", "drill": False}),
        (BEGAN + 170, "activated", {"by": "wang@phone"}),
        (BEGAN + 184, "approval", {**decision(), **by}),
        (BEGAN + 185, "run", {**runs[1], "playbook": "core_switch_failover", "drill": False}),
        (BEGAN + 200, "manual_work", {"departments": ["registration", "pharmacy"], "state": "started", **by}),
        (BEGAN + 780, "run", {**runs[2], "playbook": "staged_shutdown", "drill": False}),
        (BEGAN + 800, "recovered", {"happened_epoch": BEGAN + 423, **by}),
        (BEGAN + 1500, "manual_work", {"departments": ["registration", "pharmacy"], "state": "ended", **by}),
        (BEGAN + 1800, "confirmed", {"department": "registration", "who": "陈 (registration)", **by}),
        (BEGAN + 4000, "updated", {"cause": "power supply of core-a", "expected_outage_seconds": 1800, **by}),
        (BEGAN + 5000, "break_glass", {"name": "core-a enable", "state": "opened", "reason": "console", **by}),
        (BEGAN + 6000, "note", {"text": "Spare part ordered; <b>call</b> the vendor on Monday.", **by}),
    ]


WHY = {"en": "the network is down as a whole", "zh": "网络整体瘫痪"}


def hospital(root: Path) -> Path:
    """Write all of it below a directory, and return that of the incident."""
    write_run(root, PLANNED, planned())
    write_run(root, FAILOVER, failover(root))
    write_run(root, SHUTDOWN, shutdown())
    incident = root / "incidents" / INCIDENT
    write_chain(incident / "events.jsonl", events(root))
    return incident


def changed_line(path: Path, number: int, **fields: Any) -> None:
    """Change what a line of a record says, and nothing else."""
    lines = path.read_bytes().splitlines(keepends=True)
    lines[number - 1] = chain.canonical({**json.loads(lines[number - 1]), **fields}) + b"\n"
    path.write_bytes(b"".join(lines))


def journal_of(lines: int) -> list[Told]:
    """The journal of a long run: as many lines, on 40 hosts."""
    told = [begun(BEGAN, "core_switch_failover")]
    for number in range(lines - 2):
        host, at = f"host-{number % 40:02}", BEGAN + number / 10
        status = ("ok", "ok", "changed", "skipped", "failed")[number % 5]
        told.append(result(at, host, f"Task {number // 40} of a long run", status, message="as expected " * 5))
    return [*told, ended(BEGAN + lines)]


def with_fields(told: Told, **fields: Any) -> Told:
    """Return a line that says something else."""
    epoch, kind, there = told
    return epoch, kind, {**there, **fields}


def plan_with(**more: Any) -> Mapping[str, Any]:
    return {**PLAN, **more}
