# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pg_restore and psql complained about while they restored, and what each complaint means for the copy."""

from __future__ import annotations

import re
from typing import List, NamedTuple, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._restore.model import RESTORE, Finding
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import private

REFRESH = "MATERIALIZED VIEW DATA"
_ENTRY = re.compile(r"^pg_restore: from TOC entry \d+; \d+ \d+ (.*)$")
_ERROR = re.compile(r"^pg_restore: (?:error|fatal): (.*)$")
_PSQL_ERROR = re.compile(r"^psql:[^:]*:\d+: (?:ERROR|FATAL|PANIC|error): +(.*)$")
_PSQL_STATEMENT = re.compile(r"^psql:[^:]*:\d+: STATEMENT: +(.*)$")
_COMMAND = "Command was: "
_NO_ROLE = re.compile(r'role "((?:[^"]|"")+)" does not exist')
_UNREACHED = re.compile(r"could not connect to server|could not establish connection|server .* not reachable")
_OWNERSHIP = re.compile(
    r"^(ALTER (?!.*DISABLE|.*ENABLE).* OWNER TO |GRANT |REVOKE |ALTER DEFAULT PRIVILEGES )", re.DOTALL
)
_REFRESH_SQL = re.compile(r"^REFRESH MATERIALIZED VIEW (?:CONCURRENTLY )?(\S+?);?$")
SHOWN = 10


class Complaint(NamedTuple):
    """One error: the object it is about, the message with what follows it, and the SQL that failed."""

    what: str
    message: str
    command: str = ""

    @property
    def statement(self) -> str:
        """The SQL without the comments that pg_dump writes above it."""
        return re.sub(r"^(?:\s*--[^\n]*\n)+", "", self.command).strip()

    @property
    def missing_role(self) -> Optional[str]:
        found = _NO_ROLE.search(self.message)
        return found.group(1).replace('""', '"') if found else None

    @property
    def refresh(self) -> Optional[str]:
        """The materialized view whose rows were to be computed."""
        found = _REFRESH_SQL.match(self.statement)
        return found.group(1) if found else None


def of_pg_restore(error: str) -> List[Complaint]:
    """Pure: what pg_restore wrote to its standard error."""
    found: List[Complaint] = []
    entry = ""
    for line in error.splitlines():
        named, failed = _ENTRY.match(line), _ERROR.match(line)
        if named:
            entry = named.group(1)
        elif failed:
            found.append(Complaint(entry or "the archive", failed.group(1)))
        elif found and not line.startswith("pg_restore:"):
            found[-1] = _continued(found[-1], line)
    return found


def of_psql(error: str) -> List[Complaint]:
    """Pure: what psql --echo-errors wrote to its standard error."""
    found: List[Complaint] = []
    for line in error.splitlines():
        failed, stated = _PSQL_ERROR.match(line), _PSQL_STATEMENT.match(line)
        if failed:
            found.append(Complaint("a statement of the script", failed.group(1)))
        elif found and stated:
            found[-1] = found[-1]._replace(command=stated.group(1))
        elif found and not line.startswith("psql:"):
            found[-1] = _continued(found[-1], line)
    return found


def _continued(complaint: Complaint, line: str) -> Complaint:
    if line.startswith(_COMMAND):
        return complaint._replace(command=line[len(_COMMAND) :])
    if complaint.command:
        return complaint._replace(command=f"{complaint.command}\n{line}")
    return complaint._replace(message=f"{complaint.message}\n{line}")


def sorted_out(complaints: List[Complaint]) -> Tuple[List[Complaint], List[Complaint], List[str]]:
    """Pure: what is wrong with the copy, what can be done again once a role is there, and what cannot be proven.

    Who owns what is not restored: roles are not part of a dump of one database. A materialized view over a foreign
    table cannot be computed behind walls, and one that reads it neither.
    """
    wrong: List[Complaint] = []
    again: List[Complaint] = []
    unproven: List[str] = []
    for each in complaints:
        if each.missing_role is not None and _OWNERSHIP.match(each.statement):
            continue
        if each.missing_role is not None and each.command:
            again.append(each)
        elif each.refresh is not None and (_UNREACHED.search(each.message) or _unfilled(each, unproven)):
            unproven.append(f"materialized view {each.refresh}: it reads another server, which is out of reach here")
        else:
            wrong.append(each)
    return wrong, again, unproven


def _unfilled(complaint: Complaint, unproven: List[str]) -> bool:
    return bool(unproven) and "has not been populated" in complaint.message


def findings(complaints: List[Complaint]) -> Tuple[Finding, ...]:
    """Pure: the first complaints one by one, and how many more there are."""
    told = [Finding(RESTORE, each.what, "restored", _short(each)) for each in complaints[:SHOWN]]
    if len(complaints) > SHOWN:
        told.append(Finding(RESTORE, f"{len(complaints) - SHOWN} more objects", "restored", "errors"))
    return tuple(told)


def _short(complaint: Complaint) -> str:
    """Return the message and where it happened; no row, and nothing of one."""
    lines = complaint.message.strip().splitlines()
    statement = private.statement(complaint.statement) if not lines[1:] else None
    where = f" in {statement}" if statement else ""
    return "; ".join([f"{private.message(lines)}{where}", *private.place(lines[1:])])
