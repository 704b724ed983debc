# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Back up files with restic, and write down what the snapshot has to hold."""

from __future__ import annotations

import socket
from typing import Dict, List, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer, Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.files import tree
from ansible_collections.contingency.infra.plugins.module_utils._restore.files.repository import json_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.files.restic import Snapshot, snapshots_in
from ansible_collections.contingency.infra.plugins.module_utils._restore.files.trial import complaint
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.files import (
    RepositoryOptions,
    RepositoryTaker,
    Written,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import NotTaken, Taken, TakeOrder

INCOMPLETE = 3
"""restic's exit status for a snapshot that lacks something which could not be read."""
GLOB = "\\*?["


class ResticTaker(RepositoryTaker[Snapshot]):
    """Snapshots have a tag of the set and their host, so that others' in the same repository can be told from them."""

    program = "restic"
    kind = "snapshot"

    def __init__(self, order: TakeOrder, host: Host) -> None:
        super().__init__(order, host, RepositoryOptions.of(order.engine, order.options))
        self._identifier: Optional[str] = None

    @property
    def tag(self) -> str:
        return f"contingency-{self.order.name}"

    def steps(self) -> Tuple[str, ...]:
        return (f"restic backup --tag {self.tag} {' '.join(self.options.paths)}", "sha256 of each file beside it")

    def write(self, work: str, before: tree.Survey) -> Written:
        self._make(self.options.repository)
        marks = ["--tag", self.tag, "--host", socket.gethostname()]
        command = ["backup", "--json", *marks, "--exclude-file", "/dev/stdin", "--", *self.options.paths]
        answer = self._restic(self.options.repository, *command, stdin="\n".join(map(literal, before.excluded)))
        snapshot = snapshot_of(answer.output)
        if answer.status not in (0, INCOMPLETE) or snapshot is None:
            raise self.failed(answer)
        names = self._names(snapshot) if answer.status == INCOMPLETE else None
        return Written({"snapshot": snapshot, "repository": self.identifier()}, names)

    def identifier(self) -> Optional[str]:
        if self._identifier is None:
            found = json_of(self._restic(self.options.repository, "cat", "config").output)
            self._identifier = str(found["id"]) if isinstance(found, dict) else None
        return self._identifier

    def second_copy(self, taken: Taken, repository: str) -> str:
        """Copied from the first repository, so that both hold the same; restic keeps the first id as the original."""
        self._make(repository, ("--copy-chunker-params", *self._first()))
        snapshot = str(taken.position["snapshot"])
        for arguments in (("copy", *self._first(), snapshot), ("check",)):
            answer = self._restic(repository, *arguments)
            if answer.status != 0:
                raise NotTaken(f"restic {arguments[0]} of {repository} failed: {complaint(answer)}.")
        listed = snapshots_in(self._restic(repository, "snapshots", "--json").output)
        if not any(each.is_called(snapshot) for each in listed):
            raise NotTaken(f"{repository} does not list the snapshot {snapshot[:8]} that was copied to it.")
        return f"{repository} holds snapshot {snapshot[:8]}, and restic check finds it sound"

    def stored(self, repository: str) -> List[Snapshot]:
        answer = self._restic(repository, "snapshots", "--json", "--tag", self.tag)
        if answer.status != 0:
            raise NotTaken(f"The snapshots of {repository} cannot be listed: {complaint(answer)}.")
        return snapshots_in(answer.output)

    def remove(self, repository: str, old: Sequence[Snapshot]) -> None:
        answer = self._restic(repository, "forget", "--prune", *(one.id for one in old))
        if answer.status != 0:
            raise NotTaken(f"Old snapshots of {repository} cannot be removed: {complaint(answer)}.")

    def _make(self, repository: str, how: Tuple[str, ...] = ()) -> None:
        """Make the repository where there is none; restic refuses where there is one that it cannot open."""
        if self._restic(repository, "cat", "config").status == 0:
            return
        answer = self._restic(repository, "init", *how)
        if answer.status != 0:
            raise NotTaken(f"{repository} cannot be opened or made: {complaint(answer)}.")

    def _names(self, snapshot: str) -> List[str]:
        answer = self._restic(self.options.repository, "ls", "--json", snapshot)
        nodes = [json_of(line) for line in answer.output.splitlines()]
        return [str(node["path"]) for node in nodes if isinstance(node, dict) and "path" in node]

    def _first(self) -> Tuple[str, ...]:
        password = ("--from-password-file", self.options.password_file) if self.options.password_file else ()
        return ("--from-repo", self.options.repository, *password)

    def _restic(self, repository: str, *arguments: str, stdin: str = "") -> Answer:
        environment: Dict[str, str] = {"RESTIC_REPOSITORY": repository}
        if self.options.password_file:
            environment["RESTIC_PASSWORD_FILE"] = self.options.password_file
        return self.run(["restic", *arguments], {**self.given(), **environment}, stdin)


def snapshot_of(output: str) -> Optional[str]:
    """Pure: the id in the summary that `restic backup --json` ends with."""
    documents = [json_of(line) for line in output.splitlines() if '"summary"' in line]
    return str(documents[-1]["snapshot_id"]) if documents and isinstance(documents[-1], dict) else None


def literal(path: str) -> str:
    """Return a line of an exclude file that means just this path."""
    escaped = "".join(f"\\{sign}" if sign in GLOB else sign for sign in path)
    return escaped.replace("$", "$$")
