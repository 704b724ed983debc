# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a run before its first task: who runs what with which versions, and what the inventory says."""

from __future__ import annotations

import os
import platform
import pwd
import socket
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from ansible import context
from ansible.errors import AnsibleError
from ansible.release import __version__ as ansible_version
from ansible.template import Templar

ROOT = Path(__file__).resolve().parents[2]
EVIDENCE = "~/contingency/evidence"
"""Where the evidence lies if the inventory says nothing, as in the roles."""
SETTINGS = (
    "contingency_evidence_dir",
    "contingency_incident_dir",
    "contingency_drill_dir",
    "contingency_incident",
    "contingency_drill",
    "contingency_language",
    "contingency_confirm",
)
OF_APPROVALS = ("contingency_approvals", "approval_needed", "approval_mode", "core_switch_dry", "standby_dry")
LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class Settings:
    """What the inventory and the command line say of a run. ``drill``: is it one. ``incident``: that it belongs to."""

    evidence: str
    incidents: str
    drills: str
    incident: str | None = None
    drill: bool = False
    language: str = "en"
    confirm: str | None = None
    troubles: tuple[str, ...] = ()
    """Names of the variables that could not be read, so that their defaults count."""


def settings_of(play: Any) -> Settings:
    """Return the settings as the controller itself sees them."""
    manager = play.get_variable_manager()
    host = manager._inventory.get_host("localhost")
    variables = manager.get_vars(play=play, host=host, include_hostvars=False)
    templar = Templar(loader=play.get_loader(), variables=variables)
    found: dict[str, Any] = {}
    troubles = []
    for name in (name for name in SETTINGS if name in variables):
        try:
            found[name] = templar.template(variables[name])
        except AnsibleError:
            troubles.append(name)
    return settings_from(found, troubles)


def settings_from(found: Mapping[str, Any], troubles: Iterable[str] = ()) -> Settings:
    """Pure: the settings that values of variables come to."""
    evidence = _directory(found.get("contingency_evidence_dir") or EVIDENCE)
    drill = found.get("contingency_drill")
    named = str(drill) if isinstance(drill, str) and drill.upper().startswith("DRILL-") else None
    incident = _text(found.get("contingency_incident")) or named
    language = str(found.get("contingency_language") or "en")
    return Settings(
        evidence=evidence,
        incidents=_directory(found.get("contingency_incident_dir") or os.path.join(evidence, "incidents")),
        drills=_directory(found.get("contingency_drill_dir") or os.path.join(evidence, "drills")),
        incident=incident,
        drill=bool(named) or _true(drill) or bool(incident and incident.upper().startswith("DRILL-")),
        language=language if language in LANGUAGES else "en",
        confirm=_text(found.get("contingency_confirm")),
        troubles=tuple(troubles),
    )


def _directory(given: Any) -> str:
    return os.path.abspath(os.path.expanduser(str(given)))


def _text(given: Any) -> str | None:
    return str(given) if given not in (None, "", False) else None


def _true(given: Any) -> bool:
    return given is True or str(given).strip().lower() in ("true", "yes", "on", "1")


def person() -> dict[str, Any]:
    """Return who is at the keyboard, as far as the machine knows; None for what it does not."""
    return {
        "login": login(),
        "sudo_user": os.environ.get("SUDO_USER"),
        "host": socket.gethostname(),
        "tty": _terminal(),
        "ssh_client": os.environ.get("SSH_CONNECTION", "").partition(" ")[0] or None,
    }


def login() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def by() -> str:
    """Return who acts, as records name them: the one who became another user by sudo is meant."""
    return f"{os.environ.get('SUDO_USER') or login()}@{socket.gethostname()}"


def _terminal() -> str | None:
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        try:
            return os.ttyname(stream.fileno())
        except (OSError, ValueError, AttributeError):
            continue
    return None


def versions() -> dict[str, str]:
    """Return what the run is made by."""
    return {
        "ansible": ansible_version,
        "python": platform.python_version(),
        "collection": collection_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


@cache
def collection_version() -> str:
    """Return the version of this collection: of its manifest where it was installed, of its source else."""
    for name, path in (("MANIFEST.json", ("collection_info", "version")), ("galaxy.yml", ("version",))):
        try:
            found: Any = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
            for key in path:
                found = found[key]
            return str(found)
        except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError):
            continue
    return "unknown"


def approvals_said(play: Any) -> dict[str, str]:
    """Return what the command line says of what an approval hangs on, which is otherwise left to the inventory."""
    said = play.get_variable_manager().extra_vars
    return {name: str(said[name]) for name in OF_APPROVALS if name in said}


def command_line() -> dict[str, Any]:
    """Return what was asked for, without what carries values: those may be secrets."""
    arguments = context.CLIARGS
    return {
        "inventory": [str(each) for each in arguments.get("inventory") or ()],
        "check": bool(arguments.get("check")),
        "limit": arguments.get("subset"),
        "tags": [str(tag) for tag in arguments.get("tags") or () if tag != "all"],
        "skip_tags": [str(tag) for tag in arguments.get("skip_tags") or ()],
    }
