# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of restic and Borg share: a repository that holds many backups, of which one is restored."""

from __future__ import annotations

import json
from abc import abstractmethod
from typing import Any, ClassVar, Generic, List, Mapping, Optional, Protocol, Sequence, Tuple, TypeVar

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer
from ansible_collections.contingency.infra.plugins.module_utils._restore.files.trial import (
    FilesTrial,
    complaint,
    password_limitation,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    CHECKSUMS,
    FETCH,
    IDENTITY,
    Damaged,
    Finding,
    NotRunnable,
    Seen,
)


class Entry(Protocol):
    """One backup in a repository; ``time``: epoch of its beginning."""

    @property
    def time(self) -> float: ...

    @property
    def host(self) -> str: ...

    @property
    def title(self) -> str:
        """How people are told of it."""

    def is_called(self, name: str) -> bool:
        """Is it the one of this name, or of this id?"""


E = TypeVar("E", bound=Entry)


class RepositoryTrial(FilesTrial, Generic[E]):
    """The copy is the repository as its program names it."""

    program: ClassVar[str]
    kind: ClassVar[str]
    """What the program calls a backup; a manifest's position has its name under this key."""
    parts: ClassVar[str]
    """What the program calls the pieces that data is stored in."""
    deep_check: ClassVar[Tuple[str, ...]]
    """The arguments of the check that reads all data."""

    entries: Sequence[E] = ()
    chosen: Optional[E] = None

    @abstractmethod
    def listing(self) -> Answer:
        """Have the program list the repository."""

    @abstractmethod
    def listed(self, output: str) -> List[E]:
        """Pure: the backups in a listing, the oldest first."""

    @abstractmethod
    def checked(self) -> Answer:
        """Have the program read all data of the repository."""

    def fetch(self) -> Seen:
        reason = password_limitation(self.host, self.options.password_file)
        if reason is not None:
            raise NotRunnable(reason)
        answer = self.listing()
        if answer.status != 0:
            raise Damaged(Finding(FETCH, self.copy.path, "a repository that opens", complaint(answer)))
        self.entries = self.listed(answer.output)
        if not self.entries:
            raise Damaged(Finding(FETCH, self.copy.path, f"{self.kind}s", "none"))
        return Seen(proven=(f"the repository opens and lists {len(self.entries)} {self.kind}s",))

    def checksums(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        """One that is not there is told as identity; its age is then that of the newest, which may be the reason."""
        self.chosen = chosen(self.entries, self.wanted(manifest))
        if not self.options.read_data:
            return Seen(unproven=(f"{self.parts}s that are not part of the {self.kind}: read_data is off",))
        answer, command = self.checked(), " ".join((self.program, *self.deep_check))
        if answer.status != 0:
            return Seen((Finding(CHECKSUMS, self.copy.path, f"{command} finds nothing", complaint(answer)),))
        return Seen(proven=(f"{command} found every {self.parts} sound",))

    def taken_at(self) -> Optional[float]:
        return self.chosen.time if self.chosen else None

    def identity(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        wanted, found = self.wanted(manifest), self.one
        if manifest is None:
            told = f"whose files they are: there is no manifest; the {self.kind} is of host {found.host}"
            return Seen(unproven=(told,))
        if wanted and not found.is_called(wanted):
            what = f"{self.kind} {wanted}"
            return Seen((Finding(IDENTITY, what, "in the repository", f"newest is {found.title}"),))
        host = manifest["server"].get("host")
        if host and found.host and not same_host(str(host), found.host):
            return Seen((Finding(IDENTITY, f"host of the {self.kind}", str(host), found.host),))
        return Seen(proven=(f"it is {self.kind} {found.title} of {found.host}",))

    def wanted(self, manifest: Optional[Mapping[str, Any]]) -> Optional[str]:
        """Return the name of the backup to restore, None: the newest."""
        told = manifest["position"].get(self.kind) if manifest is not None else None
        return self.options.snapshot or (str(told) if told else None)

    @property
    def one(self) -> E:
        """Return the backup that is restored."""
        if self.chosen is None:
            raise NotRunnable(f"no {self.kind} was chosen")
        return self.chosen


def chosen(entries: Sequence[E], wanted: Optional[str]) -> E:
    """Pure: the one that is wanted, else the newest."""
    return next((each for each in entries if wanted and each.is_called(wanted)), entries[-1])


def json_of(output: str) -> Any:
    """Pure: the first JSON document of an output, None where there is none."""
    start = min((at for at in (output.find("["), output.find("{")) if at >= 0), default=-1)
    try:
        return json.JSONDecoder().raw_decode(output[start:])[0] if start >= 0 else None
    except ValueError:
        return None


def same_host(one: str, other: str) -> bool:
    """Pure: Borg names a host without its domain, and a name without one is any domain's."""
    bare, whole = sorted((one, other), key=lambda name: "." in name)
    return one == other or bare == whole.partition(".")[0]
