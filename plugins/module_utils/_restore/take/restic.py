# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Back up files with restic, and write down what the snapshot has to hold."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer, Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.files import tree
from ansible_collections.contingency.infra.plugins.module_utils._restore.files.repository import json_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.files.restic import snapshots_in
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


class ResticTaker(RepositoryTaker):
    """Snapshots have a tag of the set, so that those of others in the same repository are left alone."""

    program = "restic"

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
        command = ["backup", "--json", "--tag", self.tag, "--exclude-file", "/dev/stdin", "--", *self.options.paths]
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

    def prune(self, kept: Tuple[Mapping[str, Any], ...]) -> Tuple[str, ...]:
        wanted = [str(manifest["position"].get("snapshot")) for manifest in kept]
        places = [self.options.repository, *(copy.repository for copy in self.order.copies if copy.repository)]
        return tuple(done for place in places if wanted for done in self._forget(place, wanted))

    def _forget(self, repository: str, wanted: List[str]) -> List[str]:
        answer = self._restic(repository, "snapshots", "--json", "--tag", self.tag)
        if answer.status != 0:
            raise NotTaken(f"The snapshots of {repository} cannot be listed: {complaint(answer)}.")
        old = [each.id for each in snapshots_in(answer.output) if not any(each.is_called(name) for name in wanted)]
        if not old:
            return []
        answer = self._restic(repository, "forget", "--prune", *old)
        if answer.status != 0:
            raise NotTaken(f"Old snapshots of {repository} cannot be removed: {complaint(answer)}.")
        return [f"snapshot {name[:8]} of {repository}" for name in old]

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
