# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Back to a pair: a former primary follows the new one, by whatever way is needed, and a broken-off run is finished."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._postgresql import promote, rejoin, switch
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.model import Outcome
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.plan import Options

from tests.lab.postgresql.pair import HOST, OPTIONS, Pair, until


def fail_over(pair: Pair) -> None:
    """The first dies with writes that the second never got; the second takes over and goes on."""
    pair.first.senders(signal.SIGSTOP)
    pair.first.sql("INSERT INTO prescription SELECT generate_series(201, 300)")
    pair.first.kill()
    promote.promote(HOST, pair.second.cluster)
    pair.second.sql("INSERT INTO prescription SELECT generate_series(1001, 1100)")


def back(pair: Pair, options: Options = OPTIONS, check: bool = False) -> Outcome:
    return rejoin.transact(HOST, pair.first.cluster, pair.source(pair.second, "one"), options, check)


def assert_pair(pair: Pair, outcome: Outcome) -> None:
    assert outcome.msg is None
    assert outcome.after is not None
    assert (outcome.after.receiver, outcome.after.primary_slot) == ("streaming", "one")
    pair.second.sql("INSERT INTO prescription VALUES (2000)")
    until(lambda: pair.first.rows() == pair.second.rows())
    assert pair.second.sql("SELECT active FROM pg_replication_slots WHERE slot_name = 'one'") == "t"
    again = back(pair)
    assert (again.msg, again.changed, again.steps) == (None, False, [])
    left = sorted(entry.name for entry in pair.first.directory.parent.glob("one.rejoin*"))
    assert left == []


def test_a_former_primary_with_lost_writes_is_rewound(pair: Pair) -> None:
    fail_over(pair)
    planned = back(pair, check=True)
    assert (planned.changed, planned.facts["way"]) == (True, "pg_rewind")
    assert not pair.second.sql("SELECT 1 FROM pg_replication_slots WHERE slot_name = 'one'")
    outcome = back(pair)
    assert outcome.facts["way"] == "pg_rewind"
    assert_pair(pair, outcome)
    assert pair.first.sql("SELECT count(*) FROM prescription WHERE id BETWEEN 201 AND 300") == "0"
    assert pair.first.read().slots == ()


def test_after_a_clean_switchover_it_is_only_started(pair: Pair) -> None:
    switch.quiesce(HOST, pair.first.cluster)
    promote.promote(HOST, pair.second.cluster)
    outcome = back(pair)
    assert outcome.facts["way"] == "start"
    assert_pair(pair, outcome)


def test_an_old_primary_that_runs_again_is_stopped_first(pair: Pair) -> None:
    fail_over(pair)
    pair.first.start()
    pair.first.sql("INSERT INTO prescription VALUES (301)")
    assert_pair(pair, back(pair))


def test_where_rewinding_is_not_allowed_a_base_backup_keeps_the_old_data_until_it_streams(pair: Pair) -> None:
    fail_over(pair)
    refused = back(pair, replace(OPTIONS, allow_rewind=False, allow_base_backup=False))
    assert "allow_base_backup forbids" in str(refused.msg)
    outcome = back(pair, replace(OPTIONS, allow_rewind=False))
    assert outcome.facts["way"] == "base backup"
    assert any("rejoin-old" in step for step in outcome.steps)
    assert_pair(pair, outcome)
    assert f"port = {pair.first.port}" in (pair.first.directory / "postgresql.conf").read_text()


def test_a_standby_that_was_stopped_is_started(pair: Pair) -> None:
    pair.second.stop()
    source = pair.source(pair.first, "two")
    outcome = rejoin.transact(HOST, pair.second.cluster, source, OPTIONS)
    assert (outcome.msg, outcome.facts["way"]) == (None, "start")


def test_a_standby_whose_wal_is_gone_gets_a_base_backup_in_the_end(pair: Pair) -> None:
    pair.second.stop()
    pair.first.sql("SELECT pg_drop_replication_slot('two')")
    for _round in range(4):
        pair.first.sql("INSERT INTO prescription (id) SELECT max(id) + 1 FROM prescription; SELECT pg_switch_wal()")
    pair.first.sql("CHECKPOINT")
    pair.first.sql("SELECT pg_switch_wal()")
    pair.first.sql("CHECKPOINT")
    source = pair.source(pair.first, "two")
    outcome = rejoin.transact(HOST, pair.second.cluster, source, replace(OPTIONS, timeout=8.0))
    assert (outcome.msg, outcome.facts["way"]) == (None, "base backup")
    until(lambda: pair.second.rows() == pair.first.rows())


def test_it_refuses_what_would_destroy_the_wrong_data(pair: Pair) -> None:
    in_charge = rejoin.transact(HOST, pair.first.cluster, pair.source(pair.second, "one"), OPTIONS)
    assert "is a standby itself" in str(in_charge.msg)
    assert pair.first.read().is_primary
    before = pair.second.read()
    wrong = replace(pair.source(pair.first, "two"), passfile="/nonexistent")
    assert "does not let replicator replicate" in str(rejoin.transact(HOST, pair.second.cluster, wrong, OPTIONS).msg)
    assert pair.second.read().receiver == before.receiver == "streaming"


def test_a_standby_that_streams_and_lags_is_left_alone(pair: Pair) -> None:
    pair.second.sql("SELECT pg_wal_replay_pause()")
    pair.first.sql("INSERT INTO prescription SELECT generate_series(101, 20000)")
    source = pair.source(pair.first, "two")
    outcome = rejoin.transact(HOST, pair.second.cluster, source, replace(OPTIONS, timeout=1.0))
    assert "behind after 1 s, the limit is 1024 KiB" in str(outcome.msg)
    assert pair.second.read().receiver == "streaming"
    assert not any(way in " ".join(outcome.steps) for way in ("pg_rewind", "base backup"))


def test_a_slot_that_lost_its_wal_is_made_anew(pair: Pair) -> None:
    pair.second.stop()
    pair.first.sql("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
    pair.first.sql("ALTER SYSTEM SET wal_keep_size = 0")
    pair.first.sql("SELECT pg_reload_conf()")
    for _round in range(6):
        pair.first.sql("INSERT INTO prescription (id) SELECT max(id) + 1 FROM prescription; SELECT pg_switch_wal()")
        pair.first.sql("CHECKPOINT")
    assert pair.first.sql("SELECT wal_status FROM pg_replication_slots") == "lost"
    outcome = rejoin.transact(HOST, pair.second.cluster, pair.source(pair.first, "two"), replace(OPTIONS, timeout=8.0))
    assert (outcome.msg, outcome.facts["way"]) == (None, "base backup")
    assert pair.first.sql("SELECT active FROM pg_replication_slots") == "t"


KILLED = """
import json, os, signal, sys
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._postgresql import rejoin
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.model import Cluster
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.plan import Options
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.source import Source
cluster, source, options, at = (json.loads(text) for text in sys.argv[1:])
class Mortal(LocalHost):
    done = 0
    def _count(self):
        Mortal.done += 1
        if isinstance(at, int) and Mortal.done > at:
            os.kill(os.getpid(), signal.SIGKILL)
    def run(self, command, **more):
        if not command[0].endswith(("psql", "mountpoint", "stat", "find", "pg_controldata")):
            self._count()
        return super().run(command, **more)
    def write_atomically(self, *words, **more):
        self._count()
        super().write_atomically(*words, **more)
        if isinstance(at, str) and f'"doing": "{at}"' in words[1]:
            os.kill(os.getpid(), signal.SIGKILL)
rejoin.transact(Mortal(), Cluster.from_dict(cluster), Source.from_dict(source), Options.from_dict(options))
"""


def killed(pair: Pair, options: Options, at: int | str) -> int:
    values = [pair.first.cluster, pair.source(pair.second, "one"), options]
    arguments = [json.dumps(value.to_dict()) for value in values]
    path = os.pathsep.join(sys.path)
    command = [sys.executable, "-c", KILLED, *arguments, json.dumps(at)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, timeout=120, check=False)
    return done.returncode


@pytest.mark.parametrize("allow_rewind", [True, False], ids=["rewind", "backup"])
def test_killed_before_each_step_the_next_run_finishes(pair: Pair, allow_rewind: bool) -> None:
    fail_over(pair)
    options = replace(OPTIONS, allow_rewind=allow_rewind)
    deaths = 0
    for at in range(0, 40):
        if killed(pair, options, at) == 0:
            break
        deaths += 1
    assert deaths >= 5
    assert_pair(pair, back(pair, options))


@pytest.mark.parametrize("doing", ["rewinding", "rewound", "backing up", "swapping", "configuring"])
def test_killed_after_each_marker_the_next_run_finishes_with_its_own_settings(pair: Pair, doing: str) -> None:
    fail_over(pair)
    options = replace(OPTIONS, allow_rewind=doing.startswith("rew"))
    assert killed(pair, options, doing) == -signal.SIGKILL
    assert_pair(pair, back(pair, options))
    assert f"port = {pair.first.port}" in (pair.first.directory / "postgresql.conf").read_text()


@pytest.mark.parametrize("after", [0.05, 0.2, 0.4])
def test_killed_while_a_program_copies_the_next_run_finishes(pair: Pair, after: float) -> None:
    fail_over(pair)
    pid = os.fork()
    if pid == 0:
        back(pair)
        os._exit(0)
    time.sleep(after)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    outcome = back(pair)
    assert_pair(pair, outcome)
