# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one remote call of a shutdown: what is sent to a host of each kind, and what it answers.

What is sent needs nothing on the host but its shell. It goes on when the login breaks: a host whose services were
stopped is shut down too. Pure: nothing here talks to anybody.
"""

from __future__ import annotations

import base64
import re
import shlex
from dataclasses import dataclass
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from .kinds import PLAIN, POWERSHELL, Kind, Service

MARK = "contingency-host-off:"
_STOPPED = ("inactive", "failed")
_DELAY_SECONDS = 0.3
_KILLED = (124, 137)
"""What timeout(1) ends with where it had to end a command; 137 where it did so with SIGKILL."""


class Identity(NamedTuple):
    """What tells one machine from all others: the ids of its boot and of its installation; None where untold."""

    boot_id: Optional[str] = None
    machine_id: Optional[str] = None


NOBODY = Identity()


class Stopped(NamedTuple):
    """How the stop of one service ended; ``why`` where it did not stop."""

    name: str
    stopped: bool
    seconds: float
    why: Optional[str] = None


@dataclass(frozen=True)
class Told:
    """What a host answered.

    ``refused``: nothing was done, as it is the controller (or, for the kind controller, as it is not).
    ``under_way``: it was being shut down already. ``begun``: the shutdown was started by this call. ``complaint``: why
    it was not.
    """

    identity: Identity = NOBODY
    refused: bool = False
    under_way: bool = False
    begun: bool = False
    not_root: bool = False
    services: Tuple[Stopped, ...] = ()
    complaint: Optional[str] = None


def command_to_look(kind: Kind, services: Sequence[Service]) -> Optional[str]:
    """Return what only reads who the host is and what runs there; None where the kind cannot tell."""
    if kind.dialect == PLAIN:
        return None
    if kind.dialect == POWERSHELL:
        return _encoded([*_windows_head(kind), *_windows_looks(kind, services)])
    return _shell([*_posix_head(kind), *_posix_looks(kind, services)])


def command_to_shut_down(kind: Kind, services: Sequence[Service], own: Identity, delay: float = 0.0) -> str:
    """Return what stops the services in order and then starts the shutdown, ``delay`` seconds later.

    It does nothing on the machine whose identity is ``own``; for the kind controller nothing on any other.
    """
    if kind.shut_down is None:
        raise ValueError(f"{kind.name} has no command")
    if kind.dialect == PLAIN:
        return kind.shut_down
    if kind.dialect == POWERSHELL:
        return _encoded(
            [*_windows_head(kind), *_windows_guard(own), *_windows_stops(kind, services), *_windows_end(kind)]
        )
    guard = _posix_guard(own, wanted=kind.name == "controller")
    return _shell(
        [*_posix_head(kind), *guard, *_posix_under_way(kind), *_posix_stops(kind, services), *_posix_end(kind, delay)]
    )


def patience(services: Sequence[Service], login_seconds: float) -> float:
    """Return how long the call may take, in seconds, where the host keeps to its time-outs."""
    return sum(service.timeout for service in services) + login_seconds


def is_same(told: Identity, own: Identity) -> bool:
    """Is it the same machine? The id of the boot decides; a copied disk can have another machine's machine-id."""
    if told.boot_id and own.boot_id:
        return told.boot_id == own.boot_id
    return bool(told.machine_id) and told.machine_id == own.machine_id


def told(kind: Kind, services: Sequence[Service], status: int, output: str, error: str) -> Told:
    """Return what the answer says; where the host said nothing of ours, what it complained about."""
    if kind.dialect == PLAIN:
        begun = status in kind.accepted
        return Told(begun=begun, complaint=None if begun else _complaint(status, output, error))
    facts = _facts(output)
    shutdown = facts.get("shutdown", [None])[-1]
    begun = shutdown is not None and shutdown in map(str, kind.accepted)
    return Told(
        identity=Identity(_one(facts, "boot_id"), _one(facts, "machine_id")),
        refused="refused" in facts,
        under_way=_one(facts, "state") == kind.under_way,
        begun=begun,
        not_root="not_root" in facts,
        services=tuple(_stopped(services, line) for line in facts.get("service", [])),
        complaint=None if begun else _complaint(status, output, error),
    )


def running(services: Sequence[Service], output: str) -> Dict[str, Optional[bool]]:
    """Return what `command_to_look` saw: whether each service runs, None where there is none of that name."""
    seen: Dict[str, Optional[bool]] = {}
    for line in _facts(output).get("unit", []):
        number, _separator, rest = line.partition(" ")
        words = rest.split()
        there = bool(words) and words[0] != "not-found"
        seen[services[int(number)].name] = (words[-1] not in _STOPPED) if there else None
    return seen


def _filled(template: Optional[str], service: str) -> str:
    return (template or "true").replace("{service}", service)


# -- the shell of Linux and ESXi ---------------------------------------------------------------------------------------


def _shell(lines: Sequence[str]) -> str:
    return f"sh -c {shlex.quote(chr(10).join(lines))}"


def _posix_head(kind: Kind) -> List[str]:
    lines = [
        "trap '' HUP PIPE",
        "LC_ALL=C; export LC_ALL",
        f"say() {{ printf '{MARK}%s\\n' \"$*\"; }}",
        "now() { cut -d' ' -f1 /proc/uptime 2>/dev/null || date +%s; }",
        f"boot=$({kind.boot_id or 'true'} 2>/dev/null); machine=$({kind.machine_id or 'true'} 2>/dev/null)",
        'say boot_id "$boot"; say machine_id "$machine"',
    ]
    if kind.state:
        lines.append(f'state=$({kind.state} 2>/dev/null); say state "$state"')
    return lines


def _posix_guard(own: Identity, wanted: bool) -> List[str]:
    """The same rule as `is_same`, asked on the host before anything is done there."""
    boot, machine = shlex.quote(own.boot_id or ""), shlex.quote(own.machine_id or "")
    return [
        f"own_boot={boot}; own_machine={machine}; same=no",
        'if [ -n "$boot" ] && [ -n "$own_boot" ]; then [ "$boot" = "$own_boot" ] && same=yes',
        'elif [ -n "$machine" ] && [ "$machine" = "$own_machine" ]; then same=yes; fi',
        f'if [ "$same" {"!=" if wanted else "="} yes ]; then say refused; exit 0; fi',
        'if [ "$(id -u)" != 0 ]; then say not_root; exit 0; fi',
    ]


def _posix_under_way(kind: Kind) -> List[str]:
    return [f'if [ "$state" = {shlex.quote(kind.under_way)} ]; then exit 0; fi'] if kind.state else []


def _posix_looks(kind: Kind, services: Sequence[Service]) -> List[str]:
    return [
        f"say unit {number} $({_state_of(kind, service)})"
        for number, service in enumerate(services)
        if service.command is None
    ]


def _state_of(kind: Kind, service: Service) -> str:
    return _filled(kind.service_state, shlex.quote(service.name)) + " 2>/dev/null"


def _posix_stops(kind: Kind, services: Sequence[Service]) -> List[str]:
    lines = []
    for number, service in enumerate(services):
        command = service.command or _filled(kind.service_stop, shlex.quote(service.name))
        after = "custom" if service.command else f"$({_state_of(kind, service)})"
        lines += [
            "before=$(now)",
            f"timeout -s KILL {service.timeout:g} sh -c {shlex.quote(command)} </dev/null >/dev/null 2>&1",
            f'status=$?; say service {number} $status "$before" "$(now)" {after}',
        ]
    return lines


def _posix_end(kind: Kind, delay: float) -> List[str]:
    command = str(kind.shut_down)
    if not kind.detach:
        return [f"{command} >/dev/null; say shutdown $?"]
    seconds = max(delay, _DELAY_SECONDS)
    timer = (
        f"systemd-run --quiet --on-active={seconds * 1000:.0f}ms --timer-property=AccuracySec=10ms "
        f"sh -c {shlex.quote(command)}"
    )
    # A login's own processes may be ended with it; a timer of the system is not. The other way is for hosts without.
    later = f"setsid sh -c {shlex.quote(f'sleep {seconds:g}; {command}')} </dev/null >/dev/null 2>&1 &"
    return [
        f"if [ -d /run/systemd/system ] && {timer} </dev/null; then say shutdown 0; exit 0; fi",
        later,
        "say shutdown 0",
    ]


# -- PowerShell --------------------------------------------------------------------------------------------------------


def _encoded(lines: Sequence[str]) -> str:
    """Return it as PowerShell takes it on a command line, whatever shell is before it."""
    text = base64.b64encode("\r\n".join(lines).encode("utf-16-le")).decode("ascii")
    return f"powershell.exe -NoProfile -NonInteractive -EncodedCommand {text}"


def _windows_head(kind: Kind) -> List[str]:
    return [
        f"function say {{ Write-Output ('{MARK}' + ($args -join ' ')) }}",
        f"$boot = [string]({kind.boot_id}); $machine = [string]({kind.machine_id})",
        "say boot_id $boot; say machine_id $machine",
    ]


def _windows_guard(own: Identity) -> List[str]:
    """A controller is never Windows; the machine's id is compared all the same."""
    return [f"if ($machine -and $machine -eq {_quoted(own.machine_id or '')}) {{ say refused; exit 0 }}"]


def _windows_looks(kind: Kind, services: Sequence[Service]) -> List[str]:
    return [
        f"say unit {number} $({_windows_state(kind, service)})"
        for number, service in enumerate(services)
        if service.command is None
    ]


def _windows_state(kind: Kind, service: Service) -> str:
    return _filled(kind.service_state, service.name.replace("'", "''"))


def _windows_stops(kind: Kind, services: Sequence[Service]) -> List[str]:
    """Each in a job, because Stop-Service itself has no time-out."""
    lines = []
    for number, service in enumerate(services):
        stop = service.command or _filled(kind.service_stop, service.name.replace("'", "''"))
        after = "'custom'" if service.command else f"$({_windows_state(kind, service)})"
        lines += [
            f"$w = [Diagnostics.Stopwatch]::StartNew(); $j = Start-Job {{ {stop} }}",
            f"$status = if (Wait-Job $j -Timeout {max(1, round(service.timeout))}) {{ if ($j.State -eq 'Completed') "
            "{ 0 } else { 1 } } else { 124 }",
            f"say service {number} $status 0 $w.Elapsed.TotalSeconds.ToString([cultureinfo]::InvariantCulture) {after}",
        ]
    return lines


def _windows_end(kind: Kind) -> List[str]:
    return [str(kind.shut_down), "say shutdown $LASTEXITCODE"]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


# -- the answer --------------------------------------------------------------------------------------------------------


def _facts(output: str) -> Dict[str, List[str]]:
    found: Dict[str, List[str]] = {}
    for line in output.splitlines():
        _before, mark, rest = line.partition(MARK)
        if mark:
            word, _separator, value = rest.strip().partition(" ")
            found.setdefault(word, []).append(value.strip())
    return found


def _one(facts: Dict[str, List[str]], name: str) -> Optional[str]:
    return (facts.get(name) or [""])[0] or None


def _stopped(services: Sequence[Service], line: str) -> Stopped:
    """Read ``NUMBER STATUS BEFORE AFTER (LOADED ACTIVE | custom)``."""
    number, status, before, after, *words = line.split()
    service = services[int(number)]
    seconds = max(0.0, round(float(after) - float(before), 2))
    why = _why_not(service, int(status), words)
    return Stopped(service.name, why is None, seconds, why)


def _why_not(service: Service, status: int, words: Sequence[str]) -> Optional[str]:
    if words[:1] == ["not-found"]:
        return "there is no service of this name on the host"
    if status in _KILLED:
        return f"still stopping after {service.timeout:g} s"
    if words == ["custom"] or not words:
        return None if status == 0 else f"its command ended with status {status}"
    return None if words[-1] in _STOPPED else f"it is {words[-1]} after its stop"


def _complaint(status: int, output: str, error: str) -> str:
    said = [line.strip() for line in (error + "\n" + output).splitlines() if line.strip() and MARK not in line]
    text = re.sub(r"\s+", " ", said[-1])[:200] if said else "no message"
    return f"status {status}: {text.rstrip('.')}"
