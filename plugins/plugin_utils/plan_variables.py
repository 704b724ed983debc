# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading variables without the secrets in them: those are never looked at, so no vault has to be open for the plan."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible_collections.contingency.infra.plugins.module_utils._journal.secrets import is_secret_name
from ansible_collections.contingency.infra.plugins.plugin_utils.evidence import plain

_ADDRESS = re.compile(r"url$|hook", re.I)
"""An address of a hook is a secret: whoever has it can write there."""
SHOWN_URLS = frozenset(("health",))
"""Below these an address is where something is asked whether it is well."""


def pruned(value: Any, *, urls: bool = False) -> Any:
    """Pure: a value as it is written in the inventory, without the entries that may hold a secret."""
    if isinstance(value, Mapping):
        return {
            name: pruned(each, urls=urls or name in SHOWN_URLS)
            for name, each in value.items()
            if not may_be_secret(str(name), each, urls)
        }
    if isinstance(value, list):
        return [pruned(each, urls=urls) for each in value]
    return value


def may_be_secret(name: str, value: Any, urls: bool = False) -> bool:
    """Pure: may an entry of this name hold a secret? A channel may be called a hook; what it holds is looked at."""
    address = bool(_ADDRESS.search(name)) and not urls and not isinstance(value, Mapping)
    return address or is_secret_name(name)


class Reader:
    """Reads variables of hosts; ``templar`` is that of the task."""

    def __init__(self, templar: Any, hostvars: Any) -> None:
        self._templar = templar
        self._hostvars = hostvars

    def host(self, name: str, wanted: Iterable[str]) -> dict[str, Any]:
        """Return the variables of a host that it has; AnsibleActionFail names the one that cannot be read."""
        raw = {**self._hostvars.raw_get(name), "hostvars": self._hostvars}
        templar = self._templar.copy_with_new_env(available_variables=raw)
        return {each: self._one(templar, name, each, raw[each]) for each in wanted if each in raw}

    def own(self, name: str, variables: Mapping[str, Any]) -> Any:
        """Return a variable of the task itself, None where it is not set."""
        return self._one(self._templar, "this controller", name, variables[name]) if name in variables else None

    def plan(self, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return contingency_plan, an empty one where it is not set; AnsibleActionFail where it is no mapping."""
        found = self.own("contingency_plan", variables) or {}
        if not isinstance(found, Mapping):
            raise AnsibleActionFail(
                f"contingency_plan is {found!r} and has to be a mapping, such as {{preset: hospital}}; correct it in "
                "the inventory."
            )
        return found

    def whole_plan(self, variables: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """Return contingency_plan with the secrets of its channels, and by name why a channel has none.

        A channel that cannot be read is without what may be a secret. Where the channels are one expression, they are
        read whole or AnsibleActionFail is raised.
        """
        plan, closed = dict(self.plan(variables)), {}
        raw = variables.get("contingency_plan")
        written = raw.get("channels") if isinstance(raw, Mapping) else None
        for name, each in written.items() if isinstance(written, Mapping) else ():
            try:
                plan["channels"][str(name)] = plain(self._templar.template(each))
            except AnsibleError as error:
                closed[str(name)] = " ".join(str(error).split())
        return plan, closed

    @staticmethod
    def _one(templar: Any, host: str, name: str, raw: Any) -> Any:
        try:
            return plain(templar.template(pruned(raw)))
        except AnsibleError as error:
            raise AnsibleActionFail(f"{name} of {host} cannot be read: {error}; correct it in the inventory.") from None
