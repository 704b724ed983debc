# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the inventory to the plan that is approved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.contingency.infra.plugins.module_utils._approval.plan import (
    CONNECTION,
    Plan,
    is_secret,
    plan_of,
    without_secrets,
)
from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Refused, say
from ansible_collections.contingency.infra.plugins.module_utils._journal.secrets import Scrubber
from ansible_collections.contingency.infra.plugins.plugin_utils.evidence import plain
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_secrets import NOT_WALKED, of_value

SECRET_TAGS = {"VaultedValue", "SourceWasEncrypted"}
"""What ansible-core calls the marks of a value that came out of a vault."""
LEFT_OUT = "(from the vault)"


def plan_from(given: Mapping[str, Any], hostvars: Any) -> Plan:
    """Return the plan of a procedure; Refused where a host or one of its settings cannot be read.

    ``given``: procedure, target, arguments, the names of hosts and of the variables (settings) that decide.
    ``hostvars``: those of Ansible, which have what the inventory says before templates are filled.
    """
    names = [*CONNECTION, *given["settings"]]
    hosts = {name: settings_of(name, names, hostvars) for name in sorted(set(given["hosts"]))}
    scrubber = Scrubber()
    scrubber.learn(of_value(given["arguments"]))
    for host in hosts:
        scrubber.learn(_secrets_in(host, names, hostvars))
    arguments = scrubber.data(without_secrets(opened(given["arguments"])))
    return plan_of({**given, "arguments": arguments, "hosts": {name: scrubber.data(hosts[name]) for name in hosts}})


def _secrets_in(host: str, names: Sequence[str], hostvars: Any) -> Iterator[str]:
    """Yield what may be secret in a host's settings: a template may put a vaulted value into the middle of a text."""
    raw = hostvars.raw_get(host)
    settings = {name: raw[name] for name in names if name in raw}
    for name, value in settings.items():
        yield from of_value(value, name)
    # Vaults take milliseconds each to open.
    for name in raw.keys() - settings.keys() - NOT_WALKED if _has_template(settings) else ():
        yield from of_value(raw[name], name)


def _has_template(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_template(each) for each in value.values())
    if isinstance(value, (list, tuple)):
        return any(_has_template(each) for each in value)
    return isinstance(value, str) and "{{" in value


def settings_of(host: str, names: Iterable[str], hostvars: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the variables that a host has, without secrets; Refused names what cannot be read."""
    if host not in hostvars:
        raise Refused(say("plan_host", host=host))
    variables = hostvars[host]
    return {name: _value(host, name, variables) for name in names if name in variables and not is_secret(name)}


def _value(host: str, name: str, variables: Mapping[str, Any]) -> Any:
    try:
        return without_secrets(opened(variables[name]))
    except AnsibleError as error:
        raise Refused(say("plan_variable", host=host, variable=name, why=str(error).rstrip("."))) from error


def opened(value: Any) -> Any:
    """Return a value as plain data; a mark in place of what came out of a vault."""
    if isinstance(value, Mapping):
        return {str(key): opened(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [opened(each) for each in value]
    tags = getattr(value, "_ansible_tags_mapping", None) or {}
    if type(value).__name__ == "EncryptedString" or {tag.__name__ for tag in tags} & SECRET_TAGS:
        return LEFT_OUT
    return plain(value) if value is None or isinstance(value, (bool, int, float, str)) else str(value)
