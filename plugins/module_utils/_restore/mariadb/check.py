# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the pages and indexes of restored tables are sound: innochecksum for each file, CHECK TABLE for each table.

innochecksum (10.11) calls every system tablespace damaged whose doublewrite buffer holds anything: those pages belong
elsewhere. They are left out by their place, which the tablespace's sixth page has.
"""

from __future__ import annotations

import os
import re
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import List, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import MISSING
from ansible_collections.contingency.infra.plugins.module_utils._restore import shortage
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.content import in_parallel
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.inventory import Table
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.options import MariadbOptions
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.session import Asks, Row
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    STRUCTURE,
    Finding,
    NotRunnable,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.scratch import Scratch

INNODB = (".ibd",)
TOGETHER = 40
"""Files given to one run of innochecksum: to start walls for each would take longer than to read it."""
SOUND = ("OK", "Table is already up to date")
TRX_SYS_PAGE, MAGIC, AT = 5, 536853855, 200
"""The page that says where the doublewrite buffer is, its mark, and how far from the page's end that is written."""
CHECKED = """check=$1; shift
while [ $# -gt 0 ]; do
  file=$1 range=$2; shift 2
  said=$($check $range "$file" 2>&1) && continue
  [ $? != 137 ] || exit 137
  printf '%s\\t%s\\n' "$file" "$(printf '%s' "$said" | head -n 1 | tr '\\t' ' ')"
done"""


def innodb_files(data: str) -> List[str]:
    """Return the files of a data directory that are made of InnoDB pages."""
    found = [os.path.join(data, name) for name in os.listdir(data) if name.startswith(("ibdata", "undo"))]
    for folder, _folders, names in os.walk(data):
        found += [os.path.join(folder, name) for name in names if name.endswith(INNODB)]
    return sorted(path for path in found if os.path.isfile(path))


def page_findings(scratch: Scratch, options: MariadbOptions, files: Sequence[str], page_size: int) -> List[Finding]:
    """Read every page's checksum; no server may have the files open."""
    parts = [part for path in files for part in parts_of(path, page_size)]
    groups = [parts[start : start + TOGETHER] for start in range(0, len(parts), TOGETHER)]
    first = ["sh", "-c", CHECKED, "pages", options.program("innochecksum")]
    commands = [scratch.command([*first, *(word for part in group for word in part)], options.user) for group in groups]

    def one(command: List[str]) -> List[Finding]:
        answer = scratch.host.run(command, timeout=scratch.host.left)
        scratch.check_time()
        if answer.status != 0:
            shortage.check(answer)
            raise NotRunnable(f"innochecksum could not be run: {answer.complaint} (status {answer.status})")
        return [_page_finding(line, scratch.path) for line in answer.output.splitlines()]

    with ThreadPoolExecutor(max_workers=scratch.order.limits.jobs) as pool:
        return [finding for findings in pool.map(one, commands) for finding in findings]


def parts_of(path: str, page_size: int) -> List[Tuple[str, str]]:
    """Return the file with the pages of it that are looked at, as options of innochecksum; no options: all."""
    if os.path.basename(path) != "ibdata1":
        return [(path, "")]
    with open(path, "rb") as file:
        file.seek((TRX_SYS_PAGE + 1) * page_size - AT)
        return [(path, part) for part in ranges_beside(file.read(AT), page_size, os.path.getsize(path) // page_size)]


def ranges_beside(header: bytes, page_size: int, pages: int) -> List[str]:
    """Pure: the ranges of pages outside of the doublewrite buffer, whose two blocks are an extent each."""
    magic, *blocks = struct.unpack(">III", header[10:22])
    if magic != MAGIC:
        return [""]
    extent = 64 if page_size >= 16384 else (1 << 20) // page_size
    edges = [0, *(edge for block in sorted(blocks) for edge in (block, block + extent)), pages]
    pairs = [(edges[each], edges[each + 1] - 1) for each in range(0, len(edges), 2)]
    return [f"-s {first} -e {last}" for first, last in pairs if first <= last]


def _page_finding(line: str, base: str) -> Finding:
    path, _tab, said = line.partition("\t")
    return Finding(STRUCTURE, f"pages of {os.path.relpath(path, os.path.join(base, 'data'))}", "good checksums", said)


def undefined_tables(data: str) -> List[Finding]:
    """Tables whose rows are there and whose definition is not: the server does not even list them.

    Full-text indexes have tables of their own without one (FTS_), and an ALTER that was broken off leaves such (#sql).
    """
    findings = []
    for path in innodb_files(data):
        folder, name = os.path.split(path[: -len(".ibd")])
        table = re.split("#p#|#sp#", name, maxsplit=1, flags=re.IGNORECASE)[0]
        hidden = not path.endswith(INNODB) or name.startswith(("FTS_", "#sql")) or folder == data
        if not hidden and not os.path.exists(os.path.join(folder, f"{table}.frm")):
            what = f"table {os.path.basename(folder)}.{table}"
            findings.append(Finding(STRUCTURE, what, f"its definition {table}.frm", "rows without it"))
    return findings


def program_limitation(scratch: Scratch, options: MariadbOptions) -> Optional[str]:
    """Return why pages cannot be checked here, None where they can."""
    answer = scratch.host.run([options.program("innochecksum"), "--version"])
    return "innochecksum is not on this host; install mariadb-server" if answer.status == MISSING else None


def check_tables(sessions: Sequence[Asks], tables: Sequence[Table]) -> List[Finding]:
    """Walk each table's indexes to their end and compare them with its rows."""
    wanted = [table for table in tables if table.left_out is None]
    return [finding for findings in dict(in_parallel(sessions, wanted, _check)).values() for finding in findings]


def _check(session: Asks, table: Table) -> Tuple[str, List[Finding]]:
    return table.title, check_findings(session.rows(f"CHECK TABLE {table.identifier} EXTENDED"))


def check_findings(rows: Sequence[Row]) -> List[Finding]:
    """Pure: from (table, operation, kind of message, text); notes and good news are none."""
    bad = [row for row in rows if row[2].lower() in ("error", "warning") or _bad_status(row)]
    return [Finding(STRUCTURE, f"CHECK TABLE {row[0]}", "OK", row[3]) for row in bad[:3]]


def _bad_status(row: Row) -> bool:
    return row[2].lower() == "status" and row[3] not in SOUND
