# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let a standby server take over from a primary that failed: read, refuse or fence, promote, take the address."""

from __future__ import annotations

import getpass
import os
import socket
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase
from ansible_collections.contingency.infra.plugins.modules.standby_takeover import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils.agent import (
    DATABASE_AREAS,
    Agent,
    AgentError,
    interpreter,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.fences import fences_of, secrets_of, starter_of
from ansible_collections.contingency.infra.plugins.plugin_utils.fencing import (
    Fence,
    NotFenced,
    NotStarted,
    Proof,
    Starter,
    fence_first,
)

BEGIN, FINISH, GIVE_BACK = (f"_standby.takeover:{name}" for name in ("begin", "finish", "give_back"))
OWN_LEASE_PATIENCE = 65.0
OWN_LEASE_PAUSE = 0.2
COLD_PAUSE = 0.5


class ActionModule(ActionBase):
    """Wire the arguments to the host's agent and to the fences."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        variables = task_vars or {}
        validation = ArgumentSpecValidator(ARGUMENT_SPEC).validate(self._task.args.copy())
        if validation.error_messages:
            raise AnsibleActionFail("; ".join(validation.error_messages))
        arguments = validation.validated_parameters
        host = str(self._task.delegate_to or variables["inventory_hostname"])
        agent = Agent(host, interpreter(variables), self._execute, DATABASE_AREAS[arguments["engine"]])
        fences = fences_of(arguments, variables["hostvars"])
        starter = starter_of(host, variables["hostvars"]) if arguments["cold"] else None
        result = Takeover(host, arguments, agent, fences, starter).result(bool(self._task.check_mode))
        cleaned: dict[str, Any] = remove_values(result, secrets_of((host, arguments["failed"]), variables["hostvars"]))
        return cleaned

    def _execute(self, command: str, data: bytes) -> Mapping[str, Any]:
        done: Mapping[str, Any] = self._low_level_execute_command(command, in_data=data, sudoable=True)
        return done


class Takeover:
    """One takeover, as the controller sees it."""

    def __init__(
        self,
        host: str,
        arguments: Mapping[str, Any],
        agent: Agent,
        fences: Sequence[Fence],
        starter: Starter | None = None,
    ) -> None:
        self._host = host
        self._starter = starter
        self._arguments = arguments
        self._agent = agent
        self._fences = fences
        self._started = time.monotonic()
        self._seconds: dict[str, float] = {}
        self._steps: list[str] = []
        self._proof: Proof | None = None
        self._call = {
            "host": host,
            "failed": arguments["failed"],
            "engine": arguments["engine"],
            "server": arguments["server"],
            "addresses": arguments["addresses"],
            "interface": arguments["interface"],
            "claim_timeout": arguments["claim_timeout"],
            "limits": {name: value for name, value in arguments["limits"].items() if value is not None},
            "position": arguments["position"],
            "run": run_id(),
            "who": f"{getpass.getuser()} on {socket.gethostname()} (process {os.getpid()})",
        }

    def result(self, check_mode: bool) -> dict[str, Any]:
        """Do it, or in check mode only say what would be done."""
        try:
            if check_mode:
                return self._looked()
            with ThreadPoolExecutor(1) as pool:
                prepared = pool.submit(self._prepare)
                return self._done(self._begin_warm(), prepared)
        except NotStarted as error:
            return self._failed(f"{self._host}: does not answer and could not be switched on: {error}")
        except AgentError as error:
            return self._lost(error.message) if self._proof else self._failed(str(error), error.unreachable)
        except AnsibleConnectionFailure as error:
            reason = ssh_reason(error.message)
            if self._proof:
                return self._lost(reason)
            return self._failed(f"{self._host}: cannot be reached, so nothing was changed ({reason}); start it first")

    def _lost(self, reason: str) -> dict[str, Any]:
        """Return the failure of a run that fenced the primary and then lost the standby host."""
        return self._failed(
            f"{self._host}: stopped answering while it took over ({reason}), so it is not known whether it takes "
            f"writes; {self._arguments['failed']} is fenced; run this again at once"
        )

    def _prepare(self) -> None:
        """Log in to the first fence beside the reading of the standby host."""
        if self._fences and not self._arguments["proof"]:
            self._fences[0].prepare()

    def _looked(self) -> dict[str, Any]:
        """Return the plan; a cold standby that does not answer cannot be read before it is on."""
        try:
            return self._planned(self._begin(only_look=True))
        except AnsibleConnectionFailure:
            if self._starter is None:
                raise
        self._steps.append(self._starter.plan())
        unread = {"primary": False, "limitation": None, "address": dict.fromkeys(self._arguments["addresses"], False)}
        return self._planned(unread)

    # -- reading -----------------------------------------------------------------------------------

    def _begin_warm(self) -> dict[str, Any]:
        """Begin; a cold standby that does not answer is switched on first, and waited for."""
        if self._starter is None:
            return self._begin(only_look=False)
        try:
            return self._begin(only_look=False)
        except AnsibleConnectionFailure:
            self._steps.append(self._starter.start())
        return self._begin_when_up(time.monotonic() + self._arguments["cold_timeout"])

    def _begin_when_up(self, deadline: float) -> dict[str, Any]:
        """Begin as soon as the host can be logged in to and its server can be read."""
        while True:
            over = time.monotonic() > deadline
            try:
                begun = self._begin(only_look=False)
                if begun.get("state", {}).get("running") or over:
                    return begun
            except AnsibleConnectionFailure:
                if over:
                    raise
            time.sleep(COLD_PAUSE)

    def _begin(self, only_look: bool) -> dict[str, Any]:
        """Return what the host reads; waits for what a killed run of this controller left at work."""
        deadline = time.monotonic() + OWN_LEASE_PATIENCE
        call = {**self._call, "only_look": only_look}
        while True:
            begun = self._timed("begin", BEGIN, call)
            held = begun.get("held")
            if held is None or not is_ours(held["run"]) or time.monotonic() > deadline:
                return begun
            if not is_alive(held["run"]):
                call["instead_of"] = held["run"]
            time.sleep(OWN_LEASE_PAUSE)

    # -- deciding ----------------------------------------------------------------------------------

    def _planned(self, begun: Mapping[str, Any]) -> dict[str, Any]:
        if is_done(begun, self._arguments["failed"]):
            return self._success(begun, changed=False, steps=[])
        steps = [] if self._arguments["position"] else [self._fence_plan()]
        if not begun["primary"]:
            steps.append(f"promote {self._arguments['engine']} on {self._host}")
        steps += [
            f"add {each} to {self._arguments['interface']}" for each, there in begun["address"].items() if not there
        ]
        planned = self._success(begun, changed=True, steps=steps)
        if begun["limitation"]:
            return {**planned, **self._failed(f"{begun['limitation']} Nothing was changed.")}
        return planned

    def _fence_plan(self) -> str:
        return self._fences[0].plan() if self._fences else f"fence {self._arguments['failed']}: NO WAY IS CONFIGURED"

    def _done(self, begun: Mapping[str, Any], prepared: Future[None]) -> dict[str, Any]:
        if begun.get("held"):
            return {**self._failed(f"{begun['held']['reason']}. Nothing was changed."), "primary": False}
        if is_done(begun, self._arguments["failed"]):
            self._agent.call(GIVE_BACK, self._call)
            return self._success(begun, changed=False, steps=[])
        if begun["limitation"]:
            self._agent.call(GIVE_BACK, self._call)
            return {**self._failed(f"{begun['limitation']} Nothing was changed."), "primary": bool(begun["primary"])}
        try:
            self._proof = self._fenced(prepared)
        except NotFenced as error:
            self._agent.call(GIVE_BACK, self._call)
            return self._failed(
                f"{self._arguments['failed']}: is not proven to be off, so {self._host} was NOT promoted; {error}"
            )
        return self._finish(begun, earliest(self._proof, begun.get("record"), self._arguments["failed"]))

    def _fenced(self, prepared: Future[None]) -> Proof:
        started = time.monotonic()
        given = self._arguments["proof"]
        try:
            prepared.result()
            return Proof(**given) if given else fence_first(self._fences)
        finally:
            self._seconds["fence"] = round(time.monotonic() - started, 3)

    def _finish(self, begun: Mapping[str, Any], proof: Proof) -> dict[str, Any]:
        call = {
            **self._call,
            "found": begun["found"],
            "proof": proof.as_dict(),
            "started_at": time.time(),
            "timeout": self._arguments["timeout"],
        }
        finished = self._timed("finish", FINISH, call)
        before = finished.get("before", begun["state"])
        result = self._success({**begun, "state": before}, finished["changed"], finished["steps"])
        result["fence"] = proof.as_dict()
        result["proven"] = finished["proven"]
        result["seconds"].update({f"host_{name}": value for name, value in finished["seconds"].items()})
        result["data_loss_seconds"] = finished.get("data_loss_seconds")
        result["primary"] = finished["primary"]
        result["synchronous"] = bool(self._arguments["limits"].get("synchronous"))
        result["no_loss"] = bool(finished.get("no_loss"))
        if finished["refused"]:
            why = f"{self._arguments['failed']} is fenced ({proof.what}), but {finished['refused']}"
            return {**result, **self._failed(why)}
        return result

    # -- telling -----------------------------------------------------------------------------------

    def _timed(self, name: str, function: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        started = time.monotonic()
        try:
            return self._agent.call(function, arguments)
        finally:
            self._seconds[name] = round(time.monotonic() - started, 3)

    def _success(self, begun: Mapping[str, Any], changed: bool, steps: list[str]) -> dict[str, Any]:
        return {
            "changed": changed,
            "failed_host": self._arguments["failed"],
            "addresses": self._arguments["addresses"],
            "steps": [*self._steps, *steps],
            "before": begun.get("state", {}),
            "record": begun.get("record"),
            "fence": None,
            "primary": bool(begun.get("primary")),
            "proven": [],
            "seconds": {**self._seconds, "total": round(time.monotonic() - self._started, 3)},
        }

    def _failed(self, message: str, unreachable: bool = False) -> dict[str, Any]:
        return {
            "failed": True,
            "msg": message,
            "seconds": dict(self._seconds),
            **({"unreachable": True} if unreachable else {}),
        }


def ssh_reason(message: str) -> str:
    """Return what ssh said, without Ansible's words around it."""
    said = message.partition("can be reached over ssh: ")[2] or message
    return " ".join(said.split()).rstrip(".")


def is_done(begun: Mapping[str, Any], failed: str) -> bool:
    """Has this takeover been made already, to its end?"""
    record = begun.get("record") or {}
    return bool(
        begun.get("primary")
        and all(begun.get("address", {}).values())
        and (record.get("failed"), record.get("phase")) == (failed, "done")
    )


def earliest(proof: Proof, record: Mapping[str, Any] | None, failed: str) -> Proof:
    """Return the proof of the earlier run where this one found the primary fenced: it has been so since then."""
    known = (record or {}).get("proof")
    if not proof.already or not record or not known or record["phase"] == "done" or record["failed"] != failed:
        return proof
    if not known["confirmed"] or known["at_epoch"] > proof.at_epoch:
        return proof
    return Proof(proof.method, proof.what, known["at_epoch"])


def run_id() -> str:
    """Return what tells this process from every other one, also after a reboot of the controller."""
    return f"{_machine()}:{os.getpid()}:{_started(os.getpid())}"


def is_ours(run: str) -> bool:
    """Is it a run of this controller since its last boot?"""
    return run.partition(":")[0] == _machine()


def is_alive(run: str) -> bool:
    """Does the process of a run of this controller still run?"""
    _name, pid, started = run.split(":")
    return _started(int(pid)) == started


def _machine() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        # A controller without this file is told from others by its name.
        return socket.gethostname().replace(":", "-")


def _started(pid: int) -> str:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "gone"
    return text.rpartition(")")[2].split()[19]
