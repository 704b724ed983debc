# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session that is held open: its rows and nothing else, and why it ended where it did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import Held, QueryFailed

from tests.lab.take.server import Server

REMARK = "DO $$ BEGIN RAISE WARNING 'the ward is full'; END $$"


@pytest.fixture
def session(server: Server) -> Iterator[Held]:
    with closing(Held(server.client.address, "his")) as held:
        yield held


def test_what_the_server_remarks_is_no_part_of_a_row(session: Held) -> None:
    assert session.rows(f"{REMARK}; SELECT 'a', 1; {REMARK}; SELECT 'b' || chr(10) || 'c', 2") == [
        ("a", "1"),
        ("b\nc", "2"),
    ]


def test_an_error_ends_it_and_is_told_with_its_sqlstate(session: Held) -> None:
    with pytest.raises(QueryFailed, match=r'relation "nothing" does not exist') as caught:
        session.rows(f"{REMARK}; SELECT * FROM nothing")
    assert caught.value.sqlstate == "42P01"
    assert not session.alive()


def test_a_session_that_the_server_ended_was_not_answered(session: Held, server: Server) -> None:
    number = session.value("SELECT pg_backend_pid()")
    server.sql(f"SELECT pg_terminate_backend({number}, 5000)")
    with pytest.raises(QueryFailed):
        session.rows("SELECT 1")
