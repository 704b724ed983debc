# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures by ssh-keygen: -Y sign with a key file or an agent, -Y verify against allowed_signers (ssh-keygen(1))."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import FrozenSet, Iterator, List, Mapping, Optional

from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Refused, Said, say
from ansible_collections.contingency.infra.plugins.module_utils._host.run import MISSING, TIMED_OUT, Host

NAMESPACE = "contingency-approval"
"""A signature of the same key over something else, such as a commit, is no approval."""
SIGN_SECONDS = 60.0
"""A hardware key waits to be touched."""
VERIFY_SECONDS = 10.0
MOST_SIGNATURE_BYTES = 1 << 16
_GOOD = re.compile(r'Good "contingency-approval" signature for .* with \S+ key (SHA256:\S+)$')
_OPTION = re.compile(r'([\w-]+)="?([^"\s]*)"?')
_KEY_TYPE = re.compile(r"(ssh|ecdsa|sk-ssh|sk-ecdsa|webauthn-sk)-[\w@.-]+")


@dataclass(frozen=True)
class Signature:
    """What ssh-keygen said of a signature: the key's fingerprint, or why it is not good."""

    key: str = ""
    limitation: Optional[Said] = None


def signed(host: Host, text: str, key: str, environment: Mapping[str, str]) -> str:
    """Return the signature of a text; Refused says why there is none. ``key``: a private key, or a public one whose
    private half an agent holds. No passphrase can be asked for here."""
    agent = {name: environment[name] for name in ("SSH_AUTH_SOCK",) if environment.get(name)}
    answer = host.run(
        ["ssh-keygen", "-Y", "sign", "-q", "-f", key, "-n", NAMESPACE],
        timeout=SIGN_SECONDS,
        stdin=text,
        environment={**agent, "SSH_ASKPASS_REQUIRE": "never"},
    )
    if answer.status == 0 and answer.output.startswith("-----BEGIN SSH SIGNATURE-----"):
        return answer.output
    if answer.status == MISSING:
        raise Refused(say("no_ssh_keygen"))
    if answer.status == TIMED_OUT:
        raise Refused(say("sign_late", key=key, seconds=f"{SIGN_SECONDS:g}"))
    raise Refused(say("not_signed", key=key, why=_why(answer.error)))


def verified(host: Host, text: str, signature_path: str, principal: str, signers: str) -> Signature:
    """Return whose key signed a text, as allowed_signers knows it now, or why the signature is not good."""
    with _unix_lines(signature_path) as path:
        answer = host.run(
            ["ssh-keygen", "-Y", "verify", "-f", signers, "-I", principal, "-n", NAMESPACE, "-s", path],
            timeout=VERIFY_SECONDS,
            stdin=text,
        )
    if answer.status == MISSING:
        return Signature(limitation=say("no_ssh_keygen"))
    found = next((match for line in answer.output.splitlines() for match in [_GOOD.match(line.strip())] if match), None)
    if answer.status == 0 and found is not None:
        return Signature(key=found.group(1))
    return Signature(
        limitation=say("bad_signature", principal=principal, signers=signers, why=_why(answer.error or answer.output))
    )


@contextlib.contextmanager
def _unix_lines(path: str) -> Iterator[str]:
    """Give a file whose lines end as ssh-keygen wants them: mail and other systems change that on the way."""
    data = b""
    with contextlib.suppress(OSError):
        if os.path.isfile(path):
            with open(path, "rb") as file:
                data = file.read(MOST_SIGNATURE_BYTES)
    if b"\r" not in data:
        yield path
        return
    with tempfile.NamedTemporaryFile(prefix="contingency-") as copy:
        copy.write(data.replace(b"\r\n", b"\n"))
        copy.flush()
        yield copy.name


def _why(error: str) -> str:
    """Return what ssh-keygen complained of in one line, without its frames and prompts."""
    lines = [line.replace("Enter passphrase:", "").strip() for line in error.splitlines()]
    return (
        " ".join(line.rstrip(".") for line in lines if line and line[0] != "@" and "on standard input" not in line)
        or "-"
    )


def signers_limitation(path: str) -> Optional[Said]:
    """Return why a file of allowed signers cannot be trusted, None where it can."""
    if not path:
        return say("signers_unset")
    try:
        status = os.stat(path)
    except OSError as error:
        return say("signers_missing", path=path, why=error.strerror)
    if not stat.S_ISREG(status.st_mode):
        return say("signers_missing", path=path, why="not a file")
    if status.st_mode & 0o022:
        return say("signers_writable", path=path, mode=f"{stat.S_IMODE(status.st_mode):04o}")
    if status.st_uid not in (0, os.geteuid()):
        return say("signers_foreign", path=path, uid=status.st_uid)
    return None if os.access(path, os.R_OK) else say("signers_missing", path=path, why="it cannot be read")


@dataclass(frozen=True)
class Signer:
    """A line of an allowed_signers file. ``authority``: it signs certificates, and those say whose they are."""

    number: int
    principals: FrozenSet[str]
    key: str
    options: str

    @property
    def authority(self) -> bool:
        return "cert-authority" in self.options.lower().split(",")

    def may_approve(self, now: float) -> bool:
        """Pure: do its options let it sign approvals at this time? A time that cannot be read is one that is over."""
        options = {name.lower(): value for name, value in _OPTION.findall(self.options)}
        spaces = options.get("namespaces", NAMESPACE).split(",")
        begin, end = options.get("valid-after"), options.get("valid-before")
        return (
            any(fnmatchcase(NAMESPACE, space) for space in spaces)
            and (begin is None or _moment(begin, now + 1) <= now)
            and (end is None or now < _moment(end, now))
        )


def signers_of(text: str) -> List[Signer]:
    """Pure: the lines of an allowed_signers file, without those that name no key."""
    found: List[Signer] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        place = next((place for place, word in enumerate(words) if _KEY_TYPE.fullmatch(word)), 0)
        if not words or words[0].startswith("#") or not 0 < place < len(words) - 1:
            continue
        principals = frozenset(words[0].strip('"').split(","))
        options = ",".join(words[1:place])
        found.append(Signer(number, principals, f"{words[place]} {words[place + 1]}", options))
    return found


def approvers_limitation(text: str, path: str, required: int, now: float) -> Optional[Said]:
    """Pure: why the approvers that a file names do not suffice, None where they do.

    A key for a pattern of names could approve in the name of each of them. There can be as many approvals as there are
    both persons and keys; how many persons have a certificate nobody can tell here.
    """
    signers = [signer for signer in signers_of(text) if signer.may_approve(now)]
    for signer in signers:
        pattern = next((name for name in sorted(signer.principals) if set(name) & set("*?!")), None)
        if pattern is not None and not signer.authority:
            return say("signers_pattern", path=path, line=signer.number, pattern=pattern)
    if any(signer.authority for signer in signers):
        return None
    persons = {name.casefold() for signer in signers for name in signer.principals}
    count = min(len(persons), len({signer.key for signer in signers}))
    return say("signers_too_few", path=path, count=count, required=required) if count < required else None


def _moment(text: str, otherwise: float) -> float:
    """Pure: a time of allowed_signers, YYYYMMDD[HHMM[SS]][Z], local without Z (ssh-keygen(1))."""
    digits, zone = text.rstrip("Z"), "+0000" if text.endswith("Z") else ""
    shape = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}.get(len(digits), "")
    try:
        return datetime.strptime(digits + zone, shape + ("%z" if zone else "")).timestamp()
    except (ValueError, OverflowError):
        return otherwise
