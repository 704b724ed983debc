# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a backup with pgBackRest, and a manifest of what the server held at a restore point after it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import MISSING, TIMED_OUT, Answer, Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import QueryFailed
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.physical import PhysicalOptions, marked
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.postgresql import (
    PostgresqlTaker,
    asked,
    primary_limitation,
    program_limitation,
    server_facts,
    superuser_limitation,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.restore_point import Mark
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import (
    NotTaken,
    Taken,
    TakeOrder,
)

QUICK = 60.0  # seconds for pgbackrest info
POLL = 0.5
ONLY_A_MANIFEST = 1 << 20  # bytes
FIRST = "1"
"""The repository that pgBackRest takes where none is named."""


@dataclass(frozen=True)
class PgBackRestOptions(PhysicalOptions):
    """``type``: full, diff or incr; ``repository``: its number; ``archive_seconds``: for WAL to arrive there."""

    stanza: str = ""
    config: Optional[str] = None
    type: str = "incr"
    repository: str = FIRST
    program: str = "pgbackrest"
    archive_seconds: float = 600.0


class Backup(NamedTuple):
    """A backup as pgBackRest's info names it; ``damaged``: it found pages with a wrong checksum on the source."""

    label: str
    repository: str
    damaged: bool


class PgBackRestTaker(PostgresqlTaker):
    """The data goes to the repository, and to that of each copy; the directory gets the manifest.

    All repositories get their backup before the restore point is set, so that one manifest is true for each.
    """

    has_repository = True

    options: PgBackRestOptions

    def __init__(self, order: TakeOrder, host: Host) -> None:
        super().__init__(order, host)
        self.options = PgBackRestOptions.of(order.engine, order.options)
        if not self.options.stanza:
            raise NotTaken("The engine pgbackrest backs up one stanza; name it as stanza.")
        if self.options.type not in ("full", "diff", "incr"):
            raise NotTaken(f"pgBackRest has no type {self.options.type} of backup; it has full, diff and incr.")

    @property
    def repositories(self) -> List[str]:
        """The numbers of all repositories that get a backup."""
        return [self.options.repository, *(copy.repository for copy in self.order.copies if copy.repository)]

    def limitation(self) -> Optional[str]:
        return (
            primary_limitation(self.client)
            or superuser_limitation(self.client, self.options.role)
            or program_limitation(self.client, "pg_waldump")
            or self._stanza_limitation()
        )

    def steps(self) -> Tuple[str, ...]:
        runs = tuple(" ".join(self._command(*self._backup_arguments(repository))) for repository in self.repositories)
        return (*runs, "a restore point; rows and hash of each table exactly at it", "wait until its WAL is archived")

    def needed_bytes(self) -> Optional[int]:
        return ONLY_A_MANIFEST

    def take(self, work: str) -> Taken:
        began = self.host.wall()
        try:
            server = server_facts(self.client, None)
            size = asked(
                self.client,
                "postgres",
                "SELECT sum(pg_catalog.pg_tablespace_size(oid))::bigint FROM pg_catalog.pg_tablespace",
            )
            labels = {repository: self._back_up(repository) for repository in self.repositories}
            found = marked(self.client, self.options, self.order.name, self.order.jobs)
        except QueryFailed as error:
            raise NotTaken(f"The server stopped answering ({error.complaint}); look at its log.") from error
        for repository in self.repositories:
            self._wait_until_archived(repository, found.mark)
        position = {
            **found.position,
            "stanza": self.options.stanza,
            "archive": labels[self.options.repository],
            "repositories": labels,
        }
        ended = self.host.wall()
        return Taken(
            began, found.mark.at, ended, server, position, int(size), found.content, found.warnings, found.failure
        )

    def second_copy(self, taken: Taken, repository: str) -> str:
        label, segment = taken.position["repositories"][repository], taken.position["segment"]
        info = self._info()
        there = [backup for backup in backups_in(info) if backup[:2] == (label, repository)]
        if not there:
            raise NotTaken(f"pgBackRest's repository {repository} does not hold {label}.")
        return f"repository {repository} holds {label}, and WAL up to {last_archived(info, repository) or segment}"

    def close(self) -> None:
        """Every program of this run was waited for."""

    def _command(self, *arguments: str) -> List[str]:
        config = [f"--config={self.options.config}"] if self.options.config else []
        return [self.options.program, f"--stanza={self.options.stanza}", *config, *arguments]

    def _backup_arguments(self, repository: str) -> List[str]:
        return [f"--repo={repository}", f"--type={self.options.type}", "--log-level-console=warn", "backup"]

    def _run(self, *arguments: str, timeout: float) -> Answer:
        return self.host.run(self._command(*arguments), user=self.options.os_user, timeout=timeout)

    def _stanza_limitation(self) -> Optional[str]:
        for repository in self.repositories:
            answer = self._run(f"--repo={repository}", "info", "--output=json", timeout=QUICK)
            if answer.status == MISSING:
                return "There is no pgbackrest on this host; install it, or name it as program."
            if answer.status != 0:
                return f"pgbackrest info failed ({told(answer)}); correct stanza, config or repository."
            problem = status_problem(answer.output, self.options.stanza)
            if problem is not None:
                return f"pgBackRest says of {self.options.stanza}: {problem}; run pgbackrest stanza-create and check."
        if asked(self.client, "postgres", "SHOW archive_mode") == "off":
            return "archive_mode is off, so the repository gets no WAL; set it to on and restart the server."
        return None

    def _info(self) -> List[Dict[str, Any]]:
        answer = self._run("info", "--output=json", timeout=QUICK)
        if answer.status != 0:
            raise NotTaken(f"pgbackrest info failed ({told(answer)}).")
        try:
            info: List[Dict[str, Any]] = json.loads(answer.output)
        except ValueError as error:
            raise NotTaken(f"pgbackrest info answered {answer.output[:80]!r} and not JSON.") from error
        return info

    def _back_up(self, repository: str) -> str:
        """Back up into one repository; returns the new label. pgBackRest ends with 0 also where pages are damaged."""
        before = {backup.label for backup in backups_in(self._info()) if backup.repository == repository}
        answer = self._run(*self._backup_arguments(repository), timeout=self.order.timeout_seconds)
        if answer.status == TIMED_OUT:
            raise NotTaken(f"pgbackrest backup did not end within {self.order.timeout_seconds:g} s; raise timeout.")
        if answer.status != 0:
            raise NotTaken(f"pgbackrest backup into repository {repository} failed ({told(answer)}).")
        made = [one for one in backups_in(self._info()) if one.repository == repository and one.label not in before]
        if not made:
            raise NotTaken(f"pgbackrest backup ended well, but repository {repository} holds no new backup.")
        if made[-1].damaged:
            raise NotTaken(
                f"pgBackRest found pages with a wrong checksum while it made {made[-1].label} in repository "
                f"{repository}: the source is damaged; see its log for the files, and restore an older backup."
            )
        return made[-1].label

    def _wait_until_archived(self, repository: str, mark: Mark) -> None:
        """The last segment that is archived says nothing of another timeline; the restore point's is the newest."""
        deadline = self.host.now() + self.options.archive_seconds
        while (last_archived(self._info(), repository) or "") < mark.segment:
            if self.host.now() > deadline:
                raise NotTaken(
                    f"The WAL segment {mark.segment} of the restore point did not reach repository {repository} within "
                    f"{self.options.archive_seconds:g} s; see pg_stat_archiver for why, or raise archive_seconds."
                )
            self.host.sleep(POLL)


def backups_in(info: List[Dict[str, Any]]) -> List[Backup]:
    """Pure: the backups of a stanza, the oldest first."""
    rows = [row for stanza in info for row in stanza.get("backup", [])]
    rows.sort(key=lambda row: (row["timestamp"]["stop"], row["label"]))
    return [Backup(row["label"], repository_of(row), bool(row.get("error"))) for row in rows]


def last_archived(info: List[Dict[str, Any]], repository: str) -> Optional[str]:
    """Pure: the newest WAL segment that a repository holds, of the newest cluster of the stanza."""
    rows = [row for stanza in info for row in stanza.get("archive", []) if repository_of(row) == repository]
    newest = max(rows, key=lambda row: int(row["database"]["id"]), default=None)
    return newest.get("max") if newest is not None else None


def repository_of(row: Mapping[str, Any]) -> str:
    return str(row["database"].get("repo-key", FIRST))


def status_problem(text: str, stanza: str) -> Optional[str]:
    """Pure: what info says is wrong with the stanza itself; that it holds no backup yet is none."""
    try:
        rows = [row for row in json.loads(text) if row.get("name") == stanza]
    except (ValueError, AttributeError):
        return f"{text[:80]!r}, which is no JSON"
    if not rows:
        return "no such stanza"
    status = rows[0].get("status", {})
    return None if status.get("code") in (0, 2) else str(status.get("message", "unknown state"))


def told(answer: Answer) -> str:
    """Return the line in which pgBackRest says what was wrong; its complaints go to both outputs."""
    lines = [line.strip() for line in f"{answer.error}\n{answer.output}".splitlines()]
    errors = [line for line in lines if "ERROR:" in line]
    return (errors or [line for line in lines if line] or [f"status {answer.status}"])[0]
