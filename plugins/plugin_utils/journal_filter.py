# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that a run may write down passes here: what is secret in it is hidden."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.contingency.infra.plugins.module_utils._journal.secrets import Scrubber
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_secrets import (
    Walk,
    of_value,
    secrets_of_environment,
)

BRINGING = frozenset(("include_vars", "gather_facts", "setup", "add_host", "group_by"))
"""Actions that bring variables of any name."""
UNREADABLE = (AnsibleError, OSError, LookupError, TypeError, ValueError, AttributeError, RuntimeError)
"""What plugins of a site raise where variables cannot be read: no task could read them either."""


class Filter:
    """Knows the secrets of a run, and looks for them when there is a text to hide them in, not before.

    A vault's values take milliseconds each to decrypt, and while a failover waits nobody asks for them.
    """

    def __init__(self) -> None:
        self._scrubber = Scrubber()
        self._scrubber.learn(secrets_of_environment())
        self._walk = Walk()
        self._play: Any = None
        self._past: dict[str, Any] = {}
        self._hosts_read: set[str] = set()
        self._hidden_names: set[str] = set()

    def begin_play(self, play: Any) -> None:
        """From now on the variables of this play count; those of the ones before it once more, when there is a text."""
        if self._play is not None:
            self._past[str(self._play._uuid)] = self._play
        self._play = play
        prompts = play.vars_prompt or ()
        self._hidden_names.update(str(each["name"]) for each in prompts if each.get("private", True))

    def note(self, task: Any, host: str) -> None:
        """Note that a host's task is done: what it gave names to may be secret, and is looked at with the next text."""
        names = named_by(task)
        if task.no_log:
            self._hidden_names.update(names)
            self._scrubber.learn(of_value(task.args))
        if not (names or task.no_log or _short(task.action) in BRINGING):
            return
        self._hosts_read.discard(host)
        if task.delegate_to:
            # With delegate_facts another host has them.
            self._hosts_read.clear()

    def learn(self, value: Any) -> None:
        """Learn the secrets of what a task returned, by their names."""
        self._scrubber.learn(of_value(value))

    def known(self, text: str) -> str:
        """Return a text of the playbook itself, with what is known by now hidden."""
        return self._scrubber.text(text)

    def cleaned(self, data: Any, host: Any = None, task: Any = None) -> Any:
        """Return texts or nested data of a run with every secret hidden that the host's task could have known."""
        self._read_all_hosts()
        self._read(host, task)
        return self._scrubber.data(data)

    def _read_all_hosts(self) -> None:
        """Read what is known for each host, once until one learns more: a task may tell of another host's."""
        if self._play is None:
            return
        while self._past:
            self._learned(self._past.popitem()[1], None, None)
        hosts = self._play.get_variable_manager()._inventory.hosts
        for name in hosts.keys() - self._hosts_read:
            self._read(hosts[name], None)
            self._hosts_read.add(name)
        self._walk.forget()

    def _read(self, host: Any, task: Any) -> None:
        if self._play is not None:
            self._learned(self._play, host, task)

    def _learned(self, play: Any, host: Any, task: Any) -> None:
        try:
            self._learn_variables(play, host, task)
        except UNREADABLE as error:
            raise NotCleaned(str(error)) from error

    def _learn_variables(self, play: Any, host: Any, task: Any) -> None:
        manager = play.get_variable_manager()
        variables = manager.get_vars(play=play, host=host, task=task, include_hostvars=False)
        self._scrubber.learn(self._walk.secrets_of(variables, play.get_loader()))
        self._scrubber.learn(self._of_hidden(variables))
        if task is not None:
            self._scrubber.learn(of_value(task.environment or []))
            self._scrubber.learn(of_value(task.args))

    def _of_hidden(self, variables: Mapping[str, Any]) -> list[str]:
        found: list[str] = []
        for name in self._hidden_names.intersection(variables):
            found.extend(of_value(variables[name], name, all_secret=True))
        return found


def named_by(task: Any) -> list[str]:
    """Return the variables that a task sets: its register, and the facts of set_fact."""
    # A name, or with ansible-core 2.21 names with what is taken for each.
    registered = [task.register] if isinstance(task.register, str) else task.register or ()
    facts = task.args if _short(task.action) == "set_fact" else ()
    return [*map(str, registered), *(str(name) for name in facts if name != "cacheable")]


def _short(action: str) -> str:
    return action.rpartition(".")[2]


class NotCleaned(Exception):
    """The variables cannot be read, so nobody knows what is secret in a text."""
