# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell the right people in time: send what the contingency plan asks for now, and write the notice board."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._incident import store
from ansible_collections.contingency.infra.plugins.module_utils._incident.due import incident_due
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import ATTEMPT
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Policy, PolicyError
from ansible_collections.contingency.infra.plugins.module_utils._incident.policy import policy_of
from ansible_collections.contingency.infra.plugins.module_utils._notice.channel import usable_channels
from ansible_collections.contingency.infra.plugins.module_utils._notice.delivery import Limits
from ansible_collections.contingency.infra.plugins.module_utils._notice.words import say
from ansible_collections.contingency.infra.plugins.modules.escalate import ARGUMENT_SPEC
from ansible_collections.contingency.infra.plugins.plugin_utils.board import Board, board_limitation
from ansible_collections.contingency.infra.plugins.plugin_utils.escalate_report import Course, unsent
from ansible_collections.contingency.infra.plugins.plugin_utils.escalation import order_for, started
from ansible_collections.contingency.infra.plugins.plugin_utils.incident_policy import whole_plan
from ansible_collections.contingency.infra.plugins.plugin_utils.notices import Writer, settings_of
from ansible_collections.contingency.infra.plugins.plugin_utils.person import at_the_keyboard
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_variables import Reader

BOARD_MODE = 0o644


class ActionModule(ActionBase):
    """Read the incidents, let a sender work on each, show what came of it."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        validation = ArgumentSpecValidator(ARGUMENT_SPEC).validate(self._task.args.copy())
        if validation.error_messages:
            raise AnsibleActionFail("; ".join(validation.error_messages))
        arguments = validation.validated_parameters
        why = limits_limitation(arguments)
        if why:
            raise nobody_told(why, arguments["language"])
        site = usable(*self._plan(arguments["plan"], task_vars or {}), arguments["language"])
        found = watched(arguments)
        if self._task.check_mode:
            return looked(site, arguments, found)
        return escalated(site, arguments, found)

    def _plan(
        self, given: Mapping[str, Any] | None, variables: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        if given:
            return given, {}
        try:
            return Reader(self._templar, variables.get("hostvars")).whole_plan(variables)
        except AnsibleActionFail as error:
            raise AnsibleActionFail(f"Nobody was told: {error.message}") from error


class Site(NamedTuple):
    """What the plan says. ``closed``: channels that cannot be used, and why."""

    plan: dict[str, Any]
    policy: Policy
    closed: dict[str, str]

    def closed_lines(self, language: str) -> list[str]:
        """Return a sentence for each channel that cannot be used."""
        return [say(language, "closed_line", channel=name, why=why) for name, why in self.closed.items()]


def limits_limitation(arguments: Mapping[str, Any]) -> str | None:
    """Return why nobody could be told with these limits, or None."""
    if arguments["attempts"] < 1:
        return f"attempts is {arguments['attempts']}; write 1 or more"
    if arguments["pause"] <= 0 or arguments["patience"] < 0:
        return f"pause is {arguments['pause']:g} and patience {arguments['patience']:g}; write seconds above zero"
    return None


def nobody_told(why: object, language: str) -> AnsibleActionFail:
    """Return the error that ends a run which has told nobody."""
    return AnsibleActionFail(f"{say(language, 'nobody_told', why=why)}.")


def usable(given: Mapping[str, Any], unread: Mapping[str, str], language: str = "en") -> Site:
    """Return the whole plan and what it says; AnsibleActionFail names what has to be corrected.

    A channel that cannot be used keeps nobody from being told over another.
    """
    if not given:
        raise nobody_told(say(language, "no_plan"), language)
    try:
        plan = whole_plan(given)
        policy = policy_of(plan)
    except PolicyError as error:
        # Not as its cause: Ansible would say it twice.
        raise nobody_told(say(language, "mend", why=error), language) from None
    why = board_limitation(policy.notice_board)
    if why:
        raise nobody_told(say(language, "mend", why=why), language)
    read = {name: settings for name, settings in settings_of(policy).items() if name not in unread}
    _channels, wrong = usable_channels(read)
    return Site(plan, policy, {**unread, **wrong})


def watched(arguments: Mapping[str, Any]) -> list[store.Listed]:
    """Return the incident that is named, else all whose notices may be due."""
    roots, name = [arguments["incident_dir"], arguments["drill_dir"]], arguments["incident"]
    try:
        if not name:
            return [each for root in roots for each in store.watched_in(root, time.time())]
        found = [store.listed(root, name) for root in roots if name in store.ids_in(root)]
        ids = [key for root in roots for key in store.ids_in(root)]
    except store.StoreError as error:
        raise nobody_told(error.said[arguments["language"]], arguments["language"]) from None
    if not found:
        known = {"roots": ", ".join(roots), "ids": ", ".join(ids) or "-"}
        raise nobody_told(say(arguments["language"], "no_incident", name=name, **known), arguments["language"])
    return found


def looked(site: Site, arguments: Mapping[str, Any], found: Sequence[store.Listed]) -> dict[str, Any]:
    """Show who would be told what, and write nothing."""
    language = arguments["language"]
    courses = [unsent(site.policy, language, store.load(each.path)) for each in found if each.incident is not None]
    problems = [
        *site.closed_lines(language),
        *(each.problem_line(language) for each in found if each.incident is None),
    ]
    for line in [*(line for course in courses for line in course.shown), *problems]:
        Display().display(line)
    would = any(course.pending for course in courses)
    messages = [text for course in courses for text in _messages(Writer(site.policy, language, site.closed), course)]
    return {
        "changed": would,
        "failed": bool(problems),
        "msg": "; ".join(problems),
        "incidents": {course.after.incident.id: course.result for course in courses},
        "diff": {"before": "", "after": "\n".join(messages), "before_header": "sent", "after_header": "to be sent"},
    }


def _messages(writer: Writer, course: Course) -> list[str]:
    return [
        f"{contact} <{', '.join(addresses)}>: {message.subject}\n{message.text}\n"
        for each in writer.wanted(course.after.lines, course.now)
        for contact, addresses in each.contacts.items()
        for message in [each.compose(contact, each.message_id(contact))]
    ]


def escalated(site: Site, arguments: Mapping[str, Any], found: Sequence[store.Listed]) -> dict[str, Any]:
    """Send what is due, write the board, and return the task's result."""
    language, policy = arguments["language"], site.policy
    before = {each.path: store.load(each.path) for each in found if each.incident is not None}
    limits = Limits(quick=arguments["attempts"], pause_seconds=arguments["pause"])
    patience, by = arguments["patience"], at_the_keyboard()
    orders = {
        path: order_for(path, site.plan, site.closed, language=language, by=by, patience=patience, limits=limits)
        for path, loaded in before.items()
        if asks(policy, loaded, time.time())
    }
    answers = started(orders)
    now = time.time()
    courses = [
        Course(policy, language, loaded, store.load(path), answers.get(path, {}), now)
        for path, loaded in before.items()
    ]
    board_changed, board = written(policy, arguments, now)
    problems = [each.problem_line(language) for each in found if each.incident is None]
    return told(courses, problems, site.closed_lines(language), language, board, board_changed)


def asks(policy: Policy, loaded: store.Loaded, now: float) -> bool:
    """Say whether a sender has anything to do; most incidents of the last two weeks ask for nothing."""
    if any(each.state == ATTEMPT for each in loaded.incident.deliveries.values()):
        return True
    return incident_due(policy, loaded.incident, now).regrade or bool(Writer(policy, "en").wanted(loaded.lines, now))


def told(
    courses: Sequence[Course],
    unreadable: Sequence[str],
    closed: Sequence[str],
    language: str,
    board: str,
    board_changed: bool,
) -> dict[str, Any]:
    """Show what came of it and return the task's result."""
    lines = [*(line for course in courses for line in course.shown), *unreadable]
    lines = lines or [say(language, "nothing_open")]
    for line in [*lines, *closed, *([say(language, "board_line", path=board)] if board else [])]:
        Display().display(line)
    problems = [*unreadable, *closed, *(problem for course in courses for problem in course.problems)]
    counts = {name: sum(len(getattr(each, name)) for each in courses) for name in ("sent", "pending", "lost")}
    changed = board_changed or any(course.new for course in courses)
    return {
        "changed": changed,
        "failed": bool(problems),
        # The record has it since the run that wrote it there.
        "told_before": not changed and not unreadable,
        "incidents": {course.after.incident.id: course.result for course in courses},
        "board": board,
        "msg": "; ".join([say(language, "closing", **counts), *problems]),
    }


def written(policy: Policy, arguments: Mapping[str, Any], now: float) -> tuple[bool, str]:
    """Write the notice board where the plan has one; return whether more changed than its time, and its path."""
    path = str(policy.notice_board.get("path") or "")
    if not path:
        return False, ""
    host = LocalHost()
    board = board_of(policy, arguments, now)
    changed = str(board.content()) not in (host.read(path) or "")
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        host.write_atomically(path, board.page(), mode=BOARD_MODE)
    except OSError as error:
        raise AnsibleActionFail(
            f"The notices were sent, but the notice board {path} could not be written: {error.strerror}; free space, "
            "or correct contingency_plan.notice_board.path."
        ) from error
    return changed, path


def board_of(policy: Policy, arguments: Mapping[str, Any], now: float) -> Board:
    """Return the board with the incidents that are not closed, drills last."""
    real, drills = (store.open_in(arguments[name]) for name in ("incident_dir", "drill_dir"))
    incidents = [each.incident for each in (*real, *drills) if each.incident is not None]
    return Board(policy, incidents, arguments["language"], now, unread=any(each.incident is None for each in real))
