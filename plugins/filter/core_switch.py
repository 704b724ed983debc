# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the core switch procedure; the logic is in module_utils/_switch/failover.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.contingency.infra.plugins.module_utils._switch.failover import (
    WORDS,
    Reporter,
    argument_limitations,
    target_limitations,
)


def core_switch_summary(
    hostvars: Mapping[str, Any],
    left: str,
    target: str,
    access: Sequence[str],
    servers: Sequence[str],
    direction: str,
    mode: str,
    confirm: str,
    language: str = "en",
) -> dict[str, Any]:
    """Return lines, failed hosts, Markdown and record of one run from what the hosts registered."""
    if language not in WORDS:
        raise AnsibleFilterError(f"contingency_language is '{language}'; set it to one of {', '.join(WORDS)}")

    def registered(host: str, name: str = "core_switch_result") -> Any:
        result = hostvars[host].get(name) if host in hostvars else None
        return None if result is None or result.get("skipped") else _plain(result)

    reporter = Reporter(left, target, direction, mode, language)
    return reporter.summary(
        registered(left, "core_switch_again") or registered(left),
        registered(target),
        {host: registered(host) for host in access},
        {host: registered(host) for host in servers},
        confirm,
    ).as_dict()


def _plain(value: Any) -> Any:
    """Return Ansible's lazy containers as ordinary ones."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [_plain(each) for each in value]
    return value


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Any]:
        return {
            "core_switch_summary": core_switch_summary,
            "core_switch_argument_limitations": argument_limitations,
            "core_switch_target_limitations": target_limitations,
        }
