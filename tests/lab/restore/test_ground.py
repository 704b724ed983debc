# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is backed up is the same for the same seed, and work in it shows when a copy is not of one moment."""

from __future__ import annotations

from lab.backup.ground import Ground
from lab.backup.writers import CONSISTENT, Writing

HASH = """
SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (
  SELECT c::text AS part FROM charge c UNION ALL SELECT p::text FROM patient p UNION ALL SELECT v::text FROM visit v
  UNION ALL SELECT md5(lo_get(oid))::text FROM pg_largeobject_metadata) parts
"""
AT = 1.7e9


def test_the_same_seed_fills_a_database_with_the_same(ground: Ground) -> None:
    production = ground.production
    hashes = []
    for seed in (5, 5, 6):
        production.sql("DROP DATABASE IF EXISTS trial", "postgres")
        production.fill(300, seed, "trial", AT)
        hashes.append(production.sql(HASH, "trial"))
    production.sql("DROP DATABASE trial", "postgres")
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_copy_of_two_moments_shows_in_the_invoices(ground: Ground) -> None:
    production = ground.production
    production.sql("DROP DATABASE IF EXISTS trial", "postgres")
    production.fill(2000, database="trial")
    with Writing(ground.server, production.writer("trial"), pause=0) as writing:
        production.sql("CREATE TABLE torn AS TABLE charge", "trial")
        writing.wait_for(writing.transactions + 10)
        alone = "SELECT count(*) FROM invoice i WHERE NOT EXISTS (SELECT FROM torn t WHERE t.visit = i.visit)"
        assert int(production.sql(alone, "trial")) >= 10
    assert production.sql(CONSISTENT, "trial") == "t"
    production.sql("DROP DATABASE trial WITH (FORCE)", "postgres")


def test_work_in_mariadb_leaves_each_invoice_as_its_charges(ground: Ground) -> None:
    mariadb = ground.mariadb
    before = int(mariadb.sql("SELECT count(*) FROM invoice", "his"))
    with Writing(ground.server, mariadb.writer(), "mariadb", pause=0) as writing:
        writing.wait_for(10)
    assert int(mariadb.sql("SELECT count(*) FROM invoice", "his")) >= before + 10
    assert mariadb.sql(CONSISTENT, "his") == "1"
