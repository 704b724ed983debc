# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a webhook's answer means: pure.

WeCom and DingTalk say errcode 0, Feishu code 0 (older: StatusCode 0), Slack the word ok; all four with HTTP status 200
also where they refuse. An answer that is none of these is no good news: a captive portal or a proxy may have said it.
"""

from __future__ import annotations

import json
import re
from typing import Any, Dict, FrozenSet, Mapping, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._notice.model import (
    DINGTALK,
    FAILED,
    FEISHU,
    GENERIC,
    SENT,
    SLACK,
    UNKNOWN,
    WECOM,
    Outcome,
    Reason,
    Reply,
    Webhook,
)

CODES: Dict[str, Tuple[str, ...]] = {
    WECOM: ("errcode",),
    DINGTALK: ("errcode",),
    FEISHU: ("code", "StatusCode"),
}
SAID = ("errmsg", "msg", "StatusMessage", "message", "error")
TOO_OFTEN: Dict[str, FrozenSet[int]] = {
    WECOM: frozenset({45009}),
    DINGTALK: frozenset({130101, 90030}),
    FEISHU: frozenset({11232}),
}
"""Codes of a robot that was asked too often: 20 a minute (WeCom, DingTalk), 100 a minute (Feishu)."""
BUSY = -1
"""Code of WeCom and DingTalk that are busy: to be tried again a moment later."""
REST_SECONDS = 60.0
LONGEST_REST = 600.0
NOT_SURE = frozenset({502, 504})
"""What a gateway says that does not know whether the server behind it took the message."""
TEMPORARY = frozenset({408, 425, 429, 500, 503})


def judged(channel: Webhook, reply: Reply, where: str) -> Outcome:
    """Return what became of the message."""
    if channel.kind == GENERIC:
        return _own(channel, reply, where)
    if reply.status != 200:
        return _by_status(reply, where)
    if channel.kind == SLACK:
        return Outcome(SENT) if _text(reply).strip() == "ok" else _strange(reply, where)
    return _by_code(channel.kind, reply, where)


def _by_code(kind: str, reply: Reply, where: str) -> Outcome:
    document = _document(reply)
    code = next((document[name] for name in CODES[kind] if name in document), None)
    if not isinstance(code, int) or isinstance(code, bool):
        return _strange(reply, where)
    if code == 0:
        return Outcome(SENT)
    reason = Reason("webhook_refused", {"where": where, "code": code, "said": _said(document)})
    if code in TOO_OFTEN[kind]:
        return Outcome(FAILED, reason, wait_seconds=REST_SECONDS)
    return Outcome(FAILED, reason, permanent=code != BUSY)


def _own(channel: Webhook, reply: Reply, where: str) -> Outcome:
    """Judge by what the site says of its gateway; without that every status from 200 to 299 is good."""
    good = reply.status in channel.accept_status if channel.accept_status else 200 <= reply.status < 300
    if not good:
        return _by_status(reply, where)
    document = _document(reply)
    wrong = [name for name, value in channel.accept_json.items() if str(_at(document, name)) != str(value)]
    if wrong or (channel.accept_text and not re.search(channel.accept_text, _text(reply))):
        reason = Reason("webhook_refused", {"where": where, "code": reply.status, "said": _text(reply)})
        return Outcome(FAILED, reason)
    return Outcome(SENT)


def _by_status(reply: Reply, where: str) -> Outcome:
    said = _said(_document(reply)) or _text(reply)
    reason = Reason("http_refused", {"where": where, "code": reply.status, "said": said})
    if reply.status in NOT_SURE:
        return Outcome(UNKNOWN, reason)
    return Outcome(FAILED, reason, permanent=reply.status not in TEMPORARY, wait_seconds=_rest(reply))


def _rest(reply: Reply) -> float:
    """Seconds that a server asks for; a date instead of seconds counts as a minute (RFC 9110, section 10.2.3)."""
    asked = reply.headers.get("retry-after", "").strip()
    if not asked:
        return REST_SECONDS if reply.status == 429 else 0.0
    return min(float(asked), LONGEST_REST) if asked.isdigit() else REST_SECONDS


def _strange(reply: Reply, where: str) -> Outcome:
    return Outcome(UNKNOWN, Reason("strange", {"where": where, "said": _text(reply)}))


def _at(document: Mapping[str, Any], path: str) -> Optional[Any]:
    found: Any = document
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _document(reply: Reply) -> Mapping[str, Any]:
    try:
        found = json.loads(reply.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _said(document: Mapping[str, Any]) -> str:
    text = next((str(document[name]) for name in SAID if document.get(name)), "")
    return " ".join(text.split())


def _text(reply: Reply) -> str:
    return " ".join(reply.body.decode("utf-8", "replace").split())
