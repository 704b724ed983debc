# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps standby_failover and standby_rejoin from their work is told in one sentence, and nothing is changed: no
power, no port, no address, no server. The primary of these tests is well all the time, and would be fenced by a run
that goes on.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from lab import postgresql, standby
from lab.writer import Writer
from tests.lab.pair import HELD_BY_ANOTHER, LEASE, PRIMARY, RACK, STANDBY, Pair
from tests.lab.run import Run

ONLY_BMC = ("-e", json.dumps({"standby_fence": ["bmc"]}))


@contextmanager
def unchanged(pair: Pair, standby_may_stop: bool = False) -> Iterator[None]:
    """Nothing that a procedure may change is changed; a standby server without disk space may stop by itself."""
    ignored = re.compile(rf"\d+ {postgresql.DATA} \d+ " if standby_may_stop else r"(?!)")
    before = pair.snapshot()
    yield
    after = pair.snapshot()
    assert ignored.sub("", after.pop(STANDBY)) == ignored.sub("", before.pop(STANDBY))
    assert after == before
    assert pair.running(PRIMARY)


def one_sentence(run: Run, host: str) -> str:
    """The host's line of a run that failed."""
    assert run.status != 0, run.output
    line = run.line(host)
    assert line.startswith("FAILED: "), run.summary
    assert run.changed[host] == 0
    print(line)
    return line


@pytest.mark.parametrize(("extra", "confirm", "status"), [((), "", 2), (("--check",), PRIMARY, 0), ((), STANDBY, 2)])
def test_a_plan_and_check_mode_say_every_step_and_make_none(
    pair: Pair, extra: tuple[str, ...], confirm: str, status: int
) -> None:
    with unchanged(pair):
        run = pair.play("failover", *extra, confirm=confirm)
    assert run.status == status, run.output
    line = run.line(STANDBY)
    print(run.summary)
    assert line.startswith("would: switch his-db-1 off through its BMC 10.77.0.151 and read it back; ")
    assert "promote postgresql on his-db-2; add 10.9.0.100/24 to eth0" in line
    assert "nothing was changed" in run.summary
    assert run.record_file is None


def test_a_wrong_password_of_the_bmc(pair: Pair) -> None:
    with unchanged(pair):
        line = one_sentence(pair.play("failover", *pair.bmc(password="not-this-one"), *ONLY_BMC), STANDBY)
    assert "10.77.0.151" in line
    assert "password" in line
    assert "not-this-one" not in line


def test_a_dead_bmc_a_dead_switch_and_no_statement(pair: Pair) -> None:
    """Each way to fence is named with what was wrong with it; a statement that could mean any host is none."""
    with pair.fault("bmc-dead", PRIMARY), pair.fault("cut-management", RACK), unchanged(pair):
        began = time.monotonic()
        line = one_sentence(pair.play("failover"), STANDBY)
        assert time.monotonic() - began < 30
        vague = one_sentence(pair.play("failover", "-e", "fenced='I pulled the plug'"), STANDBY)
    for way, where in (("bmc: ", "10.77.0.151"), ("switch_port: ", RACK), ("operator: ", "-e 'fenced=")):
        assert way in line
        assert where in line
    assert "so his-db-2 was NOT promoted" in line
    assert "does not name his-db-1" in vague


def test_a_full_disk_of_the_standby(pair: Pair) -> None:
    with pair.fault("disk-full", STANDBY), unchanged(pair, standby_may_stop=True):
        line = one_sentence(pair.play(), STANDBY)
    assert "make room" in line
    assert "Nothing was changed." in line


def test_a_standby_whose_replay_is_paused(pair: Pair) -> None:
    with pair.fault("lag-standby", STANDBY), unchanged(pair):
        line = one_sentence(pair.play(), STANDBY)
    assert "pg_wal_replay_resume()" in line
    assert "Nothing was changed." in line


def test_a_standby_server_that_does_not_run(pair: Pair) -> None:
    with pair.fault("kill-postgres", STANDBY), unchanged(pair):
        line = one_sentence(pair.play(), STANDBY)
    assert "start it" in line
    assert "Nothing was changed." in line


def test_a_standby_machine_that_is_off(pair: Pair) -> None:
    """Also where a login of a minute ago is still open: nothing says that the machine is gone."""
    pair.play(confirm="")
    with pair.fault("power-off", STANDBY), unchanged(pair):
        began = time.monotonic()
        line = one_sentence(pair.play(), STANDBY)
        assert time.monotonic() - began < 40
    assert "cannot be reached" in line


def test_a_rejoin_with_the_names_the_wrong_way_round(pair: Pair) -> None:
    """Its first step takes the service address off the server that shall follow, and this one serves."""
    with unchanged(pair):
        line = one_sentence(pair.play("rejoin"), PRIMARY)
    assert "is a standby itself and can feed nobody safely" in line


def test_a_takeover_that_another_controller_has_begun(pair: Pair) -> None:
    pair.shell(STANDBY, HELD_BY_ANOTHER)
    with unchanged(pair):
        line = one_sentence(pair.play(), STANDBY)
    assert "colleague on other-controller" in line
    assert "Nothing was changed." in line
    pair.shell(STANDBY, f"rm {LEASE}")


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (("-e", "failed=his-db-9"), "his-db-9 is no database server"),
        (("-e", "failed=his-db-1", "-e", "standby=his-db-1"), "failed and standby are both his-db-1"),
        (("-e", "failed="), "say which database server failed"),
    ],
)
def test_a_name_that_cannot_be_meant(pair: Pair, extra: tuple[str, ...], said: str) -> None:
    with unchanged(pair):
        run = pair.play("failover", *extra)
    assert run.status != 0
    assert said in run.output


def test_a_primary_that_was_not_heard_is_refused_with_the_figure(pair: Pair) -> None:
    """Replication is cut while the primary goes on taking writes: streaming, and yet behind."""
    with ExitStack() as stack:
        writer: Writer = stack.enter_context(pair.writing())
        stack.enter_context(pair.fault("cut-replication", STANDBY))
        time.sleep(6)
        writer.stop()
        rows = len(writer.acknowledged())
        with unchanged(pair):
            line = one_sentence(pair.play(), STANDBY)
    assert "before it was stopped and the limit is 5 s" in line
    assert "accept_data_loss" in line
    assert "Nothing was changed." in line
    assert rows
    standby.wait_for_streams(pair.lab)
