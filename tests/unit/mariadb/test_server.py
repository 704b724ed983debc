# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a server: recorded answers of its client, and one sentence for each way in which it gives none."""

from __future__ import annotations

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer
from ansible_collections.contingency.infra.plugins.module_utils._mariadb import heard
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.client import execute, execute_at, quoted
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.model import (
    MariadbError,
    Server,
    Source,
    State,
)
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.server import find, read

from tests.unit.mariadb.fake_host import FakeHost
from tests.unit.mariadb.recorded import CONNECTING, FAILED, RUNNING, SOCKETS, answer

SERVER = Server(socket="/run/mysqld/mysqld.sock", unit="mariadb.service")


def state_of(connection: dict[str, str | None] | None, **variables: str) -> State:
    return read(FakeHost(mariadb=[Answer(0, answer(connection, **variables), "")]), SERVER)


def test_a_standby_that_streams() -> None:
    host = FakeHost(mariadb=[Answer(0, answer(RUNNING), "")], ss=[Answer(0, SOCKETS, "")])
    state = read(host, SERVER)
    assert (state.running, state.read_only, state.connections) == (True, True, ("",))
    assert (state.io_running, state.sql_running, state.seconds_behind) == ("Yes", "Yes", 0)
    assert (state.gtid_io_pos, state.uses_gtid, state.heartbeat_period) == ("0-1-10", True, 0.5)
    assert (state.heard_age, state.heard_by) == (0.404, "connection")
    assert state.read_only_from == "/etc/mysql/mariadb.conf.d/50-server.cnf"
    assert state.disabled_events == 3
    assert State.from_dict(state.to_dict()) == state


def test_a_standby_whose_connection_broke() -> None:
    host = FakeHost(mariadb=[Answer(0, answer(CONNECTING), "")], stat=[Answer(0, "1573 990.5\n", "")])
    host.files["/var/lib/mysql/relay.index"] = "./relay.000001\n./relay.000002\n"
    state = read(host, SERVER)
    assert state.seconds_behind is None
    assert state.heard_by == "relay log"
    assert state.heard_age == pytest.approx(9.5, abs=0.1)
    assert 'No route to host"' in state.io_error
    assert host.ran[-1][0][-1] == "/var/lib/mysql/relay.000002"


def test_bytes_in_an_error_that_no_xml_may_have() -> None:
    assert state_of(FAILED).sql_error.startswith("Could not execute Delete_rows_v1 event on table his.prescription")


def test_a_primary_is_no_replica() -> None:
    state = state_of(None, read_only="OFF")
    assert state.is_primary
    assert state.connections == ()


@pytest.mark.parametrize(("value", "read_only"), [("OFF", False), ("ON", True), ("NO_LOCK_NO_ADMIN", True)])
def test_kinds_of_read_only(value: str, read_only: bool) -> None:
    assert state_of(None, read_only=value).read_only is read_only


def test_mysql_is_not_mariadb() -> None:
    state = state_of(None, version="8.0.36")
    assert not state.running
    assert "8.0.36, which is not MariaDB" in state.errors[0]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (Answer(127, "", "mariadb is not on this host"), "install mariadb-client, or name the client"),
        (Answer(124, "", "mariadb did not end within 5 s"), "it hangs"),
        (
            Answer(1, "", "ERROR 2002 (HY000): Can't connect to local server through socket '/run/x' (2)\n"),
            "does not answer (Can't connect to local server through socket '/run/x' (2)); start it (systemctl start",
        ),
        (Answer(1, "", "ERROR 1045 (28000): Access denied for user 'root'@'localhost'\n"), "refuses the login"),
        (
            Answer(1, "", "ERROR 1227 (42000) at line 5: Access denied; you need the SUPER privilege\n"),
            "grant it that privilege",
        ),
        (Answer(1, "", "ERROR 1040 (08004): Too many connections\n"), "answered: Too many connections (error 1040)"),
        (Answer(0, "Welcome", ""), "is no XML"),
    ],
)
def test_a_server_that_gives_no_answer_is_one_sentence(given: Answer, reason: str) -> None:
    state = read(FakeHost(mariadb=[given]), SERVER)
    assert not state.running
    assert len(state.errors) == 1
    assert reason in state.errors[0]
    assert "\n" not in state.errors[0]


def test_a_password_is_never_in_argv_nor_in_an_error() -> None:
    source = Source("db", "repl", 'pa"ss\\word')
    host = FakeHost(mariadb=[Answer(0, answer(None), "")])
    execute_at(host, "mariadb", source, "SELECT 1")
    command, stdin = host.ran[0]
    assert "pa" not in " ".join(command[2:]).replace("batch", "")
    assert 'password="pa\\"ss\\\\word"' in stdin
    failing = FakeHost(mariadb=[Answer(1, "", "ERROR 1064 (42000) at line 1: near 'secret' at line 1")])
    with pytest.raises(MariadbError) as error:
        execute(failing, SERVER, "CHANGE MASTER TO ...", secrets=("secret",))
    assert "secret" not in error.value.message
    assert "secret" not in repr(Source("db", "repl", "secret"))


def test_a_line_break_in_a_password_cannot_become_an_option() -> None:
    with pytest.raises(MariadbError, match="line break"):
        execute_at(FakeHost(), "mariadb", Source("db", "repl", "x\nhost=evil"), "SELECT 1")


@pytest.mark.parametrize(("text", "literal"), [("a'b", "'a''b'"), ("a\\", "'a\\\\'"), ("a\nb", "'a\\nb'")])
def test_strings_of_sql(text: str, literal: str) -> None:
    assert quoted(text) == literal


def test_the_age_of_a_connection_is_that_of_the_server_alone() -> None:
    assert heard.connection_age(SOCKETS) == (0.404, "connection")
    assert heard.connection_age("") == heard.NOTHING
    assert heard.connection_age('ESTAB users:(("mariadbd",pid=7,fd=3)) lastrcv:13873176') == heard.NOTHING


def test_a_relay_log_without_events_tells_nothing() -> None:
    assert heard.relay_log_age("256 990.0", 1000.0) == heard.NOTHING
    assert heard.relay_log_age("1573 990.0", 1000.0) == (10.0, "relay log")
    assert heard.relay_log_age("", 1000.0) == heard.NOTHING


def test_a_server_is_found_in_the_usual_places() -> None:
    host = FakeHost()
    host.files = {"/run/mysqld/mysqld.sock": "", "/usr/bin/mysql": ""}
    found = find(host)
    assert (found.socket, found.client, found.unit) == ("/run/mysqld/mysqld.sock", "/usr/bin/mysql", "mariadb.service")
    assert find(host, socket="/elsewhere").socket == "/elsewhere"
    with pytest.raises(MariadbError, match=r"There is no /root/x\.cnf on this host"):
        find(host, defaults_file="/root/x.cnf")
