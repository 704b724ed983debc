# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base backups: recovered to their exact point, looked at inside, and no harm to the production they came from."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Assertion, Damaged
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.basebackup import (
    BaseBackup,
    open_trial,
)

from tests.lab.postgresql.pair import until
from tests.lab.restore.postgresql.production import NOTHING, Production, differences, stages

FORMATS = {"plain": ("-Fp",), "tar": ("-Ft",), "tar.gz": ("-Ft", "-z")}


@contextmanager
def opened(production: Production, path: Path, **options: Any) -> Iterator[BaseBackup]:
    order = production.order("pg_basebackup", path, **options)
    trial = open_trial(order, order.copies[0])
    try:
        yield trial
    finally:
        trial.close()


@pytest.mark.parametrize("name", FORMATS)
def test_a_good_base_backup_is_recovered_to_its_point_and_no_further(production: Production, name: str) -> None:
    path, manifest = production.base(name, *FORMATS[name])
    with opened(production, path) as trial:
        seen = stages(trial, manifest)
        assert {stage: each.findings for stage, each in seen.items() if each.findings} == {}
        assert any("restore point" in each for each in seen["start"].proven)
        assert any("B-tree" in each for each in seen["structure"].proven)
        assert differences(trial, manifest) == NOTHING
        assert trial.answer(Assertion("late", query="SELECT count(*) FROM charge WHERE code = -1")) == "0"


@pytest.mark.parametrize("name", ["plain", "tar.gz"])
def test_without_a_manifest_it_is_looked_at_and_what_is_not_proven_is_said(production: Production, name: str) -> None:
    path, _manifest = production.base(f"bare-{name}", *FORMATS[name])
    with opened(production, path / "base") as trial:
        seen = stages(trial, None)
        assert {stage: each.findings for stage, each in seen.items() if each.findings} == {}
        verified = [*seen["checksums"].proven, *seen["restore"].proven]
        assert any("backup_manifest" in each for each in verified)
        assert any("WAL" in each for each in seen["start"].unproven)
        assert trial.content(None).tables["his:public.patient"]["rows"] == 4000


def test_a_segment_that_is_missing_after_the_backup_is_named_by_the_start(production: Production) -> None:
    path, manifest = production.base("gap")
    sorted((path / "wal").iterdir())[-1].unlink()
    with opened(production, path) as trial:
        trial.fetch()
        trial.restore(manifest)
        with pytest.raises(Damaged, match="ended before configured recovery target"):
            trial.start(manifest)


def _file(production: Production, path: Path, name: str) -> Path:
    return path / "base" / str(production.sql(f"SELECT pg_relation_filepath('{name}')", "his"))


def test_a_page_that_changed_is_named_with_its_table(production: Production) -> None:
    path, manifest = production.base("page")
    file = _file(production, path, "visit_2025")
    data = bytearray(file.read_bytes())
    data[8192 + 4000 : 8192 + 4100] = bytes(100)
    file.write_bytes(data)
    with opened(production, path) as trial:
        assert any("visit" in each.what or "base/" in each.what for each in _fetched(trial, manifest))
        trial.restore(manifest)
        trial.start(manifest)
        found = trial.structure(manifest).findings
        assert any("public.visit_2025" in each.what and "page" in each.seen for each in found)
        with pytest.raises(Damaged, match=r"public\.visit_2025"):
            trial.content(manifest)


def _fetched(trial: BaseBackup, manifest: dict[str, Any]) -> tuple[Any, ...]:
    trial.fetch()
    return trial.checksums(manifest).findings


def test_an_index_that_lost_a_row_before_the_backup_is_named(production: Production) -> None:
    """Written by the server itself, so that every checksum is right."""
    production.sql("CREATE TABLE lost AS SELECT n, n::text AS t FROM generate_series(1, 500) n", "his")
    production.sql("CREATE INDEX lost_n ON lost (n)", "his")
    production.sql(
        "UPDATE pg_index SET indisready = false WHERE indexrelid = 'lost_n'::regclass;"
        "INSERT INTO lost VALUES (1000, 'not in the index')",
        "his",
    )
    production.sql("UPDATE pg_index SET indisready = true WHERE indexrelid = 'lost_n'::regclass", "his")
    path, manifest = production.base("lost")
    with opened(production, path) as trial:
        seen = stages(trial, manifest)
        assert [each.what for each in seen["structure"].findings] == ["index his:public.lost_n"]
        assert differences(trial, manifest) == NOTHING
    production.sql("DROP TABLE lost", "his")


def test_another_server_is_told_by_its_identifier(production: Production) -> None:
    path, manifest = production.base("identity")
    other = {**manifest, "server": {**manifest["server"], "system_identifier": "7000000000000000001"}}
    with opened(production, path) as trial:
        trial.fetch()
        trial.restore(manifest)
        trial.start(manifest)
        assert [each.what for each in trial.identity(other).findings] == ["system identifier"]


def test_a_tablespaces_link_to_production_is_never_followed(production: Production) -> None:
    path, manifest = production.base("link")
    outside = production.root / "tablespace"
    outside.mkdir()
    (path / "base" / "pg_tblspc" / "16999").symlink_to(outside)
    with opened(production, path) as trial:
        trial.fetch()
        with pytest.raises(Damaged, match="16999"):
            trial.restore(manifest)
    assert list(outside.iterdir()) == []


def test_a_tablespace_is_restored_into_the_scratch(production: Production) -> None:
    where = production.root / "fast"
    where.mkdir()
    shutil.chown(where, (production.root / "data").owner())
    production.client.rows("his", f"CREATE TABLESPACE fast LOCATION '{where}'")
    production.sql("CREATE TABLE quick TABLESPACE fast AS SELECT generate_series(1, 99) n", "his")
    path, manifest = production.base("space", "-Ft")
    before = sorted(str(each) for each in where.rglob("*"))
    with opened(production, path) as trial:
        stages(trial, manifest)
        assert differences(trial, manifest) == NOTHING
        trial.answer(Assertion("write", query="INSERT INTO quick VALUES (1) RETURNING n"))
    assert sorted(str(each) for each in where.rglob("*")) == before
    production.sql("DROP TABLE quick", "his")
    production.client.rows("his", "DROP TABLESPACE fast")


def test_a_restored_subscription_and_archive_take_nothing_from_production(production: Production) -> None:
    """The copy of a subscriber, on the host of its publisher, which it reaches by a unix socket."""
    production.sql("CREATE TABLE feed (n int PRIMARY KEY); CREATE PUBLICATION out FOR TABLE feed", "his")
    production.sql("SELECT pg_create_logical_replication_slot('feed', 'pgoutput')", "his")
    production.sql("CREATE DATABASE ward")
    production.sql("CREATE TABLE feed (n int PRIMARY KEY)", "ward")
    conninfo = f"host={production.root}/s dbname=his user=postgres"
    production.client.rows(
        "ward",
        f"CREATE SUBSCRIPTION feed CONNECTION '{conninfo}' PUBLICATION out"
        " WITH (create_slot = false, slot_name = feed, copy_data = false)",
    )
    active = "SELECT active_pid FROM pg_replication_slots WHERE slot_name = 'feed' AND active"
    until(lambda: production.sql(active) is not None)
    path, manifest = production.base("subscriber")
    sender = production.sql(active)
    with opened(production, path) as trial:
        seen = stages(trial, manifest)
        assert any("subscription ward:feed was removed" in each for each in seen["start"].proven)
        assert differences(trial, manifest) == NOTHING
        production.sql("INSERT INTO feed SELECT generate_series(1, 100)", "his")
        trial.answer(Assertion("busy", query="SELECT pg_switch_wal()"))
        trial.answer(Assertion("busy", query="SELECT pg_sleep(1)"))
        until(lambda: production.sql("SELECT count(*) FROM feed", "ward") == "100")
        assert production.sql(active) == sender
        assert trial.answer(Assertion("own", query="SELECT count(*) FROM feed", database="ward")) == "0"
    assert [each.name for each in (production.root / "archive").iterdir() if not each.name.startswith("00000001")] == []
    production.client.rows("ward", "DROP SUBSCRIPTION feed")
    production.sql("DROP DATABASE ward")
    production.sql("DROP PUBLICATION out; DROP TABLE feed", "his")
