# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook standby_failover against the lab: the primary database server fails, the standby takes over.

Without synchronous replication the figure of what may be lost grows with every second until the run has begun, which
on a busy machine is a while; the tests that are not about it accept it beforehand, and hold the report to it.
"""

from __future__ import annotations

import json
import threading
import time
from contextlib import ExitStack

from lab import postgresql, standby
from lab.errors import LabError
from lab.writer import Writer
from tests.lab.pair import APPLICATION, COLD, PRIMARY, RACK, STANDBY, Pair
from tests.lab.run import Run

ACCEPT = ("-e", "accept_data_loss=120")
TOO_LITTLE = ("-e", json.dumps({"standby_limits": {"min_free_bytes": 1, "max_data_loss_seconds": 0.01}}))
ANOTHER_BOOT = 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"'


def took_over(pair: Pair, run: Run, writer: Writer) -> None:
    """The run says so, it is so, and writes are accepted again."""
    now = time.time()
    assert run.status == 0, run.output
    assert run.line(STANDBY).startswith("takes writes; has 10.9.0.100/24; "), run.summary
    writer.accepted_after(now)
    pair.is_on_standby_alone()


def loss_is_within_the_report(run: Run, writer: Writer, failed_at: float) -> list[float]:
    """Every acknowledged row that is gone was acknowledged within the reported seconds before the fence."""
    reported = run.result(STANDBY)["data_loss_seconds"]
    fenced_at = run.result(PRIMARY)["at_epoch"]
    missing = set(writer.missing(STANDBY))
    ages = [fenced_at - row.accepted for row in writer.acknowledged() if row.number in missing]
    assert all(0 <= age <= reported for age in ages), (max(ages), reported)
    assert fenced_at > failed_at
    return ages


def test_after_a_loss_of_power_the_standby_serves_and_the_old_primary_never_again(pair: Pair) -> None:
    """One state of the lab: the takeover, a second run, check mode, and the return of the old primary."""
    with pair.writing() as writer:
        pair.lose_power()
        failed_at = time.time()
        run = pair.play("failover", *ACCEPT)
        took_over(pair, run, writer)
        loss_is_within_the_report(run, writer, failed_at)
        before = pair.snapshot()

        again = pair.play()
        assert again.status == 0, again.output
        assert again.changed[STANDBY] == 0
        assert "had taken over already" in again.line(STANDBY)
        planned = pair.play("failover", "--check")
        assert planned.status == 0, planned.output
        assert "nothing to do" in planned.line(STANDBY)
        assert pair.snapshot() == before

        pair.lab.heal("power-off", PRIMARY)
        wait_for(lambda: postgresql.answers(pair.lab, PRIMARY))
        returned = time.time()
        writer.accepted_after(returned + 1)
        assert pair.service_at() == [STANDBY]
        assert rows_since(pair, PRIMARY, writer, failed_at) == 0
        after_return = pair.play()
        assert after_return.status == 0, after_return.output
        assert after_return.changed[STANDBY] == 0
        assert pair.running(PRIMARY), "a primary that was repaired is not fenced again"


def rows_since(pair: Pair, machine: str, writer: Writer, moment: float) -> int:
    """How many of the rows that were acknowledged after a moment a machine's database has."""
    later = {row.number for row in writer.acknowledged() if row.sent > moment}
    return len(later - set(writer.missing(machine)))


def test_a_killed_server_process_gets_its_machine_fenced(pair: Pair) -> None:
    with pair.writing() as writer:
        failed_at = time.time()
        pair.lab.fault("kill-postgres", PRIMARY)
        run = pair.play("failover", *ACCEPT)
        took_over(pair, run, writer)
        assert not loss_is_within_the_report(run, writer, failed_at)
    assert not pair.running(PRIMARY)
    assert "switched off, its BMC 10.77.0.151 reads off" in run.line(PRIMARY)


def test_after_a_cut_replication_the_loss_is_refused_then_accepted_and_never_above_the_report(pair: Pair) -> None:
    """And with a dead BMC: the primary, which still takes writes, is fenced by its switch port."""
    with ExitStack() as stack:
        writer = stack.enter_context(pair.writing())
        stack.enter_context(pair.fault("bmc-dead", PRIMARY))
        pair.lab.fault("cut-replication", STANDBY)
        failed_at = time.time()
        time.sleep(3)
        refused = pair.play("failover", *TOO_LITTLE)
        assert refused.status != 0
        assert "before it was stopped and the limit is 0.01 s" in refused.line(STANDBY)
        assert pair.primaries() == [PRIMARY]
        assert pair.port_is_up()
        run = pair.play("failover", *TOO_LITTLE, *ACCEPT)
        assert run.status == 0, run.output
        pair.lab.heal("cut-replication", STANDBY)
        writer.accepted_after(time.time())
        assert pair.service_at() == [PRIMARY, STANDBY], "behind its shut port it has the address and reaches nobody"
        assert not pair.port_is_up()
        ages = loss_is_within_the_report(run, writer, failed_at)
    assert len(ages) > 100, "3 seconds of 200 rows a second were never sent to the standby"
    assert "fenced by switch_port" in run.line(PRIMARY)


def test_a_statement_that_names_the_host_gets_on_and_an_address_that_is_taken_stops(pair: Pair) -> None:
    """Neither BMC nor switch answers. Then another machine answers for the address: the server takes writes, and
    the address waits for a second run."""
    statement = ("-e", f"fenced='{PRIMARY} has no power, seen by Li Na'")
    with ExitStack() as stack:
        writer = stack.enter_context(pair.writing())
        for fault, target in (("bmc-dead", PRIMARY), ("cut-management", RACK)):
            stack.enter_context(pair.fault(fault, target))
        pair.lose_power()
        pair.shell(APPLICATION, f"ip addr add 10.9.0.100/24 dev {standby.PORT}")
        try:
            stopped = pair.play("failover", *statement, *ACCEPT)
        finally:
            pair.shell(APPLICATION, f"ip addr del 10.9.0.100/24 dev {standby.PORT}")
        assert stopped.status != 0
        assert "10.9.0.100 is answered by 02:00:00:00:" in stopped.line(STANDBY)
        assert "fenced by operator" in stopped.line(PRIMARY)
        assert pair.service_at() == []
        run = pair.play("failover", *statement, *ACCEPT)
        took_over(pair, run, writer)
    assert "Li Na" in stopped.line(PRIMARY)


def test_two_controllers_at_once_and_an_old_primary_that_boots_in_the_middle(pair: Pair) -> None:
    """One of them takes over, the other one is told so, and the primary that comes back in between reaches nobody."""
    boot_id = pair.work / "boot_id"
    boot_id.write_text("00000000-another-boot\n", encoding="ascii")
    elsewhere = ("unshare", "--mount", "sh", "-c", ANOTHER_BOOT, str(boot_id))
    with pair.writing() as writer:
        pair.lose_power()
        failed_at = time.time()
        with restless(pair):
            runs = [pair.start("failover", *ACCEPT), pair.start("failover", *ACCEPT, before=elsewhere)]
            ended = [pair.finished(process) for process in runs]
        wait_for(lambda: postgresql.answers(pair.lab, PRIMARY))
        writer.accepted_after(time.time())
        assert rows_since(pair, PRIMARY, writer, failed_at) == 0
    assert pair.service_at() == [STANDBY]
    lines = sorted(run.line(STANDBY) for run in ended)
    taken = [line for line in lines if line.startswith("takes writes; ")]
    assert len(taken) == 1, lines
    (other,) = set(lines) - set(taken)
    assert "a takeover is under way, started by " in other or "had taken over already" in other


class restless:  # noqa: N801
    """While this lasts the old primary is switched on each time that it is off."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._switch_on, name="restless primary")

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_raised: object) -> None:
        self._over.set()
        self._thread.join()
        self._pair.lab.heal("power-off", PRIMARY)

    def _switch_on(self) -> None:
        while not self._over.wait(0.05):
            # It may be switched off while it starts.
            try:
                self._pair.lab.machine(PRIMARY).power_on()
            except LabError as error:
                print(error)


def test_a_cold_standby_is_switched_on_and_takes_over(pair: Pair) -> None:
    pair.lose_power()
    before = pair.snapshot()
    planned = pair.play("failover", "-e", f"standby={COLD}", confirm="")
    assert planned.line(COLD).startswith("would: switch his-cold-1 on"), planned.summary
    assert pair.snapshot() == before
    run = pair.play("failover", "-e", f"standby={COLD}", "-e", "accept_data_loss=1000000000")
    assert run.status == 0, run.output
    assert "was switched on" in str(run.result(COLD)["steps"])
    assert pair.service_at() == [COLD]
    assert COLD in pair.primaries()
    pair.lab.machine(COLD).power_off()


def wait_for(condition: object, within: float = 30.0) -> None:
    assert callable(condition)
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
