# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Back up files with Borg, and write down what the archive has to hold."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.program import PIPE, NotStarted, pipeline, start
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer, Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.files import tree
from ansible_collections.contingency.infra.plugins.module_utils._restore.files.borg import (
    archives_in,
    borg_environment,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.files.repository import json_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.files.trial import complaint
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.files import (
    RepositoryOptions,
    RepositoryTaker,
    Written,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.place import stamp_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import NotTaken, Taken, TakeOrder

WARNED = 1
"""Borg's exit status where it is done and has warned: a file changed, went away, or could not be read."""


class BorgTaker(RepositoryTaker):
    """Archives begin with the set's name, so that those of others in the same repository are left alone."""

    program = "borg"

    def __init__(self, order: TakeOrder, host: Host) -> None:
        super().__init__(order, host, RepositoryOptions.of(order.engine, order.options))

    @property
    def prefix(self) -> str:
        return f"contingency-{self.order.name}-"

    def steps(self) -> Tuple[str, ...]:
        return (f"borg create ::{self.prefix}STAMP {' '.join(self.options.paths)}", "sha256 of each file beside it")

    def write(self, work: str, before: tree.Survey) -> Written:
        self._make(self.options.repository)
        name = f"{self.prefix}{stamp_of(self.host.wall())}"
        place = f"{self.options.repository}::{name}"
        excluded = "\n".join(f"pp:{path.lstrip('/')}" for path in before.excluded)
        answer = self._borg(
            "create", "--numeric-ids", "--exclude-from", "/dev/stdin", place, *self.options.paths, stdin=excluded
        )
        if answer.status not in (0, WARNED):
            raise self.failed(answer)
        names = self._borg("list", "--format", "{path}{NUL}", place).output.split("\0") if answer.status else None
        return Written({"archive": name, "repository": self.identifier()}, names)

    def identifier(self) -> Optional[str]:
        found = json_of(self._borg("info", "--json", self.options.repository).output)
        return str(found["repository"]["id"]) if isinstance(found, dict) else None

    def second_copy(self, taken: Taken, repository: str) -> str:
        """Exported from the first repository and imported into the other one (Borg 1.2 and later), then checked."""
        self._make(repository)
        name = str(taken.position["archive"])
        environment = {**self.given(), **borg_environment(self.options.password_file)}
        try:
            export = start(
                ["borg", "export-tar", f"{self.options.repository}::{name}", "-"], environment=environment, stdout=PIPE
            )
            take_in = start(
                ["borg", "import-tar", f"{repository}::{name}", "-"], environment=environment, stdin=export.output
            )
        except NotStarted as error:
            raise NotTaken(f"{error}; install borgbackup 1.2 or later.") from error
        export.output.close()
        answer = pipeline([export, take_in], self.order.timeout_seconds)
        if answer.status != 0:
            raise NotTaken(f"The archive {name} could not be copied to {repository}: {complaint(answer)}.")
        checked = self._borg("check", "--verify-data", "--glob-archives", name, repository)
        if checked.status != 0:
            raise NotTaken(f"The archive {name} in {repository} is not sound: {complaint(checked)}.")
        return f"{repository} holds archive {name}, and borg check --verify-data finds it sound"

    def prune(self, kept: Tuple[Mapping[str, Any], ...]) -> Tuple[str, ...]:
        wanted = [str(manifest["position"].get("archive")) for manifest in kept]
        places = [self.options.repository, *(copy.repository for copy in self.order.copies if copy.repository)]
        return tuple(done for place in places if wanted for done in self._delete(place, wanted))

    def _delete(self, repository: str, wanted: List[str]) -> List[str]:
        answer = self._borg("list", "--json", "--glob-archives", f"{self.prefix}*", repository)
        if answer.status != 0:
            raise NotTaken(f"The archives of {repository} cannot be listed: {complaint(answer)}.")
        old = [each.name for each in archives_in(answer.output) if each.name not in wanted]
        steps = [["delete", repository, *old], ["compact", repository]] if old else []
        for step in steps:
            answer = self._borg(*step)
            if answer.status != 0:
                raise NotTaken(f"Old archives of {repository} cannot be removed: {complaint(answer)}.")
        return [f"archive {name} of {repository}" for name in old]

    def _make(self, repository: str) -> None:
        """Make the repository where there is none; Borg refuses where there is one that it cannot open."""
        if self._borg("info", repository).status == 0:
            return
        kind = "repokey-blake2" if self.options.password_file else "none"
        answer = self._borg("init", "--make-parent-dirs", f"--encryption={kind}", repository)
        if answer.status != 0:
            raise NotTaken(f"{repository} cannot be opened or made: {complaint(answer)}.")

    def _borg(self, *arguments: str, stdin: str = "") -> Answer:
        environment = {**self.given(), **borg_environment(self.options.password_file)}
        return self.run(["borg", *arguments], environment, stdin)
