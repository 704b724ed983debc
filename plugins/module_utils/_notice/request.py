# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests that webhooks want: pure.

Group robots of WeCom (developer.work.weixin.qq.com, path 91770), DingTalk (open.dingtalk.com, custom-robot-access) and
Feishu (open.feishu.cn, custom bot guide), incoming webhooks of Slack (docs.slack.dev), and what a site says itself,
such as the address of a gateway for text messages.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from string import Template
from typing import Any, Callable, Dict, Mapping
from urllib.parse import quote, quote_plus, urlencode

from ansible_collections.contingency.infra.plugins.module_utils._notice import words
from ansible_collections.contingency.infra.plugins.module_utils._notice.model import (
    DINGTALK,
    FEISHU,
    GENERIC,
    SLACK,
    WECOM,
    Message,
    Request,
    Webhook,
)

EVERYBODY = "all"
"""The address that mentions the whole group; without one, nobody is mentioned by name."""
WECOM_BYTES = 2048
MOST_CHARACTERS = 4000
JSON_HEADERS = {"Content-Type": "application/json; charset=utf-8"}
TELEPHONE = re.compile(r"\+?\d{7,15}")


def request_for(channel: Webhook, message: Message, recipient: str, epoch: float) -> Request:
    """Return the request for one message to one person, signed where the channel has a secret."""
    return REQUESTS[channel.kind](channel, message, recipient, epoch)


def text_for(channel: Webhook, message: Message) -> str:
    """Return what people read in the chat, with the word that the robot asks for; what may be cut off comes last."""
    keyword = [channel.keyword] if channel.keyword and channel.keyword not in message.subject else []
    told = [*keyword, message.subject, words.number_of(message), *words.repetition_of(message), "", message.text]
    return "\n".join(told)[:MOST_CHARACTERS]


def _wecom(channel: Webhook, message: Message, recipient: str, _epoch: float) -> Request:
    text: Dict[str, Any] = {"content": shortened(text_for(channel, message), WECOM_BYTES)}
    if recipient:
        list_name = "mentioned_mobile_list" if TELEPHONE.fullmatch(recipient) else "mentioned_list"
        text[list_name] = ["@all" if recipient == EVERYBODY else _national(recipient)]
    return _posted(channel.url, {"msgtype": "text", "text": text})


def _dingtalk(channel: Webhook, message: Message, recipient: str, epoch: float) -> Request:
    mentioned: Dict[str, Any] = {"isAtAll": recipient == EVERYBODY}
    if recipient and recipient != EVERYBODY:
        name = "atMobiles" if TELEPHONE.fullmatch(recipient) else "atUserIds"
        mentioned[name] = [_national(recipient)]
    url = channel.url
    if channel.secret:
        milliseconds = str(round(epoch * 1000))
        signature = quote_plus(dingtalk_signature(channel.secret, milliseconds))
        url += f"{'&' if '?' in url else '?'}timestamp={milliseconds}&sign={signature}"
    return _posted(url, {"msgtype": "text", "text": {"content": text_for(channel, message)}, "at": mentioned})


def _feishu(channel: Webhook, message: Message, recipient: str, epoch: float) -> Request:
    # A title that somebody typed must not mention anybody.
    text = text_for(channel, message).replace("<", "＜")
    mention = f'<at user_id="{recipient}"></at> ' if re.fullmatch(r"[\w-]+", recipient) else ""
    body: Dict[str, Any] = {"msg_type": "text", "content": {"text": mention + text}}
    if channel.secret:
        seconds = str(int(epoch))
        body.update({"timestamp": seconds, "sign": feishu_signature(channel.secret, seconds)})
    return _posted(channel.url, body)


def _slack(channel: Webhook, message: Message, recipient: str, _epoch: float) -> Request:
    text = text_for(channel, message).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    mention = "<!channel> " if recipient == EVERYBODY else f"<@{recipient}> " if recipient.isalnum() else ""
    return _posted(channel.url, {"text": mention + text})


def _generic(channel: Webhook, message: Message, recipient: str, _epoch: float) -> Request:
    values = {
        "to": recipient,
        "subject": message.subject,
        "text": words.body_of(message),
        "short": words.short_of(message),
        "id": message.number,
        "incident": message.incident,
    }
    url = filled(channel.url, {name: quote(value, safe="") for name, value in values.items()})
    headers = {name: filled(text, _one_line(values)) for name, text in channel.headers.items()}
    if channel.form is not None:
        body = urlencode(filled(dict(channel.form), values)).encode()
        return Request(channel.method, url, _typed("application/x-www-form-urlencoded", headers), body)
    if channel.body is not None:
        return Request(channel.method, url, _typed("text/plain; charset=utf-8", headers), _bytes(channel.body, values))
    if channel.method == "GET":
        return Request("GET", url, headers, b"")
    given = channel.json if channel.json is not None else {name: f"${name}" for name in values}
    return Request(channel.method, url, {**JSON_HEADERS, **headers}, _json(filled(given, values)))


def filled(given: Any, values: Mapping[str, str]) -> Any:
    """Return texts within a structure with $text, $to and the others filled in; $$ is a dollar."""
    if isinstance(given, Mapping):
        return {str(key): filled(value, values) for key, value in given.items()}
    if isinstance(given, (list, tuple)):
        return [filled(value, values) for value in given]
    return Template(given).safe_substitute(values) if isinstance(given, str) else given


def dingtalk_signature(secret: str, milliseconds: str) -> str:
    """HMAC-SHA256 over the time and the secret, with the secret as its key, in base64."""
    return _signature(secret, f"{milliseconds}\n{secret}")


def feishu_signature(secret: str, seconds: str) -> str:
    """HMAC-SHA256 over nothing, with the time and the secret as its key, in base64."""
    return _signature(f"{seconds}\n{secret}", "")


def shortened(text: str, most_bytes: int) -> str:
    """Return a text that is no longer in UTF-8; what is cut off is marked."""
    if len(text.encode()) <= most_bytes:
        return text
    return text.encode()[: most_bytes - len("…".encode())].decode("utf-8", "ignore") + "…"


def _signature(key: str, text: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode("ascii")


def _national(recipient: str) -> str:
    """WeCom and DingTalk know telephones of mainland China without +86."""
    return recipient[3:] if recipient.startswith("+86") else recipient


def _posted(url: str, body: Mapping[str, Any]) -> Request:
    return Request("POST", url, dict(JSON_HEADERS), _json(body))


def _json(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def _typed(kind: str, headers: Mapping[str, str]) -> Dict[str, str]:
    return {"Content-Type": kind, **headers}


def _one_line(values: Mapping[str, str]) -> Dict[str, str]:
    """A header holds ASCII in one line (RFC 9110, section 5.5)."""
    return {name: quote(value, safe=" @+-_.:/") for name, value in values.items()}


def _bytes(template: str, values: Mapping[str, str]) -> bytes:
    return str(filled(template, values)).encode()


REQUESTS: Dict[str, Callable[[Webhook, Message, str, float], Request]] = {
    WECOM: _wecom,
    DINGTALK: _dingtalk,
    FEISHU: _feishu,
    SLACK: _slack,
    GENERIC: _generic,
}
