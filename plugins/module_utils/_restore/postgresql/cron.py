# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dump that holds pg_cron: the extension is only made where its library was loaded at the server's start.

It then would run the jobs. Its scheduler is a background worker, and a server that may have none starts none.
"""

from __future__ import annotations

import os
import re
from typing import Dict

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host

LIBRARY = "pg_cron"
_NAMED = re.compile(
    r"^(?:\d+; \d+ \d+ EXTENSION - pg_cron\b|CREATE EXTENSION (?:IF NOT EXISTS )?pg_cron\b)", re.MULTILINE
)


def is_in(listed: str) -> bool:
    """Pure: does the table of contents of an archive, or the head of a script, name the extension?"""
    return _NAMED.search(listed) is not None


def is_installed(host: Host, programs: str) -> bool:
    """Is the library there? Without it the dump is not restored either way, and that is said of the extension."""
    return host.exists(os.path.join(os.path.dirname(programs), "lib", f"{LIBRARY}.so"))


def settings(database: str) -> Dict[str, str]:
    """Pure: what lets the extension be made in its database, and no job run."""
    return {"cron.database_name": database, "cron.launch_active_jobs": "off", "max_worker_processes": "0"}
