# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening a drill or finding the one that is meant, and the scenario as it is for this site."""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import DrillError, Scenario
from ansible_collections.contingency.infra.plugins.module_utils._drill.scenario import chosen_targets, named
from ansible_collections.contingency.infra.plugins.module_utils._drill.words import say
from ansible_collections.contingency.infra.plugins.module_utils._incident import store
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Policy
from ansible_collections.contingency.infra.plugins.plugin_utils import drill_record
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_child import call_limitation
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_plan import answered_by_plan
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_record import Record, RecordError
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_scenarios import File, scenario_named

LOCK = "moderator.lock"
LOOKS_EACH_SECONDS = 0.2


@dataclass(frozen=True)
class Prepared:
    """A scenario with this site's names and its plan's answers. ``targets``: the host that each target is."""

    file: File
    scenario: Scenario
    targets: Mapping[str, str]


def prepared(
    name: str,
    own: Sequence[str],
    targets: Mapping[str, str],
    groups: Mapping[str, Sequence[str]],
    policy: Policy | None,
) -> Prepared:
    """Return the scenario for this site; AnsibleActionFail says why it cannot be drilled here."""
    file = scenario_named(name, own)
    try:
        chosen = chosen_targets(file.scenario, groups, targets)
    except DrillError as error:
        raise AnsibleActionFail(f"The scenario {file.scenario.key} cannot be drilled here: {error}") from None
    scenario = answered_by_plan(named(file.scenario, chosen), policy)
    wrong = [why for call in scenario.procedures if (why := call_limitation(call)) is not None]
    if wrong:
        raise AnsibleActionFail(f"The scenario {file.scenario.key} cannot be drilled: {wrong[0]}")
    return Prepared(file, scenario, chosen)


@dataclass(frozen=True)
class Begun:
    """What is written down when a drill begins."""

    mode: str
    participants: Sequence[str]
    by: str
    now: float
    language: str


def opened(root: str, ready: Prepared, policy: Policy | None, begun: Begun) -> tuple[Record, bool]:
    """Open a drill, or return the open one of the same scenario in the same way; and whether it was opened now."""
    title = f"{ready.scenario.title[begun.language]} ({say(begun.language, begun.mode)})"
    fields: dict[str, Any] = {
        "title": title,
        "discovered_epoch": begun.now,
        "reported_by": begun.by,
        "policy_hash": policy.digest if policy is not None else "",
    }
    timezone = policy.calendar.timezone if policy is not None else "UTC"
    try:
        found = store.open_incident(root, fields, by=begun.by, now=begun.now, timezone=timezone, drill=True)
        record = drill_record.read_record(found.path)
        if not record.begun:
            drill_record.write(found.path, "scenario", _scenario_fields(ready, begun), begun.by)
            record = drill_record.read_record(found.path)
    except (store.StoreError, RecordError) as error:
        raise AnsibleActionFail(str(error)) from None
    return record, found.changed


def _scenario_fields(ready: Prepared, begun: Begun) -> dict[str, Any]:
    return {
        "scenario": ready.file.scenario.key,
        "path": ready.file.path,
        "sha256": ready.file.sha256,
        "mode": begun.mode,
        "targets": dict(ready.targets),
        "participants": list(begun.participants),
    }


def meant(root: str, drill: str) -> Record:
    """Return the record of the drill that was named, or of the only one that is open."""
    try:
        key = drill or _only_open(root)
        record = drill_record.read_record(os.path.join(root, key))
    except (store.StoreError, RecordError) as error:
        raise AnsibleActionFail(str(error)) from None
    if not record.begun:
        raise AnsibleActionFail(f"There is no drill {key} in {root}; {_known(root)}")
    return record


def _only_open(root: str) -> str:
    there = [key for key in store.open_ids(root) if drill_record.read_record(os.path.join(root, key)).begun]
    if len(there) != 1:
        raise AnsibleActionFail(f"It is not clear which drill is meant; {_known(root)}")
    return there[0]


def _known(root: str) -> str:
    names = ", ".join(each.id for each in reversed(store.listed_in(root))) or f"there is none in {root}"
    return f"name it with -e drill=ID: {names}."


def end_with_parent() -> None:
    """Have this process end when the one that started it does.

    A task's worker has a session of its own: where ansible-playbook is killed while people are asked, the worker would
    wait for their answer for ever, and nobody could go on with the drill.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOKS_EACH_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="end with ansible-playbook", daemon=True).start()


@contextlib.contextmanager
def alone(directory: str) -> Iterator[None]:
    """Be the only one who moderates a drill; AnsibleActionFail where somebody else does."""
    handle = os.open(os.path.join(directory, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AnsibleActionFail(
                f"Somebody else is holding {os.path.basename(directory)} right now; wait for the end, or join them."
            ) from None
        yield
    finally:
        os.close(handle)
