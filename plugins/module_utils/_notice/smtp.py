# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sending a mail to one person over SMTP (RFC 5321), over TLS (RFC 8314) or STARTTLS (RFC 3207).

A server is responsible for a message from its 250 after the final dot on (RFC 5321, section 4.2.5). A line that is cut
between the two leaves it open: that is the instant after which the outcome is unknown.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
from datetime import datetime, timezone
from email.message import EmailMessage
from email.policy import SMTP as MAIL
from email.utils import format_datetime, formataddr, parseaddr
from typing import Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._notice import words
from ansible_collections.contingency.infra.plugins.module_utils._notice.model import (
    FAILED,
    SENT,
    Message,
    Outcome,
    Reason,
    Smtp,
)
from ansible_collections.contingency.infra.plugins.module_utils._notice.passage import Passage, exchanged, trust

GO_AHEAD = 354
ONE_ADDRESS = re.compile(r'(?:(?:"[^"\r\n]*"\s*|[^"<>,;@\r\n]*)<)?[^\s<>,;@]+@[^\s<>,;@]+>?')


class Refused(Exception):
    """The server said no: its code and its words."""

    def __init__(self, at: str, code: int, said: bytes) -> None:
        super().__init__(at)
        self.at, self.code, self.said = at, code, said


def mail_of(message: Message, sender: str, recipient: str, epoch: float) -> bytes:
    """Return the mail as it goes over the line, without dots doubled."""
    mail = EmailMessage(policy=MAIL)
    mail["From"] = formataddr(parseaddr(sender))
    mail["To"] = recipient
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(datetime.fromtimestamp(epoch, timezone.utc))
    mail["Message-ID"] = message.message_id
    if message.thread_id:
        mail["References"] = message.thread_id
    mail["Auto-Submitted"] = "auto-generated"
    mail["Importance"] = "high"
    mail["Content-Language"] = message.language
    mail["X-Contingency-Incident"] = message.incident
    mail.set_content(words.body_of(message), cte="base64")
    return mail.as_bytes()


def send(channel: Smtp, message: Message, recipient: str, epoch: float) -> Outcome:
    """Send it to one person; never raises for what a server or the network does."""
    where = f"{channel.host}:{channel.port}"
    if not is_one_address(recipient):
        return Outcome(FAILED, Reason("no_address", {}), permanent=True)

    def work(passage: Passage) -> Outcome:
        return _told(channel, recipient, mail_of(message, channel.sender, recipient, epoch), passage)

    return exchanged(channel.timeout_seconds, where, work)


def is_one_address(recipient: str) -> bool:
    """Pure: whether mail to it goes to one person; of two with a comma between them the second would get nothing."""
    return ONE_ADDRESS.fullmatch(recipient.strip()) is not None


def _told(channel: Smtp, recipient: str, content: bytes, passage: Passage) -> Outcome:
    where = f"{channel.host}:{channel.port}"
    try:
        _converse(channel, recipient, content, passage)
    except Refused as refusal:
        return _refusal(where, refusal)
    except smtplib.SMTPAuthenticationError as error:
        return _refusal(where, Refused("login", error.smtp_code, _bytes(error.smtp_error)))
    except smtplib.SMTPNotSupportedError:
        return Outcome(FAILED, Reason("not_offered", {"where": where, "security": channel.security}), permanent=True)
    except smtplib.SMTPResponseException as error:
        return _refusal(where, Refused("greeting", error.smtp_code, _bytes(error.smtp_error)))
    return Outcome(SENT)


def _converse(channel: Smtp, recipient: str, content: bytes, passage: Passage) -> None:
    server = _opened(channel)
    try:
        server.ehlo_or_helo_if_needed()
        if channel.security == "starttls":
            server.starttls(context=trust(channel.ca_file, channel.verify))
            server.ehlo()
        if channel.password:
            server.login(channel.user, channel.password)
        _expect("sender", server.mail(parseaddr(channel.sender)[1]))
        _expect("recipient", server.rcpt(parseaddr(recipient)[1]))
        _expect("data", server.docmd("DATA"), GO_AHEAD)
        passage.hand_over()
        server.send(_dotted(content))
        _expect("message", server.getreply())
    finally:
        _let_go(server)


def _opened(channel: Smtp) -> smtplib.SMTP:
    hello = socket.gethostname()
    if channel.security == "tls":
        context = trust(channel.ca_file, channel.verify)
        return smtplib.SMTP_SSL(channel.host, channel.port, hello, timeout=channel.timeout_seconds, context=context)
    return smtplib.SMTP(channel.host, channel.port, hello, timeout=channel.timeout_seconds)


def _let_go(server: smtplib.SMTP) -> None:
    """Hang up. What becomes of the good-bye says nothing about the message (RFC 5321, section 4.1.1.10)."""
    with contextlib.suppress(OSError, smtplib.SMTPException):
        server.putcmd("QUIT")
    server.close()


def _expect(at: str, answer: Tuple[int, bytes], wanted: Optional[int] = None) -> None:
    code, said = answer
    if code != wanted if wanted else not 200 <= code < 300:
        raise Refused(at, code, said)


def _refusal(where: str, refusal: Refused) -> Outcome:
    said = " ".join(refusal.said.decode("utf-8", "replace").split())
    key = {"login": "login_refused", "recipient": "recipient_refused"}.get(refusal.at, "mail_refused")
    fields = {"where": where, "code": refusal.code, "said": said, "at": refusal.at}
    return Outcome(FAILED, Reason(key, fields), permanent=500 <= refusal.code < 600)


def _dotted(content: bytes) -> bytes:
    """Pure: the lines with leading dots doubled, and the final dot (RFC 5321, section 4.5.2)."""
    lines = content.replace(b"\r\n", b"\n").rstrip(b"\n").split(b"\n")
    doubled = [b"." + line if line.startswith(b".") else line for line in lines]
    return b"\r\n".join([*doubled, b".", b""])


def _bytes(said: object) -> bytes:
    return said if isinstance(said, bytes) else str(said).encode()
