# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Back up files with Borg, and write down what the archive has to hold."""

from __future__ import annotations

import re
import socket
from typing import List, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.program import PIPE, NotStarted, pipeline, start
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer, Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.files import tree
from ansible_collections.contingency.infra.plugins.module_utils._restore.files.borg import (
    Archive,
    archives_in,
    borg_environment,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.files.repository import json_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.files.trial import complaint
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.files import (
    RepositoryOptions,
    RepositoryTaker,
    Written,
    is_here,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.place import STAMP, stamp_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import NotTaken, Taken, TakeOrder

WARNED = 1
"""Borg's exit status where it is done and has warned: a file changed, went away, or could not be read."""
STAMP_SHAPE = "20261122T020000Z"
PLAIN, ESCAPE = re.compile(r"[A-Za-z0-9/_]"), "\\U"
"""What means itself in a regular expression, and what other signs are named with."""
UNFIT = r"[^A-Za-z0-9._-]"
"""What Borg may take in a name for a placeholder or for a directory."""


class BorgTaker(RepositoryTaker[Archive]):
    """Archives begin with set and host, so that those of others in the same repository can be told from them."""

    program = "borg"
    kind = "archive"

    def __init__(self, order: TakeOrder, host: Host) -> None:
        super().__init__(order, host, RepositoryOptions.of(order.engine, order.options))

    @property
    def prefix(self) -> str:
        return f"contingency-{self.order.name}-{re.sub(UNFIT, '_', socket.gethostname())}-"

    def steps(self) -> Tuple[str, ...]:
        return (f"borg create ::{self.prefix}STAMP {' '.join(self.options.paths)}", "sha256 of each file beside it")

    def write(self, work: str, before: tree.Survey) -> Written:
        self._make(self.options.repository)
        name = f"{self.prefix}{stamp_of(self.host.wall())}"
        place = f"{self.options.repository}::{name}"
        excluded = "\n".join(map(excluding, before.excluded))
        answer = self._borg(
            "create", "--numeric-ids", "--exclude-from", "/dev/stdin", place, *self.options.paths, stdin=excluded
        )
        if answer.status not in (0, WARNED):
            raise self.failed(answer)
        names = self._borg("list", "--format", "{bpath}{NUL}", place).output.split("\0") if answer.status else None
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

    def stored(self, repository: str) -> List[Archive]:
        shape = ["--format", "{hostname}{start}", "--glob-archives", f"contingency-{self.order.name}-*"]
        answer = self._borg("list", "--json", *shape, repository)
        if answer.status != 0:
            raise NotTaken(f"The archives of {repository} cannot be listed: {complaint(answer)}.")
        return archives_in(answer.output)

    def is_own(self, one: Archive) -> bool:
        """Names without a host were made by earlier versions; a set's name may begin as another's does."""
        prefix, stamp = one.name[: -len(STAMP_SHAPE)], one.name[-len(STAMP_SHAPE) :]
        earlier = prefix == f"contingency-{self.order.name}-" and is_here(one.host)
        return bool(STAMP.match(stamp)) and (prefix == self.prefix or earlier)

    def remove(self, repository: str, old: Sequence[Archive]) -> None:
        for step in (["delete", repository, *(one.name for one in old)], ["compact", repository]):
            answer = self._borg(*step)
            if answer.status != 0:
                raise NotTaken(f"Old archives of {repository} cannot be removed: {complaint(answer)}.")

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


def excluding(path: str) -> str:
    """Pure: a line of a file of exclusions that means just this path and what is below.

    Borg reads that file as UTF-8 and fails at anything else, so that a name of other bytes is a regular expression of
    Python in ASCII, in which each such byte is named as os.fsdecode names it.
    """
    name = path.lstrip("/")
    if name.isprintable() and name == name.strip():
        return f"pp:{name}"
    return f"re:^{''.join(sign if PLAIN.match(sign) else f'{ESCAPE}{ord(sign):08x}' for sign in name)}(/|$)"
