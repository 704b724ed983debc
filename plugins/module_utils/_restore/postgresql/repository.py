# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pgBackRest's repository as a test reads it: asked with settings of its own, and never written to."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import Any, List, Mapping, NamedTuple, NoReturn, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import MISSING, Answer
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Damaged, Finding, NotRunnable
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.blame import raise_for
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.killed import check_killed
from ansible_collections.contingency.infra.plugins.module_utils._restore.scratch import Scratch

DEFAULTS = ("/etc/pgbackrest/pgbackrest.conf", "/etc/pgbackrest.conf")
INCLUDED = "/etc/pgbackrest/conf.d"
OURS = re.compile(
    r"^\s*(?:pg\d+-|archive-|spool-|lock-|log-|recovery-|target|tablespace-|link-|db-|delta|force|type|set|process-max)"
)
"""Settings of production's own server and of the way it is restored, which a test must not follow."""
REPOSITORY = re.compile(r"^\s*repo\d+-")
CIPHER = re.compile(r"^\s*repo1-cipher-")
UNREACHED = re.compile(r"HostConnect|unable to (?:connect|resolve|find host)|timeout|remote process|Permission denied")
NOT_FOUND = 1
LONG = 6 * 3600.0


class Backup(NamedTuple):
    """A backup as info tells: ``size`` in bytes restored, ``stopped`` an epoch, WAL that it needs from and to."""

    label: str
    repository: str
    size: int
    stopped: float
    first_wal: str
    last_wal: str
    archive: str
    error: bool


@dataclass(frozen=True)
class Where:
    """Which repository: its number in the configuration, or the path of one that lies on this host."""

    number: str = "1"
    path: Optional[str] = None


def where(path: str) -> Where:
    """Pure: a copy's path as the site writes it: /a/directory, repo2, or 2."""
    if path.startswith("/"):
        return Where(path=path)
    found = re.fullmatch(r"(?:repo)?(\d+)", path)
    if found is None:
        raise NotRunnable(f"{path} names no repository; write repo1, repo2, or the path of a repository on this host")
    return Where(number=found.group(1))


@dataclass(frozen=True)
class Repository:
    """Asks pgBackRest as ``user`` (None: as who this is), with its configuration, logs and locks in the scratch."""

    scratch: Scratch
    program: str
    stanza: str
    config: str
    where: Where
    data: str
    user: Optional[str]

    def run(self, *arguments: str, timeout: float = LONG, lasting: bool = True) -> Answer:
        inner = os.path.dirname(self.config)
        own = [
            f"--stanza={self.stanza}",
            f"--config={self.config}",
            f"--repo={self.where.number}",
            f"--lock-path={inner}/lock",
            "--log-level-file=off",
            "--log-level-console=off",
            "--log-level-stderr=error",
        ]
        words = own if arguments[0] != "info" else [word for word in own if not word.startswith("--lock-path")]
        answer = self.scratch.outside(
            [self.program, *words, *arguments], user=self.user, timeout=timeout, lasting=lasting
        )
        self.scratch.check_time()
        if answer.status == MISSING:
            raise NotRunnable(f"{self.program} is not on this host; install pgbackrest")
        check_killed(self.program, answer.status)
        return answer

    def backups(self, stage: str) -> List[Backup]:
        """Return the backups of the stanza in this repository, the oldest first; Damaged where none can be told."""
        answer = self.run("info", "--output=json", timeout=600.0)
        if answer.status != 0:
            self.failed(stage, "the repository", "that its list of backups can be read", answer)
        found, problem = parse_info(answer.output, self.stanza, self.where.number)
        if problem is not None:
            raise Damaged(Finding(stage, f"stanza {self.stanza}", "backups", problem))
        return found

    def newest_wal(self, archive: str) -> Optional[str]:
        """Return the name of the newest segment in an archive."""
        answer = self.run("info", "--output=json", timeout=600.0)
        return newest_wal(answer.output, self.stanza, self.where.number, archive) if answer.status == 0 else None

    def restore(self, label: str, tablespaces: str, jobs: int) -> Answer:
        return self.run(
            "restore",
            f"--set={label}",
            f"--pg1-path={self.data}",
            f"--tablespace-map-all={tablespaces}",
            f"--process-max={max(1, jobs)}",
            "--archive-mode=off",
            "--type=none",
            lasting=False,
        )

    def archive_get(self, name: str, into: str) -> Answer:
        return self.run("archive-get", f"--pg1-path={self.data}", name, os.path.join(into, name), timeout=3600.0)

    def failed(self, stage: str, what: str, expected: str, answer: Answer) -> NoReturn:
        """NotRunnable where the repository could not be reached, else Damaged."""
        said = complaint(answer)
        if UNREACHED.search(said):
            raise NotRunnable(f"pgBackRest cannot reach repository {self.where.path or self.where.number}: {said}")
        raise_for(stage, what, expected, said)


def complaint(answer: Answer) -> str:
    """Pure: the error that pgBackRest tells, without its own decoration."""
    lines = [line.strip() for line in f"{answer.error}\n{answer.output}".splitlines() if line.strip()]
    errors = [line.partition("ERROR:")[2].strip() or line for line in lines if "ERROR:" in line]
    return (errors or lines or [f"exit status {answer.status}"])[0]


def configured(text: str, at: Where) -> str:
    """Pure: production's configuration without what belongs to its own server; of a path, only how it is encrypted."""
    lines = []
    for line in text.splitlines():
        if OURS.match(line) or (at.path is not None and REPOSITORY.match(line) and not CIPHER.match(line)):
            continue
        lines.append(line)
    if at.path is not None:
        lines += ["[global]", f"repo1-path={at.path}"]
    return "\n".join(lines) + "\n"


def read_configuration(scratch: Scratch, given: Optional[str], at: Where) -> str:
    """Return the text of the site's configuration; NotRunnable where it names none and one is needed."""
    if given:
        text = scratch.host.read(given)
        if text is None:
            raise NotRunnable(f"{given} cannot be read; correct options.config")
        return text
    parts = [scratch.host.read(path) for path in DEFAULTS]
    names = sorted(os.listdir(INCLUDED)) if os.path.isdir(INCLUDED) else []
    parts += [scratch.host.read(os.path.join(INCLUDED, name)) for name in names if name.endswith(".conf")]
    text = "\n".join(part for part in parts if part)
    if not text and at.path is None:
        raise NotRunnable(f"there is no {DEFAULTS[0]}; name pgBackRest's configuration in options.config")
    return text


def parse_info(text: str, stanza: str, repository: str) -> Tuple[List[Backup], Optional[str]]:
    """Pure: the backups that info lists for a stanza and repository, or what is wrong."""
    row, problem = _stanza(text, stanza)
    if row is None:
        return [], problem
    archives = {_key(each): str(each["id"]) for each in row.get("archive", [])}
    found = [_backup(each, archives) for each in row.get("backup", [])]
    mine = [each for each in found if each.repository == repository]
    if mine:
        return sorted(mine, key=lambda each: each.stopped), None
    return [], str((row.get("status") or {}).get("message") or "none")


def _stanza(text: str, stanza: str) -> Tuple[Optional[Mapping[str, Any]], Optional[str]]:
    try:
        rows = [row for row in json.loads(text) if row.get("name") == stanza]
    except (ValueError, AttributeError):
        return None, "an answer that is no JSON"
    return (rows[0], None) if rows else (None, "no such stanza in the repository")


def _backup(row: Mapping[str, Any], archives: Mapping[Tuple[str, str], str]) -> Backup:
    wal = row.get("archive") or {}
    return Backup(
        label=str(row["label"]),
        repository=_key(row)[0],
        size=int((row.get("info") or {}).get("size") or 0),
        stopped=float(row["timestamp"]["stop"]),
        first_wal=str(wal.get("start") or ""),
        last_wal=str(wal.get("stop") or ""),
        archive=archives.get(_key(row), ""),
        error=bool(row.get("error")),
    )


def _key(row: Mapping[str, Any]) -> Tuple[str, str]:
    database = row.get("database") or {}
    return str(database.get("repo-key", 1)), str(database.get("id", 1))


def newest_wal(text: str, stanza: str, repository: str, archive: str) -> Optional[str]:
    """Pure: the newest segment of an archive."""
    row, _problem = _stanza(text, stanza)
    for each in (row or {}).get("archive", []):
        if _key(each)[0] == repository and str(each.get("id")) == archive:
            return str(each["max"]) if each.get("max") else None
    return None
