# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an approver signs: one plan, one person, one span of time."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Mapping, Optional

from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Refused, say
from ansible_collections.contingency.infra.plugins.module_utils._approval.times import epoch_of, written

KIND = "contingency-approval/1"
_PRINCIPAL = re.compile(r"\w[\w.@+-]*")
_HASH = re.compile(r"[0-9a-f]{64}")
_TEXTS = ("plan", "procedure", "target", "approver", "approved_at", "valid_from", "valid_until")


@dataclass(frozen=True)
class Statement:
    """An approval as it is signed. Times are seconds of the epoch; ``incident`` is empty where there is none."""

    plan: str
    procedure: str
    target: str
    approver: str
    approved_at: float
    valid_from: float
    valid_until: float
    incident: str = ""
    comment: str = ""

    @property
    def text(self) -> str:
        """The bytes that are signed; people read them too."""
        fields = {
            "kind": KIND,
            "plan": self.plan,
            "procedure": self.procedure,
            "target": self.target,
            "approver": self.approver,
            "approved_at": written(self.approved_at),
            "valid_from": written(self.valid_from),
            "valid_until": written(self.valid_until),
            "incident": self.incident,
            "comment": self.comment,
        }
        return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"


def principal_limitation(name: str) -> Optional[str]:
    """Pure: why this cannot be the name of a person in allowed_signers; None where it can."""
    return None if _PRINCIPAL.fullmatch(name) else name or "''"


def statement_of(text: str, path: str) -> Statement:
    """Pure: the statement in a file; Refused names ``path`` and what is wrong with it."""
    fields = _fields(text, path)
    for name in _TEXTS:
        if not isinstance(fields.get(name), str) or not fields[name]:
            raise Refused(say("statement_lacks", path=path, field=name))
    if fields.get("kind") != KIND or not _HASH.fullmatch(fields["plan"]):
        raise Refused(say("statement_garbled", path=path))
    if principal_limitation(fields["approver"]) is not None:
        raise Refused(say("statement_lacks", path=path, field="approver"))
    return Statement(
        plan=fields["plan"],
        procedure=fields["procedure"],
        target=fields["target"],
        approver=fields["approver"],
        approved_at=epoch_of(fields["approved_at"], f"{path}: approved_at"),
        valid_from=epoch_of(fields["valid_from"], f"{path}: valid_from"),
        valid_until=epoch_of(fields["valid_until"], f"{path}: valid_until"),
        incident=str(fields.get("incident") or ""),
        comment=str(fields.get("comment") or ""),
    )


def _fields(text: str, path: str) -> Mapping[str, Any]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused(say("statement_garbled", path=path)) from None
    if not isinstance(fields, dict):
        raise Refused(say("statement_garbled", path=path))
    return fields
