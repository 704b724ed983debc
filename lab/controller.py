# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a program in the controller's network namespace; imports little, because it starts every playbook."""

from __future__ import annotations

import os
from typing import NoReturn

from lab import kernel
from lab.errors import LabError
from lab.instance import CONTROLLER, Instance, require_root


def run(argv: list[str]) -> NoReturn:
    require_root()
    if argv[:1] == ["--"]:
        argv = argv[1:]
    if not argv:
        raise LabError("Nothing to run: write python -m lab run -- COMMAND.")
    instance = Instance.from_environment()
    if not instance.complete.exists():
        raise LabError(f"The lab {instance.name} is not up: start it with python -m lab up.")
    kernel.setns(instance.namespace_path(CONTROLLER), kernel.CLONE_NEWNET)
    try:
        os.execvp(argv[0], argv)
    except FileNotFoundError:
        raise LabError(f"The program {argv[0]} is not on this machine.") from None
