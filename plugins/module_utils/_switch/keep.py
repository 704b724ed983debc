# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saving on the switch what is only in its running configuration, so that it survives the loss of power."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Callable, List, Tuple

from .backup import redacted
from .errors import CommandRejected, Refused, SaveFailed, SwitchError
from .platforms.base import Platform
from .session import Session

_SAYS_NOTHING = re.compile(r"\s*(?:[!#].*|end)?\s*\Z")
# Cisco shows a certificate in full where it runs, and where it is saved the name of its file.
_CERTIFICATE = re.compile(r"^ certificate .*\n(?:  [0-9A-F ]+\n)*(?:\s+quit\n)?", re.MULTILINE)
_INTERFACE = re.compile(r"^interface (\S.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Kept:
    """``was_unsaved``: there was something to save. ``left``: the lines that differ all the same, without secrets."""

    was_unsaved: bool
    left: Tuple[str, ...] = ()


def unsaved_lines(platform: Platform, running: str, startup: str) -> List[str]:
    """Return the lines that differ, the running ones with + and the saved ones with - before them.

    Their order counts: two ports that have changed their roles have the same lines.
    """
    lines = difflib.unified_diff(_telling(platform, startup), _telling(platform, running), n=0, lineterm="")
    return [f"{line[0]} {line[1:]}" for line in lines if not line.startswith(("---", "+++", "@@"))]


def keep(platform: Platform, session: Session, running: str, startup: str, may_begin: Callable[[], bool]) -> Kept:
    """Save what differs, and read it back; SwitchError where it is not kept.

    ``may_begin`` is asked just before: a save that nobody waits for any longer is not begun.
    """
    before = unsaved_lines(platform, running, startup)
    sends = platform.save()
    if not before or not sends:
        return Kept(False)
    name = session.target.name
    if platform.read_pending(session):
        raise Refused(
            name, "a change waits to be confirmed there, so nothing was saved; confirm or cancel it, then save"
        )
    if not may_begin():
        raise SwitchError(name, "the time was over before its configuration was saved; save it by hand")
    try:
        session.change(sends)
    except CommandRejected as error:
        raise _not_kept(name, f"it answered {error.command!r} with {error.answer}") from error
    running, startup = platform.both_configs(session)
    after = unsaved_lines(platform, running, startup)
    wrong = [port for port in _INTERFACE.findall(running) if _differs(platform, running, startup, port)]
    if wrong or after == before:
        what = f"at {', '.join(wrong)}" if wrong else f"in {_shown(after)[0]!r}"
        raise _not_kept(name, f"the startup configuration still differs from the running one {what}")
    return Kept(True, tuple(_shown(after)))


def _differs(platform: Platform, running: str, startup: str, port: str) -> bool:
    return platform.stanza(running, port) != platform.stanza(startup, port)


def _telling(platform: Platform, config: str) -> List[str]:
    """Return the lines that say something: no comments, nothing that changes by itself, no certificates."""
    lines = platform.comparable(_CERTIFICATE.sub("", config)).splitlines()
    return [line.rstrip() for line in lines if not _SAYS_NOTHING.match(line)]


def _shown(lines: List[str]) -> List[str]:
    return [line for line in redacted("\n".join(lines)).splitlines() if line]


def _not_kept(name: str, why: str) -> SaveFailed:
    return SaveFailed(name, f"NOT SAVED on the switch: {why}; what is not saved is lost with its power")
