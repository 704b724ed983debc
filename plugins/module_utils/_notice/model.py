# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a message is, where it goes, and what became of sending it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple

SENT = "sent"
FAILED = "failed"
UNKNOWN = "unknown"
PLANNED = "planned"
ATTEMPT = "attempt"
STATES = (PLANNED, ATTEMPT, SENT, FAILED, UNKNOWN)

SMTP = "smtp"
WECOM = "wecom"
DINGTALK = "dingtalk"
FEISHU = "feishu"
SLACK = "slack"
GENERIC = "generic"
KINDS = (SMTP, WECOM, DINGTALK, FEISHU, SLACK, GENERIC)


class NoticeError(Exception):
    """What a site says of its channels cannot be used; the sentence names the key."""


class Reason(NamedTuple):
    """Why a message was not sent: the key of a sentence in words, and what is filled in."""

    key: str
    fields: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt. ``unknown``: the server had the message in hand, and did not say that it took it.

    ``permanent``: the server would refuse it again. ``wait_seconds``: it asks to be left alone so long.
    """

    state: str
    reason: Optional[Reason] = None
    permanent: bool = False
    wait_seconds: float = 0.0


@dataclass(frozen=True)
class Message:
    """One notice to one person. ``text``: lines. ``short``: one line, for text messages of telephones."""

    message_id: str
    incident: str
    subject: str
    text: str
    short: str
    language: str = "en"
    thread_id: str = ""
    repeated: bool = False

    @property
    def number(self) -> str:
        """The part of the Message-ID that people see in a chat."""
        return self.message_id.strip("<>").partition("@")[0]

    def again(self) -> Message:
        """Return the same message, known to be perhaps a repetition."""
        return replace(self, repeated=True)


@dataclass(frozen=True)
class Smtp:
    """A mail server. ``security``: starttls, tls or none."""

    name: str
    host: str
    port: int
    sender: str
    security: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: Optional[str] = None
    verify: bool = True
    timeout_seconds: float = 15.0


@dataclass(frozen=True)
class Webhook:
    """An address that takes messages over HTTP. What ``request`` and ``accept`` hold: see channel.py."""

    name: str
    kind: str
    url: str = field(repr=False)
    secret: str = field(default="", repr=False)
    keyword: str = ""
    proxy: str = ""
    ca_file: Optional[str] = None
    verify: bool = True
    timeout_seconds: float = 15.0
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Optional[Any] = field(default=None, repr=False)
    form: Optional[Mapping[str, str]] = field(default=None, repr=False)
    body: Optional[str] = field(default=None, repr=False)
    accept_status: Tuple[int, ...] = ()
    accept_json: Mapping[str, Any] = field(default_factory=dict)
    accept_text: str = ""


class Request(NamedTuple):
    """One HTTP request, ready to be sent."""

    method: str
    url: str
    headers: Dict[str, str]
    body: bytes


class Reply(NamedTuple):
    """What a server answered. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
