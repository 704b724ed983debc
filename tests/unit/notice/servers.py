# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers on loopback that take notices: SMTP by aiosmtpd, HTTP, and ones that misbehave on purpose."""

from __future__ import annotations

import email
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from lab.bmc.certificate import make

USER, PASSWORD = "contingency", "planted-smtp-password"
LOOPBACK = "127.0.0.1"


@dataclass
class Mailbox:
    """What a mail server took, and what it answers. ``answers``: by command (MAIL, RCPT, DATA), instead of yes."""

    answers: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0
    taken: list[bytes] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    async def handle_RCPT(  # noqa: N802  The name is aiosmtpd's.
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self.seen.append("RCPT")
        if "RCPT" in self.answers:
            return self.answers["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.seen.append("DATA")
        if "DATA" in self.answers:
            return self.answers["DATA"]
        content = envelope.content
        assert isinstance(content, bytes)
        with self.lock:
            self.taken.append(content)
        if self.pause:
            time.sleep(self.pause)
        return "250 taken"

    @property
    def mails(self) -> list[EmailMessage]:
        with self.lock:
            parsed = [email.message_from_bytes(each, policy=default) for each in self.taken]
        return [each for each in parsed if isinstance(each, EmailMessage)]

    def ids(self) -> list[tuple[str, str]]:
        """Message-ID and recipient of each mail."""
        return [(str(mail["Message-ID"]), str(mail["To"])) for mail in self.mails]


def text_of(mail: EmailMessage) -> str:
    content: str = mail.get_content()
    return content.replace("\r\n", "\n")


@dataclass(frozen=True)
class Certificate:
    """A certificate that nobody trusts but who is given its file."""

    file: Path
    key: Path

    @classmethod
    def in_directory(cls, directory: Path) -> Certificate:
        directory.mkdir(exist_ok=True)
        return cls(*make(directory, LOOPBACK))

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        return context


def _authenticated(_server: SMTP, _session: Session, _envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    if good:
        return AuthResult(success=True)
    said = data.password.decode() if isinstance(data, LoginPassword) else ""
    return AuthResult(success=False, handled=False, message=f"535 5.7.8 {said} is wrong")


@contextmanager
def mail_server(
    mailbox: Mailbox, *, security: str = "none", certificate: Certificate | None = None, login: bool = False
) -> Iterator[int]:
    """Run a mail server and yield its port."""
    context = certificate.context() if certificate else None
    options: dict[str, Any] = {"enable_SMTPUTF8": True}
    if login:
        options.update({"auth_required": True, "authenticator": _authenticated})
    if security == "starttls":
        options.update({"tls_context": context, "require_starttls": True})
    if security == "tls" and login:
        options["auth_require_tls"] = False
    port = free_port()
    controller = Controller(
        mailbox, hostname=LOOPBACK, port=port, ssl_context=context if security == "tls" else None, **options
    )
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def free_port() -> int:
    with socket.socket() as found:
        found.bind((LOOPBACK, 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def raw_server(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """Run a server that does to each connection what ``talk`` does, and yield its port."""
    listener = socket.create_server((LOOPBACK, 0))
    over = threading.Event()

    def accept() -> None:
        while not over.is_set():
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            threading.Thread(target=_talked, args=(talk, connection), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        listener.close()


def _talked(talk: Callable[[socket.socket], None], connection: socket.socket) -> None:
    with connection:
        try:
            talk(connection)
        except OSError:
            # The client let go, which is what some tests wait for.
            return


def silent(connection: socket.socket) -> None:
    """Take the connection and say nothing."""
    while connection.recv(4096):
        pass


def dripping(connection: socket.socket) -> None:
    """Say a greeting that never ends, a byte at a time."""
    connection.sendall(b"220-")
    while True:
        time.sleep(0.05)
        connection.sendall(b"x")


def smtp_that(end: Callable[[socket.socket], None]) -> Callable[[socket.socket], None]:
    """Speak SMTP up to the whole message, then do what ``end`` does instead of answering."""

    def talk(connection: socket.socket) -> None:
        lines = connection.makefile("rb")
        connection.sendall(b"220 hello\r\n")
        for raw in lines:
            command = raw.strip().upper()
            if command == b"DATA":
                connection.sendall(b"354 go ahead\r\n")
                while lines.readline() not in (b".\r\n", b""):
                    pass
                end(connection)
                return
            connection.sendall(b"250 OK\r\n")

    return talk


def hang_up(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def say_nothing(connection: socket.socket) -> None:
    silent(connection)


# -- HTTP --------------------------------------------------------------------------------------------

Answer = tuple[int, dict[str, str], Any]


@dataclass
class Hook:
    """What a webhook was sent, and what it answers."""

    answer: Callable[[str, Any], Answer | None] = lambda _path, _body: (200, {}, {"errcode": 0, "errmsg": "ok"})
    requests: list[tuple[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def took(self, path: str, raw: bytes) -> Answer | None:
        try:
            body = json.loads(raw)
        except ValueError:
            body = raw.decode()
        with self.lock:
            self.requests.append((path, body))
        return self.answer(path, body)


@contextmanager
def web_server(hook: Hook, certificate: Certificate | None = None) -> Iterator[int]:
    """Run a web server and yield its port; where the hook answers None it hangs up."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = hook.took(self.path, raw)
            if answer is None:
                self.close_connection = True
                return
            status, headers, body = answer
            data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    server.daemon_threads = True
    if certificate:
        server.socket = certificate.context().wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
