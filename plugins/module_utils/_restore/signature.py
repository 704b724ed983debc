# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures of manifests by OpenSSH's own program (ssh-keygen -Y, PROTOCOL.sshsig); no cryptography of our own."""

from __future__ import annotations

import os
import tempfile
from typing import Optional, Sequence

from ansible_collections.contingency.infra.plugins.module_utils._host.run import MISSING, Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import NotRunnable

NAMESPACE = "contingency-backup"
"""A signature that was made for something else does not count for a manifest."""
TIMEOUT = 30.0


class SignatureBad(Exception):
    """A signature that does not prove anything; ``message`` says what was seen."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def signing_limitation(host: Host, key: str) -> Optional[str]:
    """Return why nothing can be signed with this key, None where it can."""
    if not host.exists(key):
        return f"There is no signing key {key}; make one with ssh-keygen -t ed25519 -N '' -f {key}."
    try:
        signature(host, "trial", key)
    except SignatureBad as error:
        return f"Nothing can be signed with {key} ({error.message}); use a key without a passphrase, or an agent."
    return None


def signature(host: Host, text: str, key: str) -> str:
    """Return the signature of a text; SignatureBad where the key does not sign."""
    answer = host.run(["ssh-keygen", "-q", "-Y", "sign", "-f", key, "-n", NAMESPACE], stdin=text, timeout=TIMEOUT)
    if answer.status != 0 or "BEGIN SSH SIGNATURE" not in answer.output:
        raise SignatureBad(answer.complaint)
    return answer.output


def verified_signer(host: Host, text: str, signed: Optional[str], allowed_signers: str) -> str:
    """Return who signed the text, by the file of allowed signers; SignatureBad where nobody there did."""
    if not host.exists(allowed_signers):
        raise NotRunnable(f"There is no file {allowed_signers}; write it as ssh-keygen(1) says under ALLOWED SIGNERS.")
    if not signed:
        raise SignatureBad("none")
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "signature")
        host.write_atomically(path, signed)
        principal = _asked(host, ["find-principals", "-s", path, "-f", allowed_signers], "")
        _asked(host, ["verify", "-s", path, "-f", allowed_signers, "-n", NAMESPACE, "-I", principal], text)
    return principal


def _asked(host: Host, words: Sequence[str], text: str) -> str:
    answer = host.run(["ssh-keygen", "-Y", *words], stdin=text, timeout=TIMEOUT)
    if answer.status == MISSING:
        raise NotRunnable("There is no ssh-keygen on this host; install OpenSSH's client.")
    if answer.status != 0:
        raise SignatureBad(answer.complaint)
    return answer.output.splitlines()[0].strip() if answer.output.strip() else ""
