# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kind of backup has to be able to do so that it can be taken together with its manifest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Dict, Mapping, NamedTuple, Optional, Sequence, Tuple, Type, TypeVar

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Content

T = TypeVar("T", bound="TakerOptions")
INEXACT = "inexact"
"""A position has under this key why the content in the manifest is not exactly that of the backup, or null."""


class NotTaken(Exception):
    """The backup could not be taken; ``message`` says what was seen and what to do. What was begun is removed."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class SecondCopy:
    """Another place that gets the backup: ``directory`` as mounted here.

    For an engine with a repository of its own (pgbackrest, restic, borg) ``directory`` gets the manifest, and
    ``repository`` is the second repository, as the engine's own program names it.
    """

    directory: str
    repository: Optional[str] = None


@dataclass(frozen=True)
class TakeOrder:
    """One backup set and how it is taken.

    The backup lies in DIRECTORY/NAME/STAMP (STAMP: 20261122T020000Z) with its manifest.json; DIRECTORY/NAME/latest is
    a symbolic link to the newest. ``keep``: how many good backups are kept, 0: all. ``options`` are the engine's own.
    """

    name: str
    engine: str
    directory: str
    copies: Tuple[SecondCopy, ...] = ()
    keep: int = 0
    jobs: int = 2
    timeout_seconds: float = 6 * 3600.0
    reserve_bytes: int = 1 << 30
    signing_key: Optional[str] = None
    options: Mapping[str, Any] = field(default_factory=dict)


class Taken(NamedTuple):
    """What was taken; times are seconds of the epoch.

    ``current_at`` is the moment of the data, as of its snapshot. ``server``, ``position``, ``content``: as in the
    manifest (see manifest.py). ``bytes``: what the restored data takes on disk. ``warnings``: sentences on what the
    manifest cannot say. ``failure``: why the backup is kept and is none the less not what was ordered, a sentence with
    what to do. The artefacts are whatever lies in the directory that the taker was given.
    """

    began_at: float
    current_at: float
    ended_at: float
    server: Mapping[str, Any]
    position: Mapping[str, Any]
    bytes: Optional[int]
    content: Content
    warnings: Tuple[str, ...] = ()
    failure: Optional[str] = None


Manifests = Sequence[Mapping[str, Any]]


class Pruned(NamedTuple):
    """What was removed from repositories, and what of this set and host is there though no manifest names it.

    The latter is told and left: a manifest that is lost or damaged must not take its backup with it.
    """

    removed: Tuple[str, ...] = ()
    unnamed: Tuple[str, ...] = ()


@dataclass(frozen=True)
class TakerOptions:
    """Base of an engine's options: a frozen dataclass whose field names are the keys that a site writes."""

    @classmethod
    def of(cls: Type[T], engine: str, values: Mapping[str, Any]) -> T:
        """Return them from what the site wrote; NotTaken names what is not known or left out."""
        known = {entry.name: entry for entry in fields(cls)}
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise NotTaken(
                f"The engine {engine} has no option {', '.join(unknown)}; it has {', '.join(sorted(known))}."
            )
        given: Dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
            if value is not None
        }
        try:
            return cls(**given)
        except TypeError as error:
            raise NotTaken(f"The engine {engine} needs more options: {str(error).partition('__() ')[2]}.") from error


class Taker(ABC):
    """One backup being taken. Built as ``Class(order, host)``, which raises NotTaken for options that it cannot take.

    Called in this order: idle, limitation, needed_bytes, take, second_copy once per copy, prune; close in any case.
    """

    has_repository: ClassVar[bool] = False
    """Whether the data goes to a repository of the engine's own, so that only the manifest lies in the directory."""

    order: TakeOrder
    host: Host

    def __init__(self, order: TakeOrder, host: Host) -> None:
        self.order = order
        self.host = host

    def idle(self) -> Optional[str]:
        """Return why there is nothing to do here and now, which is no failure; None where there is."""
        return None

    def accepts(self, manifest: Mapping[str, Any]) -> bool:
        """Is the backup of this manifest as good as the site wants it?"""
        return not manifest["position"].get(INEXACT) or self.order.options.get("accept_inexact") is True

    @abstractmethod
    def limitation(self) -> Optional[str]:
        """Return why this backup cannot be taken here, None where it can. Nothing is written yet."""

    @abstractmethod
    def steps(self) -> Tuple[str, ...]:
        """Return what will be done, for check mode: a command or a sentence each, without secrets."""

    @abstractmethod
    def needed_bytes(self) -> Optional[int]:
        """Return what the backup will take in the directory at most; None where it cannot be told."""

    @abstractmethod
    def take(self, work: str) -> Taken:
        """Take the backup into the empty directory ``work``, which belongs to root with mode 0700.

        It is renamed when the manifest lies in it, too. NotTaken where anything at all went wrong.
        """

    def second_copy(self, taken: Taken, repository: str) -> str:
        """Have the backup in a second repository, read back; returns what was proven. Only with a repository."""
        raise NotTaken(f"The engine {self.order.engine} has no repository, so it cannot fill {repository}.")

    def prune(self, going: Manifests, staying: Manifests) -> Pruned:
        """Remove from its repositories what the manifests that go name, and no manifest that stays names; nothing else.

        It comes before these manifests are removed, so that a run that is killed between is made up for by the next.
        Backups in plain directories are removed by the frame; engines without a repository have nothing to do.
        """
        return Pruned()

    @abstractmethod
    def close(self) -> None:
        """End every session and program of this run, also after an error; never raises for what is gone already."""
