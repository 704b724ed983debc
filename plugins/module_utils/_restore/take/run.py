# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run: take the backup and its manifest, give them their name, copy them, and let go of the oldest."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host, legible
from ansible_collections.contingency.infra.plugins.module_utils._restore import manifest as manifests
from ansible_collections.contingency.infra.plugins.module_utils._restore.artefacts import artefacts_of, as_rows
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import NotRunnable
from ansible_collections.contingency.infra.plugins.module_utils._restore.signature import (
    SignatureBad,
    signature,
    signing_limitation,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.copies import (
    Copied,
    bring_up,
    same_file_system,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.place import (
    MANIFEST,
    Kept,
    Place,
    stamp_of,
    take_back,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.registry import taker_class
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.retention import oldest_first, removable
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import (
    NotTaken,
    SecondCopy,
    Taken,
    TakeOrder,
    Taker,
)

NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
GROWTH = 1.25
"""A backup may be that much larger than the one before it."""
SHOWN = 10
"""So many are told one by one in a sentence."""


@dataclass
class Outcome:
    """What a run did; it is filled as the run goes, so that a failure still tells what is there. Times in seconds."""

    changed: bool = False
    path: Optional[str] = None
    manifest: Dict[str, Any] = field(default_factory=dict)
    steps: List[str] = field(default_factory=list)
    copies: List[Copied] = field(default_factory=list)
    removed: List[str] = field(default_factory=list)
    unnamed: List[str] = field(default_factory=list)
    warnings: List[str] = field(default_factory=list)
    seconds: Dict[str, float] = field(default_factory=dict)
    idle: Optional[str] = None
    msg: Optional[str] = None

    @property
    def stamp(self) -> Optional[str]:
        """The name of the backup that was taken."""
        return os.path.basename(self.path) if self.path else None

    def to_dict(self) -> Dict[str, Any]:
        """Return it as the module's result; the manifest without the figures of each table and file."""
        told = {name: value for name, value in self.manifest.items() if name not in ("content", "artefacts")}
        return {
            "changed": self.changed,
            "idle": self.idle,
            "path": self.path,
            "manifest": {**told, **_counts(self.manifest)} if self.manifest else {},
            "steps": list(self.steps),
            "copies": [copied._asdict() for copied in self.copies],
            "removed": list(self.removed),
            "unnamed": list(self.unnamed),
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
        }


def transact(host: Host, order: TakeOrder, *, fresh_seconds: float = 0.0, check_mode: bool = False) -> Outcome:
    """Take one backup. What went wrong is in ``msg`` of the outcome, and what is there none the less beside it."""
    outcome = Outcome()
    try:
        _transact(host, order, fresh_seconds, check_mode, outcome)
    except NotTaken as error:
        outcome.msg = error.message
    except NotRunnable as error:
        outcome.msg = error.message
    except OSError as error:
        outcome.msg = f"{error.filename or order.directory}: {error.strerror}; look at this file system, and run again."
    outcome.msg = legible(outcome.msg) if outcome.msg is not None else None
    return outcome


def order_limitation(host: Host, order: TakeOrder) -> Optional[str]:
    """Return why nothing can be taken as it is ordered, None where it can."""
    if not NAME.match(order.name):
        return f"{order.name!r} cannot be the name of a backup set; use letters, digits, '_', '-' and '.'."
    own = [copy.directory for copy in order.copies]
    if len({os.path.realpath(path) for path in [order.directory, *own]}) <= len(own):
        return "Two copies would lie in one directory; name another directory for each in copies."
    if order.keep < 0 or order.jobs < 1:
        return "keep has to be at least 0 and jobs at least 1."
    limitation = Place(order.directory, order.name).limitation()
    return limitation or (signing_limitation(host, order.signing_key) if order.signing_key else None)


def _transact(host: Host, order: TakeOrder, fresh_seconds: float, check_mode: bool, outcome: Outcome) -> None:
    taker = taker_class(order.engine)(order, host)
    try:
        limitation = order_limitation(host, order)
        outcome.idle = None if limitation else taker.idle()
        if outcome.idle is not None:
            return
        limitation = limitation or taker.limitation()
        if limitation is not None:
            raise NotTaken(limitation)
        place = Place(order.directory, order.name)
        if _is_fresh(host, order, taker, place, fresh_seconds, outcome):
            return
        outcome.changed = True
        outcome.steps += [*taker.steps(), *_later_steps(order)]
        if check_mode:
            return
        place.make()
        with place.locked():
            outcome.warnings += [f"{path} was left by a run that was killed; removed" for path in place.sweep()]
            taken = _taken(host, order, taker, place, outcome)
            problem = _copied(host, order, taker, place, taken, outcome)
            problems = [told for told in (taken.failure, problem) if told is not None]
            if problems:
                raise NotTaken(f"{outcome.path} is there. {' '.join(problems)} Nothing old was removed.")
            _pruned(host, order, taker, outcome)
    finally:
        taker.close()


def _is_fresh(host: Host, order: TakeOrder, taker: Taker, place: Place, fresh_seconds: float, outcome: Outcome) -> bool:
    """Is the newest good backup young enough, in every place, and as the site wants it, that none has to be taken?"""
    good = oldest_first(place.backups(host, order.engine), stamp_of(host.wall()))
    if not good or fresh_seconds <= 0:
        return False
    newest = good[-1]
    manifest = dict(newest.manifest or {})
    if not 0 <= host.wall() - float(manifest["current_at_epoch"]) < fresh_seconds or not taker.accepts(manifest):
        return False
    if any(not os.path.isdir(os.path.join(copy.directory, order.name, newest.stamp)) for copy in order.copies):
        return False
    outcome.path, outcome.manifest = newest.path, manifest
    return True


def _free_stamp(host: Host, place: Place) -> str:
    """Return the name of a backup that is taken now; two of one second would have the same."""
    for _try in range(3):
        stamp = stamp_of(host.wall())
        if not os.path.exists(os.path.join(place.path, stamp)):
            return stamp
        host.sleep(1.0)
    raise NotTaken(f"{place.path}/{stamp} is there already; see that the clock is right.")


def _taken(host: Host, order: TakeOrder, taker: Taker, place: Place, outcome: Outcome) -> Taken:
    """Take it into a directory that is named when all is in it."""
    _check_space(host, order, taker, place)
    stamp = _free_stamp(host, place)
    work = place.begin(stamp)
    started = host.now()
    try:
        taken = taker.take(work)
        outcome.seconds["take"] = host.now() - started
        outcome.warnings += taken.warnings
        manifest = _manifest(host, order, taken, work)
        manifests.write(host, os.path.join(work, MANIFEST), manifest)
        path = place.finish(work, stamp)
    except BaseException:
        taker.close()
        shutil.rmtree(work, ignore_errors=True)
        raise
    outcome.seconds["seal"] = host.now() - started - outcome.seconds["take"]
    outcome.path, outcome.manifest = path, manifest
    problem = place.point(stamp)
    outcome.warnings += [problem] if problem else []
    return taken


def _manifest(host: Host, order: TakeOrder, taken: Taken, work: str) -> Dict[str, Any]:
    take_back(work)
    values = {
        "format": manifests.FORMAT,
        "name": order.name,
        "engine": order.engine,
        "began_at_epoch": taken.began_at,
        "current_at_epoch": taken.current_at,
        "ended_at_epoch": taken.ended_at,
        "server": dict(taken.server),
        "position": dict(taken.position),
        "bytes": taken.bytes,
        "artefacts": as_rows(artefacts_of(work, order.jobs)),
        "content": taken.content.as_dict(),
    }
    key = order.signing_key
    try:
        return manifests.sealed(values, (lambda text: signature(host, text, key)) if key else None)
    except SignatureBad as error:
        raise NotTaken(f"The manifest could not be signed with {key} ({error.message}).") from error


def _check_space(host: Host, order: TakeOrder, taker: Taker, place: Place) -> None:
    """The last backup's size tells more than the server's, as it is compressed."""
    good = [kept for kept in place.backups(host, order.engine) if kept.problem is None]
    needed = int(good[-1].bytes * GROWTH) if good and not taker.has_repository else taker.needed_bytes()
    free = host.free_bytes(place.path)
    if needed is not None and free is not None and free < needed + order.reserve_bytes:
        raise NotTaken(
            f"{place.path} has {free} bytes free, and the backup may take {needed} beside the reserve of "
            f"{order.reserve_bytes}; make room, lower keep, or lower reserve_bytes."
        )


def _copied(host: Host, order: TakeOrder, taker: Taker, place: Place, taken: Taken, outcome: Outcome) -> Optional[str]:
    """Fill every other place, also after one that failed; returns a sentence that names those that did."""
    started = host.now()
    good = oldest_first(place.backups(host, order.engine), outcome.stamp)
    kept = good[-order.keep :] if order.keep else good
    for copy in order.copies:
        copied = _with_repository(taker, taken, copy, bring_up(host, Place(copy.directory, order.name), kept, order))
        outcome.copies.append(copied)
        if copied.problem is None and same_file_system(order.directory, copy.directory):
            outcome.warnings.append(
                f"{copy.directory} is on the same file system as {order.directory}, so both are lost together."
            )
    outcome.seconds["copy"] = host.now() - started
    problems = [copied.problem for copied in outcome.copies if copied.problem is not None]
    return f"{'; '.join(problems)}." if problems else None


def _with_repository(taker: Taker, taken: Taken, copy: SecondCopy, copied: Copied) -> Copied:
    """Fill the second repository of an engine that has one."""
    if copy.repository is None:
        return copied
    try:
        return copied._replace(proven=[*copied.proven, taker.second_copy(taken, copy.repository)])
    except NotTaken as error:
        told = "; ".join(problem for problem in (copied.problem, error.message.rstrip(".")) if problem)
        return copied._replace(problem=told)


def _pruned(host: Host, order: TakeOrder, taker: Taker, outcome: Outcome) -> None:
    """Let the oldest go: first in the repositories, then from each place."""
    places = [Place(directory, order.name) for directory in [order.directory, *(one.directory for one in order.copies)]]
    there = [(place, place.backups(host, order.engine)) for place in places]
    going = [(place, kept) for place, backups in there for kept in removable(backups, order.keep, outcome.stamp)]
    gone = [kept for _place, kept in going]
    stay = [kept for _place, backups in there for kept in backups if kept not in gone]
    if taker.has_repository:
        _pruned_repositories(taker, gone, stay, outcome)
    for place, kept in going:
        place.remove(kept)
        outcome.removed.append(kept.path)
    outcome.warnings += [f"{kept.path} is not good ({kept.problem}) and was left" for kept in stay if kept.problem]


def _pruned_repositories(taker: Taker, gone: List[Kept], stay: List[Kept], outcome: Outcome) -> None:
    going, staying = ([kept.manifest for kept in some if kept.manifest is not None] for some in (gone, stay))
    pruned = taker.prune(going, staying)
    outcome.removed += pruned.removed
    outcome.unnamed += pruned.unnamed
    if pruned.unnamed:
        more = f" and {len(pruned.unnamed) - SHOWN} more" if len(pruned.unnamed) > SHOWN else ""
        outcome.warnings.append(
            f"No manifest names {', '.join(pruned.unnamed[:SHOWN])}{more} any more; nothing of it was removed. "
            "See whether manifests were lost, and remove by hand what is not wanted."
        )


def _later_steps(order: TakeOrder) -> Tuple[str, ...]:
    copies = tuple(f"a copy in {copy.directory}/{order.name}, read back and compared" for copy in order.copies)
    return (*copies, f"keep the newest {order.keep} good ones") if order.keep else copies


def _counts(manifest: Dict[str, Any]) -> Dict[str, int]:
    artefacts, content = manifest.get("artefacts", []), manifest.get("content", {})
    return {
        "tables": len(content.get("tables", {})),
        "files": len(content.get("files", {})),
        "rows": sum(table["rows"] for table in content.get("tables", {}).values()),
        "artefacts": len(artefacts),
        "artefact_bytes": sum(artefact["bytes"] for artefact in artefacts),
        "left_out": len(content.get("left_out", {})),
    }
