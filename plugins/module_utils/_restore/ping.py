# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dead man's switch: a place outside is told when a test begins and how it ended, and alarms when it hears nothing.

As Healthchecks and what follows it want it: URL/start, then URL/STATUS with the exit status, 0 for good.
"""

from __future__ import annotations

import http.client
import ssl
from typing import Optional
from urllib.parse import urlsplit

from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    DEGRADED,
    FAILED,
    NOT_RUN,
    PASSED,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.verdict import Outcome, Tried

TIMEOUT = 10.0
TRIES = 2
STATUS = {PASSED: 0, DEGRADED: 0, FAILED: 2, NOT_RUN: 1}
"""The exit status of each verdict: good, differs, could not be run."""


def ping(url: str, word: str, text: str = "") -> Optional[str]:
    """Send ``text`` to URL/WORD; return what went wrong in one sentence, without the URL, which is a secret."""
    trouble = ""
    for _count in range(TRIES):
        try:
            status = _post(f"{url.rstrip('/')}/{word}", text)
        except (OSError, http.client.HTTPException, ValueError) as error:
            trouble = f"{type(error).__name__} {getattr(error, 'strerror', None) or ''}".strip()
            continue
        if 200 <= status < 300:
            return None
        trouble = f"status {status}"
    return f"the dead man's switch was not told of {word} ({trouble}); see whether ping_url can be reached from here"


def told(outcome: Outcome) -> str:
    """Return the outcome in a few lines: the set, the verdict, and at which stages.

    The place outside is somebody else's: findings name tables and files, and paths may hold passwords.
    """
    copies = [f"copy {place}: {_how(each)}" for place, each in enumerate(outcome.tried, 1)]
    return "\n".join([f"{outcome.order.name}: {outcome.verdict}", *copies])


def _how(tried: Tried) -> str:
    found = ", ".join(stage.name for stage in tried.stages if stage.seen.findings)
    if tried.good:
        return "good"
    return f"not good: {found}" if found else "could not be tested"


def _post(url: str, text: str) -> int:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("no http or https address")
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=TIMEOUT, context=context)
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT)
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, text.encode("utf-8"), {"Content-Type": "text/plain; charset=utf-8"})
        return connection.getresponse().status
    finally:
        connection.close()
