# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all backups of files share: the tree is looked at before and after, and read while the program reads it, too.

A file that is the same before and after was the same while the backup read it; others are left out by name.
"""

from __future__ import annotations

import itertools
import os
import re
import socket
from abc import abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import (
    AbstractSet,
    ClassVar,
    Dict,
    Generic,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Protocol,
    Sequence,
    Set,
    Tuple,
    TypeVar,
)

from ansible_collections.contingency.infra.plugins.module_utils._host.run import MISSING, Answer, Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.files import tree
from ansible_collections.contingency.infra.plugins.module_utils._restore.files.trial import (
    CHANGED,
    LATER,
    complaint,
    environment_of,
    password_limitation,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Content, NotRunnable
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import (
    Manifests,
    NotTaken,
    Pruned,
    Taken,
    TakeOrder,
    Taker,
    TakerOptions,
)

REPLACED = "replaced while the backup was taken"
GONE = "removed while the backup was taken"
RACE_SECONDS = 1.0
"""A file that changed so shortly before the first look may change again without a new time: clocks of file systems
are coarse."""


@dataclass(frozen=True)
class FilesOptions(TakerOptions):
    """``paths``: what is backed up. ``exclude``: patterns (fnmatch) of whole paths, without a slash of last names."""

    paths: Tuple[str, ...] = ()
    exclude: Tuple[str, ...] = ()


@dataclass(frozen=True)
class RepositoryOptions(FilesOptions):
    """``repository``: as its program names it; made where it is not there. ``environment_file``: lines NAME=VALUE."""

    repository: str = ""
    password_file: Optional[str] = None
    environment_file: Optional[str] = None


class Written(NamedTuple):
    """What the program has written. ``names``: what is in it, asked for where the program was not content."""

    position: Dict[str, Optional[str]]
    names: Optional[Sequence[str]] = None


class FilesTaker(Taker):
    """An engine adds how its program writes, and where."""

    options: FilesOptions
    program = ""

    def __init__(self, order: TakeOrder, host: Host, options: FilesOptions) -> None:
        super().__init__(order, host)
        self.options = options
        bad = [path for path in options.paths if not os.path.isabs(path)]
        if not options.paths or bad:
            raise NotTaken(
                f"The engine {order.engine} backs up absolute paths; name them in paths, not {bad or 'none'}."
            )

    def limitation(self) -> Optional[str]:
        if self.host.run([self.program, "--version"]).status == MISSING:
            return f"{self.program} is not on this host; install it."
        missing = [path for path in self.options.paths if not os.path.lexists(path)]
        return f"There is no {missing[0]} on this host; see paths, and whether it is mounted." if missing else None

    def needed_bytes(self) -> Optional[int]:
        return self._survey().total

    def take(self, work: str) -> Taken:
        began = self.host.wall()
        before = self._survey()
        broken = [path for path in before.excluded if "\n" in path]
        if broken:
            raise NotTaken(f"The name of {broken[0]!r} has a line break, so it cannot be excluded; rename it.")
        with ThreadPoolExecutor(max_workers=1) as beside:
            reading = beside.submit(tree.hashes, before.entries, self.order.jobs)
            written = self.write(work, before)
            read = reading.result()
        content = content_of(before, read, self._survey(), began)
        self._check_held(content, written)
        server = {
            "kind": "files",
            "version": None,
            "version_num": None,
            "system_identifier": self.identifier(),
            "database": None,
            "encoding": None,
            "host": socket.gethostname(),
        }
        return Taken(began, began, self.host.wall(), server, written.position, before.total, content)

    @abstractmethod
    def write(self, work: str, before: tree.Survey) -> Written:
        """Let the program write the backup; NotTaken where it failed."""

    def identifier(self) -> Optional[str]:
        """Return what the repository calls itself, None where there is none."""
        return None

    def close(self) -> None:
        """Every program of this run was waited for."""

    def run(self, command: List[str], environment: Mapping[str, str], stdin: str = "") -> Answer:
        return self.host.run(command, timeout=self.order.timeout_seconds, environment=environment, stdin=stdin)

    def failed(self, answer: Answer) -> NotTaken:
        return NotTaken(f"{self.program} failed: {complaint(answer)}.")

    def _survey(self) -> tree.Survey:
        try:
            return tree.survey(self.options.paths, self.options.exclude)
        except OSError as error:
            raise NotTaken(f"{error.filename} cannot be read ({error.strerror}); see paths.") from error

    def _check_held(self, content: Content, written: Written) -> None:
        """Where the program warned, all that the manifest promises has to be in the backup."""
        if written.names is None:
            return
        held = {name.strip("/") for name in written.names}
        lost = [name for name in content.files if not held & {name.strip("/"), marked(name.strip("/"))}]
        if lost:
            raise NotTaken(f"{self.program} left out {lost[0]} and {len(lost) - 1} more; see whether it may read them.")


class Stored(Protocol):
    """A backup in a repository; ``host``: whose it is."""

    @property
    def host(self) -> str: ...

    @property
    def title(self) -> str: ...

    def is_called(self, name: str) -> bool: ...


S = TypeVar("S", bound=Stored)


class RepositoryTaker(FilesTaker, Generic[S]):
    """One whose program has a repository of its own; only the manifest lies in the directory."""

    has_repository = True
    options: RepositoryOptions
    kind: ClassVar[str]
    """What the program calls a backup; a manifest's position has its name under this key."""

    @abstractmethod
    def stored(self, repository: str) -> List[S]:
        """Return what a repository holds of sets of this name, of all hosts; NotTaken where it cannot be listed."""

    def is_own(self, one: S) -> bool:
        """Did this set make it, on this host? Its name may be that of another set's, too."""
        return is_here(one.host)

    @abstractmethod
    def remove(self, repository: str, old: Sequence[S]) -> None:
        """Remove just these from a repository; NotTaken where that fails."""

    def prune(self, going: Manifests, staying: Manifests) -> Pruned:
        kept = names_in(staying, self.kind)
        gone = names_in(going, self.kind) - kept
        places = [self.options.repository, *(copy.repository for copy in self.order.copies if copy.repository)]
        each = [self._prune(place, gone, kept) for place in places]
        return Pruned(
            tuple(itertools.chain.from_iterable(one.removed for one in each)),
            tuple(itertools.chain.from_iterable(one.unnamed for one in each)),
        )

    def _prune(self, repository: str, gone: AbstractSet[str], kept: AbstractSet[str]) -> Pruned:
        """A name may be the beginning of an id; where that is not the only one of its kind, nothing is removed.

        Nor is what another host made, whose manifest lay in a directory that both share.
        """
        stored = self.stored(repository)
        named = [one for one in stored if any(map(one.is_called, kept))]
        called = [[one for one in stored if one.is_called(name)] for name in sorted(gone)]
        old = [some[0] for some in called if len(some) == 1 and some[0] not in named and is_here(some[0].host)]
        if old:
            self.remove(repository, old)
        lost = [one for some in called for one in some]
        left = [one for one in stored if one not in [*named, *old] and (one in lost or self.is_own(one))]
        return Pruned(*(tuple(f"{self.kind} {one.title} of {repository}" for one in some) for some in (old, left)))

    def limitation(self) -> Optional[str]:
        if not self.options.repository:
            return f"The engine {self.order.engine} writes to a repository; name it as repository."
        return super().limitation() or _sentence(password_limitation(self.host, self.options.password_file))

    def needed_bytes(self) -> Optional[int]:
        """Only the manifest lies in the directory: some hundred bytes for each file."""
        return 300 * len(self._survey().entries)

    def given(self) -> Dict[str, str]:
        try:
            return environment_of(self.host, self.options.environment_file)
        except NotRunnable as error:
            raise NotTaken(f"{error.message}.") from error


def marked(name: str) -> str:
    """Pure: a name as JSON of restic has it, which can hold no byte that is not UTF-8: a mark for each of them."""
    return re.sub("[\udc80-\udcff]", "\ufffd", name)


def is_here(host: str) -> bool:
    """Is this the name of this host? Borg keeps it without its domain."""
    return host.partition(".")[0] == socket.gethostname().partition(".")[0]


def names_in(found: Manifests, kind: str) -> Set[str]:
    """Pure: what manifests call their backups; one that says nothing of it names none."""
    names = [manifest["position"].get(kind) for manifest in found]
    return {name for name in names if isinstance(name, str) and name}


def _sentence(reason: Optional[str]) -> Optional[str]:
    return None if reason is None else f"{reason[0].upper()}{reason[1:]}."


def content_of(before: tree.Survey, read: tree.Hashes, after: tree.Survey, began: float) -> Content:
    """Pure: what the backup has to hold; NotTaken where a file that did not change could not be read."""
    files: Dict[str, str] = {}
    left_out: Dict[str, str] = {}
    for name, entry in before.entries.items():
        now = after.entries.get(name)
        steady = (
            now is not None and now[:3] == entry[:3] and (entry.kind == "d" or entry.changed_at < began - RACE_SECONDS)
        )
        if steady and name in read.read:
            files[name] = read.read[name]
        elif steady:
            raise NotTaken(f"{name} cannot be read ({read.failed[name].strerror}); see its permissions, or exclude it.")
        else:
            left_out[name] = _why(entry, now)
    left_out.update({name: LATER for name in after.entries if name not in before.entries})
    return Content(tree.METHOD, files=files, left_out=left_out)


def _why(entry: tree.Entry, now: Optional[tree.Entry]) -> str:
    """A file that became another one of this name may not have been there for a moment."""
    if now is None:
        return GONE
    return CHANGED if now.stamp[:1] == entry.stamp[:1] else REPLACED
