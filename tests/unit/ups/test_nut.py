# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NUT against real sockets: whatever the far end does, one answer within one time, and never online without reason."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._ups import nut
from ansible_collections.contingency.infra.plugins.module_utils._ups.connection import MOST_BYTES
from ansible_collections.contingency.infra.plugins.module_utils._ups.model import Reading, UpsError
from ansible_collections.contingency.infra.plugins.module_utils._ups.source import read_all
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.ups import daemons
from tests.unit.ups.daemons import ADDRESS, ONLINE, Behaviour, Identity, answered, listing, serving, upsd

TIMEOUT, SLACK_SECONDS = 0.6, 1.0
PRINTABLE = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1)


def read(port: int, timeout: float = 5.0, **more: Any) -> Reading:
    source = {"name": "a", "kind": "nut", "host": ADDRESS, "port": port, "ups": "ups-a", **more}
    return read_all([source], timeout)[0]


def test_a_whole_reading() -> None:
    with serving(upsd(ONLINE)) as port:
        reading = read(port)
    assert reading.status == "online"
    assert reading.why is None
    assert reading.source == f"nut://127.0.0.1:{port}/ups-a"
    assert (reading.runtime_seconds, reading.charge_percent, reading.load_percent) == (1800, 97, 40)
    assert (reading.power_watts, reading.nominal_watts, reading.age_seconds) == (1200, 3000, 2)
    assert reading.raw == ONLINE


def test_values_with_quotes_and_backslashes_come_as_they_are() -> None:
    odd = {**ONLINE, "ups.id": 'the "big" one \\ left', "ups.mfr": "", "ups.model": 'ends in \\"'}
    with serving(upsd(odd)) as port:
        assert read(port).raw == odd


@pytest.mark.parametrize(
    "behaviour",
    [daemons.silent, daemons.dripping],
    ids=["silent after the connection", "one byte at a time"],
)
def test_one_deadline_for_everything(behaviour: Behaviour) -> None:
    with serving(behaviour) as port:
        started = time.monotonic()
        reading = read(port, TIMEOUT)
        seconds = time.monotonic() - started
    assert reading.status == "unknown"
    assert str(reading.why).startswith(f"127.0.0.1:{port} did not answer in full within 0.6 s")
    assert TIMEOUT <= seconds < TIMEOUT + SLACK_SECONDS


def test_a_deadline_is_not_begun_anew_by_each_answer() -> None:
    def slow(client: socket.socket) -> None:
        for line in daemons.lines(client):
            time.sleep(TIMEOUT * 0.6)
            client.sendall(b"OK\n" if line.startswith(("USER", "PASS")) else listing(ONLINE).encode())

    with serving(slow) as port:
        started = time.monotonic()
        reading = read(port, TIMEOUT, user="monitor", password="secret-word")
        seconds = time.monotonic() - started
    assert reading.status == "unknown"
    assert seconds < TIMEOUT + SLACK_SECONDS


@pytest.mark.parametrize("behaviour", [daemons.endless, daemons.endless_listing])
def test_an_answer_without_end_is_cut_off(behaviour: Behaviour) -> None:
    with serving(behaviour) as port:
        reading = read(port)
    assert reading.status == "unknown"
    assert "sends without end" in str(reading.why) or "does not answer as upsd does" in str(reading.why)


def test_a_line_without_end_is_cut_off() -> None:
    def line(client: socket.socket) -> None:
        client.recv(64)
        for _part in range(2 + MOST_BYTES // 1000):
            client.sendall(b"x" * 1000)
        daemons.silent(client)

    with serving(line) as port:
        assert "sends without end" in str(read(port).why)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("", "closed the connection within its answer"),
        ("BEGIN LIST VAR ups-a\n", "closed the connection within its answer"),
        (listing(ONLINE).removesuffix("END LIST VAR ups-a\n"), "closed the connection within its answer"),
        (listing(ONLINE)[:-3], "closed the connection within its answer"),
        ("HTTP/1.1 400 Bad Request\n", "does not answer as upsd does (it says HTTP/1.1 400 Bad Request)"),
        ("BEGIN LIST VAR ups-b\nEND LIST VAR ups-b\n", "does not answer as upsd does"),
        ('BEGIN LIST VAR ups-a\nVAR ups-b ups.status "OL"\n', "does not answer as upsd does"),
        ('BEGIN LIST VAR ups-a\nVAR ups-a ups.status "OL\n', "does not answer as upsd does"),
        ('BEGIN LIST VAR ups-a\nVAR ups-a ups.status "OL"x\n', "does not answer as upsd does"),
        ('BEGIN LIST VAR ups-a\nVAR ups-a ups.status "O\\L"\n', "does not answer as upsd does"),
        ('BEGIN LIST VAR ups-a\nVAR ups-a ups.status "OL" "OB"\n', "does not answer as upsd does"),
        ("BEGIN LIST VAR ups-a\nVAR ups-a ups.status\n", "does not answer as upsd does"),
        ("\x1b[2J\x07\n", "does not answer as upsd does (it says [2J)"),
        ("\n", "does not answer as upsd does (it says nothing)"),
        ("ERR DATA-STALE\n", "says DATA-STALE: upsd has heard nothing new of ups-a for a while; look at"),
        ("ERR DRIVER-NOT-CONNECTED\n", "the driver of ups-a does not run; start it"),
        ("ERR UNKNOWN-UPS\n", "it has no UPS of the name ups-a; correct ups"),
        ("ERR ACCESS-DENIED\n", "it does not let this controller read ups-a; correct user"),
        ("ERR SOMETHING-NEW\n", "says SOMETHING-NEW: look that up"),
        ("ERR\n", "says ERR: look that up"),
        ("BEGIN LIST VAR ups-a\nERR DRIVER-NOT-CONNECTED\n", "the driver of ups-a does not run"),
    ],
)
def test_no_reading_says_why_and_what_to_do(answer: str, why: str) -> None:
    def once(client: socket.socket) -> None:
        client.recv(64)
        client.sendall(answer.encode())
        client.shutdown(socket.SHUT_WR)
        daemons.silent(client)

    with serving(once) as port:
        reading = read(port)
    assert reading.status == "unknown"
    assert why in str(reading.why)
    assert str(reading.why).endswith(".")
    assert (reading.runtime_seconds, reading.raw) == (None, {})


def test_nobody_listens() -> None:
    with serving(daemons.silent) as port:
        pass
    assert "cannot be reached (connection refused); check host and port" in str(read(port).why)


@pytest.mark.parametrize("state", ["quiet", "updateinfo", "dumping"])
def test_a_driver_at_its_work_is_fine(state: str) -> None:
    with serving(upsd({**ONLINE, "driver.state": state})) as port:
        assert read(port).status == "online"


def test_a_driver_that_looks_for_its_ups_is_no_contact() -> None:
    with serving(upsd({**ONLINE, "driver.state": "reconnect.trying"})) as port:
        reading = read(port)
    assert reading.status == "unknown"
    assert "has no contact with the UPS" in str(reading.why)
    assert reading.runtime_seconds is None


def test_user_and_password_are_sent_before_the_question_and_shown_nowhere() -> None:
    heard: list[str] = []

    def upsd_with_ears(client: socket.socket) -> None:
        for line in daemons.lines(client):
            heard.append(line)
            client.sendall(b"OK\n" if line.startswith("USER") else b"ERR ACCESS-DENIED\n")

    with serving(upsd_with_ears) as port:
        reading = read(port, user="monitor", password='s3 "x"')
    assert heard == ["USERNAME monitor", 'PASSWORD "s3 \\"x\\""']
    assert 's3 "x"' not in str(reading.as_dict())


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    return Identity(tmp_path / "upsd")


def test_tls_with_a_trusted_certificate(identity: Identity) -> None:
    with serving(daemons.upsd_over_tls(identity, ONLINE)) as port:
        assert read(port, tls=True, ca_file=str(identity.certificate)).status == "online"


def test_tls_with_a_certificate_that_the_site_signed(identity: Identity, tmp_path: Path) -> None:
    signed = Identity(tmp_path / "signed", issuer=identity)
    with serving(daemons.upsd_over_tls(signed, ONLINE)) as port:
        reading = read(port, tls=True, ca_file=str(identity.certificate))
    assert (reading.status, reading.why) == ("online", None)


def test_a_certificate_of_somebody_else_is_refused(identity: Identity, tmp_path: Path) -> None:
    other = Identity(tmp_path / "other")
    with serving(daemons.upsd_over_tls(other, ONLINE)) as port:
        reading = read(port, tls=True, ca_file=str(identity.certificate))
    assert reading.status == "unknown"
    assert "shows a certificate that is not trusted" in str(reading.why)
    assert "set ca_file" in str(reading.why)


def test_a_certificate_that_the_system_does_not_know_is_refused(identity: Identity) -> None:
    with serving(daemons.upsd_over_tls(identity, ONLINE)) as port:
        assert "shows a certificate that is not trusted" in str(read(port, tls=True).why)


def test_a_certificate_for_another_host_is_refused(tmp_path: Path) -> None:
    elsewhere = Identity(tmp_path, "nut.example.org")
    with serving(daemons.upsd_over_tls(elsewhere, ONLINE)) as port:
        reading = read(port, tls=True, ca_file=str(elsewhere.certificate))
    assert "shows a certificate that is not trusted" in str(reading.why)


@pytest.mark.parametrize(
    ("refusal", "why"),
    [
        ("ERR FEATURE-NOT-CONFIGURED\n", "it is not set up for TLS; set CERTFILE"),
        ("ERR FEATURE-NOT-SUPPORTED\n", "it was built without TLS"),
        ("ERR UNKNOWN-COMMAND\n", "says UNKNOWN-COMMAND"),
    ],
)
def test_nothing_is_asked_in_the_clear_where_tls_was_asked_for(identity: Identity, refusal: str, why: str) -> None:
    heard: list[str] = []

    def refusing(client: socket.socket) -> None:
        for line in daemons.lines(client):
            heard.append(line)
            client.sendall(refusal.encode() if line == "STARTTLS" else listing(ONLINE).encode())

    with serving(refusing) as port:
        reading = read(port, tls=True, ca_file=str(identity.certificate), user="monitor", password="secret-word")
    assert reading.status == "unknown"
    assert why in str(reading.why)
    assert heard == ["STARTTLS"]


def test_words_slipped_in_before_tls_are_refused(identity: Identity) -> None:
    with serving(answered({"STARTTLS": f"OK STARTTLS\n{listing(ONLINE)}"})) as port:
        reading = read(port, tls=True, ca_file=str(identity.certificate))
    assert reading.status == "unknown"
    assert "sent more in the clear where TLS was to begin" in str(reading.why)


def test_tls_that_stalls_costs_no_more_than_the_deadline(identity: Identity) -> None:
    def stalling(client: socket.socket) -> None:
        client.recv(64)
        client.sendall(b"OK STARTTLS\n")
        daemons.silent(client)

    with serving(stalling) as port:
        started = time.monotonic()
        reading = read(port, TIMEOUT, tls=True, ca_file=str(identity.certificate))
        seconds = time.monotonic() - started
    assert "did not answer in full within 0.6 s" in str(reading.why)
    assert seconds < TIMEOUT + SLACK_SECONDS


def test_tls_that_is_none_is_refused(identity: Identity) -> None:
    def pretending(client: socket.socket) -> None:
        client.recv(64)
        client.sendall(b"OK STARTTLS\n")
        client.recv(4096)
        client.sendall(listing(ONLINE).encode())

    with serving(pretending) as port:
        reading = read(port, tls=True, ca_file=str(identity.certificate))
    assert reading.status == "unknown"
    assert "failed at TLS" in str(reading.why)


def test_a_host_that_does_not_resolve_in_time_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    real = socket.getaddrinfo

    def stuck(host: Any, *more: Any, **options: Any) -> Any:
        if host == "nowhere.example.org":
            released.wait(10)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real(host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", stuck)
    sources = [
        {"name": "a", "kind": "nut", "host": "nowhere.example.org", "ups": "ups-a"},
        {"name": "b", "kind": "nut", "host": ADDRESS, "ups": "ups-a"},
    ]
    with serving(upsd(ONLINE)) as port:
        started = time.monotonic()
        readings = read_all([sources[0], {**sources[1], "port": port}], TIMEOUT)
        seconds = time.monotonic() - started
    released.set()
    assert [reading.status for reading in readings] == ["unknown", "online"]
    assert "did not answer within 0.6 s; look at the name service" in str(readings[0].why)
    assert seconds < TIMEOUT + SLACK_SECONDS


@given(st.lists(PRINTABLE, min_size=1))
def test_words_that_were_quoted_come_back(texts: list[str]) -> None:
    assert nut.words(" ".join(nut.quote(text) for text in texts)) == texts


@given(st.text())
def test_a_line_is_words_or_an_error_and_nothing_else(line: str) -> None:
    try:
        found = nut.words(line)
    except ValueError:
        return
    assert all(isinstance(word, str) for word in found)


@given(PRINTABLE, st.sampled_from("\n\r\0\x7f\t"), PRINTABLE)
def test_no_word_can_begin_another_command(before: str, control: str, after: str) -> None:
    with pytest.raises(UpsError, match="control character"):
        nut.quote(f"{before}{control}{after}")
