# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook standby_rejoin against the lab: the repaired server comes up by itself while it is brought back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab import postgresql
from tests.lab.pair import PRIMARY, STANDBY, Pair
from tests.lab.test_standby_failover import ACCEPT

DROP_IN = f"/etc/systemd/system/{postgresql.UNIT}.d"
LOOKS_FOR_LONG = f"""
mkdir -p {DROP_IN}
cat > {DROP_IN}/slow.conf <<'END'
[Service]
ExecStart=
ExecStart=-/bin/sh -c '/usr/bin/pg_ctlcluster --skip-systemctl-redirect %i start; sleep 8'
END
systemctl daemon-reload
sync
"""
"""As on a busy machine: its server takes connections while the program that started it still waits to see that."""


@pytest.fixture
def slow(pair: Pair) -> Iterator[Pair]:
    pair.shell(PRIMARY, LOOKS_FOR_LONG)
    yield pair
    pair.shell(PRIMARY, f"rm -r {DROP_IN} && systemctl daemon-reload")


def test_a_server_that_systemd_still_starts_is_brought_back_when_that_is_done(slow: Pair) -> None:
    slow.lose_power()
    took_over = slow.play("failover", *ACCEPT)
    assert took_over.status == 0, took_over.output
    back = slow.play("rejoin")
    print(back.summary)
    assert back.status == 0, back.output
    assert postgresql.streaming(slow.lab, STANDBY) == {PRIMARY: "async"}
    assert slow.service_at() == [STANDBY]
