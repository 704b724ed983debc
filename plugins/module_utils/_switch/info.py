# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading everything of a switch in one login, and the texts of a backup."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Tuple

from .errors import CommandRejected
from .platforms.base import Platform
from .session import Session, ShellSession

SUBSETS = ("ports", "neighbors", "macs", "arp", "addresses", "spanning_tree", "version")
_TOGETHER_SECONDS = 90


def prefetch(platform: Platform, session: Session, subsets: Tuple[str, ...], backup: bool) -> None:
    """Where one exchange can hold it, read now what ``gather`` and ``texts`` will ask for."""
    commands = platform.together(subsets, backup)
    if commands and isinstance(session, ShellSession):
        session.fetch(commands, timeout=_TOGETHER_SECONDS)


def gather(platform: Platform, session: Session, subsets: Tuple[str, ...]) -> Dict[str, Any]:
    """Return the wanted subsets; None for one that this platform cannot tell."""
    readers: Dict[str, Callable[[], Any]] = {
        "ports": lambda: [port.as_dict() for port in platform.read_ports(session).values()],
        "neighbors": lambda: _dicts(platform.read_neighbors(session)),
        "macs": lambda: _dicts(platform.read_macs(session)),
        "arp": lambda: _dicts(platform.read_arp(session)),
        "addresses": lambda: platform.read_addresses(session),
        "spanning_tree": lambda: _dicts(platform.read_tree(session)),
        "version": lambda: session.read(platform.version_command),
    }
    return {subset: readers[subset]() for subset in subsets}


def _dicts(rows: Optional[List[Any]]) -> Optional[List[Dict[str, Any]]]:
    return None if rows is None else [dict(vars(row)) for row in rows]


def texts(platform: Platform, session: Session) -> Tuple[Dict[str, str], Dict[str, str]]:
    """Return the texts of a backup by name, and by name why one could not be had.

    Running and startup configuration are a must: without them the switch's error is raised.
    """
    found = {"running": platform.running_config(session), "startup": platform.startup_config(session)}
    more, missing = texts_beside(platform, session)
    return {**found, **more}, missing


def texts_beside(platform: Platform, session: Session) -> Tuple[Dict[str, str], Dict[str, str]]:
    """Return the texts of a backup beside the configurations, log first, and by name why one could not be had."""
    found: Dict[str, str] = {}
    missing: Dict[str, str] = {}
    for name, command in platform.backup_commands().items():
        try:
            found[name] = session.read(command, timeout=60, free_text=True)
        except CommandRejected as error:
            missing[name] = error.message
    return found, missing
