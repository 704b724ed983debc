# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest of a copy, from where the copy lies."""

from __future__ import annotations

import shlex
from typing import Any, Mapping

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._restore import manifest as manifests
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    Copy,
    Damaged,
    NotRunnable,
    Order,
    Seen,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.stages import Papers

SSH = ("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15", "-o", "ServerAliveInterval=15", "--")
LARGEST_WAIT = 600.0
"""Seconds for a manifest over SSH; that of a million files has some hundred megabytes."""
LOST = 255
"""With this status ssh itself failed, and not the command behind it."""


def read_manifest(host: Host, order: Order, copy: Copy) -> Papers:
    """Return the copy's manifest and what is wrong with it; a manifest that is named and not there is wrong."""
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
    answer = host.run([*SSH, copy.host, f"cat -- {shlex.quote(path)}"], timeout=LARGEST_WAIT)
    if answer.status == LOST or answer.status == 124:
        raise NotRunnable(f"{copy.host} cannot be reached over ssh ({answer.complaint}); see its ~/.ssh/config here")
    return manifests.parsed(answer.output if answer.status == 0 else "", f"{copy.host}:{path}")
