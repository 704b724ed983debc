# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look of each kind, at real servers on the loopback interface and at recorded programs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._health.looks import look, target
from ansible_collections.contingency.infra.plugins.module_utils._health.model import Check, Seen
from ansible_collections.contingency.infra.plugins.module_utils._host.run import MISSING, Answer, LocalHost

from tests.unit.health.fake_host import FakeHost
from tests.unit.health.servers import certificate, closed_port, http, says, silent

HERE = "127.0.0.1"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with http() as port:
        yield port


def at(port: int, path: str = "/health", **more: Any) -> Seen:
    return look(LocalHost(), Check("http", url=f"http://{HERE}:{port}{path}", **more), 5)


def test_tcp_connects_or_tells_why_not(port: int) -> None:
    assert look(LocalHost(), Check("tcp", host=HERE, port=port), 5).passed
    refused = look(LocalHost(), Check("tcp", host=HERE, port=closed_port()), 5)
    assert refused == Seen("no connection (Connection refused)", "connects", False)


def test_a_page_is_healthy_by_status_and_body(port: int) -> None:
    assert at(port) == Seen("status 200", "status 200", True)
    assert at(port, body='"writable"').passed
    assert at(port, "/ill", status=[200, 503], body="read-only").passed


@pytest.mark.parametrize(
    ("path", "more", "seen"),
    [
        ("/ill", {}, "status 503"),
        ("/moved?to=x", {}, "status 302"),
        ("/health", {"body": "read-only"}, "status 200 without /read-only/"),
        ("/health", {"status": [204]}, "status 200"),
    ],
)
def test_a_page_that_is_not_healthy_tells_what_it_is(port: int, path: str, more: dict[str, Any], seen: str) -> None:
    assert (at(port, path, **more).seen, at(port, path, **more).passed) == (seen, False)


def test_a_slow_page_and_a_silent_server_cost_no_more_than_the_time_out(port: int) -> None:
    began = time.monotonic()
    assert at(port, "/slow", timeout=0.2).seen == "no answer within 0.2 s"
    with silent() as quiet:
        assert at(quiet, timeout=0.2).seen == "no answer within 0.2 s"
        assert look(LocalHost(), Check("http", url=f"https://{HERE}:{quiet}/", timeout=0.2), 5).passed is False
    assert time.monotonic() - began < 1.5


def test_what_is_no_http_is_told() -> None:
    with says(b"SSH-2.0-OpenSSH_9.2\r\n") as port:
        assert at(port).seen == "no HTTP (BadStatusLine)"
    with says(b"") as port:
        assert not at(port).passed
    assert at(closed_port()).seen == "no connection (Connection refused)"


def test_a_certificate_must_be_trusted_unless_told_otherwise(tmp_path: Path) -> None:
    public, context = certificate(tmp_path)
    with http(context) as port:
        url = f"https://{HERE}:{port}/health"
        doubted = look(LocalHost(), Check("http", url=url), 5)
        assert not doubted.passed
        assert doubted.seen.startswith("TLS failed (")
        assert "self-signed" in doubted.seen or "self signed" in doubted.seen
        assert look(LocalHost(), Check("http", url=url, ca_file=str(public)), 5).passed
        assert look(LocalHost(), Check("http", url=url, verify_tls=False), 5).passed


def test_a_file_of_authorities_that_is_missing_is_told() -> None:
    with silent() as port:
        seen = look(LocalHost(), Check("http", url=f"https://{HERE}:{port}/", ca_file="/no/such/file"), 5)
    assert not seen.passed


def test_psql_gets_query_and_password_without_an_argument() -> None:
    host = FakeHost()
    host.on_command = lambda command: Answer(0, "f\n", "")
    check = Check(
        "sql", engine="postgresql", query="SELECT pg_is_in_recovery()", answer="f", database="his", host="10.9.0.100",
        port=5432, user="probe", password="secret", run_as="postgres",
    )  # fmt: skip
    assert look(host, check, 5) == Seen("answer 'f'", "answer 'f'", True)
    (command,), (given,) = host.commands, host.given
    assert command[:2] == ["psql", "-XAtqw"]
    assert command[4:] == ["-d", "his", "-h", "10.9.0.100", "-p", "5432", "-U", "probe"]
    assert given["stdin"] == "SELECT pg_is_in_recovery()\n"
    assert given["environment"]["PGPASSWORD"] == "secret"
    assert given["user"] == "postgres"
    assert "secret" not in f"{command} {check} {target(check)}"


def test_mariadb_is_asked_by_whichever_name_its_client_has() -> None:
    host = FakeHost()
    host.on_command = lambda command: Answer(MISSING, "", "no") if command[0] == "mariadb" else Answer(0, "0\n", "")
    check = Check("sql", engine="mariadb", query="SELECT @@read_only", answer="0", password="secret")
    assert look(host, check, 5).passed
    assert [command[0] for command in host.commands] == ["mariadb", "mysql"]
    assert host.given[1]["environment"] == {"MYSQL_PWD": "secret"}


@pytest.mark.parametrize(
    ("answer", "expected", "seen", "passed"),
    [
        (Answer(0, " t \n", ""), "f", "answer 't'", False),
        (Answer(0, "t\n", ""), None, "answer 't'", True),
        (Answer(2, "", "psql: error: connection refused\n"), None, "psql: error: connection refused", False),
    ],
)
def test_an_answer_of_a_database_is_compared(answer: Answer, expected: str | None, seen: str, passed: bool) -> None:
    host = FakeHost()
    host.on_command = lambda command: answer
    found = look(host, Check("sql", engine="postgresql", query="SELECT 1", answer=expected), 5)
    assert (found.seen, found.passed) == (seen, passed)


def test_a_unit_is_healthy_when_it_is_active() -> None:
    host = FakeHost(his_app="active", his_web="activating")
    assert look(host, Check("unit", unit="his-app"), 5).passed
    assert look(host, Check("unit", unit="his-web"), 5) == Seen("activating (dead)", "active", False)
    assert look(host, Check("unit", unit="his-x"), 5).seen == "not-found"


def test_a_command_is_healthy_by_status_and_output() -> None:
    host = LocalHost()
    assert look(
        host,
        Check(
            "command",
            command=(
                "echo",
                "queue",
                "empty",
            ),
            body="^queue empty$",
        ),
        5,
    ).passed
    assert look(host, Check("command", command=("echo",), body="empty"), 5).seen == "status 0 without /empty/"
    assert (
        look(
            host,
            Check(
                "command",
                command=(
                    "sh",
                    "-c",
                    "echo full >&2; exit 2",
                ),
            ),
            5,
        ).seen
        == "status 2 (full)"
    )
    assert (
        "did not end within 0.1 s"
        in look(
            host,
            Check(
                "command",
                command=(
                    "sleep",
                    "9",
                ),
                timeout=0.1,
            ),
            5,
        ).seen
    )


def test_a_look_never_outlasts_what_is_left_of_the_services_time() -> None:
    began = time.monotonic()
    with silent() as port:
        assert not look(LocalHost(), Check("http", url=f"http://{HERE}:{port}/", timeout=30), 0.1).passed
    assert time.monotonic() - began < 1
