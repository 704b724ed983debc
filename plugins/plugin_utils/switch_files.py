# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dated files of a switch on the controller."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import datetime, timezone

from ansible_collections.contingency.infra.plugins.module_utils._switch.backup import BackupStore, Stored
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import SwitchError
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.base import Platform


def store_texts(
    switch: str, dest: str, platform: Platform, found: Mapping[str, str], keep: int, write: bool = True
) -> dict[str, Stored]:
    """Write what differs from the newest files in the switch's own directory; without ``write`` only say what would be.

    SwitchError where the disk refuses.
    """
    directory = os.path.join(dest, re.sub(r"[^\w.-]", "_", switch))
    store = BackupStore(directory, platform.comparable)
    stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    try:
        planned = {name: store.plan(name, text, stamp) for name, text in found.items()}
        for name, each in planned.items() if write else ():
            if each.written:
                store.store(each, found[name], keep)
            else:
                store.confirm(each)
    except OSError as error:
        raise SwitchError(
            switch,
            f"the backup was read but not stored: {(error.strerror or str(error)).lower()} "
            f"at {error.filename or directory}; "
            "free space or choose another dest, then run this again",
        ) from error
    return planned
