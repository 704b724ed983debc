# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reading from NUT's upsd (RFC 9271): connect, TLS where asked for, login where given, LIST VAR."""

from __future__ import annotations

import re
import ssl
from typing import Dict, List, Mapping, Optional

from .connection import Connection, Deadline
from .figures import number_of
from .model import Mark, NoReading, Observation, UpsError

PORT = 3493
_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")
# One word of a line: plain, or in quotes with \" and \\ as the only escapes.
_WORD = re.compile(r'[ \t]*(?:"((?:[^"\\]|\\["\\])*)"|([^\s"\\]+))(?=[ \t]|$)')
_ERRORS = {
    "DATA-STALE": "upsd has heard nothing new of {ups} for a while; look at the UPS's cable and its driver's log",
    "DRIVER-NOT-CONNECTED": "the driver of {ups} does not run; start it (systemctl start nut-driver@{ups}) and look at "
    "its log",
    "UNKNOWN-UPS": "it has no UPS of the name {ups}; correct ups, upsc -l on that machine lists the names",
    "ACCESS-DENIED": "it does not let this controller read {ups}; correct user and password, or upsd's access rules",
    "FEATURE-NOT-CONFIGURED": "it is not set up for TLS; set CERTFILE or CERTPATH in its upsd.conf, or tls to false",
    "FEATURE-NOT-SUPPORTED": "it was built without TLS; use a build with it, or set tls to false",
}
_FIGURES = {
    "runtime_seconds": "battery.runtime",
    "charge_percent": "battery.charge",
    "load_percent": "ups.load",
    "realpower_watts": "ups.realpower",
    "power_va": "ups.power",
    "nominal_watts": "ups.realpower.nominal",
    "nominal_va": "ups.power.nominal",
    "low_runtime_seconds": "battery.runtime.low",
}
# Beginnings of driver.state (NUT 2.8.1 and newer) while the driver does not read its UPS.
_DRIVER_AWAY = ("init", "reconnect", "cleanup", "fatal")


def quote(text: str) -> str:
    """Return a word as RFC 9271, 4.1, wants it in a line; UpsError where no line can hold it."""
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise UpsError("A UPS's name, user or password holds a line break or another control character; correct it.")
    if _PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def words(line: str) -> List[str]:
    """Return the words of a line, quotes and escapes undone; ValueError where it is not made so."""
    found, position = [], 0
    while line[position:].strip(" \t\r"):
        match = _WORD.match(line.rstrip("\r"), position)
        if match is None:
            raise ValueError(line)
        quoted, plain = match.groups()
        found.append(plain if quoted is None else re.sub(r'\\(["\\])', r"\1", quoted))
        position = match.end()
    return found


def trust(ca_file: Optional[str]) -> ssl.SSLContext:
    """Return what is trusted: ca_file, else the system's certificates; UpsError where the file is none.

    With a ca_file, chain, time and host are checked, and not whether the certificate has every extension of RFC 5280:
    Python 3.13 and newer would refuse what certutil and openssl make as NUT's manual has it.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise UpsError(
            f"{ca_file} cannot be read as certificates ({(error.strerror or str(error)).lower()}); correct ca_file."
        ) from error
    if ca_file:
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def read(
    host: str,
    port: int,
    ups: str,
    deadline: Deadline,
    context: Optional[ssl.SSLContext] = None,
    user: Optional[str] = None,
    password: Optional[str] = None,
) -> Observation:
    """Return what upsd says of a UPS; NoReading where it says nothing that can be used, before the deadline.

    With ``context`` nothing but STARTTLS is said in the clear. The deadline is one for everything.
    """
    with Connection(host, port, deadline) as connection:
        client = _Client(connection, ups)
        if context is not None:
            client.ask("STARTTLS", "OK")
            connection.start_tls(context)
        if user:
            client.ask(f"USERNAME {quote(user)}", "OK")
        if password:
            client.ask(f"PASSWORD {quote(password)}", "OK")
        return observe(client.variables())


class _Client:
    def __init__(self, connection: Connection, ups: str) -> None:
        self._connection = connection
        self._ups = ups

    def ask(self, command: str, *expected: str) -> None:
        """Send a command and see the answer begin with the words that were expected."""
        self._connection.send(f"{command}\n".encode())
        answer = self._words()
        if tuple(answer[: len(expected)]) != expected:
            raise self._refused(answer)

    def variables(self) -> Dict[str, str]:
        self.ask(f"LIST VAR {quote(self._ups)}", "BEGIN", "LIST", "VAR", self._ups)
        found: Dict[str, str] = {}
        while True:
            answer = self._words()
            if answer == ["END", "LIST", "VAR", self._ups]:
                self._connection.send(b"LOGOUT\n")
                return found
            if len(answer) != 4 or answer[:2] != ["VAR", self._ups]:
                raise self._refused(answer)
            found[answer[2]] = answer[3]

    def _words(self) -> List[str]:
        line = self._connection.line().decode("utf-8", "replace")
        try:
            return words(line)
        except ValueError:
            raise self._refused([line]) from None

    def _refused(self, answer: List[str]) -> NoReading:
        said = "".join(letter for letter in " ".join(answer) if letter.isprintable())[:80] or "nothing"
        name = self._connection.name
        if answer[:1] == ["ERR"]:
            reason = _ERRORS.get(answer[1] if len(answer) > 1 else "", "look that up in RFC 9271 and in upsd's log")
            return NoReading(f"upsd at {name} says {said[4:] or 'ERR'}: {reason.format(ups=self._ups)}.")
        return NoReading(f"{name} does not answer as upsd does (it says {said}); check host and port.")


def observe(variables: Mapping[str, str]) -> Observation:
    """Return what the variables of a UPS say.

    upsd does not tell when it had them from its driver, only that this was within its MAXAGE, 15 s. What is known of
    the age is that the driver asks the UPS each ``driver.parameter.pollinterval`` seconds.
    """
    flags = set(variables.get("ups.status", "").upper().split())
    state = variables.get("driver.state", "").lower()
    if state.startswith(_DRIVER_AWAY):
        flags.add("NOCOMM")
    if "in progress" in variables.get("ups.test.result", "").lower():
        flags.add("TEST")
    alarm = variables.get("ups.alarm", "").strip()
    return Observation(
        flags=frozenset(flags),
        figures={name: variables.get(variable) for name, variable in _FIGURES.items()},
        age_seconds=number_of(variables.get("driver.parameter.pollinterval", "")),
        marks=(Mark("status", alarm[:200], "It raises this alarm."),) if alarm else (),
        raw=dict(variables),
    )
