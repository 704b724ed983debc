# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hospital's application, small: writes a prescription every 100 ms through the service address.

`http://ADDRESS:8080/health` answers 200 while writes are accepted, and 503 when none was for two seconds.
Arguments: the service address, the address to listen on.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import impatient
import psycopg2

PORT = 8080
SOURCE = "his-app"
LAST = "SELECT coalesce(max(number), 0) FROM prescription WHERE source = %s"
INSERT = "INSERT INTO prescription (number, source) VALUES (%s, %s)"
INTERVAL = 0.1
ANSWER_WITHIN = 0.5
PAUSE = 0.05
HEALTHY_SECONDS = 2.0


class Writer:
    """Goes on where the database that answers has got to."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.written = 0
        self.last = float("-inf")
        self.trouble = "no connection yet"

    def run(self) -> None:
        while True:
            try:
                self._write()
            except (psycopg2.Error, OSError) as error:
                self.trouble = " ".join(str(error).split()) or type(error).__name__
                time.sleep(PAUSE)

    def _write(self) -> None:
        connection = impatient.connect(self.address, ANSWER_WITHIN)
        try:
            number = impatient.execute(connection, ANSWER_WITHIN, LAST, SOURCE).fetchone()[0]
            while True:
                number += 1
                impatient.execute(connection, ANSWER_WITHIN, INSERT, number, SOURCE)
                self.written, self.last = self.written + 1, time.monotonic()
                time.sleep(INTERVAL)
        finally:
            connection.close()

    def health(self) -> dict[str, object]:
        age = time.monotonic() - self.last
        healthy = age < HEALTHY_SECONDS
        found: dict[str, object] = {"healthy": healthy, "written": self.written}
        return found if healthy else {**found, "trouble": self.trouble}


def main(service: str, own: str) -> None:
    writer = Writer(service)
    threading.Thread(target=writer.run, daemon=True).start()

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            health = writer.health()
            known = self.path == "/health"
            body = json.dumps(health if known else {"error": "there is only /health"}).encode() + b"\n"
            self.send_response(404 if not known else 200 if health["healthy"] else 503)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Health checks come every second; systemd's journal has better to keep."""

    ThreadingHTTPServer((own, PORT), Health).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
