# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An outage and what was shut in it, on the controller's disk before each step.

A run that was killed is gone on with by the next one; nothing here has to be removed by hand. How long the
outage lasts is told by the clock of the controller's boot, which nobody sets; only after a restart of the
controller does the wall clock decide.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost

PENDING, SHUTTING, OFF, DROPPED, FAILED = "pending", "shutting", "off", "dropped", "failed"
STARTING, UP = "starting", "up"
MAINS, PLANNED = "mains", "planned"
UNKNOWN = "unknown"
_MAYBE_OFF = tuple(f"was {state}" for state in (SHUTTING, FAILED, STARTING, UNKNOWN))
CLOCK_TOLERANCE = 0.5
"""A clock that is disciplined and not set moves by less, in seconds."""


class OutageError(Exception):
    """The state cannot be kept; the message says why and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class OutageBusy(OutageError):
    """Another run works on this outage."""


@dataclass(frozen=True)
class Moment:
    """An instant by both clocks: ``epoch`` is the wall clock, ``boottime`` seconds of the boot named ``boot``."""

    epoch: float
    boottime: float
    boot: str

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Moment:
        """Return what asdict made; ValueError, TypeError or KeyError for anything else."""
        return cls(float(data["epoch"]), float(data["boottime"]), str(data["boot"]))

    @classmethod
    def now(cls) -> Moment:
        """Return this instant."""
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return cls(time.time(), time.clock_gettime(time.CLOCK_BOOTTIME), boot)

    def since(self, earlier: Moment) -> float:
        """Return seconds since an earlier instant; negative where only the wall clock can tell and was set back."""
        if self.boot == earlier.boot:
            return self.boottime - earlier.boottime
        return self.epoch - earlier.epoch


def rebased(readings: Sequence[Mapping[str, Any]], then: Moment, now: Moment) -> list[dict[str, Any]]:
    """Return readings of the wall clock of ``then`` in the time of the present one, where that was set in between.

    Else a clock that jumps would make a reading of this minute one of hours ago, or of the future.
    """
    if not clock_was_set(then, now):
        return [dict(reading) for reading in readings]
    return [_moved(reading, _jump(then, now)) for reading in readings]


def clock_was_set(then: Moment, now: Moment) -> bool:
    """Return whether the wall clock was set between two instants of one boot."""
    return abs(_jump(then, now)) >= CLOCK_TOLERANCE


def _jump(then: Moment, now: Moment) -> float:
    """Return by how many seconds the wall clock was set forward."""
    return now.epoch - now.since(then) - then.epoch


def _moved(reading: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    at = reading.get("read_at_epoch")
    if isinstance(at, bool) or not isinstance(at, (int, float)):
        return dict(reading)
    return {**reading, "read_at_epoch": at + seconds}


@dataclass(frozen=True)
class NodeState:
    """How far one node is, and since when; ``how`` says how it went off or why it did not."""

    state: str
    since: Moment
    off_at: Moment | None = None
    how: str = ""

    def again(self, now: Moment, state: str = PENDING, off_at: Moment | None = None) -> NodeState:
        """Return it as taken over from an earlier run, by which it was left in hand or failed."""
        return NodeState(state, now, off_at, f"was {self.state}")

    @property
    def may_be_off(self) -> bool:
        """Is it one that a shutdown's run took over as on, although an earlier run left it so that it may be off?"""
        return self.state == PENDING and self.how in _MAYBE_OFF

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> NodeState:
        """Return what asdict made; ValueError, TypeError or KeyError for anything else."""
        off_at = data["off_at"]
        known = {
            "since": Moment.from_dict(data["since"]),
            "off_at": None if off_at is None else Moment.from_dict(off_at),
        }
        return cls(**{**data, **known})

    def for_plan(self, now: Moment) -> dict[str, Any]:
        """Return what the planner reads, in the time of the present clock."""
        off_at = None if self.off_at is None else now.epoch - now.since(self.off_at)
        since = now.epoch - now.since(self.since)
        return {"state": self.state, "since_epoch": since, "off_at_epoch": off_at, "how": self.how}


@dataclass(frozen=True)
class Outage:
    """One outage, from the moment when a UPS was first known to be on battery."""

    id: str
    began: Moment
    cause: str = MAINS
    online_since: Moment | None = None
    ended_at_epoch: float | None = None
    due_stages: tuple[str, ...] = ()
    hard_upses: tuple[str, ...] = ()
    nodes: Mapping[str, NodeState] = field(default_factory=dict)
    damaged: bool = False
    """Its record could not be read, so that any node may be off."""

    @classmethod
    def begin(cls, now: Moment, cause: str = MAINS, age: float = 0.0) -> Outage:
        """Return a new outage that began ``age`` seconds ago."""
        began = replace(now, epoch=now.epoch - age, boottime=now.boottime - age)
        return cls(time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(began.epoch)), began, cause)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Outage:
        """Return what ``as_dict`` made; ValueError, TypeError or KeyError for anything else."""
        nodes = {str(name): NodeState.from_dict(state) for name, state in data["nodes"].items()}
        online = data["online_since"]
        known = {
            "began": Moment.from_dict(data["began"]),
            "online_since": None if online is None else Moment.from_dict(online),
            "due_stages": tuple(data["due_stages"]),
            "hard_upses": tuple(data["hard_upses"]),
            "nodes": nodes,
        }
        return cls(**{**data, **known})

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {**asdict(self), "due_stages": list(self.due_stages), "hard_upses": list(self.hard_upses)}

    def for_plan(self, now: Moment) -> dict[str, Any]:
        """Return what the planner reads, every moment in the time of the present clock, however that was set."""
        nodes = {name: state.for_plan(now) for name, state in self.nodes.items()}
        return {**self.as_dict(), "began_at_epoch": now.epoch - now.since(self.began), "nodes": nodes}

    def with_node(self, name: str, state: NodeState) -> Outage:
        """Return the outage with one node further on."""
        return replace(self, nodes={**self.nodes, name: state})

    def recovered(self, names: Iterable[str], now: Moment) -> Outage:
        """Return the outage of a damaged record with all of these nodes, of which nobody knows whether they are on."""
        unknown = {name: NodeState(PENDING, now, how=f"was {UNKNOWN}") for name in names}
        return replace(self, nodes={**unknown, **self.nodes}, damaged=False)

    def with_due(self, stages: Sequence[str], hard_upses: Sequence[str] = ()) -> Outage:
        """Return the outage with these stages due too, and these UPSes' hard trigger; what was due stays so."""
        return replace(
            self,
            due_stages=tuple(dict.fromkeys((*self.due_stages, *stages))),
            hard_upses=tuple(dict.fromkeys((*self.hard_upses, *hard_upses))),
        )


class Store:
    """The directory that keeps the outage of a site."""

    def __init__(self, directory: str) -> None:
        self._directory = Path(directory)
        self._host = LocalHost()

    @property
    def path(self) -> Path:
        """The outage that is not over, or whose hosts are not all up again."""
        return self._directory / "outage.json"

    @contextmanager
    def working(self) -> Iterator[None]:
        """Hold the site's lock; OutageBusy where another run has it. The kernel drops it with its process."""
        with self._lock_file() as file:
            self._hold(file)
            yield

    def _lock_file(self) -> TextIO:
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            return (self._directory / "outage.lock").open("a+", encoding="ascii")
        except OSError as error:
            raise self._not_kept(error) from error

    def _hold(self, file: TextIO) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise OutageBusy(
                f"another run is at work on this site's outage ({file.read().strip() or 'it has not said which'}); "
                "it goes on by itself, look at it or run this again when it has ended"
            ) from error
        # Held already; a full disk keeps only its holder's name from whoever comes second.
        with suppress(OSError):
            os.truncate(file.fileno(), 0)
            os.write(file.fileno(), f"process {os.getpid()} since {time.strftime('%H:%M:%S')}".encode("ascii"))

    def load(self, keep_aside: bool = True) -> Outage | None:
        """Return the outage that is not over, None where there is none.

        A file that nobody can read is put aside, unless only a look is wanted: it must not keep hosts from being shut
        down in time.
        """
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._not_kept(error) from error
        except UnicodeDecodeError:
            return self._damaged(keep_aside)
        try:
            return Outage.from_dict(json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError):
            return self._damaged(keep_aside)

    def _damaged(self, keep_aside: bool) -> Outage:
        """Return an outage that began when the damaged file was last written, and keep that file."""
        now = Moment.now()
        age = max(0.0, now.epoch - self.path.stat().st_mtime)
        if keep_aside:
            # Where it cannot be put aside it is written over.
            with suppress(OSError):
                self.path.replace(self.path.with_name(f"outage-damaged-{now.epoch:.0f}.json"))
        return replace(Outage.begin(now, age=age), damaged=True)

    def save(self, outage: Outage) -> None:
        """Write it so that it is there whole or not at all, before the step that it tells of."""
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._host.write_atomically(str(self.path), json.dumps(outage.as_dict(), indent=2) + "\n")
        except OSError as error:
            raise self._not_kept(error) from error

    def remembered(self) -> list[dict[str, Any]]:
        """Return what `remember` wrote, in the time of the present clock; nothing where nobody can read it."""
        try:
            found = _json(self._directory.joinpath("readings.json").read_text(encoding="utf-8"))
            readings, then = found["readings"], Moment.from_dict(found["at"])
            return rebased([each for each in readings if isinstance(each, dict)], then, Moment.now())
        except (OSError, ValueError, TypeError, KeyError):
            return []

    def remember(self, readings: Sequence[Mapping[str, Any]]) -> None:
        """Keep readings for the next run: a UPS that lies, or is silent, is judged by what it told before."""
        told = {"at": asdict(Moment.now()), "readings": list(readings)}
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._host.write_atomically(str(self._directory / "readings.json"), json.dumps(told) + "\n")
        except OSError as error:
            raise self._not_kept(error) from error

    def add_sample(self, outage: Outage, now: Moment, readings: Sequence[Mapping[str, Any]]) -> None:
        """Add what the UPSes told to the outage's samples, for its picture; what a kill cuts off is one line."""
        told = [{name: value for name, value in reading.items() if name != "raw"} for reading in readings]
        try:
            with self._directory.joinpath(f"samples-{outage.id}.jsonl").open("a", encoding="utf-8") as file:
                due = {"stages": list(outage.due_stages), "hard": list(outage.hard_upses)}
                file.write(json.dumps({"age": now.since(outage.began), **due, "readings": told}) + "\n")
        except OSError as error:
            raise self._not_kept(error) from error

    def samples(self, outage: Outage) -> list[dict[str, Any]]:
        """Return the samples of an outage, oldest first; a line that was cut off is left out."""
        try:
            lines = self._directory.joinpath(f"samples-{outage.id}.jsonl").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [found for found in map(_json, lines) if isinstance(found, dict) and {"age", "readings"} <= set(found)]

    def close(self, outage: Outage) -> Path:
        """Put an outage whose hosts are all up again among the past ones, and return where."""
        self.save(outage)
        past = self.path.with_name(f"outage-{outage.id}.json")
        try:
            self.path.replace(past)
        except OSError as error:
            raise self._not_kept(error) from error
        return past

    def _not_kept(self, error: OSError) -> OutageError:
        return OutageError(
            f"the state of the outage cannot be kept in {self._directory} ({error.strerror or error}); make room or "
            "give another directory in staged_shutdown_state_dir, else a run that is broken off cannot be gone on with"
        )


def _json(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None
