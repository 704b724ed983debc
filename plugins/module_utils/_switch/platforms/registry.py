# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the platform by name: every file of this folder is asked."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Dict

from ..errors import PlatformUnknown
from .base import Platform

_NOT_PLATFORMS = ("base", "registry")


def _load() -> Dict[str, Platform]:
    package = __name__.rsplit(".", 1)[0]
    found: Dict[str, Platform] = {}
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if module.name in _NOT_PLATFORMS:
            continue
        loaded = importlib.import_module(f"{package}.{module.name}")
        for member in vars(loaded).values():
            if (
                isinstance(member, type)
                and issubclass(member, Platform)
                and member.name
                and member.__module__ == loaded.__name__
            ):
                found[member.name] = member()
    return found


PLATFORMS: Dict[str, Platform] = _load()
ALIASES: Dict[str, str] = {alias: name for name, each in PLATFORMS.items() for alias in each.aliases}


def platform_named(switch: str, name: str) -> Platform:
    """Return the platform of this name or of an ``ansible_network_os`` that means it."""
    wanted = ALIASES.get(name, name)
    if wanted not in PLATFORMS:
        raise PlatformUnknown(
            switch,
            f"platform '{name}' is not known; set switch_platform to one of {', '.join(sorted(PLATFORMS))}"
            if name
            else f"has no platform; set switch_platform to one of {', '.join(sorted(PLATFORMS))}",
        )
    return PLATFORMS[wanted]
