# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Breaking a seal and making it good: every step is on record before the credential is anywhere."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.contingency.infra.plugins.module_utils._approval.person import Person
from ansible_collections.contingency.infra.plugins.module_utils._approval.plan import Plan
from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Refused, Said, say
from ansible_collections.contingency.infra.plugins.module_utils._approval.sealed import (
    OPENED,
    RECORD,
    ROTATED,
    Opening,
    Sealed,
    check_limitation,
    fingerprint,
    rotation_limitation,
    sealed_limitation,
)
from ansible_collections.contingency.infra.plugins.module_utils._approval.store import private_directory
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host, LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._record import chain

PROCEDURE = "break_glass"
IN_MEMORY = ("tmpfs", "ramfs")
RECORDERS = ("AWX_ISOLATED_DATA_DIR", "RUNNER_OMIT_EVENTS", "ASCIINEMA_REC")
"""Variables of programs that keep what a terminal shows: AWX and ansible-runner, asciinema."""
CHECK_SECONDS = 60.0
Decrypt = Callable[[str], str]


def data_of(sealed: Sealed) -> bytes:
    """Return the sealed file as it is; Refused where it is none."""
    try:
        with open(sealed.file, "rb") as file:
            data = file.read()
    except OSError as error:
        raise Refused(say("sealed_missing", path=sealed.file, why=error.strerror)) from error
    refuse(sealed_limitation(data, sealed.file))
    return data


def content_of(sealed: Sealed, decrypt: Decrypt) -> str:
    """Return the credential; Refused without anything of it where it cannot be decrypted."""
    try:
        content = decrypt(sealed.file)
    except AnsibleError as error:
        why = str(error).splitlines()[0].rstrip(".")
        raise Refused(say("sealed_password", path=sealed.file, why=why)) from None
    refuse(None if content.strip() else say("sealed_empty", path=sealed.file))
    return content


def plan_of_opening(sealed: Sealed, data: bytes, reason: str) -> Plan:
    """Pure: what is approved: this seal, as it is now, for this reason."""
    arguments = {"reason": reason, "sealed_sha256": hashlib.sha256(data).hexdigest()}
    return Plan(PROCEDURE, sealed.name, arguments, {})


def where_limitation(file: str, show: bool, person: Person, environment: Mapping[str, str]) -> Said | None:
    """Return why the credential cannot go where it is wanted, None where it can."""
    if bool(file) == show:
        return say("where_lacks")
    if file:
        return _file_limitation(file)
    recorder = next((name for name in RECORDERS if environment.get(name)), None)
    if recorder is not None:
        return say("recorded_terminal", program=recorder)
    return None if person.terminal and os.access(person.terminal, os.W_OK) else say("no_terminal")


def _file_limitation(file: str) -> Said | None:
    if os.path.lexists(file):
        return say("where_taken", path=file)
    directory = os.path.dirname(file)
    if not os.path.isdir(directory):
        return say("where_missing", path=file, why="there is no such directory")
    return None if os.access(directory, os.W_OK | os.X_OK) else say("where_missing", path=file, why="not allowed")


def disk_of(file: str, mounts: str) -> str | None:
    """Return the kind of file system that a file lies on where that is no memory, of the text of /proc/mounts."""
    file = os.path.realpath(file)
    places = [(words[1], words[2]) for words in map(str.split, mounts.splitlines()) if len(words) > 2]
    fitting = [(path, kind) for path, kind in places if f"{file}/".startswith(f"{path.rstrip('/')}/")]
    kind = max(fitting, key=lambda each: len(each[0]), default=("", "unknown"))[1]
    return None if kind in IN_MEMORY else kind


@dataclass(frozen=True)
class Where:
    """Where a credential goes: to a new file, or else to a terminal, between two lines."""

    file: str
    terminal: str
    above: str
    below: str

    def hand_over(self, content: str) -> None:
        """Put the credential there; Refused where that cannot be."""
        try:
            if self.file:
                _new_file(self.file, content)
            else:
                _shown_once(self.terminal, f"\r\n{self.above}\r\n{content.rstrip()}\r\n{self.below}\r\n")
        except OSError as error:
            raise Refused(say("where_missing", path=self.file or self.terminal, why=error.strerror)) from error


class Glass:
    """Opens one sealed credential, or notes it as rotated."""

    def __init__(self, directory: str, sealed: Sealed, decrypt: Decrypt, host: Host | None = None) -> None:
        self._path = os.path.join(directory, RECORD)
        self._sealed = sealed
        self._decrypt = decrypt
        self._host = host or LocalHost()

    def opened(self, data: bytes, told: Mapping[str, Any], where: Where) -> str:
        """Record the opening and return the credential; Refused where either cannot be done.

        ``told``: what the record keeps beside it (by, reason, approvals, incident).
        """
        content = content_of(self._sealed, self._decrypt)
        seen = fingerprint(content)
        fields = {"sealed_sha256": hashlib.sha256(data).hexdigest(), "salt": seen.salt, "hash": seen.hash}
        self._record(OPENED, {**told, **fields, "file": where.file, "terminal": where.terminal})
        return content

    def rotated(
        self, waiting: list[Opening], told: Mapping[str, Any], *, file: str = "", write: bool
    ) -> tuple[bool, list[Said]]:
        """Prove that what was opened is rotated, and record it; Refused says what is not so.

        ``file``: where the old credential lies too, as one that was shown lies nowhere. Returns whether the old
        credential is proven to be of no use, and what could not be tidied up.
        """
        data, content = data_of(self._sealed), content_of(self._sealed, self._decrypt)
        refuse(rotation_limitation(waiting, self._sealed.file, data, content))
        files = [path for path in (*(opening.file for opening in waiting), file) if path]
        proven = self._checked(waiting, content, files)
        if not write:
            return proven, []
        fields = {"sealed_sha256": hashlib.sha256(data).hexdigest(), "old_refused": proven}
        self._record(ROTATED, {**told, **fields})
        return proven, [said for path in dict.fromkeys(files) for said in _tidied(path, waiting)]

    def _checked(self, waiting: list[Opening], content: str, files: list[str]) -> bool:
        if not self._sealed.check:
            return False
        old = _old(waiting, files)
        statuses = [
            self._host.run(self._sealed.check, timeout=CHECK_SECONDS, stdin=each).status for each in (content, old)
        ]
        refuse(check_limitation(self._sealed.name, self._sealed.check[0], *statuses))
        return True

    def _record(self, kind: str, fields: Mapping[str, Any]) -> None:
        try:
            private_directory(os.path.dirname(self._path))
            chain.append(self._path, kind, {"name": self._sealed.name, **fields})
        except OSError as error:
            raise Refused(say("not_written", path=self._path, why=error.strerror)) from error


def _old(waiting: list[Opening], files: list[str]) -> str:
    """Return the credential that was opened, of one of the files that may hold it."""
    texts = [text for text in map(_text, files) if text is not None]
    fitting = [text for text in texts if any(opening.print.fits(text) for opening in waiting)]
    if fitting:
        return fitting[0]
    path = files[-1] if files else "/dev/shm/NAME"
    raise Refused(say("rotate_wrong_old" if texts else "rotate_no_old", path=path))


def _tidied(path: str, waiting: list[Opening]) -> list[Said]:
    """Delete a file that still holds the old credential; what else lies there by now is left alone."""
    text = _text(path)
    if text is None or not any(opening.print.fits(text) for opening in waiting):
        return []
    try:
        os.unlink(path)
    except OSError as error:
        return [say("rotated_kept", path=path, why=error.strerror)]
    return []


def _text(path: str) -> str | None:
    """Return what was handed over in a file, its line ends and all bytes as they are; None where it cannot be read."""
    if not os.path.isfile(path):
        return None
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except OSError:
        return None


def refuse(limitation: Said | None) -> None:
    """Raise Refused where there is a reason to."""
    if limitation is not None:
        raise Refused(limitation)


def _new_file(path: str, content: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(content)
    except BaseException:
        # A full disk: part of a credential helps nobody, and the name is free to try again.
        os.unlink(path)
        raise


def _shown_once(terminal: str, text: str) -> None:
    handle = os.open(terminal, os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC)
    with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
