# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeping secrets out of what is written down: which values are secret, in which forms they occur, and their removal.

It cannot know a secret that no vault, no name and no no_log marks as one; so results enter a journal by a list of what
may, and this is the second line.
"""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from functools import lru_cache
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Set, Tuple
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

HIDDEN = "********"
SHORTEST = 3
"""Shorter values are left: they are in every other word."""
WHOLE_WORDS = 6
"""Below this length a value is hidden only where it stands alone."""
LINE = 12
"""Lines of a secret of many (a private key) are hidden alone from this length on."""
KEY_SEGMENT = 16
"""From this length on the last parts of a webhook's path are its key."""
DEPTH = 12
"""Data nested deeper than this is not walked."""
_NAME = re.compile(
    r"passw|passphrase|passcode|passkey|(?<![a-z])(?:pass|pw)(?![a-z])|pwd|secret|token|credential|community|webhook"
    r"|bearer|cookie|psk|密码|口令|密钥|令牌"
    r"|(?<![a-z])(?:pin|otp|sign|salt)(?![a-z])"
    r"|(?:private|secret|api|access|auth|encryption|ssh|signing|shared|session|host|account)_?key(?!s?_?(?:file|path))"
    r"|(?<![a-z])(?:key_material|keydata|authorization)(?![a-z])"
)
_HARMLESS_NAME = re.compile(
    r"(?:file|files|path|dir|directory|policy|length|age|days|hours|seconds|minutes|type|kind|algorithm|method|enabled"
    r"|required|lock|aging|prompt|prompts|regex|store|name|names|user|level|field|fields|expire|expires|expiry"
    r"|count|size|update|allow|allowed|mode)$"
)
_SEVERAL = re.compile(r"(?:passwords|passwds|passphrases|secrets|tokens|keys)$")
"""A mapping of such a name has names of users, hosts or services for its keys, whatever these end in."""
_BESIDE = frozenset(("user", "username", "user_name", "login", "name", "type", "kind", "mode", "path", "file"))
"""Keys that also there are beside a secret."""
_DIRECTORIES = frozenset(("pwd", "oldpwd"))
"""What shells call the directory that they are in."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_HARMLESS_VALUES = frozenset(
    ("true", "false", "none", "null", "yes", "no", "omit", "default", "present", "absent", "required", "optional")
)
_ASSIGNED = re.compile(r"([A-Za-z][A-Za-z0-9_-]*)=(\"[^\"]*\"|'[^']*'|[^\s,;&\"']+)")
_USER_INFO = re.compile(r"(://[^\s/:@]*:)[^\s/@]+(?=@)")
_PERCENT = re.compile(r"%[0-9A-F]{2}")
_OF_GO = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
"""What Go's JSON writes for these."""
_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://\S+")


@lru_cache(maxsize=100_000)
def is_secret_name(name: str) -> bool:
    """Pure: does a variable, an option or a field of this name hold a secret?"""
    plain = _CAMEL.sub("_", name).lower().replace("-", "_")
    return bool(_NAME.search(plain)) and not _HARMLESS_NAME.search(plain) and plain not in _DIRECTORIES


def is_within(name: str, key: str, all_secret: bool = False) -> bool:
    """Pure: is what a mapping has under a key a secret because of the mapping's own name, or as all of it is one?"""
    plain = key.lower()
    if _SEVERAL.search(name.lower()):
        return (all_secret or is_secret_name(name)) and plain not in _BESIDE
    return (all_secret or is_secret_name(name)) and not _HARMLESS_NAME.search(plain)


def found_in(data: Any, name: str = "", *, all_secret: bool = False, depth: int = 0) -> Iterator[str]:
    """Yield the secret values of nested data: those under secret names, and what URLs carry.

    ``name``: what the data is called. ``all_secret``: every value is one, whatever its name.
    """
    if depth > DEPTH:
        return
    if isinstance(data, Mapping):
        for key, value in data.items():
            secret = is_within(name, str(key), all_secret)
            yield from found_in(value, str(key), all_secret=secret, depth=depth + 1)
    elif isinstance(data, (list, tuple, set, frozenset)):
        for value in data:
            yield from found_in(value, name, all_secret=all_secret, depth=depth + 1)
    else:
        yield from _of_leaf(data, all_secret or is_secret_name(name))


def _of_leaf(value: Any, secret: bool) -> Iterator[str]:
    if isinstance(value, bool) or value is None:
        return
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    if secret:
        yield text
    if "://" in text:
        for url in _URL.findall(text):
            yield from in_url(url, secret)


def in_url(url: str, secret: bool = False) -> Iterator[str]:
    """Pure: yield the secret parts of a URL; ``secret``: the URL as a whole is one, as those of webhooks are."""
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        return
    if password:
        yield from (password, unquote(password))
    for key, value in parse_qsl(parts.query):
        if is_secret_name(key) or key.lower() == "key":
            yield value
    for segment in parts.path.split("/") if secret else ():
        if len(segment) >= KEY_SEGMENT:
            yield segment


def forms_of(secret: str) -> Tuple[str, ...]:
    """Pure: the forms in which a secret occurs in texts, each once, the longest first."""
    found = {secret, secret.strip()}
    lines = secret.splitlines()
    if len(lines) > 1:
        found.update(line.strip() for line in lines if len(line.strip()) >= LINE)
    for plain in tuple(found):
        found.update(_escaped(plain))
        found.update(_base64(plain.encode("utf-8", "surrogateescape")))
    return tuple(sorted((form for form in found if len(form) >= SHORTEST), key=len, reverse=True))


def _escaped(plain: str) -> Iterator[str]:
    """Yield what URLs, JSON, shells, Python, YAML and HTML make of a text."""
    raw = plain.encode("utf-8", "surrogateescape")
    yield quote(raw, safe="")
    yield quote(raw)
    yield quote_plus(raw)
    yield _PERCENT.sub(lambda found: found[0].lower(), quote(raw, safe=""))
    yield json.dumps(plain)[1:-1]
    yield json.dumps(plain, ensure_ascii=False)[1:-1]
    yield json.dumps(plain)[1:-1].replace("/", "\\/")
    yield "".join(_OF_GO.get(char, char) for char in json.dumps(plain, ensure_ascii=False)[1:-1])
    yield json.dumps(json.dumps(plain))[3:-3]
    yield shlex.quote(plain).strip("'") if "'" not in plain else shlex.quote(plain)[1:-1]
    yield repr(plain)[1:-1]
    yield plain.replace("'", "''")
    yield html.escape(plain)
    yield html.escape(plain, quote=False)


def _base64(raw: bytes) -> Iterator[str]:
    """Yield what base64 makes of a text at each of the three places at which it may begin in a longer one.

    Of 3 bytes it makes 4 characters; those at both ends also hold bits of what stands beside and are left out.
    """
    if len(raw) < 4:
        return
    for before in range(3):
        filled = b"\0" * before + raw
        first = (0, 2, 3)[before]
        last = len(filled) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(filled).decode("ascii")[first:last]
    yield raw.hex()


class Scrubber:
    """Takes the secrets that it was told out of texts and nested data."""

    def __init__(self) -> None:
        self._secrets: Set[str] = set()
        self._new: Set[str] = set()
        self._forms: List[str] = []
        self._words: List[re.Pattern[str]] = []
        self._cache: Dict[str, str] = {}

    def learn(self, secrets: Iterable[str]) -> None:
        """Be told secrets; what is too short or means nothing is left out."""
        new = {each for each in secrets if _worth(each)} - self._secrets
        self._secrets |= new
        self._new |= new

    def _prepare(self) -> None:
        """Make the forms of what was learned; once for all of it, as it may be that of hundreds of hosts."""
        if not self._new:
            return
        self._cache.clear()
        forms = {form for secret in self._new for form in forms_of(secret)}
        self._new.clear()
        short = sorted(form for form in forms if len(form) < WHOLE_WORDS)
        self._words += [re.compile(rf"(?<![A-Za-z0-9]){re.escape(form)}(?![A-Za-z0-9])") for form in short]
        self._forms = sorted({*self._forms, *(form for form in forms if len(form) >= WHOLE_WORDS)}, key=len)[::-1]

    def text(self, text: str) -> str:
        """Return a text with its secrets hidden."""
        self._prepare()
        known = self._cache.get(text)
        if known is None:
            known = self._hidden(text)
            if len(self._cache) < 10_000:
                self._cache[text] = known
        return known

    def _hidden(self, text: str) -> str:
        for form in self._forms:
            if form in text:
                text = text.replace(form, HIDDEN)
        for word in self._words:
            text = word.sub(HIDDEN, text)
        return _without_said(text)

    def data(self, data: Any) -> Any:
        """Return nested data with its secrets hidden: in texts, names, and numbers that are one."""
        if isinstance(data, str):
            return self.text(str(data))
        if isinstance(data, Mapping):
            return {self.text(str(key)): self.data(value) for key, value in data.items()}
        if isinstance(data, (list, tuple, set, frozenset)):
            return [self.data(value) for value in data]
        if data is None or isinstance(data, (bool, float)):
            return data
        if isinstance(data, int):
            return HIDDEN if str(data) in self._secrets else data
        return self.text(data.decode("utf-8", "replace") if isinstance(data, bytes) else str(data))


def _without_said(text: str) -> str:
    """Hide what a text itself says to be secret: password=..., and the passwords of URLs."""
    if "=" in text:
        text = _ASSIGNED.sub(lambda found: f"{found[1]}={HIDDEN}" if is_secret_name(found[1]) else found[0], text)
    return _USER_INFO.sub(rf"\g<1>{HIDDEN}", text) if "://" in text else text


def _worth(secret: str) -> bool:
    plain = secret.strip()
    return len(plain) >= SHORTEST and plain.lower() not in _HARMLESS_VALUES and "{{" not in plain


def in_environment(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield the secret values of environment variables."""
    for name, value in environment.items():
        yield from found_in(value, name)


def cut(text: str, longest: int) -> str:
    """Pure: the beginning of a text; secrets are to be hidden before, as a cut one is not found."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
