# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures by which the procedures decide, as this site has set them, with what each one means.

What it means is what the role's argument_specs say; what the site did not set is the role's default.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.contingency.infra.plugins.plugin_utils.evidence import plain
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_procedures import LOADER, ROOT, sentences
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_site import Site

THRESHOLDS: Mapping[str, tuple[str, ...]] = {
    "core_switch": (
        "core_switch_failed_connect_timeout",
        "core_switch_verify_timeout",
        "core_switch_server_verify_timeout",
    ),
    "standby": (
        "standby_limits",
        "standby_synchronous",
        "standby_fence",
        "standby_fence_timeout",
        "standby_timeout",
        "standby_rejoin_login_timeout",
    ),
    "staged_shutdown": ("staged_shutdown_policy", "staged_shutdown_timeout"),
    "restore_test": ("restore_test_max_age", "restore_test_max_shrink_percent", "restore_test_timeout"),
    "readiness": (
        "readiness_max_message_age",
        "readiness_max_clock_offset",
        "readiness_min_free_bytes",
        "readiness_restore_test_max_age_days",
        "readiness_backup_max_age_hours",
    ),
}


@dataclass(frozen=True)
class Threshold:
    """A figure. ``hosts``: those that have this value, none where all of them do; ``default``: nobody set it."""

    role: str
    name: str
    about: str
    value: str
    hosts: tuple[str, ...] = ()
    default: bool = False


def thresholds_of(site: Site, root: Path = ROOT) -> tuple[Threshold, ...]:
    """Return every figure, once for each value that it has at this site."""
    return tuple(each for role, names in THRESHOLDS.items() for each in _of_role(site, role, names, root))


def _of_role(site: Site, role: str, names: tuple[str, ...], root: Path) -> Iterator[Threshold]:
    abouts = _abouts(_loaded(root / f"roles/{role}/meta/argument_specs.yml"))
    defaults = _loaded(root / f"roles/{role}/defaults/main.yml")
    for name in names:
        values = _values(site, name)
        if not values and not _is_open(defaults.get(name)):
            yield Threshold(role, name, abouts[name], shown(defaults[name]), default=True)
        for value, hosts in values.items():
            yield Threshold(role, name, abouts[name], value, hosts if len(values) > 1 else ())


def _loaded(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), LOADER)
    return found


def _abouts(specs: Mapping[str, Any]) -> dict[str, str]:
    """Return what each option means, in its first sentence."""
    found: dict[str, str] = {}
    for entry in specs["argument_specs"].values():
        for name, option in entry["options"].items():
            described = option["description"]
            text = " ".join(str(described if isinstance(described, str) else described[0]).split())
            found.setdefault(name, sentences(text)[0])
    return found


def _values(site: Site, name: str) -> dict[str, tuple[str, ...]]:
    """Return the hosts of each value; a site that set none has none."""
    found: dict[str, list[str]] = {}
    for host, variables in site.hosts.items():
        if name in variables:
            found.setdefault(shown(variables[name]), []).append(host)
    return {value: tuple(hosts) for value, hosts in found.items()}


def _is_open(value: Any) -> bool:
    """Does a default follow from something else, or is there none?"""
    return value in (None, "", {}) or "{{" in str(value)


def shown(value: Any) -> str:
    """Pure: a value as people read it; what it is made of one below the other."""
    value = plain(value)
    if isinstance(value, Mapping):
        return "\n".join(f"{name}: {_inline(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(_inline(each) for each in value)
    return _inline(value)


def _inline(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(_inline(each) for each in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_inline(each)}" for name, each in value.items())
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
