# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest of a copy, from where the copy lies."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import replace
from typing import Any, Mapping, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._restore import manifest as manifests
from ansible_collections.contingency.infra.plugins.module_utils._restore.compare import ABSENT
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    CHECKSUMS,
    Copy,
    Damaged,
    Finding,
    Order,
    Seen,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.ssh import over_ssh
from ansible_collections.contingency.infra.plugins.module_utils._restore.stages import Papers

LARGEST_WAIT = 600.0
"""Seconds for a manifest over SSH; that of a million files has some hundred megabytes."""
MANIFEST = "manifest.json"
"""The name that backup_manifest gives it, in the directory of the backup."""
ELSEWHERE = re.compile(r"\A[\w.@-]+:")
"""A repository that its program reaches by itself: sftp:..., s3:..., user@host:path."""


def pinned(host: Host, copy: Copy) -> Copy:
    """Return the copy by the name that the backup keeps: a link such as ``latest`` may soon lead to another one.

    Its manifest is the one that lies in it, where the site names none. What its own program names stays as it is.
    """
    if ELSEWHERE.match(copy.path):
        return copy
    real, inside = _resolved(host, copy)
    if real is None:
        return copy
    manifest = copy.manifest
    if manifest is None:
        return replace(copy, path=real, manifest=inside)
    below = f"{copy.path.rstrip('/')}/"
    if manifest.startswith(below):
        manifest = os.path.join(real, manifest[len(below) :])
    return replace(copy, path=real, manifest=manifest)


def _resolved(host: Host, copy: Copy) -> Tuple[Optional[str], Optional[str]]:
    """Return the real path and that of the manifest in it, each None where it is not there."""
    if copy.host is None:
        real = os.path.realpath(copy.path)
        inside = os.path.join(real, MANIFEST)
        return (real if host.exists(real) else None), (inside if host.exists(inside) else None)
    there = f'p=$(readlink -e -- {shlex.quote(copy.path)}) && echo "$p" && test -e "$p/{MANIFEST}" && echo there'
    answer = over_ssh(host, copy.host, there)
    lines = answer.output.splitlines()
    if not lines:
        return None, None
    return lines[0], (f"{lines[0]}/{MANIFEST}" if len(lines) > 1 else None)


def read_manifest(host: Host, order: Order, copy: Copy) -> Papers:
    """Return the copy's manifest and what is wrong with it; a manifest that is named and not there is wrong.

    So is a copy without one where manifests have to be signed: else taking it away would be enough to swap a backup.
    """
    if copy.manifest is None and order.allowed_signers is not None:
        expected = f"one that is signed by one of {order.allowed_signers}"
        return None, Seen((Finding(CHECKSUMS, "manifest of the backup", expected, ABSENT),))
    if copy.manifest is None:
        return None, Seen(unproven=("that the copy is the one that was taken: it has no manifest",))
    try:
        manifest = _read(host, copy, copy.manifest)
    except Damaged as error:
        return None, Seen(tuple(error.findings))
    return manifest, manifests.check(host, manifest, order.name, order.engine, order.allowed_signers)


def _read(host: Host, copy: Copy, path: str) -> Mapping[str, Any]:
    if copy.host is None:
        return manifests.read(host, path)
    answer = over_ssh(host, copy.host, f"cat -- {shlex.quote(path)}", LARGEST_WAIT)
    return manifests.parsed(answer.output if answer.status == 0 else "", f"{copy.host}:{path}")
