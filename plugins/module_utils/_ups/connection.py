# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP connection of which everything together may take so long, and no answer may be endless."""

from __future__ import annotations

import socket
import ssl
import time
from types import TracebackType
from typing import Optional, Type

from .model import NoReading

MOST_BYTES = 1_000_000
"""The longest answer of a UPS daemon that is read; real ones have some 10 kB."""


class Deadline:
    """One end of the time for everything that is done until then."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left; TimeoutError where there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class Connection:
    """A connection; each of its methods ends at the deadline, in NoReading."""

    def __init__(self, host: str, port: int, deadline: Deadline) -> None:
        self.name = f"{host}:{port}"
        self._host = host
        self._deadline = deadline
        self._buffer = b""
        self._received = 0
        try:
            self._socket: socket.socket = socket.create_connection((host, port), timeout=deadline.left())
        except OSError as error:
            raise self.failed(error) from error

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        try:
            self._socket.settimeout(self._deadline.left())
            self._socket.sendall(data)
        except OSError as error:
            raise self.failed(error) from error

    def line(self) -> bytes:
        """Return the next line without its end."""
        while b"\n" not in self._buffer:
            self._receive()
        line, _end, self._buffer = self._buffer.partition(b"\n")
        return line

    def exactly(self, count: int) -> bytes:
        """Return so many bytes."""
        while len(self._buffer) < count:
            self._receive()
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Go on over TLS; what was sent in the clear before counts for nothing."""
        if self._buffer:
            raise NoReading(f"{self.name} sent more in the clear where TLS was to begin; do not trust this network.")
        try:
            self._socket.settimeout(self._deadline.left())
            self._socket = context.wrap_socket(self._socket, server_hostname=self._host)
        except ssl.SSLCertVerificationError as error:
            raise NoReading(
                f"{self.name} shows a certificate that is not trusted ({error.verify_message.rstrip('.')}); set "
                "ca_file to the certificate of who signed it, and host to a name or address that is in it."
            ) from error
        except OSError as error:
            raise self.failed(error) from error

    def failed(self, error: OSError) -> NoReading:
        """Return what an error of the socket means."""
        if isinstance(error, (TimeoutError, socket.timeout)):
            return NoReading(
                f"{self.name} did not answer in full within {self._deadline.seconds:.3g} s; look at its daemon and at "
                "the network."
            )
        text = str(error.strerror or error).rstrip(".").lower()
        if isinstance(error, ssl.SSLError):
            return NoReading(f"{self.name} failed at TLS ({error.reason or text}); look at the daemon's certificate.")
        return NoReading(f"{self.name} cannot be reached ({text}); check host and port, its daemon and the network.")

    def _receive(self) -> None:
        if self._received > MOST_BYTES:
            raise NoReading(f"{self.name} sends without end; check that host and port are those of the UPS daemon.")
        try:
            self._socket.settimeout(self._deadline.left())
            data = self._socket.recv(65536)
        except OSError as error:
            raise self.failed(error) from error
        if not data:
            raise NoReading(f"{self.name} closed the connection within its answer; look at the log of its daemon.")
        self._received += len(data)
        self._buffer += data
