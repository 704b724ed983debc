# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs of `python -m lab`."""

from __future__ import annotations

import argparse
import time

from lab import rootfs
from lab.engine import Lab


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    result: int = options.verb(options)
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description="The lab: a small hospital's network.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    verbs.add_parser("up", help="build and start the lab, or complete it").set_defaults(verb=_up)
    verbs.add_parser("down", help="remove the lab").set_defaults(verb=_down)
    execute = verbs.add_parser("exec", help="run a command inside a machine")
    execute.add_argument("machine")
    execute.add_argument("command", nargs=argparse.REMAINDER)
    execute.set_defaults(verb=_exec)
    return parser


def _up(_: argparse.Namespace) -> int:
    started = time.monotonic()
    lab = Lab.from_environment()
    lab.up(rootfs.show)
    rootfs.show(f"the lab {lab.instance.name} is up ({time.monotonic() - started:.1f} s)")
    return 0


def _down(_: argparse.Namespace) -> int:
    Lab.from_environment().down()
    return 0


def _exec(options: argparse.Namespace) -> int:
    import os

    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    argv = Lab.from_environment().machine(options.machine).command(command)
    os.execvp(argv[0], argv)
