# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a former primary, or a standby that is broken, the standby of a given primary, and see it stream."""

from __future__ import annotations

from dataclasses import replace
from typing import List, Optional

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._postgresql import process
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.cluster import psql, read, read_control
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.copy import (
    Marker,
    back_up,
    finish_rewind,
    put,
    remove_old,
    rewind,
    wait_for_earlier,
)
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.guards import size
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.model import (
    Check,
    Cluster,
    Outcome,
    PostgresqlError,
    State,
    behind,
)
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.plan import (
    BACKUP,
    FOLLOW,
    NOTHING,
    REWIND,
    START,
    WAIT,
    Here,
    Options,
    Way,
    choose,
    rejoin_limitation,
    rewind_obstacle,
    settings_text,
    way_limitation,
)
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.source import (
    Source,
    SourceState,
    ask,
    checkpoint_source,
    fork_of,
    identify,
    make_slot,
)

DROP_SLOTS = """
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_type = 'physical' AND NOT active
"""


def transact(
    host: Host, cluster: Cluster, source: Source, options: Optional[Options] = None, check_mode: bool = False
) -> Outcome:
    """Read, plan, refuse or do, and prove; never raises, the outcome's ``msg`` is the reason where it failed."""
    rejoin = Rejoin(host, cluster, source, options or Options(), check_mode)
    started = host.now()
    try:
        rejoin.run()
    except PostgresqlError as error:
        rejoin.outcome.msg = error.message
    rejoin.outcome.seconds["all"] = host.now() - started
    return rejoin.outcome


class Rejoin:
    """One server on its way to be a standby."""

    def __init__(self, host: Host, cluster: Cluster, source: Source, options: Options, check_mode: bool) -> None:
        self.host = host
        self.cluster = cluster
        self.source = source
        self.options = options
        self.check_mode = check_mode
        self.outcome = Outcome()
        self.marker = Marker(host, cluster)
        self.conninfo = source.conninfo(None, None)

    def run(self) -> None:
        wait_for_earlier(self.host, self.cluster, self.options.timeout)
        process.settle(self.host, self.cluster, self.options.timeout)
        self.marker.load()
        identify(self.host, self.cluster, self.source)
        primary = ask(self.host, self.cluster, self.source)
        here = self._read(primary)
        self.outcome.before = self.outcome.after = here.state
        self._refuse(rejoin_limitation(here, self.cluster, self.source, primary))
        way = choose(here, self.source, primary, self.options)
        self.outcome.facts.update(way=way.kind, why=way.why)
        self._refuse(way_limitation(way, here, self.cluster, primary, self.options))
        slot_missing = self.source.slot is not None and self.source.slot not in dict(primary.slots)
        self.outcome.changed = way.kind not in (NOTHING, WAIT) or slot_missing
        if self.check_mode:
            self.outcome.steps += planned_steps(way, self.cluster, self.source, slot_missing)
            return
        if slot_missing:
            make_slot(self.host, self.cluster, self.source)
            self._did([f"slot {self.source.slot} on {self.source.title}"])
        self._go(way, here, primary)

    def _read(self, primary: SourceState) -> Here:
        state, data = read(self.host, self.cluster), self.cluster.data_directory
        initialised = self.host.exists(f"{data}/PG_VERSION")
        fork = None
        if state.timeline is not None and not state.running:
            fork = fork_of(self.host, self.cluster, self.source, primary.timeline, state.timeline)
        text = self.host.read(f"{data}/postgresql.auto.conf")
        mount = self.host.run(["mountpoint", "-q", data])
        return Here(
            state=state,
            marker=self.marker.doing,
            fork_lsn=fork,
            settings_right=text is not None and text == settings_text(text, self.conninfo, self.source.slot),
            streams=self._streams(state) and self._lag(state, primary) is not None,
            initialised=initialised,
            is_mount=mount.status == 0,
            parent_free=self.host.free_bytes(data.rsplit("/", 1)[0]),
        )

    def _go(self, way: Way, here: Here, primary: SourceState) -> None:
        if way.kind == NOTHING:
            self._prove(primary, self.options.timeout)
            self._tidy()
            return
        if way.kind == START and here.state.is_primary:
            raise PostgresqlError(f"{self.cluster.title} runs as a primary and cannot only be started.")
        if way.kind == WAIT:
            pass
        elif way.kind == FOLLOW:
            self._configure()
            self._did(process.reload(self.host, self.cluster))
        else:
            way = self._stopped(way, here, primary)
            self._copy(way)
            self._configure()
            self._start()
        self._arrive(way, here, primary)

    def _stopped(self, way: Way, here: Here, primary: SourceState) -> Way:
        """Stop it; what a clean shutdown leaves may need no copy at all."""
        if process.pid(self.host, self.cluster) is None:
            return way
        self.marker.write(self.marker.doing or "stopping")
        self._did(process.stop(self.host, self.cluster, self.options.timeout))
        if not here.state.is_primary:
            return way
        again = choose(self._read(primary), self.source, primary, self.options)
        self.outcome.facts.update(way=again.kind, why=again.why)
        return again

    def _copy(self, way: Way) -> None:
        began = self.host.now()
        if way.kind == REWIND:
            checkpoint_source(self.host, self.cluster, self.source)
            self._did([f"CHECKPOINT on {self.source.title}"])
            self._did(rewind(self.host, self.cluster, self.source, self.marker, self.options.copy_timeout))
        elif way.kind == BACKUP:
            self._did(back_up(self.host, self.cluster, self.source, self.marker, self.options.copy_timeout))
        elif self.marker.doing == "rewound":
            finish_rewind(self.cluster, self.marker)
        self.outcome.seconds[way.kind] = self.outcome.seconds.get(way.kind, 0.0) + self.host.now() - began

    def _configure(self) -> None:
        data = self.cluster.data_directory
        path = f"{data}/postgresql.auto.conf"
        text = self.host.read(path) or ""
        wanted = settings_text(text, self.conninfo, self.source.slot)
        if wanted != text:
            put(self.host, self.cluster, path, wanted)
            self._did([f"primary_conninfo and primary_slot_name in {path}"])
        if not self.host.exists(f"{data}/standby.signal"):
            put(self.host, self.cluster, f"{data}/standby.signal", "")
            self._did([f"{data}/standby.signal"])

    def _start(self) -> None:
        began = self.host.now()
        self._did(process.start(self.host, self.cluster, self.options.timeout))
        self.outcome.seconds["start"] = self.host.now() - began

    def _arrive(self, way: Way, here: Here, primary: SourceState) -> None:
        """See it stream; where neither waiting, starting nor following helped, copy. One that streams is left alone."""
        try:
            self._prove(primary, self.options.timeout)
        except PostgresqlError as error:
            if way.kind == BACKUP or (self.outcome.after is not None and self._streams(self.outcome.after)):
                raise
            copied = self._next_way(way, error.message)
            self._refuse(way_limitation(copied, self._read(primary), self.cluster, primary, self.options))
            self.outcome.facts.update(way=copied.kind, why=copied.why)
            self._did(process.stop(self.host, self.cluster, self.options.timeout))
            self._copy(copied)
            self._configure()
            self._start()
            self._arrive(copied, here, primary)
            return
        self.marker.clear()
        self._tidy()

    def _next_way(self, way: Way, problem: str) -> Way:
        control = read_control(self.host, self.cluster)
        primary = ask(self.host, self.cluster, self.source)
        obstacle = rewind_obstacle(control, primary, self.options)
        if control.timeline == primary.timeline:
            obstacle = "pg_rewind finds nothing to do within one timeline"
        kind = BACKUP if way.kind == REWIND or obstacle else REWIND
        return Way(kind, f"{problem}{f' {obstacle}' if obstacle else ''}")

    def _prove(self, primary: SourceState, timeout: float) -> None:
        began = self.host.now()
        while True:
            state = read(self.host, self.cluster)
            self.outcome.after = state
            lag = self._lag(state, primary)
            if self._streams(state) and lag is not None and lag <= self.options.max_lag_bytes:
                break
            if self.host.now() - began > timeout:
                raise PostgresqlError(self._why_not(state, lag, timeout))
            self.host.sleep(0.05)
        self.outcome.seconds["streaming"] = self.host.now() - began
        limit = f"at most {size(self.options.max_lag_bytes)}"
        self.outcome.proven += [
            Check("streaming", self.source.title, f"{state.primary_host}:{state.primary_port}", True),
            Check("lag", limit, size(lag), True),
            Check("slot", self.source.slot or "none", state.primary_slot or "none", True),
        ]

    def _why_not(self, state: State, lag: Optional[int], timeout: float) -> str:
        if self._streams(state):
            return (
                f"{self.cluster.title} streams from {self.source.title} and is {size(lag)} behind after {timeout:g} s, "
                f"the limit is {size(self.options.max_lag_bytes)}; let it catch up, and run this again."
            )
        seen = state.errors[0] if state.errors else f"receiver: {state.receiver or 'none'}"
        return (
            f"{self.cluster.title} does not stream from {self.source.title} after {timeout:g} s ({seen}); look into "
            "its log, and run this again."
        )

    def _streams(self, state: State) -> bool:
        where = (state.primary_host, state.primary_port)
        wanted = (self.source.host, self.source.port)
        return bool(state.in_recovery) and state.receiver == "streaming" and where == wanted

    def _lag(self, state: State, primary: SourceState) -> Optional[int]:
        """Behind what the primary had written when it was asked; a standby on another timeline has nothing of it."""
        if state.received_timeline is not None and state.received_timeline != primary.timeline:
            return None
        return behind(primary.current_lsn, state.replay_lsn)

    def _tidy(self) -> None:
        """Slots from its time as primary would keep WAL for ever; old data is not needed once it streams."""
        self._did(remove_old(self.host, self.cluster))
        if self.marker.doing:
            self.marker.clear()
        after = self.outcome.after
        if after is not None and after.slots:
            answer = psql(self.host, self.cluster, DROP_SLOTS)
            dropped = len(answer.output.split("\n")) - 1
            if answer.status == 0 and dropped:
                self._did([f"dropped {dropped} unused slots of {', '.join(after.slots)}"])
                self.outcome.after = replace(after, slots=())

    def _did(self, steps: List[str]) -> None:
        if steps:
            self.outcome.changed = True
        self.outcome.steps += steps

    def _refuse(self, reason: Optional[str]) -> None:
        if reason:
            raise PostgresqlError(reason)


def planned_steps(way: Way, cluster: Cluster, source: Source, slot_missing: bool) -> List[str]:
    """What a real run does, for check mode."""
    steps = [f"slot {source.slot} on {source.title}"] if slot_missing else []
    if way.kind in (NOTHING, WAIT):
        return steps
    if way.kind in (REWIND, BACKUP):
        steps += [f"stop {cluster.title}", f"{way.kind} from {source.title}"]
    steps.append(f"primary_conninfo and primary_slot_name in {cluster.data_directory}/postgresql.auto.conf")
    steps.append(f"reload {cluster.title}" if way.kind == FOLLOW else f"start {cluster.title} as a standby")
    return steps
