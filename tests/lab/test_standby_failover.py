# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook standby_failover against the lab: the primary database server fails, the standby takes over."""

from __future__ import annotations

from tests.lab.pair import PRIMARY, STANDBY, Pair


def test_after_a_loss_of_power_the_standby_takes_over_and_a_second_run_changes_nothing(pair: Pair) -> None:
    with pair.writing() as writer:
        pair.lose_power()
        run = pair.play("failover", "-e", "accept_data_loss=60")
        assert run.status == 0, run.output
        writer.accepted_after(0)
        pair.is_on_standby_alone()
        before = pair.snapshot()
        again = pair.play()
    print(run.summary, again.summary, writer.report(STANDBY))
    assert again.status == 0, again.output
    assert again.changed[STANDBY] == 0
    assert pair.snapshot() == before
