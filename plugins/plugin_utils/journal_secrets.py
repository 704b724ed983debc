# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of Ansible's variables are secret: by their names, by their vaults, and by tasks that say no_log."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from ansible._internal._datatag._tags import Origin, VaultedValue
from ansible.errors import AnsibleError
from ansible.parsing.vault import EncryptedString, is_encrypted_file
from ansible.plugins.loader import lookup_loader
from ansible.template import Templar
from ansible_collections.contingency.infra.plugins.module_utils._journal.secrets import (
    DEPTH,
    found_in,
    in_environment,
    is_secret_name,
    is_within,
)

OTHERS = frozenset(("hostvars", "vars", "groups", "group_names", "environment", "ansible_facts", "ansible_failed_task"))
"""Variables that hold other variables once more, and facts, which are walked by their names in ``ansible_env``."""
NAMES = frozenset(
    (
        "play_hosts",
        "ansible_play_hosts",
        "ansible_play_hosts_all",
        "ansible_play_batch",
        "ansible_role_names",
        "role_names",
        "ansible_play_role_names",
        "ansible_dependent_role_names",
        "ansible_parent_role_names",
        "ansible_version",
    )
)
"""Lists of names: of hundreds of hosts each has all the others' names."""
NOT_WALKED = OTHERS | NAMES
META = frozenset(
    ("changed", "failed", "skipped", "rc", "start", "end", "delta", "msg", "ansible_loop_var", "exception", "warnings")
)
"""What a registered result has beside what its task returned."""
READING_LOOKUPS = frozenset(("env", "file", "unvault", "ini", "csvfile", "vars", "first_found"))
"""Lookups that only read what lies here; another may cost time, or change something, a second time."""


_REFERENCE = re.compile(r"\s*\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}\s*")


class NotLookedUp(Exception):
    """A template needs a lookup that is not made a second time."""


class Walk:
    """Looks for secrets among the variables of one host after the other.

    What the inventory says for all of them is looked at once: hundreds of hosts have the same large data.
    """

    def __init__(self) -> None:
        # The data itself is kept too, as another one could get its address.
        self._seen: dict[tuple[str, int], tuple[Any, list[Template]]] = {}

    def forget(self) -> None:
        """Let go of the data."""
        self._seen.clear()

    def secrets_of(self, variables: Mapping[str, Any], loader: Any) -> Iterator[str]:
        """Yield values under secret names, what came out of a vault, and what templates under secret names come to."""
        templates: list[Template] = []
        # Without facts among the variables, the environment of the host is only there.
        skipped = NOT_WALKED if "ansible_env" in variables else NOT_WALKED - {"ansible_facts"}
        facts = variables.get("ansible_facts") or {}
        for name, value in variables.items():
            if name in skipped:
                continue
            if name.startswith("ansible_") and name.removeprefix("ansible_") in facts:
                # What a machine told of itself: neither out of a vault nor a template, and most of all there is.
                yield from found_in(value, name)
                continue
            known = self._seen.get((str(name), id(value)))
            if known is None:
                yield from of_value(value, str(name))
                known = value, list(_templates(value, str(name)))
                if isinstance(value, (Mapping, list, tuple)) and not str(name).startswith("ansible_"):
                    self._seen[str(name), id(value)] = known
            templates += known[1]
        yield from templated_secrets(templates, variables, loader)


def of_value(value: Any, name: str = "", *, all_secret: bool = False) -> Iterator[str]:
    """Yield the secrets in nested data of Ansible. ``all_secret``: all its values are, less what every result has."""
    if all_secret and isinstance(value, Mapping):
        value = {key: each for key, each in value.items() if key not in META}
    vaulted: list[str] = []
    plain = _plain(value, vaulted, 0)
    yield from vaulted
    yield from found_in(plain, name, all_secret=all_secret)
    for text in vaulted:
        yield from found_in(text, name)


def _plain(value: Any, vaulted: list[str], depth: int) -> Any:
    """Return data without what only Ansible knows; what came out of a vault is put into ``vaulted``."""
    if depth > DEPTH:
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(each, vaulted, depth + 1) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(each, vaulted, depth + 1) for each in value]
    if isinstance(value, EncryptedString):
        text = _decrypted(value)
        vaulted.append(text)
        return text
    if isinstance(value, (str, int, float)) and not isinstance(value, bool) and _is_vaulted(value):
        vaulted.append(str(value))
    return value


def _decrypted(value: EncryptedString) -> str:
    try:
        return str(value)
    except AnsibleError:
        # No task can have read it either.
        return ""


def _is_vaulted(value: Any) -> bool:
    if VaultedValue.is_tagged_on(value):
        return True
    origin = Origin.get_tag(value)
    return bool(origin and origin.path and _is_vault(origin.path))


@cache
def _is_vault(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return bool(is_encrypted_file(file))
    except OSError:
        # A file that cannot be read any more: a temporary one, or the name of none.
        return False


class Template(NamedTuple):
    """A template under a secret name; ``name`` is the nearest one to it."""

    name: str
    text: Any


def _templates(value: Any, name: str, within: bool = False, depth: int = 0) -> Iterator[Template]:
    if depth > DEPTH:
        return
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _templates(each, str(key), is_within(name, str(key), within), depth + 1)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _templates(each, name, within, depth + 1)
    elif isinstance(value, str) and "{{" in value and (within or is_secret_name(name)):
        yield Template(name, value)


def templated_secrets(templates: Sequence[Template], variables: Mapping[str, Any], loader: Any) -> Iterator[str]:
    """Yield what templates under secret names come to, made of what can be read here."""
    left = []
    for template in templates:
        named = variables.get(_named(template.text) or "")
        if isinstance(named, (str, int)) and "{{" not in str(named):
            yield from of_value(named, all_secret=True)
        else:
            left.append(template)
    if left:
        yield from _rendered(left, variables, loader)


def _named(text: str) -> str | None:
    """Return the variable that a template is nothing but the name of: that of a vault, mostly."""
    found = _REFERENCE.fullmatch(text)
    return found[1] if found else None


def _rendered(templates: Sequence[Template], variables: Mapping[str, Any], loader: Any) -> Iterator[str]:
    guarded = {**variables}
    templar = Templar(loader=loader, variables=guarded)

    def looked_up(plugin: str, *terms: Any, **options: Any) -> Any:
        return _looked_up(plugin, terms, options, loader, templar, variables)

    # What a template calls is taken from its variables first.
    guarded.update(lookup=looked_up, query=looked_up, q=looked_up)
    templar.available_variables = guarded
    for template in templates:
        try:
            yield from of_value(templar.template(template.text), template.name, all_secret=True)
        except AnsibleError:
            # An undefined or a forbidden part: the task that uses it could not have it either, or it is not known here.
            continue


def _looked_up(
    plugin: str,
    terms: tuple[Any, ...],
    options: Mapping[str, Any],
    loader: Any,
    templar: Any,
    variables: Mapping[str, Any],
) -> Any:
    short = plugin.removeprefix("ansible.builtin.")
    lookup = lookup_loader.get(f"ansible.builtin.{short}", loader=loader, templar=templar)
    if lookup is None or not _only_reads(short, terms, loader):
        raise NotLookedUp(plugin)
    given = {name: value for name, value in options.items() if name not in ("wantlist", "errors")}
    found = lookup.run(list(terms), variables=variables, **given)
    return found if options.get("wantlist") else ",".join(map(str, found))


def _only_reads(plugin: str, terms: tuple[Any, ...], loader: Any) -> bool:
    """Does a lookup change nothing? That of passwords makes a file where there is none."""
    if plugin == "password":
        return all(loader.path_exists(str(term).split(" ", 1)[0]) for term in terms)
    return plugin in READING_LOOKUPS


def secrets_of_environment() -> Iterator[str]:
    """Yield the secrets of this process's environment."""
    yield from in_environment(os.environ)
