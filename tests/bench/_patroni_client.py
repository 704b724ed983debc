# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes rows to whichever of two servers takes them, as a client of Patroni without a proxy does.

Runs inside a machine. Arguments: name of the source, then the addresses. A line is the number of a row that was
acknowledged, and the seconds since the epoch when it was sent and acknowledged.
"""

from __future__ import annotations

import itertools
import sys
import time

import impatient
import psycopg2

INSERT = "INSERT INTO prescription (number, source) VALUES (%s, %s)"
WITHIN = 0.25
INTERVAL = 0.005
PAUSE = 0.02


def main(source: str, addresses: list[str]) -> None:
    numbers = itertools.count(1)
    for address in itertools.cycle(addresses):
        try:
            _write(address, source, numbers)
        except (psycopg2.Error, OSError):
            time.sleep(PAUSE)


def _write(address: str, source: str, numbers: itertools.count[int]) -> None:
    connection = impatient.connect(address, WITHIN)
    try:
        while True:
            number = next(numbers)
            sent = time.time()
            impatient.execute(connection, WITHIN, INSERT, number, source)
            print(number, f"{sent:.6f}", f"{time.time():.6f}", flush=True)
            time.sleep(INTERVAL)
    finally:
        connection.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
