# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site that writes down or forbids each change of a database: what the test itself does there is no difference."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Assertion
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.trial import PostgresqlTrial

from tests.lab.restore.postgresql import test_basebackup, test_dump
from tests.lab.restore.postgresql.production import NOTHING, Production, differences, stages

AUDITED = """
CREATE SCHEMA audit;
CREATE TABLE audit.ddl (at timestamptz DEFAULT now(), tag text);
CREATE TABLE patient AS SELECT n AS id FROM generate_series(1, 100) n;
CREATE MATERIALIZED VIEW summary AS SELECT count(*) FROM patient;
CREATE SUBSCRIPTION feed CONNECTION 'host=/nowhere' PUBLICATION feed WITH (connect = false);
CREATE FUNCTION audit.note() RETURNS event_trigger LANGUAGE plpgsql AS
  'BEGIN INSERT INTO audit.ddl (tag) VALUES (tg_event || tg_tag); END';
CREATE FUNCTION audit.forbid() RETURNS event_trigger LANGUAGE plpgsql AS
  'BEGIN RAISE EXCEPTION ''% is for the night'', tg_tag; END';
CREATE EVENT TRIGGER changed ON ddl_command_end EXECUTE FUNCTION audit.note();
CREATE EVENT TRIGGER dropped ON sql_drop EXECUTE FUNCTION audit.note();
CREATE VIEW noted AS SELECT 1;
DROP VIEW noted;
CREATE EVENT TRIGGER forbidden ON ddl_command_start {when} EXECUTE FUNCTION audit.forbid();
"""
NOT_TO_REFRESH = "WHEN TAG IN ('CREATE EXTENSION', 'REFRESH MATERIALIZED VIEW')"
ALWAYS = "ALTER EVENT TRIGGER changed ENABLE ALWAYS; ALTER EVENT TRIGGER dropped ENABLE REPLICA;"
STATES = "SELECT string_agg(evtname || evtenabled::text, ' ' ORDER BY evtname) FROM pg_event_trigger"


def _opened(production: Production, kind: str, path: Path) -> AbstractContextManager[PostgresqlTrial]:
    return test_dump.opened(production, path) if kind == "dump" else test_basebackup.opened(production, path)


@pytest.mark.parametrize("kind", ["dump", "base"])
def test_the_test_fires_no_event_trigger(production: Production, kind: str) -> None:
    database = f"audited_{kind}"
    production.sql(f"CREATE DATABASE {database}")
    production.client.rows(database, AUDITED.format(when=NOT_TO_REFRESH if kind == "dump" else ""))
    if kind == "base":
        production.client.rows(database, ALWAYS)
        path, manifest = production.base("audited")
    else:
        path, manifest = production.dump("audited.dump", "-Fc", database=database)
    with _opened(production, kind, path) as trial:
        seen = stages(trial, manifest)
        assert {stage: each.findings for stage, each in seen.items() if each.findings} == {}
        assert differences(trial, manifest) == NOTHING
        states = Assertion("states", query=STATES, database=database)
        assert trial.answer(states) == production.sql(STATES, database)
