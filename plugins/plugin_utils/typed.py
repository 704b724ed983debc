# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was typed: names after -e that nobody knows, and what the next command needs as well."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Any

import yaml
from ansible import constants, context
from ansible.parsing.splitter import parse_kv

SHARED = (
    "contingency_drill",
    "contingency_drill_dir",
    "contingency_evidence_dir",
    "contingency_incident",
    "contingency_incident_dir",
    "contingency_language",
    "contingency_plan",
)
OTHER_WORDS = {"id": "incident", "grade": "severity"}
"""Names that people write for another one, which is not written like it."""
KEPT = ("contingency_drill_dir", "contingency_evidence_dir", "contingency_incident_dir", "contingency_language")
"""What the next command needs as this one did."""
COMMAND = re.compile(r"ansible-playbook contingency\.infra\.\w+")
ALIKE, SHARED_ALIKE = 0.75, 0.9
"""How alike a name is to one that is meant, as difflib counts; a site has names of its own that begin alike."""

BEGINNING = 4
"""From how many letters on the beginning of a word is enough."""


def typed() -> dict[str, Any]:
    """Return the variables of the command line, without those of files."""
    found: dict[str, Any] = {}
    for each in map(str, context.CLIARGS.get("extra_vars") or ()):
        if each[:1] in "[{":
            found.update(yaml.safe_load(each))
        elif each[:1] != "@":
            found.update(parse_kv(each))
    return {name: value for name, value in found.items() if name != "_raw_params"}


def playbook() -> str:
    """Return the name of the playbook that was typed, an empty text where it was none or several."""
    given = tuple(map(str, context.CLIARGS.get("args") or ()))
    return re.sub(r"\.ya?ml$", "", given[0]).replace("/", ".").rpartition(".")[2] if len(given) == 1 else ""


def meant(name: str, known: Collection[str]) -> str:
    """Pure: the known name that was meant by one that is not known, an empty text where none is near."""
    shared = get_close_matches(name, SHARED, 1, SHARED_ALIKE)
    other = OTHER_WORDS.get(name, "")
    parts = [each for each in known if any(_begins(part, name) for part in each.split("_"))]
    near = get_close_matches(name, known, 1, ALIKE)
    return next(iter((*shared, *([other] if other in known else []), *near, *parts)), "")


def _begins(part: str, name: str) -> bool:
    """Is a word of a known name what was typed, or does it begin so?"""
    return part == name or (len(name) >= BEGINNING and part.startswith(name))


def unknown(names: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """Pure: the names that nobody knows, each with the one that was meant or an empty text."""
    own = ("contingency_", "ansible_", "incident_", "escalate_")
    found = {}
    for name in names:
        if name not in known and name not in SHARED:
            near = meant(name, known)
            if near or not name.startswith(own):
                found[name] = near
    return found


def as_typed(text: str) -> str:
    """Return a sentence whose commands can be typed as they stand: with inventory, language and places of this one."""
    words = again()
    return COMMAND.sub(lambda found: " ".join((found[0], *words)), text)


def again() -> tuple[str, ...]:
    """Return the words of the command line that hold for the next command too, quoted."""
    given = context.CLIARGS.get("inventory") or ()
    # What ansible.cfg names it names again.
    named = () if list(given) == list(constants.DEFAULT_HOST_LIST) else given
    files = [each for each in map(str, context.CLIARGS.get("extra_vars") or ()) if each[:1] == "@"]
    kept = [_assigned(name, value) for name, value in typed().items() if name in KEPT]
    words = [*(("-i", str(each)) for each in named), *(("-e", each) for each in (*files, *kept))]
    return tuple(shlex.quote(word) for pair in words for word in pair)


def _assigned(name: str, value: Any) -> str:
    plain = isinstance(value, str) and re.fullmatch(r"[\w./:-]+", value)
    return f"{name}={value}" if plain else json.dumps({name: value}, ensure_ascii=False)
