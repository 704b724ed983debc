# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages to real servers, good ones and bad ones: what became of them is known, or known to be unknown."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._notice import passage, smtp, words
from ansible_collections.contingency.infra.plugins.module_utils._notice.channel import channel_of, secrets_of
from ansible_collections.contingency.infra.plugins.module_utils._notice.model import (
    FAILED,
    SENT,
    UNKNOWN,
    Message,
    Outcome,
)
from ansible_collections.contingency.infra.plugins.module_utils._notice.send import send

from tests.unit.notice.servers import (
    LOOPBACK,
    PASSWORD,
    USER,
    Certificate,
    Hook,
    Mailbox,
    dripping,
    free_port,
    hang_up,
    mail_server,
    raw_server,
    say_nothing,
    silent,
    smtp_that,
    text_of,
    web_server,
)

# aiosmtpd does not see that a connection was TLS from its first byte on.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
NOW = 1795348800.0
TIMEOUT = 1.0
TOO_LONG = 4 * TIMEOUT
MESSAGE = Message(
    message_id="<INC-20261122-1.ab12cd34ef56@hospital.example>",
    incident="INC-20261122-1",
    subject="[一类] 核心交换机故障",
    text=".begins with a dot\n..two\n业务中断，请转手工",
    short="核心交换机故障",
    language="zh",
    thread_id="<INC-20261122-1.000000000000@hospital.example>",
)
TO = "li@hospital.example"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.in_directory(tmp_path_factory.mktemp("certificate"))


def mail(port: int, message: Message = MESSAGE, **settings: Any) -> Outcome:
    given = {"kind": "smtp", "host": LOOPBACK, "port": port, "from": "IT <duty@hospital.example>", "security": "none"}
    return sent({**given, **settings}, message, TO)


def hook(url: str, kind: str = "wecom", **settings: Any) -> Outcome:
    return sent({"kind": kind, "url": url, **settings}, MESSAGE, "")


def sent(given: dict[str, Any], message: Message, to: str) -> Outcome:
    settings = {"timeout": TIMEOUT, **given}
    began = time.monotonic()
    outcome = send(channel_of("it", settings, "channels.it"), message, to, NOW, secrets_of(settings))
    assert time.monotonic() - began < TOO_LONG
    return outcome


def said(outcome: Outcome) -> str:
    return words.sentence_of(outcome.reason, "en")


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_arrives_whole_over_tls_with_a_login(certificate: Certificate, security: str) -> None:
    box = Mailbox()
    with mail_server(box, security=security, certificate=certificate, login=True) as port:
        outcome = mail(port, security=security, user=USER, password=PASSWORD, ca_file=str(certificate.file), timeout=10)
    assert outcome.state == SENT, said(outcome)
    [found] = box.mails
    assert found["Subject"] == MESSAGE.subject
    assert found["Message-ID"] == MESSAGE.message_id
    assert found["References"] == MESSAGE.thread_id
    assert found["To"] == TO
    assert found["Auto-Submitted"] == "auto-generated"
    assert text_of(found).rstrip("\n") == words.body_of(MESSAGE)


def test_title_with_line_ends_adds_no_header() -> None:
    from ansible_collections.contingency.infra.plugins.plugin_utils.notices import one_line

    box = Mailbox()
    with mail_server(box) as port:
        bad = Message("<a.b@c>", "a", one_line("down\r\nBcc: all@hospital.example"), "t", "s")
        assert mail(port, bad, timeout=10).state == SENT
    assert box.mails[0]["Bcc"] is None


def test_address_with_a_line_end_is_refused_here() -> None:
    box = Mailbox()
    with mail_server(box) as port:
        given = {"kind": "smtp", "host": LOOPBACK, "port": port, "from": "a@b.example", "security": "none"}
        outcome = sent(given, MESSAGE, "li@hospital.example\r\nBcc: all@hospital.example")
    assert outcome.state == FAILED
    assert box.seen == []


@pytest.mark.parametrize("address", ["li@h.example, wang@h.example", "li@h.example;wang@h.example", "li", ""])
def test_address_of_two_does_not_count_as_sent_to_one(address: str) -> None:
    given = {"kind": "smtp", "host": LOOPBACK, "port": free_port(), "from": "a@b.example", "security": "none"}
    outcome = sent(given, MESSAGE, address)
    assert (outcome.state, outcome.permanent) == (FAILED, True)
    assert "is not a single one" in said(outcome)


@pytest.mark.parametrize(
    "address",
    ["li@h.example", "Li Xin <li@h.example>", '"Li, Xin" <li@h.example>', "李 <li@h.example>", " li@h.example "],
)
def test_address_with_a_name_is_one(address: str) -> None:
    assert smtp.is_one_address(address)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_certificate_that_is_not_trusted_gets_nothing(certificate: Certificate, security: str) -> None:
    box = Mailbox()
    with mail_server(box, security=security, certificate=certificate, login=True) as port:
        outcome = mail(port, security=security, user=USER, password=PASSWORD, timeout=10)
    assert outcome.state == FAILED
    assert "not trusted" in said(outcome)
    assert box.seen == []


def test_server_without_starttls_gets_neither_password_nor_mail() -> None:
    box = Mailbox()
    with mail_server(box) as port:
        outcome = mail(port, security="starttls", user=USER, password=PASSWORD, timeout=10)
    assert (outcome.state, outcome.permanent) == (FAILED, True)
    assert "nothing was sent in clear" in said(outcome)
    assert box.seen == []


def test_wrong_password_is_told_and_not_quoted(certificate: Certificate) -> None:
    box = Mailbox()
    wrong = "planted-wrong-password"
    with mail_server(box, security="starttls", certificate=certificate, login=True) as port:
        outcome = mail(port, security="starttls", user=USER, password=wrong, ca_file=str(certificate.file), timeout=10)
    assert (outcome.state, outcome.permanent) == (FAILED, True)
    assert "does not accept this user and password" in said(outcome)
    assert wrong not in said(outcome)


@pytest.mark.parametrize(
    ("command", "answer", "permanent"),
    [
        ("RCPT", "550 5.1.1 no such user", True),
        ("RCPT", "451 4.7.1 greylisted", False),
        ("DATA", "554 5.7.1 spam", True),
        ("DATA", "452 4.3.1 no space", False),
    ],
)
def test_refusal_says_whether_to_try_again(command: str, answer: str, permanent: bool) -> None:
    box = Mailbox(answers={command: answer})
    with mail_server(box) as port:
        outcome = mail(port, timeout=10)
    assert (outcome.state, outcome.permanent) == (FAILED, permanent)
    assert answer.partition(" ")[2] in said(outcome)
    assert box.taken == []


def test_a_disconnection_that_is_a_timeout_is_told_as_one() -> None:
    error = smtplib.SMTPServerDisconnected("Connection unexpectedly closed: timed out")
    error.__context__ = TimeoutError("timed out")
    assert passage._reason(error, "mail:25", 15).key == "silent"


@pytest.mark.parametrize("talk", [silent, dripping])
def test_server_that_does_not_get_on_is_left_in_time(talk: Callable[[Any], None]) -> None:
    with raw_server(talk) as port:
        outcome = mail(port)
    assert outcome.state == FAILED
    assert "did not answer within 1 s" in said(outcome)


def test_port_that_nobody_listens_on() -> None:
    outcome = mail(free_port())
    assert (outcome.state, outcome.permanent) == (FAILED, False)
    assert "cannot be reached (Connection refused)" in said(outcome)


def test_name_that_does_not_exist() -> None:
    outcome = sent({"kind": "smtp", "host": "mail.invalid", "from": "a@b.example"}, MESSAGE, TO)
    assert outcome.state == FAILED
    assert "mail.invalid" in said(outcome)


@pytest.mark.parametrize("end", [hang_up, say_nothing])
def test_message_that_was_handed_over_without_an_answer_is_unknown(end: Callable[[Any], None]) -> None:
    with raw_server(smtp_that(end)) as port:
        outcome = mail(port)
    assert outcome.state == UNKNOWN
    assert "it may have arrived" in said(outcome)


def test_server_that_takes_long_to_say_yes_is_unknown() -> None:
    box = Mailbox(pause=2 * TIMEOUT)
    with mail_server(box) as port:
        outcome = mail(port)
    assert outcome.state == UNKNOWN
    assert len(box.taken) == 1


def test_file_of_certificates_that_is_not_there(tmp_path: Path, certificate: Certificate) -> None:
    box = Mailbox()
    with mail_server(box, security="tls", certificate=certificate) as port:
        outcome = mail(port, security="tls", ca_file=str(tmp_path / "none.pem"))
    assert outcome.state == FAILED
    assert "No such file" in said(outcome)


def test_leading_dots_of_a_line_are_doubled_and_the_end_is_a_dot() -> None:
    assert smtp._dotted(b"a\r\n.b\r\n..c\r\n") == b"a\r\n..b\r\n...c\r\n.\r\n"


# -- webhooks ----------------------------------------------------------------------------------------


def test_webhook_takes_it_over_tls(certificate: Certificate) -> None:
    took = Hook()
    with web_server(took, certificate) as port:
        url = f"https://{LOOPBACK}:{port}/cgi-bin/webhook/send?key=planted-key-1"
        assert hook(url, ca_file=str(certificate.file), timeout=10).state == SENT
        outcome = hook(url, timeout=10)
    assert outcome.state == FAILED
    assert "not trusted" in said(outcome)
    assert [path for path, _body in took.requests] == ["/cgi-bin/webhook/send?key=planted-key-1"]


def test_webhook_that_hangs_up_after_the_request_is_unknown() -> None:
    took = Hook(answer=lambda _path, _body: None)
    with web_server(took) as port:
        outcome = hook(f"http://{LOOPBACK}:{port}/hook")
    assert outcome.state == UNKNOWN
    assert len(took.requests) == 1


def test_webhook_that_never_answers_is_unknown_and_one_without_a_port_failed() -> None:
    with raw_server(silent) as port:
        assert hook(f"http://{LOOPBACK}:{port}/hook").state == UNKNOWN
        assert hook(f"https://{LOOPBACK}:{port}/hook").state == FAILED
    assert hook(f"http://{LOOPBACK}:{free_port()}/hook").state == FAILED


def test_redirect_is_not_followed() -> None:
    took = Hook(answer=lambda _path, _body: (302, {"Location": "/elsewhere"}, ""))
    with web_server(took) as port:
        outcome = hook(f"http://{LOOPBACK}:{port}/hook")
    assert (outcome.state, outcome.permanent) == (FAILED, True)
    assert [path for path, _body in took.requests] == ["/hook"]


def test_answer_that_repeats_the_address_is_not_quoted_with_its_key() -> None:
    took = Hook(answer=lambda path, _body: (200, {}, {"errcode": 93000, "errmsg": f"bad {path}"}))
    with web_server(took) as port:
        outcome = hook(f"http://{LOOPBACK}:{port}/send?key=planted-key-2")
    assert "93000" in said(outcome)
    assert "planted-key-2" not in said(outcome)


@pytest.mark.parametrize("filler", [100, 110, 180, 190])
def test_secret_that_is_cut_off_at_the_end_of_an_answer_is_hidden_too(filler: int) -> None:
    took = Hook(answer=lambda path, _body: (200, {}, {"errcode": 93000, "errmsg": f"{'x' * filler} {path}"}))
    with web_server(took) as port:
        outcome = hook(f"http://{LOOPBACK}:{port}/send?key=planted-key-number-three")
    assert "planted" not in said(outcome)


def test_proxy_is_asked_for_the_whole_address() -> None:
    took = Hook()
    with web_server(took) as port:
        outcome = hook("http://hook.example/send", proxy=f"http://{LOOPBACK}:{port}")
    assert outcome.state == SENT
    assert took.requests[0][0] == "http://hook.example/send"


def test_tls_goes_through_a_tunnel_of_the_proxy() -> None:
    asked: list[bytes] = []

    def talk(connection: Any) -> None:
        asked.append(connection.recv(4096))
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")

    with raw_server(talk) as port:
        outcome = hook("https://hook.example/send", proxy=f"http://{LOOPBACK}:{port}")
    assert outcome.state == FAILED
    assert asked[0].startswith(b"CONNECT hook.example:443")
