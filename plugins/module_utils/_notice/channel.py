# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The channels as the inventory says them, and what is wrong with them."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union
from urllib.parse import urlsplit

from ansible_collections.contingency.infra.plugins.module_utils._notice.model import (
    GENERIC,
    KINDS,
    SMTP,
    NoticeError,
    Smtp,
    Webhook,
)

Channel = Union[Smtp, Webhook]
PORTS = {"starttls": 587, "tls": 465, "none": 25}
LONGEST_SECONDS = 120.0
COMMON = ("kind", "title", "timeout", "ca_file", "verify")
OF_SMTP = ("host", "port", "security", "user", "password", "from")
OF_WEBHOOK = ("url", "secret", "keyword", "proxy")
OF_GENERIC = ("method", "headers", "json", "form", "body", "accept")
SECRETS = ("password", "secret", "url", "headers", "json", "form", "body", "proxy")
"""Keys whose values may hold what nobody else may know."""


def channels_of(given: Mapping[str, Any], path: str = "contingency_plan.channels") -> Dict[str, Channel]:
    """Return the channels by name; NoticeError where one cannot be used."""
    return {str(name): channel_of(str(name), each, f"{path}.{name}") for name, each in given.items()}


def usable_channels(
    given: Mapping[str, Any], path: str = "contingency_plan.channels"
) -> Tuple[Dict[str, Channel], Dict[str, str]]:
    """Return the channels that can be used, and by name why others cannot: one mistake must not silence them all."""
    channels: Dict[str, Channel] = {}
    closed: Dict[str, str] = {}
    for name, each in given.items():
        try:
            channels[str(name)] = channel_of(str(name), each, f"{path}.{name}")
        except NoticeError as error:
            closed[str(name)] = str(error)
    return channels, closed


def channel_of(name: str, given: Any, path: str) -> Channel:
    """Return one channel; NoticeError names the key, what it holds and what it should."""
    if not isinstance(given, Mapping):
        raise NoticeError(f"{path} is {type(given).__name__}; write a mapping with kind, such as {{kind: smtp}}")
    why = channel_limitation(given)
    if why:
        raise NoticeError(f"{path}{why}")
    return _smtp(name, given) if given["kind"] == SMTP else _webhook(name, given, path)


def channel_limitation(given: Mapping[str, Any]) -> Optional[str]:
    """Pure: why a channel cannot be used, to be put behind its path, or None."""
    kind = given.get("kind")
    if kind not in KINDS:
        return f".kind is {kind!r}; take one of {', '.join(KINDS)}"
    own = OF_SMTP if kind == SMTP else (*OF_WEBHOOK, *(OF_GENERIC if kind == GENERIC else ()))
    unknown = sorted(str(key) for key in given if key not in (*COMMON, *own))
    if unknown:
        return f" has {', '.join(unknown)}, which {kind} does not know; it takes {', '.join((*COMMON, *own))}"
    return _time_limitation(given) or (_smtp_limitation(given) if kind == SMTP else _webhook_limitation(given))


def _time_limitation(given: Mapping[str, Any]) -> Optional[str]:
    seconds = _seconds(given.get("timeout", 15))
    if seconds is None or not 0 < seconds <= LONGEST_SECONDS:
        return f".timeout is {given['timeout']!r}; write seconds up to {LONGEST_SECONDS:g}, as 15 or 15s"
    return None


def _smtp_limitation(given: Mapping[str, Any]) -> Optional[str]:
    port = str(given.get("port") or 25)
    if not port.isdecimal() or not 0 < int(port) < 65536:
        return f".port is {given['port']!r}; write a number such as 587"
    security = given.get("security", "starttls")
    if not given.get("host"):
        return ".host is missing; write the name or the address of the mail server"
    if security not in PORTS:
        return f".security is {security!r}; take one of {', '.join(PORTS)}"
    if "@" not in str(given.get("from", "")):
        return f".from is {given.get('from')!r}; write the address that notices come from, as duty@hospital.example"
    if given.get("password") and security == "none":
        return ".security is none and there is a password, which would cross the network in clear; take starttls or tls"
    if bool(given.get("password")) != bool(given.get("user")):
        return " has one of user and password; write both, or none where the server asks for no login"
    return None


def _webhook_limitation(given: Mapping[str, Any]) -> Optional[str]:
    parts = urlsplit(str(given.get("url", "")))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ".url is no http or https address; copy the webhook's whole address"
    if given.get("proxy") and urlsplit(str(given["proxy"])).scheme != "http":
        return ".proxy is no http address; write it as http://proxy.hospital.example:3128"
    bodies = [name for name in ("json", "form", "body") if given.get(name) is not None]
    if len(bodies) > 1:
        return f" has {' and '.join(bodies)}; a request has one of them"
    headers = given.get("headers") or {}
    if not isinstance(headers, Mapping) or not all(_is_header(f"{name}{value}") for name, value in headers.items()):
        return ".headers is no mapping of one line of ASCII each; encode what is more"
    return _accept_limitation(given.get("accept", {}))


def _is_header(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _accept_limitation(accept: Any) -> Optional[str]:
    unknown = sorted(set(accept) - {"status", "json", "text"}) if isinstance(accept, Mapping) else ["no mapping"]
    if unknown:
        return f".accept has {', '.join(unknown)}; it takes status, json and text"
    try:
        re.compile(str(accept.get("text", "")))
    except re.error as error:
        return f".accept.text is no regular expression ({error})"
    return None


def _smtp(name: str, given: Mapping[str, Any]) -> Smtp:
    security = str(given.get("security", "starttls"))
    return Smtp(
        name=name,
        host=str(given["host"]),
        port=int(given.get("port") or PORTS[security]),
        sender=str(given["from"]),
        security=security,
        user=str(given.get("user") or ""),
        password=str(given.get("password") or ""),
        **_common(given),
    )


def _webhook(name: str, given: Mapping[str, Any], path: str) -> Webhook:
    accept = given.get("accept", {})
    return Webhook(
        name=name,
        kind=str(given["kind"]),
        url=str(given["url"]),
        secret=str(given.get("secret") or ""),
        keyword=str(given.get("keyword") or ""),
        proxy=str(given.get("proxy") or ""),
        method=str(given.get("method") or "POST").upper(),
        headers={str(key): str(value) for key, value in (given.get("headers") or {}).items()},
        json=given.get("json"),
        form=given.get("form"),
        body=given.get("body"),
        accept_status=_statuses(accept.get("status", ()), path),
        accept_json=dict(accept.get("json", {})),
        accept_text=str(accept.get("text", "")),
        **_common(given),
    )


def _common(given: Mapping[str, Any]) -> Dict[str, Any]:
    return {
        "ca_file": str(given["ca_file"]) if given.get("ca_file") else None,
        "verify": bool(given.get("verify", True)),
        "timeout_seconds": _seconds(given.get("timeout", 15)),
    }


def _statuses(given: Any, path: str) -> Tuple[int, ...]:
    try:
        return tuple(int(each) for each in (given if isinstance(given, (list, tuple)) else [given]))
    except (TypeError, ValueError) as error:
        raise NoticeError(f"{path}.accept.status is {given!r}; write numbers such as [200, 202]") from error


def _seconds(given: Any) -> Optional[float]:
    try:
        return float(str(given).rstrip("s"))
    except ValueError:
        return None


def secrets_of(given: Any, under: bool = False) -> List[str]:
    """Pure: all texts within a channel's settings that nobody else may see, the longest first."""
    if isinstance(given, Mapping):
        found = [each for key, value in given.items() for each in secrets_of(value, under or key in SECRETS)]
    elif isinstance(given, (list, tuple)):
        found = [each for value in given for each in secrets_of(value, under)]
    else:
        found = _parts(str(given)) if under and given else []
    return sorted(set(found), key=len, reverse=True)


def _parts(text: str) -> List[str]:
    """A webhook's address is a secret as a whole, and so are its path and its query, and a token within a text."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https"):
        tokens = [each for each in re.split(r"[\s&?=:,;\"'{}<>]+", text) if len(each) > 7]
        return [text, *tokens] if len(text) > 3 else []
    values = [value for _name, _equal, value in (each.partition("=") for each in parts.query.split("&"))]
    pieces = [text, parts.query, *values, *parts.path.split("/"), parts.password or ""]
    return [each for each in pieces if len(each) > 7]
