# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a dump says of itself in the comments that mariadb-dump writes at its beginning and its end."""

from __future__ import annotations

import re
import time
from typing import NamedTuple, Optional

from ansible_collections.contingency.infra.plugins.module_utils._restore.stream import Ends

BANNER = re.compile(r"^-- (MariaDB|MySQL) dump ", re.MULTILINE)
HOST = re.compile(r"^-- Host: (\S*)(?:    Database: (.*))?$", re.MULTILINE)
VERSION = re.compile(r"^-- Server version\s+(\S+)", re.MULTILINE)
DONE = re.compile(r"^-- Dump completed(?: on (\d{4}-\d\d-\d\d +\d{1,2}:\d\d:\d\d))?\s*\Z", re.MULTILINE)
CREATES = re.compile(r"^(-- Current Database: |USE `|CREATE DATABASE )", re.MULTILINE)
GTID = re.compile(r"^-- SET GLOBAL gtid_slave_pos='([^']*)'", re.MULTILINE)


class DumpSays(NamedTuple):
    """``dumped``: it has the dumper's first line. ``completed``: it has its last. ``ended``: local time of its host.

    ``database``: the one that it is of, where it does not say itself into which database it goes.
    """

    dumped: bool
    completed: bool
    version: Optional[str]
    database: Optional[str]
    ended: Optional[str]
    gtid: Optional[str]

    @property
    def ended_at(self) -> Optional[float]:
        """The end as an epoch, taken as the local time of this host, since the dump does not say which it is."""
        return time.mktime(time.strptime(self.ended, "%Y-%m-%d %H:%M:%S")) if self.ended else None


def dump_says(ends: Ends) -> DumpSays:
    """Pure: read the comments at both ends of a dump."""
    head, tail = ends.head.decode("utf-8", "replace"), ends.tail.decode("utf-8", "replace")
    place, version, done, gtid = HOST.search(head), VERSION.search(head), DONE.search(tail), GTID.search(tail)
    ended = " ".join(done.group(1).split()) if done and done.group(1) else None
    return DumpSays(
        dumped=BANNER.search(head) is not None,
        completed=done is not None,
        version=version.group(1) if version else None,
        database=(place.group(2) or "").strip() or None if place and not CREATES.search(head) else None,
        ended=ended,
        gtid=gtid.group(1) if gtid else None,
    )
