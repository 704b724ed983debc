# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How does this server become a standby of that primary? Pure: from what was read to the way, or a reason why not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._postgresql.guards import size
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.model import Cluster, Data, State, lsn
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.source import Source, SourceState

NOTHING, WAIT, FOLLOW, START, REWIND, BACKUP = "nothing", "wait", "follow", "start", "pg_rewind", "base backup"
# A base backup needs room for the data and for the WAL that is written while it runs.
BACKUP_MARGIN = 1.1


@dataclass(frozen=True)
class Here:
    """The server that shall become a standby, with all that decides about the way."""

    state: State
    marker: Optional[str] = None
    fork_lsn: Optional[str] = None
    settings_right: bool = False
    streams: bool = False
    initialised: bool = True
    is_mount: bool = False
    parent_free: Optional[int] = None


@dataclass(frozen=True)
class Options(Data):
    """What the site allows and wants."""

    max_lag_bytes: int = 16777216
    allow_rewind: bool = True
    allow_base_backup: bool = True
    confirm_followers: bool = False
    timeout: float = 60.0
    copy_timeout: float = 14400.0


@dataclass(frozen=True)
class Way:
    """What will be done, and why just that."""

    kind: str
    why: str


def rejoin_limitation(here: Here, cluster: Cluster, source: Source, primary: SourceState) -> Optional[str]:
    """Return why this server must not become a standby of that primary, None where it may."""
    state = here.state
    if primary.in_recovery:
        return f"{source.title} is a standby itself and can feed nobody safely; name the primary as source."
    if here.initialised and not state.system_identifier:
        seen = state.errors[0] if state.errors else "its control file is unreadable"
        return f"What {cluster.title} is cannot be told ({seen}); look at the server, nothing was changed."
    if here.initialised and state.system_identifier != primary.system_identifier:
        return (
            f"{cluster.title} is another database (system identifier {state.system_identifier}) than {source.title} "
            f"({primary.system_identifier}), and its data would be destroyed; name the right hosts, or empty "
            f"{cluster.data_directory} by hand."
        )
    if primary.server_version // 10000 != cluster.version:
        return (
            f"{source.title} is PostgreSQL {primary.server_version // 10000} and {cluster.title} is {cluster.version}; "
            "a standby needs the same major version."
        )
    return _is_in_charge(state, cluster, source, primary)


def _is_in_charge(state: State, cluster: Cluster, source: Source, primary: SourceState) -> Optional[str]:
    if not state.is_primary:
        return None
    if state.followers:
        return (
            f"{cluster.title} is a primary that {', '.join(state.followers)} follows now, so {source.title} may not be "
            "the one in charge; find out which of them takes the writes, and stop the other's standbys first."
        )
    if state.timeline is not None and state.timeline > primary.timeline:
        return (
            f"{cluster.title} is a primary on timeline {state.timeline} and {source.title} is on timeline "
            f"{primary.timeline}: the one that was promoted last is here; exchange their roles."
        )
    return None


def choose(here: Here, source: Source, primary: SourceState, options: Options) -> Way:
    """Return the cheapest way that is sure to work."""
    state = here.state
    if not here.initialised:
        return Way(BACKUP, "the data directory is empty")
    if here.marker in ("rewinding", "backing up", "swapping"):
        return Way(BACKUP, f"an earlier run was broken off while {here.marker}, so the data here is not whole")
    if state.running and state.in_recovery:
        return _way_of_standby(here, source)
    if here.marker in ("rewound", "configuring"):
        return Way(START, f"an earlier run was broken off after {here.marker}")
    if state.standby_signal and not state.running and state.timeline == primary.timeline:
        return Way(START, "it is a standby that does not run")
    if state.timeline is not None and state.timeline > primary.timeline:
        return _copy(primary, options, f"it is on timeline {state.timeline}, which the primary does not know")
    if history_holds(state, here.fork_lsn):
        return Way(START, f"it was shut down at {state.checkpoint_lsn}, before the histories part at {here.fork_lsn}")
    return _copy(primary, options, "its history may differ from the primary's", state)


def _way_of_standby(here: Here, source: Source) -> Way:
    """A receiver that is between two attempts is no reason to copy anything."""
    if here.streams and here.settings_right:
        return Way(NOTHING, f"it streams from {source.title}")
    if not here.settings_right:
        return Way(FOLLOW, f"its settings name another primary or slot than {source.title}")
    return Way(WAIT, f"it does not stream from {source.title} now, although its settings name it")


def history_holds(state: State, fork_lsn: Optional[str]) -> bool:
    """After a clean shutdown the checkpoint is the last record; one before the fork is in the primary's history too."""
    last, fork = lsn(state.checkpoint_lsn), lsn(fork_lsn)
    return state.control_state == "shut down" and last is not None and fork is not None and last < fork


def _copy(primary: SourceState, options: Options, why: str, state: Optional[State] = None) -> Way:
    if state is not None and not rewind_obstacle(state, primary, options):
        return Way(REWIND, why)
    obstacle = rewind_obstacle(state, primary, options) if state is not None else ""
    return Way(BACKUP, f"{why}, and {obstacle}" if obstacle else why)


def rewind_obstacle(state: State, primary: SourceState, options: Options) -> str:
    """Return why pg_rewind cannot do it, empty where it can."""
    if not options.allow_rewind:
        return "pg_rewind is not allowed"
    if not (state.checksums or state.wal_log_hints):
        return "pg_rewind needs wal_log_hints or data checksums, which were off here"
    if not primary.may_rewind:
        return "the user has no right to read the primary's files, which pg_rewind needs"
    return ""


def way_limitation(way: Way, here: Here, cluster: Cluster, primary: SourceState, options: Options) -> Optional[str]:
    """Return why the chosen way cannot be gone."""
    if way.kind != BACKUP:
        return None
    if not options.allow_base_backup:
        return f"{cluster.title} needs a new base backup ({way.why}), which allow_base_backup forbids; allow it."
    if primary.tablespaces:
        return (
            f"{cluster.title} needs a new base backup ({way.why}), and the primary has {primary.tablespaces} "
            "tablespaces outside its data directory, whose copies would lie where the old ones are; make this backup "
            "by hand with --tablespace-mapping."
        )
    if here.is_mount and here.initialised:
        return (
            f"{cluster.title} needs a new base backup ({way.why}), and {cluster.data_directory} is a mount point that "
            "cannot be exchanged while the old data is kept; use a directory below the mount point."
        )
    needed = int(primary.bytes * BACKUP_MARGIN)
    if here.parent_free is not None and here.parent_free < needed:
        return (
            f"{cluster.title} needs a new base backup ({way.why}) of {size(needed)} beside the old data, and "
            f"{size(here.parent_free)} are free; make room there."
        )
    return None


MANAGED = ("primary_conninfo", "primary_slot_name", "recovery_target_timeline")


def settings_text(text: str, conninfo: str, slot: Optional[str]) -> str:
    """Pure: postgresql.auto.conf with what this standby follows; all else that it says stays."""
    kept = [line for line in text.splitlines() if not _is_managed(line)]
    values: Tuple[Tuple[str, str], ...] = (
        ("primary_conninfo", conninfo),
        ("primary_slot_name", slot or ""),
        ("recovery_target_timeline", "latest"),
    )
    kept += ["{} = '{}'".format(name, value.replace("'", "''")) for name, value in values]
    return "\n".join(kept) + "\n"


def _is_managed(line: str) -> bool:
    return re.match(rf"\s*(?:{'|'.join(MANAGED)}|recovery_target\w*)\s*[= ]", line, re.IGNORECASE) is not None
