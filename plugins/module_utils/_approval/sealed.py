# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was unsealed, and whether it was rotated since. The record keeps salted hashes, never the credential."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Refused, Said, say
from ansible_collections.contingency.infra.plugins.module_utils._record import chain

RECORD = "break_glass.jsonl"
OPENED, ROTATED = "opened", "rotated"
VAULT = b"$ANSIBLE_VAULT;"
LEAST_REASON = 8
"""Characters; "test" is no reason, and Chinese says much in eight."""
NOT_RUN = (124, 126, 127)
"""What a shell and Host.run end with where a program was late, cannot be run, or is missing."""


@dataclass(frozen=True)
class Sealed:
    """A sealed credential of the inventory. ``check``: a program that is given a credential on its standard input and
    ends with 0 where it works."""

    name: str
    file: str
    check: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Print:
    """By which a credential is recognised: scrypt with a salt of its own, so that it cannot be found by trying."""

    salt: str
    hash: str

    def fits(self, content: str) -> bool:
        """Pure: is this the content that it was made of? Space around it does not count."""
        return hmac.compare_digest(self.hash, _scrypt(content, bytes.fromhex(self.salt)))


@dataclass(frozen=True)
class Opening:
    """One time that a seal was broken and not made good yet."""

    name: str
    epoch: float
    at: str
    by: str
    reason: str
    sealed_sha256: str
    print: Print
    file: str = ""


def sealed_of(entries: Any, name: str) -> Sealed:
    """Pure: a sealed credential of the inventory; Refused where it is not there or is not whole."""
    known = entries if isinstance(entries, Mapping) else {}
    fields = known.get(name)
    if not isinstance(fields, Mapping):
        raise Refused(say("sealed_unknown", name=name, known=", ".join(sorted(known)) or "-"))
    if not isinstance(fields.get("file"), str) or not fields["file"]:
        raise Refused(say("sealed_lacks", name=name))
    check = fields.get("check") or ()
    if isinstance(check, str) or not all(isinstance(word, str) for word in check):
        raise Refused(say("standing_shape", path=f"contingency_sealed.{name}.check", want="list of words"))
    return Sealed(name, os.path.abspath(os.path.expanduser(fields["file"])), tuple(check))


def fingerprint(content: str) -> Print:
    """Return what recognises a credential."""
    salt = os.urandom(16)
    return Print(salt.hex(), _scrypt(content, salt))


def _scrypt(content: str, salt: bytes) -> str:
    # 16 MiB and some 50 ms for each try (RFC 7914).
    return hashlib.scrypt(content.strip().encode("utf-8", "surrogateescape"), salt=salt, n=1 << 14, r=8, p=1).hex()


def sealed_limitation(data: bytes, path: str) -> Optional[Said]:
    """Pure: why the bytes of a file are no sealed credential, None where they are."""
    if not data.strip():
        return say("sealed_empty", path=path)
    return None if data.startswith(VAULT) else say("sealed_open", path=path)


def reason_limitation(reason: str) -> Optional[Said]:
    """Pure: why this is no reason to break a seal."""
    return None if len(reason.strip()) >= LEAST_REASON else say("reason_lacks")


def openings(lines: Sequence[Mapping[str, Any]]) -> Dict[str, List[Opening]]:
    """Pure: what was opened and not rotated since, by name, of the lines of the record."""
    found: Dict[str, List[Opening]] = {}
    for line in lines:
        name = str(line.get("name", ""))
        if line.get("kind") == OPENED and name:
            found.setdefault(name, []).append(_opening(line))
        elif line.get("kind") == ROTATED:
            found.pop(name, None)
    return found


def rotated_at(lines: Sequence[Mapping[str, Any]], name: str) -> Optional[str]:
    """Pure: when a credential was rotated last, None where it never was."""
    times = [str(line["at"]) for line in lines if line.get("kind") == ROTATED and line.get("name") == name]
    return times[-1] if times else None


def _opening(line: Mapping[str, Any]) -> Opening:
    return Opening(
        name=str(line["name"]),
        epoch=float(line.get("epoch") or 0.0),
        at=str(line.get("at", "?")),
        by=str(line.get("by", "?")),
        reason=str(line.get("reason", "?")),
        sealed_sha256=str(line.get("sealed_sha256", "")),
        print=Print(str(line.get("salt", "")), str(line.get("hash", ""))),
        file=str(line.get("file") or ""),
    )


def rotation_limitation(waiting: Sequence[Opening], path: str, data: bytes, content: str) -> Optional[Said]:
    """Pure: why the file at ``path`` is not the rotated credential; ``data`` is sealed, ``content`` what is in it."""
    digest = hashlib.sha256(data).hexdigest()
    if any(opening.sealed_sha256 == digest for opening in waiting):
        return say("rotate_same_file", path=path)
    if not content.strip():
        return say("sealed_empty", path=path)
    if any(opening.print.fits(content) for opening in waiting):
        return say("rotate_same_content", path=path)
    return None


def check_limitation(name: str, program: str, new_status: int, old_status: int) -> Optional[Said]:
    """Pure: what a check proves by how it ended with the new and with the old credential; None: the rotation."""
    if new_status != 0:
        return say("rotate_new_fails", name=name, program=program, status=new_status)
    if old_status == 0:
        return say("rotate_old_works", name=name, program=program)
    if old_status in NOT_RUN or old_status < 0:
        return say("rotate_unknown", name=name, program=program, status=old_status)
    return None


def record_in(directory: str, name: str = RECORD) -> chain.Reading:
    """Return a record of a directory of approvals; one that is not there holds nothing. OSError where nobody can say
    what it holds."""
    try:
        return chain.read(os.path.join(directory, name))
    except FileNotFoundError:
        return chain.reading_of(b"")
