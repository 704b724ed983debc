# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a readiness check reads of approvals."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Refused, say
from ansible_collections.contingency.infra.plugins.module_utils._approval.sealed import RECORD, openings, record_in
from ansible_collections.contingency.infra.plugins.module_utils._approval.signature import (
    approvers_limitation,
    signers_limitation,
)
from ansible_collections.contingency.infra.plugins.module_utils._approval.standing import ANY, Standing, standings_of
from ansible_collections.contingency.infra.plugins.module_utils._approval.store import USES
from ansible_collections.contingency.infra.plugins.module_utils._approval.times import local
from ansible_collections.contingency.infra.plugins.module_utils._approval.words import told
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._readiness import approvals
from ansible_collections.contingency.infra.plugins.module_utils._record.damages import damage_said

MAINS = ("staged_shutdown", "mains")


def read_approvals(options: Mapping[str, Any], language: str) -> approvals.Approvals:
    """Return what is to be judged. ``options``: required, allowed_signers, standing, directory, as of the module
    approval."""
    required, number_trouble = _required(options.get("required"), language)
    standing, standing_trouble = _standing(options.get("standing") or [], language)
    seals, seals_trouble = _seals(str(options.get("directory") or ""), language)
    return approvals.Approvals(
        required=required,
        signers_trouble=number_trouble
        or _signers_trouble(str(options.get("allowed_signers") or ""), required, language),
        standing_trouble=standing_trouble,
        standing=tuple(
            approvals.Standing(f"{each.procedure} {', '.join(sorted(each.targets))}", each.until, local(each.until))
            for each in standing
        ),
        mains=any(each.procedure == MAINS[0] and {MAINS[1], ANY} & each.targets for each in standing),
        seals_trouble=seals_trouble,
        seals=seals,
    )


def _required(written: Any, language: str) -> tuple[int, str]:
    """Return how many approvals are asked for; one and why, where that is no number: it refuses procedures too."""
    if written is None or str(written) in ("0", "1", "2", "False"):
        return int(written or 0), ""
    return 1, told(say("approvals_number", seen=written), language)


def _signers_trouble(path: str, required: int, language: str) -> str:
    limitation = signers_limitation(path)
    if limitation is None:
        limitation = approvers_limitation(LocalHost().read(path) or "", path, required, time.time())
    return "" if limitation is None else told(limitation, language)


def _standing(entries: Any, language: str) -> tuple[Sequence[Standing], str]:
    try:
        return standings_of(entries), ""
    except Refused as error:
        return [], told(error.said, language)


def _seals(directory: str, language: str) -> tuple[tuple[approvals.Seal, ...], str]:
    if not directory:
        return (), ""
    try:
        readings = {name: record_in(directory, name) for name in (RECORD, USES)}
    except OSError as error:
        return (), f"{directory}: {error.strerror}"
    found = [opening for each in openings(readings[RECORD].lines).values() for opening in each]
    damaged = {name: reading.damage for name, reading in readings.items() if reading.damage is not None}
    damages = [
        told(
            say("record_damaged", path=name, line=damage.line, why=damage_said(damage.why, language)),
            language,
        )
        for name, damage in damaged.items()
    ]
    return tuple(approvals.Seal(each.name, local(each.epoch), each.by) for each in found), "; ".join(damages)
