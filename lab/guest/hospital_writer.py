# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Works in the hospital's database as its people do: each transaction touches six tables, prints its number when done.

`hospital_writer.py postgresql|mariadb PAUSE_SECONDS CLIENT [ARGUMENTS]`: the client reads SQL on its standard input.
A copy of the database that is not of one moment has an invoice without its charges, or stock that nobody got.
"""

from __future__ import annotations

import subprocess
import sys
import time

POSTGRESQL = """\
BEGIN;
INSERT INTO visit (patient, department, began_at, diagnosis, notes)
  SELECT {patient}, 1 + {n} % 8, now(), '复诊', repeat(md5('{n}'), 1 + {n} % 90);
INSERT INTO prescription (visit, drug, dose) VALUES (currval('visit_id_seq'), 'Metformin', 1 + {n} % 7);
INSERT INTO charge (visit, item, quantity, price, charged_at)
  SELECT currval('visit_id_seq'), 'w-' || k, 1 + {n} % 3, {n} % 1000 / 10.0, now() FROM generate_series(1, 3) k;
INSERT INTO invoice SELECT 'F' || lpad(nextval('invoice_number')::text, 10, '0'), visit, sum(amount), false
  FROM charge WHERE visit = currval('visit_id_seq') GROUP BY visit;
UPDATE patient SET balance = balance - {n} % 100 WHERE id = {patient};
UPDATE 药房."Drug Stock" SET "库存" = "库存" - 1 WHERE "Name of Drug" = 'Metformin';
{now_and_then}
COMMIT;
SELECT {n};
"""
NOW_AND_THEN = {
    10: "DELETE FROM measurement WHERE ctid = (SELECT ctid FROM measurement LIMIT 1);",
    25: "INSERT INTO scan SELECT max(id) + 1, 1, lo_from_bytea(0, sha256('{n}')) FROM scan;",
    40: "UPDATE visit SET notes = notes || '{n}' WHERE id % 200 = {n} % 200;",
    100: "REFRESH MATERIALIZED VIEW CONCURRENTLY revenue;",
}
MARIADB = """\
START TRANSACTION;
INSERT INTO visit (patient, department, began_at, diagnosis, notes)
  VALUES ({patient}, 1 + {n} % 8, now(3), '复诊', repeat(md5({n}), 1 + {n} % 90));
SET @visit = last_insert_id();
INSERT INTO prescription (visit, drug, dose) VALUES (@visit, 'Metformin', 1 + {n} % 7);
INSERT INTO charge (visit, item, quantity, price, charged_at)
  SELECT @visit, concat('w-', seq), 1 + {n} % 3, {n} % 1000 / 10, now() FROM seq_1_to_3;
INSERT INTO invoice SELECT concat('F', lpad(nextval(invoice_number), 10, '0')), visit, sum(amount), 0
  FROM charge WHERE visit = @visit GROUP BY visit;
UPDATE patient SET balance = balance - {n} % 100 WHERE id = {patient};
UPDATE `药 stock` SET `库存` = `库存` - 1 WHERE `Name of Drug` = 'Metformin';
COMMIT;
SELECT {n};
"""
PATIENTS = 400


def transaction(engine: str, number: int) -> str:
    values = {"n": number, "patient": 1 + number * 7919 % PATIENTS}
    if engine == "mariadb":
        return MARIADB.format(**values)
    more = "\n".join(text.format(n=number) for every, text in NOW_AND_THEN.items() if number % every == 0)
    return POSTGRESQL.format(**values, now_and_then=more)


def main(engine: str, pause: float, client: list[str]) -> None:
    process = subprocess.Popen(client, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    assert process.stdin is not None
    assert process.stdout is not None
    number = 0
    while True:
        number += 1
        process.stdin.write(transaction(engine, number))
        process.stdin.flush()
        answer = process.stdout.readline().strip()
        if answer != str(number):
            sys.exit(f"transaction {number} was answered with {answer!r}")
        print(number, flush=True)
        time.sleep(pause)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3:])
