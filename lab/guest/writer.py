# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes rows with increasing numbers through the service address and prints each one that was acknowledged.

Arguments: address, name of the source, seconds between two rows, seconds to wait for an answer. A line is the
number, and the seconds since the epoch when the row was sent and when it was acknowledged.
"""

from __future__ import annotations

import sys
import time

import impatient
import psycopg2

INSERT = "INSERT INTO prescription (number, source) VALUES (%s, %s)"
PAUSE = 0.02


def main(address: str, source: str, interval: float, within: float) -> None:
    number = 0
    while True:
        try:
            connection = impatient.connect(address, within)
            try:
                while True:
                    number += 1
                    sent = time.time()
                    impatient.execute(connection, within, INSERT, number, source)
                    print(number, f"{sent:.6f}", f"{time.time():.6f}", flush=True)
                    time.sleep(max(0.0, sent + interval - time.time()))
            finally:
                connection.close()
        except (psycopg2.Error, OSError) as error:
            print(f"{time.time():.6f}", type(error).__name__, *str(error).split(), file=sys.stderr, flush=True)
            time.sleep(PAUSE)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
