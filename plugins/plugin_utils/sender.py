# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that sends the notices of one incident. It is started by the action plugin escalate and outlives it.

Ansible may be killed at any moment, with all of its process group; what it started goes on. So this program forks: the
parent waits and prints what came of it, the child, in a session of its own, holds the incident's lock for senders,
sends, and writes down what became of each attempt. Asked to end (SIGTERM, as systemd does it), it finishes what is
under way and begins nothing new. Secrets come on standard input. Standard library only, so that it starts at once.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._incident import store
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Policy
from ansible_collections.contingency.infra.plugins.module_utils._incident.policy import policy_of
from ansible_collections.contingency.infra.plugins.module_utils._incident.regrade import regrade
from ansible_collections.contingency.infra.plugins.module_utils._notice.channel import channels_of, secrets_of
from ansible_collections.contingency.infra.plugins.module_utils._notice.delivery import Limits
from ansible_collections.contingency.infra.plugins.module_utils._notice.model import Message, Outcome
from ansible_collections.contingency.infra.plugins.module_utils._notice.send import send
from ansible_collections.contingency.infra.plugins.plugin_utils.notices import Writer, settings_of
from ansible_collections.contingency.infra.plugins.plugin_utils.outbox import Lines, Outbox

ENDS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
LOOK_SECONDS = 0.2
ASKED_TO_END: list[int] = []
"""The signals that came; a handler may do no more than write them down."""


class IncidentRecord:
    """The record of one incident in its directory."""

    def __init__(self, path: str, by: str) -> None:
        self._path, self._by = path, by

    def lines(self) -> Lines:
        return store.lines_of(self._path)

    def append(self, fields: Mapping[str, Any]) -> None:
        store.append_event(self._path, "notice", fields, by=self._by)


def main() -> int:
    """Read the order, let a process of its own carry it out, and print its answer as JSON."""
    order = json.loads(sys.stdin.read())
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _carry_out(order, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        told = answer.read()
    _pid, status = os.waitpid(child, 0)
    sys.stdout.write(told.decode("ascii"))
    return os.waitstatus_to_exitcode(status)


def _carry_out(order: Mapping[str, Any], writing: int) -> None:
    """In the child: never returns, so that nothing of the parent is done twice."""
    status = 1
    try:
        os.setsid()
        for number in ENDS:
            signal.signal(number, lambda caught, _frame: ASKED_TO_END.append(caught))
        _leave_terminal()
        _answer(writing, worked(order))
        status = 0
    except store.StoreError as error:
        _answer(writing, {"error": error.said[order["language"]]})
    except Exception as error:  # noqa: BLE001  It is told to the parent, and by the exit status.
        _answer(writing, {"error": f"{type(error).__name__}: {error}"})
    finally:
        os._exit(status)


def _leave_terminal() -> None:
    """Whoever reads the output of Ansible to its end must not wait for this process."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for handle in range(3):
        os.dup2(nowhere, handle)


def _answer(writing: int, told: Mapping[str, Any]) -> None:
    try:
        os.write(writing, json.dumps(told).encode("ascii"))
    except BrokenPipeError:
        # Ansible was killed; what was sent is in the record, where the next run finds it.
        return


def worked(order: Mapping[str, Any]) -> dict[str, Any]:
    """Send what is due of the incident in order["path"].

    ``order``: path, plan (whole), closed (channels that cannot be used, and why), language, by, patience (seconds),
    limits {quick, pause_seconds, ...}. Returns {"busy": another sender is at it and did not end in time,
    "graded": whether the grade followed the rules}.
    """
    policy = policy_of(order["plan"])
    until = time.monotonic() + float(order["patience"])
    while True:
        with store.sender(order["path"]) as alone:
            if alone:
                graded = regrade(order["path"], policy, by=order["by"], now=time.time())
                outbox(order, policy).work(max(0.0, until - time.monotonic()))
                return {"busy": False, "graded": graded}
        if ASKED_TO_END or time.monotonic() >= until:
            return {"busy": True, "graded": False}
        time.sleep(LOOK_SECONDS)


def outbox(order: Mapping[str, Any], policy: Policy) -> Outbox:
    """Return the notices of the incident."""
    settings = settings_of(policy)
    channels = channels_of({name: given for name, given in settings.items() if name not in order["closed"]})
    secrets = {name: secrets_of(given) for name, given in settings.items()}

    def post(channel: str, message: Message, address: str) -> Outcome:
        return send(channels[channel], message, address, time.time(), secrets[channel])

    return Outbox(
        IncidentRecord(order["path"], order["by"]),
        Writer(policy, order["language"], order["closed"]).wanted,
        post,
        limits=Limits(**order["limits"]),
        language=order["language"],
        stopping=lambda: bool(ASKED_TO_END),
    )


if __name__ == "__main__":
    sys.exit(main())
