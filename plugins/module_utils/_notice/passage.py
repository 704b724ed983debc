# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One exchange with a server: bounded as a whole, with the instant known after which nobody can say what became of it.

Time limits of sockets bound each step only: a server that drips bytes, or a name that does not resolve, has no other
end. So the exchange runs in a thread that is waited for, and that can hand nothing over once it was given up.
"""

from __future__ import annotations

import http.client
import queue
import smtplib
import socket
import ssl
import threading
from typing import Callable, Union

from ansible_collections.contingency.infra.plugins.module_utils._notice.model import (
    FAILED,
    UNKNOWN,
    Outcome,
    Reason,
)

TROUBLE = (OSError, smtplib.SMTPException, http.client.HTTPException, ValueError)


class TooLate(OSError):
    """The exchange was given up before the message was handed over."""


class Passage:
    """Knows whether the message was handed over; once given up it never will be."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._given_up = False
        self._handed_over = False

    def hand_over(self) -> None:
        """To be called right before the bytes that complete the message are sent; TooLate where nobody waits."""
        with self._lock:
            if self._given_up:
                raise TooLate("given up")
            self._handed_over = True

    def give_up(self) -> bool:
        """Return whether the message was handed over; from here on it is not."""
        with self._lock:
            self._given_up = True
            return self._handed_over


def exchanged(seconds: float, where: str, work: Callable[[Passage], Outcome]) -> Outcome:
    """Do it within so many seconds. ``where`` names the server to people, without a secret."""
    passage = Passage()
    try:
        return _awaited(seconds, passage, work)
    except TROUBLE as error:
        handed_over = passage.give_up()
        reason = _reason(error, where, seconds)
        if handed_over:
            return Outcome(UNKNOWN, Reason("handed_over", {"where": where, "why": _brief(error)}))
        return Outcome(FAILED, reason)


def _awaited(seconds: float, passage: Passage, work: Callable[[Passage], Outcome]) -> Outcome:
    results: queue.Queue[Union[Outcome, Exception]] = queue.Queue()

    def run() -> None:
        try:
            results.put(work(passage))
        except Exception as error:  # noqa: BLE001  It is raised in the thread that waits.
            results.put(error)

    threading.Thread(target=run, daemon=True, name="notice").start()
    try:
        found = results.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(found, Exception):
        raise found
    return found


def _reason(error: Exception, where: str, seconds: float) -> Reason:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Reason("certificate", {"where": where, "why": error.verify_message.rstrip(".")})
    if isinstance(error, ssl.SSLError):
        return Reason("tls", {"where": where, "why": _brief(error)})
    # smtplib says of a server that does not answer in time that it closed the connection.
    if any(isinstance(each, (TimeoutError, socket.timeout)) for each in (error, error.__context__)):
        return Reason("silent", {"where": where, "seconds": f"{seconds:g}"})
    if isinstance(error, socket.gaierror):
        return Reason("no_name", {"where": where})
    return Reason("unreachable", {"where": where, "why": _brief(error)})


def _brief(error: Exception) -> str:
    if isinstance(error, (TimeoutError, socket.timeout)):
        return "no answer"
    text = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error) or type(error).__name__
    return " ".join(str(text).split()).rstrip(".")


def trust(ca_file: Union[str, None], verify: bool) -> ssl.SSLContext:
    """Return what a certificate is judged by; OSError where the file cannot be read."""
    context = ssl.create_default_context(cafile=ca_file)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
