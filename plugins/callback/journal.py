# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write down each run as it happens: who ran what, on which hosts, with which results."""

from __future__ import annotations

DOCUMENTATION = r"""
name: journal
type: notification
short_description: Write down each run as it happens, in a file that cannot be changed unseen
version_added: 0.1.0
author: contingency.infra contributors (@contingency)
description:
  - Makes a directory for each run of a playbook, below C(runs) in C(contingency_evidence_dir), with a file
    C(journal.jsonl). Each of its lines is JSON, carries the hash of the line before it, and is written when what it
    tells of happens. A run that is killed leaves what it did.
  - A journal holds who was at the keyboard, the versions, the plays, tasks, hosts, results and their durations, what
    failed and what was rescued, approvals, the marked steps of procedures, and the hashes of the files of evidence.
  - Arguments of tasks never enter it. Of results only a list of fields does, and values that come from a vault, that
    have names such as C(password) or that were hidden by C(no_log) are taken out of these, in every form in which they
    occur there. A secret in a variable with an innocent name, in no vault and without C(no_log), cannot be known.
  - A journal that cannot be written is told in red, and the procedure goes on.
  - Runs with the variable C(contingency_incident) are noted in the record of that incident, and C(contingency_drill)
    marks a run as a drill.
  - M(contingency.infra.journal_info) tells whether a journal was altered.
requirements:
  - C(callbacks_enabled = contingency.infra.journal) in C(ansible.cfg)
options:
  keep:
    description:
      - V(all) keeps the journal of each run. V(changes) is for what a timer starts each minute. The journal of a run
        that changed nothing, found nothing, and did not fail, or failed as the one before it did, is taken away at its
        end.
    type: str
    choices: [all, changes]
    default: all
    env:
      - name: CONTINGENCY_JOURNAL_KEEP
    ini:
      - section: contingency
        key: journal_keep
"""

import atexit
import os
import time
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.callback import CallbackBase
from ansible_collections.contingency.infra.plugins.module_utils._journal.place import Place, run_name
from ansible_collections.contingency.infra.plugins.module_utils._journal.recorder import Complaints, Recorder
from ansible_collections.contingency.infra.plugins.module_utils._journal.secrets import cut
from ansible_collections.contingency.infra.plugins.module_utils._journal.words import WORDS
from ansible_collections.contingency.infra.plugins.plugin_utils import journal_results as results
from ansible_collections.contingency.infra.plugins.plugin_utils import journal_run, journal_run_facts
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_filter import Filter, NotCleaned
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_link import link
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_run import Settings

INTERRUPTED = "interrupted"


class CallbackModule(CallbackBase):
    """Translates between Ansible's events and the lines of the journal."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "contingency.infra.journal"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._playbook = "run"
        self._recorder: Recorder | None = None
        self._filter = Filter()
        self._settings = Settings("", "", "")
        self._complaints = Complaints(self._complain)
        self._began = 0.0
        self._task_began: dict[tuple[str, str], float] = {}
        self._tasks: dict[str, dict[str, Any]] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._process = os.getpid()
        atexit.register(self._broken_off)

    @property
    def _words(self) -> Mapping[str, str]:
        return WORDS[self._settings.language]

    def _complain(self, path: str, why: str) -> None:
        self._display.error(self._words["not_written"].format(path=path, why=why), wrap_text=False)

    # -- the run -----------------------------------------------------------------------------------

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self._playbook = os.path.splitext(os.path.basename(str(playbook._file_name)))[0]

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._filter.begin_play(play)
        if self._recorder is None:
            self._recorder = self._begun(play)
        inventory = play.get_variable_manager()._inventory
        hosts = [host.name for host in inventory.get_hosts(play.hosts)]
        name = str(play.get_name())
        told = self._filter.known(name) if results.has_fixed_name(play) else self._cleaned(name, None, None)
        self._write("play_begun", {"play": told, "hosts": hosts})
        self._recorder.mark()

    def _begun(self, play: Any) -> Recorder:
        self._began = time.monotonic()
        self._settings = settings = self._read_settings(play)
        quiet = self.get_option("keep") == "changes" and settings.incident is None
        place = Place(settings.evidence, run_name(self._playbook, time.time()), quiet)
        recorder = Recorder(place, self._complaints)
        if recorder.begin(self._first_line(play, place, settings)):
            journal_run_facts.tell(time.time())
            if settings.incident is not None:
                self._link(recorder, settings)
        return recorder

    def _read_settings(self, play: Any) -> Settings:
        try:
            settings = journal_run.settings_of(play)
        except AnsibleError:
            settings = journal_run.settings_from({}, ["contingency_evidence_dir"])
        if settings.troubles:
            words = WORDS[settings.language]
            self._display.warning(words["not_read"].format(names=", ".join(settings.troubles)))
        return settings

    def _first_line(self, play: Any, place: Place, settings: Settings) -> dict[str, Any]:
        approvals = journal_run.approvals_said(play)
        return {
            "run": place.run,
            "playbook": self._playbook,
            "evidence": settings.evidence,
            "person": journal_run.person(),
            "versions": journal_run.versions(),
            **journal_run.command_line(),
            "drill": settings.drill,
            "incident": settings.incident,
            "language": settings.language,
            "confirm": self._filter.known(settings.confirm) if settings.confirm else None,
            "approvals": {name: self._filter.known(value) for name, value in approvals.items()},
        }

    def _link(self, recorder: Recorder, settings: Settings) -> None:
        why = link(recorder.place, settings, self._playbook)
        if why:
            told = self._words["not_linked"].format(incident=settings.incident, why=why)
            self._display.error(told, wrap_text=False)
            recorder.write("not_linked", {"incident": settings.incident, "why": why})

    def v2_playbook_on_stats(self, stats: Any) -> None:
        summary = {host: stats.summarize(host) for host in sorted(stats.processed)}
        bad = any(each["failures"] or each["unreachable"] for each in summary.values())
        self._end("failed" if bad else "ok", summary)

    def _broken_off(self) -> None:
        # Workers are copies of this process; only what began the run ends it.
        if os.getpid() == self._process:
            self._end(INTERRUPTED, {})

    def _end(self, status: str, stats: Mapping[str, Any]) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return
        journal_run_facts.forget()
        recorder.end({"status": status, "stats": stats, "seconds": round(time.monotonic() - self._began, 3)})
        for path, why in self._complaints.found.items():
            self._display.error(self._words["incomplete"].format(path=path, why=why), wrap_text=False)

    # -- tasks -------------------------------------------------------------------------------------

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._write("task_begun", self._task_fields(task))

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self._write("task_begun", {**self._task_fields(task), "handler": True})

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        self._task_began[(host.name, task._uuid)] = time.monotonic()

    def _task_fields(self, task: Any, host: Any = None) -> dict[str, Any]:
        known = self._tasks.get(task._uuid)
        if known is not None:
            return known
        name, fixed = str(task.get_name()), results.has_fixed_name(task)
        fields = {
            "task": self._filter.known(name) if fixed else self._cleaned_name(name, task, host),
            "role": task._role.get_name() if task._role else None,
            "action": results.action_of(task),
            "id": str(task._uuid),
        }
        if fixed:
            self._tasks[task._uuid] = fields
        return fields

    def _cleaned_name(self, name: str, task: Any, host: Any) -> str:
        """A name with values in it may have a secret in it; mostly it is the same for all hosts of a task."""
        key = (str(task._uuid), name)
        if key not in self._names:
            self._names[key] = str(self._cleaned(name, host, None))
        return self._names[key]

    def v2_runner_on_ok(self, result: Any) -> None:
        self._result(result, "changed" if result.is_changed() else "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        rescued = not ignore_errors and results.is_rescued(result.task)
        line = self._result(result, "failed", ignored=bool(ignore_errors), rescued=rescued)
        if rescued:
            self._write("rescued", {name: line[name] for name in ("host", "task", "role", "id")})

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._result(result, "skipped")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._result(result, "unreachable", ignored=bool(result.task.ignore_unreachable))

    def _result(self, result: Any, status: str, ignored: bool = False, rescued: bool = False) -> dict[str, Any]:
        host, task = result.host, result.task
        fields = {
            "host": host.name,
            **self._task_fields(task, host),
            "status": status,
            "ignored": ignored,
            "rescued": rescued,
            "seconds": self._seconds(host.name, task._uuid),
            "message": None,
        }
        bad = status in ("failed", "unreachable")
        self._filter.note(task, host.name)
        # Of all others nothing but this is told, and reading what a task returned costs more than all the rest.
        told = result.result if bad or results.is_ours(fields["action"]) else {}
        if task.delegate_to:
            fields["delegated_to"] = self._filter.known(str(task.delegate_to))
        if told:
            fields["message"] = self._message(told, task, host, status)
        worth = status == "changed" or (bad and not results.is_told_before(told, fields["action"]))
        if self._recorder is not None and worth:
            self._recorder.keep()
        self._write("result", fields)
        if told:
            self._evidence(told, host, task, fields)
        return fields

    def _seconds(self, host: str, task: str) -> float | None:
        began = self._task_began.pop((host, task), None)
        return None if began is None else round(time.monotonic() - began, 3)

    def _message(self, told: Mapping[str, Any], task: Any, host: Any, status: str) -> str | None:
        message = results.message_of(told, results.action_of(task), status)
        if message is None:
            return None
        self._filter.learn({name: told[name] for name in results.TELLING if name in told})
        return cut(str(self._cleaned(message, host, task)), results.LONGEST_MESSAGE)

    def _evidence(self, told: Mapping[str, Any], host: Any, task: Any, fields: Mapping[str, Any]) -> None:
        """Write the steps, approvals and files that a result carries."""
        files = [results.fingerprint(path) for path in results.files_of(told, fields["action"])]
        lines: list[tuple[str, dict[str, Any]]] = []
        where = {"host": fields["host"], "task": fields["task"]}
        # A step without a host is of the whole procedure, whichever machine tells it.
        lines += [("step", {"host": None, "task": fields["task"], **each}) for each in results.steps_of(told)]
        lines += [("approval", {**where, **each}) for each in results.approvals_of(told)]
        if not (lines or files) or self._recorder is None:
            return
        self._recorder.keep()
        cleaned = [(kind, self._cleaned_fields(line, host, task)) for kind, line in lines]
        for file in files:
            # In the middle of a procedure nobody waits for all variables to be searched because of a path.
            self._write("file", {**file, "path": self._filter.known(file["path"])})
        for kind, line in cleaned:
            self._write(kind, line if line is not None else {**where, "withheld": self._words["withheld"]})
        self._recorder.mark()

    def _cleaned(self, data: Any, host: Any, task: Any) -> Any:
        try:
            return self._filter.cleaned(data, host, task)
        except NotCleaned:
            return self._words["withheld"]

    def _cleaned_fields(self, fields: Mapping[str, Any], host: Any, task: Any) -> dict[str, Any] | None:
        """Return a line's fields with what is secret in them hidden, None where nobody knows what is."""
        said = [name for name, value in fields.items() if not results.is_measured(name, value)]
        try:
            cleaned = self._filter.cleaned([fields[name] for name in said], host, task)
        except NotCleaned:
            return None
        return {**fields, **dict(zip(said, cleaned, strict=True))}

    def _write(self, kind: str, fields: Mapping[str, Any]) -> None:
        if self._recorder is not None:
            self._recorder.write(kind, fields)
