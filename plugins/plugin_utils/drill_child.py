# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a procedure with --check for a tabletop drill: the real playbook and inventory, and nothing is changed."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._drill import facts as kinds
from ansible_collections.contingency.infra.plugins.module_utils._drill.facts import Run
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import Call
from ansible_collections.contingency.infra.plugins.module_utils._host.run import MISSING, TIMED_OUT, Answer, Host
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_procedures import ROOT

KEPT_LINES = 400
"""So many lines of the output are kept; the journal of the run has all of it."""
_ERROR = re.compile(r"^\[ERROR\]: (?:(?:Task|Module|Action) failed: )*(.*)")
_MESSAGE = re.compile(r"^\s+msg: ['\"|>-]*\s*(.*)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Command:
    """How ansible-playbook is started. ``vault``: the password, which goes by standard input; None: no vault."""

    inventories: Sequence[str]
    variables: Mapping[str, Any] = field(default_factory=dict)
    vault: str | None = None
    options: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    drill: str = ""

    def words(self, call: Call) -> list[str]:
        """Return the command line. Without contingency_confirm, so that --check is not all that holds it back."""
        # As JSON: a value with a space in it is one value.
        extra = ["-e", json.dumps({**self.variables, **call.arguments})]
        sources = [word for source in self.inventories for word in ("-i", source)]
        vault = ["--vault-password-file", "/dev/stdin"] if self.vault is not None else []
        return [program(), *sources, playbook_path(call.playbook), "--check", "--diff", *self.options, *vault, *extra]

    def drilled(self, drill: str) -> Command:
        """Return the command for a drill: all that is run is marked by it, and linked to its record."""
        return replace(self, variables={**self.variables, "contingency_drill": drill}, drill=drill)

    def evaluating(self) -> str:
        """Return the command that ends the drill."""
        sources = "".join(f" -i {source}" for source in self.inventories)
        return f"ansible-playbook contingency.infra.drill{sources} -e drill={self.drill} -e state=evaluated"

    def shown(self, call: Call) -> str:
        """Return the command as a person types it."""
        words = [f"contingency.infra.{call.playbook}", *(f"-i {source}" for source in self.inventories)]
        words += [f"-e {name}={value}" for name, value in call.arguments.items()]
        words += [f"-e contingency_confirm={call.confirm}"] if call.confirm else []
        words += [f"-e contingency_drill={self.drill}"] if self.drill else []
        return " ".join(["ansible-playbook", *words])


def program() -> str:
    """Return ansible-playbook of the Python that runs this."""
    return os.path.join(os.path.dirname(sys.executable), "ansible-playbook")


def playbook_path(name: str) -> str:
    """Return the file of a playbook of the collection."""
    return str(ROOT / "playbooks" / f"{name}.yml")


def call_limitation(call: Call) -> str | None:
    """Why a procedure of a scenario cannot be run; None where it can."""
    if os.path.isfile(playbook_path(call.playbook)):
        return None
    return f"there is no playbook {call.playbook} in this collection; correct the scenario."


def checked(call: Call, command: Command, host: Host, timeout: float) -> Run:
    """Run a procedure with --check and return what it came to."""
    began, start = host.wall(), host.now()
    answer = host.ending_programs().run(
        command.words(call), timeout=timeout, stdin=command.vault or "", environment=command.environment
    )
    return Run(
        call.playbook,
        status_of(answer),
        check=True,
        arguments=dict(call.arguments),
        began_epoch=began,
        seconds=round(host.now() - start, 1),
        why=reason_of(answer),
        output=tuple(lines_of(answer.output)[:KEPT_LINES]),
    )


def status_of(answer: Answer) -> str:
    """Pure: what became of a run."""
    if answer.status == 0:
        return kinds.OK
    return kinds.UNKNOWN if answer.status in (TIMED_OUT, MISSING) else kinds.REFUSED


def reason_of(answer: Answer) -> str:
    """Pure: why a run did not end well, in its own words; empty where it did."""
    if answer.status == 0:
        return ""
    if answer.status in (TIMED_OUT, MISSING):
        return answer.error
    lines = lines_of(f"{answer.error}\n{answer.output}")
    errors = [found[1] for line in lines if (found := _ERROR.match(line))]
    messages = [found[1] for line in lines if (found := _MESSAGE.match(line)) and found[1]]
    said = errors or messages or [line for line in lines if line.strip()] or [f"exit status {answer.status}"]
    return said[0].strip()


def lines_of(output: str) -> list[str]:
    """Pure: what was shown, without colours and without the lines that only say where Ansible is."""
    lines = [_COLOUR.sub("", line).rstrip() for line in output.splitlines()]
    return [line for line in lines if line and not set(line) <= {"*", " "}]
