# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan that an approval is bound to: what decides over the run, and the hash of it.

Secrets never enter it: a hash of a short secret beside known values could be found by trying.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any, List, Mapping, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Refused, say
from ansible_collections.contingency.infra.plugins.module_utils._record import chain

CONNECTION = ("ansible_host", "ansible_port", "ansible_connection", "ansible_network_os")
"""Which machine a name means decides as much as what is done to it."""
_SECRET = re.compile(
    r"(^|_)pass$|pass(word|phrase|wd)|secret|token|community|private_key|credential|webhook", re.IGNORECASE
)
_PROCEDURE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
MOST_DIFFERENCES = 3


@dataclass(frozen=True)
class Plan:
    """What is to be approved. ``hosts``: by name the settings that decide, {variable: value}, without secrets."""

    procedure: str
    target: str
    arguments: Mapping[str, Any]
    hosts: Mapping[str, Mapping[str, Any]]

    @property
    def content(self) -> Mapping[str, Any]:
        """What is hashed, and what a request shows to the approver."""
        return {
            "procedure": self.procedure,
            "target": self.target,
            "arguments": self.arguments,
            "hosts": self.hosts,
        }

    @property
    def hash(self) -> str:
        """SHA-256 over the canonical JSON of the content."""
        return hashlib.sha256(chain.canonical(self.content)).hexdigest()

    @property
    def name(self) -> str:
        """What a person calls it: the first 12 digits of the hash."""
        return self.hash[:12]


def plan_of(content: Mapping[str, Any]) -> Plan:
    """Pure: the plan of a request's content; Refused where it is none."""
    shapes = {"procedure": str, "target": str, "arguments": Mapping, "hosts": Mapping}
    for name, shape in shapes.items():
        if not isinstance(content.get(name), shape):
            raise Refused(say("plan_garbled", field=name))
    if not _PROCEDURE.fullmatch(content["procedure"]) or not content["target"]:
        raise Refused(say("plan_unnamed", procedure=content["procedure"], target=content["target"]))
    return Plan(content["procedure"], content["target"], content["arguments"], content["hosts"])


def is_secret(name: str) -> bool:
    """Pure: does a variable or key of this name hold a secret?"""
    return _SECRET.search(name) is not None


def without_secrets(value: Any) -> Any:
    """Pure: a value without what has the name of a secret, at any depth."""
    if isinstance(value, Mapping):
        return {str(key): without_secrets(each) for key, each in value.items() if not is_secret(str(key))}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [without_secrets(each) for each in value]
    return value


def differences(approved: Plan, asked: Plan) -> List[str]:
    """Pure: where two plans differ, each "path: approved -> asked", the first few of them."""
    before, after = dict(_leaves("", approved.content)), dict(_leaves("", asked.content))
    paths = [path for path in sorted({*before, *after}) if before.get(path) != after.get(path)]
    told = [f"{path}: {before.get(path, 'nothing')} -> {after.get(path, 'nothing')}" for path in paths]
    more = [f"... {len(told) - MOST_DIFFERENCES} more"] if len(told) > MOST_DIFFERENCES else []
    return told[:MOST_DIFFERENCES] + more


def _leaves(path: str, value: Any) -> List[Tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        return [leaf for key, each in value.items() for leaf in _leaves(f"{path}.{key}".lstrip("."), each)]
    return [(path, chain.canonical({"": value}).decode("ascii")[4:-1])]
