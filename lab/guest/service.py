# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service of a small host: tells its health, and takes its time to stop.

Arguments: name, address and port to listen on, the file that says how many seconds stopping takes (whatever is no
number is for ever), and the addresses of the hosts that it does not work without. It runs inside a machine.
"""

from __future__ import annotations

import signal
import socket
import sys
import time
from pathlib import Path

REACH_WITHIN = 0.3
LOOK = 0.1


class Stop(Exception):
    """The service was told to stop."""


def stop(_signal: int, _frame: object) -> None:
    raise Stop


def health(name: str, port: int, needs: list[str]) -> bytes:
    """An HTTP answer: 200 when every host that the service needs is healthy, else 503."""
    missing = [address for address in needs if not is_healthy(address, port)]
    body = f"{name} misses {' '.join(missing)}\n" if missing else f"{name} works\n"
    status = "503 Service Unavailable" if missing else "200 OK"
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return (head + body).encode()


def is_healthy(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=REACH_WITHIN) as client:
            client.sendall(b"GET /health HTTP/1.1\r\nHost: lis\r\n\r\n")
            return client.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def serve(name: str, address: str, port: int, needs: list[str]) -> None:
    with socket.create_server((address, port)) as server:
        while True:
            client, _peer = server.accept()
            with client:
                client.settimeout(1)
                try:
                    client.recv(4096)
                    client.sendall(health(name, port, needs))
                except OSError:
                    continue


def finish(stop_file: Path) -> None:
    """Until as many seconds have passed as the file says; it is read again and again."""
    started = time.monotonic()
    while not has_passed(stop_file.read_text(encoding="ascii").strip(), time.monotonic() - started):
        time.sleep(LOOK)


def has_passed(wanted: str, seconds: float) -> bool:
    return wanted.replace(".", "", 1).isdigit() and seconds >= float(wanted)


def main(name: str, address: str, port: str, stop_file: str, *needs: str) -> None:
    signal.signal(signal.SIGTERM, stop)
    try:
        serve(name, address, int(port), list(needs))
    except Stop:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        finish(Path(stop_file))


if __name__ == "__main__":
    main(*sys.argv[1:])
