# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Noting a run in the record of the incident, or the drill, that it belongs to."""

from __future__ import annotations

import os

from ansible_collections.contingency.infra.plugins.module_utils._incident.store import EVENTS, ID
from ansible_collections.contingency.infra.plugins.module_utils._journal.place import PATIENCE, Place
from ansible_collections.contingency.infra.plugins.module_utils._journal.words import WORDS
from ansible_collections.contingency.infra.plugins.module_utils._record import chain
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_run import Settings, by


def record_of(settings: Settings) -> str:
    """Pure: the directory of the incident that a run names."""
    name = settings.incident or ""
    return os.path.join(settings.drills if name.startswith("DRILL-") else settings.incidents, name)


def link(place: Place, settings: Settings, playbook: str) -> str | None:
    """Note the run, and return why it could not be, in the language of the run, None where it was."""
    words, name = WORDS[settings.language], settings.incident or ""
    if not ID.fullmatch(name):
        return words["link_garbled"]
    record = os.path.join(record_of(settings), EVENTS)
    if not os.path.exists(record):
        return words["link_gone"].format(path=record)
    told = {"run": place.run, "directory": place.directory, "playbook": playbook, "drill": settings.drill, "by": by()}
    try:
        # Not waited for: neither the disk, nor for long whoever writes to the record just now. What is lost is seen in
        # the run's own journal, which names its incident.
        with chain.locked(record, PATIENCE) as writer:
            writer.append("run", told)
    except OSError as error:
        return words["link_unwritten"].format(path=record, why=error.strerror or error)
    return None
