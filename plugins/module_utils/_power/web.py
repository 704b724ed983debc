# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON over HTTPS to one BMC, with the time of a whole exchange bounded."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import queue
import socket
import ssl
import threading
from typing import Any, Callable, Dict, NamedTuple, Optional, Tuple, Union
from urllib.parse import urlsplit

from .model import Bmc, BmcBusy, BmcLoginFailed, BmcRefused, BmcUnreachable, PowerError

_MOST_BYTES = 4_000_000
_BUSY = (409, 429, 503)


class Reply(NamedTuple):
    """What the BMC answered."""

    status: int
    body: Dict[str, Any]


class Web:
    """One connection to a BMC's web service; it is kept open where the BMC allows it."""

    def __init__(self, bmc: Bmc, name: str) -> None:
        self.name = name
        self._bmc = bmc
        self._connection: Optional[http.client.HTTPConnection] = None
        self._trust: Optional[ssl.SSLContext] = None
        credentials = base64.b64encode(f"{bmc.user}:{bmc.password}".encode()).decode("ascii")
        self._headers = {
            "Accept": "application/json",
            "Authorization": f"Basic {credentials}",
            "OData-Version": "4.0",
        }

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def get(self, path: str, patience: float) -> Reply:
        return self._exchange("GET", path, None, patience)

    def post(self, path: str, body: Dict[str, Any], patience: float) -> Reply:
        return self._exchange("POST", path, json.dumps(body).encode(), patience)

    def _exchange(self, method: str, path: str, body: Optional[bytes], patience: float) -> Reply:
        headers = dict(self._headers, **({"Content-Type": "application/json"} if body else {}))
        connection = self._connection = self._connection or self._new(patience)
        if connection.sock is not None:
            connection.sock.settimeout(patience)
        over = threading.Event()
        try:
            reply = _within(patience, over, lambda: _send(connection, method, path, body, headers, over))
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._connection = None
            _let_go(connection, over)
            raise self._explained(error, patience) from error
        self._refuse(method, path, reply)
        return reply

    def _new(self, patience: float) -> http.client.HTTPConnection:
        scheme, host, port = _where(self._bmc)
        if scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=patience)
        # Reading the system's certificates takes some 50 ms, and a BMC may want a new connection each time.
        self._trust = self._trust or self._context()
        return http.client.HTTPSConnection(host, port, timeout=patience, context=self._trust)

    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self._bmc.ca_file)
        except OSError as error:
            raise PowerError(
                f"{self.name}: {self._bmc.ca_file} cannot be read as certificates "
                f"({(error.strerror or str(error)).lower()}); correct ca_file."
            ) from error
        if not self._bmc.verify_tls:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _explained(self, error: Exception, patience: float) -> PowerError:
        if isinstance(error, ssl.SSLCertVerificationError):
            return BmcLoginFailed(
                f"{self.name} shows a certificate that is not trusted ({error.verify_message.rstrip('.')}); "
                "set ca_file to the certificate of who signed it, or verify_tls to false."
            )
        if isinstance(error, (TimeoutError, socket.timeout)):
            return BmcUnreachable(
                f"{self.name} does not answer Redfish within {patience:.3g} s; check its address and its network."
            )
        if isinstance(error, (ssl.SSLError, http.client.HTTPException, ValueError)):
            return BmcRefused(
                f"{self.name} does not speak HTTPS with JSON as Redfish does ({_reason(error)}); check host and port."
            )
        return BmcUnreachable(
            f"{self.name} cannot be reached ({_reason(error)}); check its address, its port and its network."
        )

    def _refuse(self, method: str, path: str, reply: Reply) -> None:
        status, said = reply.status, _said(reply)
        if status < 300 or (status == 404 and method == "GET"):
            return
        if status == 401:
            raise BmcLoginFailed(f"{self.name} does not accept {self._bmc.user} with this password; correct them.")
        if status == 403:
            raise BmcLoginFailed(
                f"{self.name} does not let {self._bmc.user} do {method} {path} ({said}); give that user the right to "
                "switch power."
            )
        if status in _BUSY:
            raise BmcBusy(f"{self.name} is busy ({said}); try again in a minute.")
        raise BmcRefused(f"{self.name} refused {method} {path} ({said}); look at its own log.")


def _send(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: Optional[bytes],
    headers: Dict[str, str],
    over: threading.Event,
) -> Reply:
    """Send it; once more on a new connection where the BMC had let go of the old one."""

    def once() -> Reply:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return Reply(response.status, _document(response.read(_MOST_BYTES)))

    used = connection.sock is not None
    try:
        return once()
    except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
        if not used or over.is_set():
            raise
        connection.close()
        return once()
    finally:
        if over.is_set():
            connection.close()


def _within(seconds: float, over: threading.Event, work: Callable[[], Reply]) -> Reply:
    """Do it in a thread and wait so long: a name that does not resolve or a BMC that drips bytes has no other end."""
    results: queue.Queue[Union[Reply, Exception]] = queue.Queue()

    def run() -> None:
        try:
            results.put(work())
        except Exception as error:  # noqa: BLE001  It is raised in the thread that waits.
            results.put(error)

    threading.Thread(target=run, daemon=True, name="redfish").start()
    try:
        found = results.get(timeout=seconds)
    except queue.Empty:
        over.set()
        raise TimeoutError from None
    if isinstance(found, Exception):
        raise found
    return found


def _let_go(connection: http.client.HTTPConnection, over: threading.Event) -> None:
    """Close it; where its thread is still reading, only wake that thread, which then closes it."""
    if not over.is_set():
        connection.close()
    elif connection.sock is not None:
        with contextlib.suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


def _where(bmc: Bmc) -> Tuple[str, str, Optional[int]]:
    """Return scheme, host and port; plain HTTP only where host says so."""
    text = str(bmc.host)
    if "://" not in text:
        text = f"https://[{text}]" if text.count(":") > 1 and not text.startswith("[") else f"https://{text}"
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PowerError(f"{bmc.host!r} is not a BMC's address; set host to a name or an address.")
    return parts.scheme, parts.hostname, bmc.port or parts.port


def _document(content: bytes) -> Dict[str, Any]:
    """Return the JSON object; an empty answer, as to an action, is an empty one."""
    if not content.strip():
        return {}
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _said(reply: Reply) -> str:
    """Return the reason as Redfish's error object holds it, else the status."""
    error = reply.body.get("error")
    if not isinstance(error, dict):
        return f"HTTP {reply.status}"
    details = error.get("@Message.ExtendedInfo")
    first = details[0] if isinstance(details, list) and details and isinstance(details[0], dict) else {}
    text = str(first.get("Message") or error.get("message") or "").strip().rstrip(".")
    return f"HTTP {reply.status}: {' '.join(text.split())[:200]}" if text else f"HTTP {reply.status}"


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error) or type(error).__name__
    return str(text).rstrip(".").lower()
