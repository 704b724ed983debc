# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs of `python -m lab`."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict

from lab import drawing, faults, rootfs
from lab.backup import hospital
from lab.engine import Lab
from lab.errors import LabError
from lab.instance import require_root
from lab.power import control as power
from lab.probe import DEFAULT_INTERVAL_MS, table

Verb = Callable[[argparse.Namespace], None]


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    verb: Verb = options.verb
    verb(options)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab",
        description="The lab: a small hospital's network on this machine. LAB_NAME chooses the instance.",
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def add(name: str, verb: Verb, help_text: str) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=help_text, description=help_text)
        made.set_defaults(verb=verb)
        return made

    up = add("up", _up, "build and start the lab; a lab that is up is healed and completed")
    up.add_argument("--part", action="append", help="only this part of topology.yml; may be given several times")
    add("down", _down, "remove the lab, also one that crashed half-way")
    add("purge", _purge, "remove the lab and the cached root file systems")
    add("status", _status, "show the machines and the faults")
    pace = add("pace", _pace, "let the batteries of the part power age faster than the clock, or as fast")
    pace.add_argument("factor", type=float, help="seconds of the batteries in one second of the clock: 1, 30, 600")
    add("run", _run, "run a command in the controller's network: run -- ansible-playbook ...")
    fill = add("hospital", _hospital, "fill the backup server with the hospital's database, as new and without backups")
    fill.add_argument("--rows", type=int, default=hospital.ROWS, help=f"visits, {hospital.ROWS} by default")
    draw = add("draw", _draw, "draw the topology")
    draw.add_argument("--mermaid", action="store_true", help="as a Mermaid diagram instead of text")
    execute = add("exec", _exec, "run a command inside a machine: exec core-a -- vtysh")
    execute.add_argument("machine")
    execute.add_argument("command", nargs=argparse.REMAINDER)
    names = ", ".join(f"{name} ({_first_line(kind)})" for name, kind in sorted(faults.FAULTS.items()))
    for name, verb in (("fault", _fault), ("heal", _heal)):
        made = add(name, verb, "make something go wrong" if name == "fault" else "put it right again")
        made.add_argument("name", help=f"one of: {names}" + ("; or all" if name == "heal" else ""))
        made.add_argument("target", nargs="?", help="a machine, or machine:port for cut-link")
    _add_probe(add("probe", _probe, "watch traffic and report what was lost"))
    return parser


def _add_probe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("flows", nargs="*", metavar="FROM:TO", help="by default every client to every server")
    parser.add_argument("--interval", type=float, default=DEFAULT_INTERVAL_MS, metavar="MS", help="5 ms by default")
    parser.add_argument("--seconds", type=float, help="how long; until Ctrl-C by default")
    parser.add_argument("--json", action="store_true", help="all that was measured")


def _first_line(kind: type[faults.Fault]) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0].rstrip(".")


def _up(options: argparse.Namespace) -> None:
    started = time.monotonic()
    lab = Lab.from_environment()
    lab.up(rootfs.show, options.part or lab.plan.parts)
    rootfs.show(f"the lab {lab.instance.name} is up ({time.monotonic() - started:.1f} s)")


def _down(_options: argparse.Namespace) -> None:
    Lab.from_environment().down()


def _purge(options: argparse.Namespace) -> None:
    _down(options)
    rootfs.purge()


def _status(_options: argparse.Namespace) -> None:
    require_root()
    lab = Lab.from_environment()
    print(f"{lab.instance.name}: {'up' if lab.is_up() else 'down'}")
    if not lab.is_up():
        return
    for name, machine in lab.machines.items():
        print(f"{name:<20}{machine.spec.management:<14}{'on' if machine.running() else 'off':<5}{machine.describe()}")
    for name, target in lab.active_faults():
        print(f"fault: {name} {target}")


def _pace(options: argparse.Namespace) -> None:
    power.set_pace(_running_lab(), options.factor)


def _hospital(options: argparse.Namespace) -> None:
    print(hospital.described(hospital.furnish(_running_lab(), options.rows)))


def _draw(options: argparse.Namespace) -> None:
    lab = Lab.from_environment()
    draw = drawing.mermaid if options.mermaid else drawing.text
    print(draw(lab.topology, lab.machines))


def _run(_options: argparse.Namespace) -> None:
    raise LabError("Write run first: python -m lab run -- COMMAND.")


def _exec(options: argparse.Namespace) -> None:
    require_root()
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    argv = Lab.from_environment().machine(options.machine).command(command or ["bash", "-l"])
    os.execvp(argv[0], argv)


def _fault(options: argparse.Namespace) -> None:
    _running_lab().fault(options.name, _target(options))


def _heal(options: argparse.Namespace) -> None:
    lab = _running_lab()
    if options.name == "all":
        lab.heal_all()
    else:
        lab.heal(options.name, _target(options))


def _running_lab() -> Lab:
    require_root()
    lab = Lab.from_environment()
    if not lab.is_up():
        raise LabError(f"The lab {lab.instance.name} is not up: start it with python -m lab up.")
    return lab


def _target(options: argparse.Namespace) -> str:
    if options.target is None:
        raise LabError(f"Say what {options.name} is for: a machine, or machine:port for cut-link.")
    return str(options.target)


def _probe(options: argparse.Namespace) -> None:
    flows = [_flow(text) for text in options.flows] or None
    with _running_lab().probe(flows, options.interval) as probe:
        try:
            time.sleep(options.seconds if options.seconds is not None else 10**8)
        except KeyboardInterrupt:
            rootfs.show("")
        reports = probe.stop()
    print(json.dumps([asdict(report) for report in reports], indent=2) if options.json else table(reports))


def _flow(text: str) -> tuple[str, str]:
    source, colon, target = text.partition(":")
    if not colon:
        raise LabError(f"{text!r} is not a flow: write FROM:TO, such as client-ward:server-his.")
    return source, target
