# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dumps of pg_dump: every format is restored and compared; damage is named, and what is no damage is not."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Assertion, Damaged, NotRunnable
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.dump import PgDump, open_trial

from tests.lab.restore.postgresql.production import FOREIGN, NOTHING, Production, differences, stages

FORMATS = {
    "his.dump": ("-Fc",),
    "his.dir": ("-Fd", "-j2"),
    "his.tar": ("-Ft",),
    "his.sql": ("-Fp",),
    "his.sql.gz": ("-Fp", "-Z1"),
    "create.sql": ("-Fp", "-C"),
}


@contextmanager
def opened(production: Production, path: Path, **options: Any) -> Iterator[PgDump]:
    order = production.order("pg_dump", path, **options)
    trial = open_trial(order, order.copies[0])
    try:
        yield trial
    finally:
        trial.close()


@pytest.mark.parametrize("name", FORMATS)
def test_a_good_dump_of_each_format_is_found_good(production: Production, name: str) -> None:
    path, manifest = production.dump(name, *FORMATS[name])
    with opened(production, path) as trial:
        seen = stages(trial, manifest)
        assert {stage: each.findings for stage, each in seen.items() if each.findings} == {}
        assert differences(trial, manifest) == NOTHING
        assert trial.answer(Assertion("some", query="SELECT count(*) > 3000 FROM patient")) == "t"
        assert trial.answer(Assertion("command", command="psql -Atc 'SELECT 1' | grep -qx 1")) == 0
        assert trial.answer(Assertion("command", command="exit 3")) == 3
        with pytest.raises(Damaged, match="nowhere"):
            trial.answer(Assertion("wrong", query="SELECT * FROM nowhere"))


def test_a_packed_script_is_unpacked_by_what_its_bytes_say(production: Production) -> None:
    path, _manifest = production.dump("packed.sql")
    production.run("../../../../bin/zstd", "-q", "--rm", str(path), "-o", f"{path}.backup")
    manifest = production.manifest(Path(f"{path}.backup"), _manifest["content"], _manifest["server"], {})
    with opened(production, Path(f"{path}.backup")) as trial:
        stages(trial, manifest)
        assert differences(trial, manifest) == NOTHING


def test_a_copy_that_only_root_can_read_is_tested_too(production: Production) -> None:
    path, manifest = production.dump("root.dir", "-Fd")
    for each in (path, *path.iterdir()):
        os.chown(each, 0, 0)
        each.chmod(0o700 if each.is_dir() else 0o600)
    with opened(production, path) as trial:
        stages(trial, manifest)
        assert differences(trial, manifest) == NOTHING


@pytest.mark.parametrize("name", ["his.dump", "his.dir", "his.tar", "his.sql.gz"])
def test_one_byte_that_flipped_is_named_by_the_checksum(production: Production, name: str) -> None:
    path, manifest = production.dump(f"flipped-{name}", *FORMATS[name])
    target = path if path.is_file() else max(path.iterdir(), key=lambda each: each.stat().st_size)
    data = bytearray(target.read_bytes())
    data[len(data) * 2 // 3] ^= 0x40
    target.write_bytes(data)
    with opened(production, path) as trial:
        trial.fetch()
        found = trial.checksums(manifest).findings
    assert [finding.what for finding in found] == [
        f"file {target.relative_to(path) if path != target else target.name}"
    ]


def test_a_script_that_was_cut_and_packed_anew_is_damaged_also_without_a_manifest(production: Production) -> None:
    path, _manifest = production.dump("cut.sql")
    whole = path.read_bytes()
    # At the end of a statement, so that everything there is restores without an error.
    cut = whole[: whole.index(b"\n\\.\n", len(whole) // 2) + 4]
    packed = path.with_suffix(".sql.gz")
    packed.write_bytes(gzip.compress(cut))
    with opened(production, packed) as trial:
        trial.fetch()
        with pytest.raises(Damaged, match="ends before"):
            trial.restore(None)


def test_a_packed_script_whose_bytes_changed_is_damaged_also_where_psql_is_content(production: Production) -> None:
    path, _manifest = production.dump("crc.sql.gz", "-Z1")
    data = bytearray(path.read_bytes())
    data[-8] ^= 1
    path.write_bytes(data)
    with opened(production, path) as trial:
        trial.fetch()
        with pytest.raises(Damaged, match="gzip"):
            trial.restore(None)


def test_a_table_whose_data_is_gone_is_an_error_of_restore(production: Production) -> None:
    path, _manifest = production.dump("gone.dir", "-Fd")
    max(path.glob("*.dat.gz"), key=lambda each: each.stat().st_size).unlink()
    with opened(production, path) as trial:
        trial.fetch()
        with pytest.raises(Damaged, match="No such file"):
            trial.restore(None)


def test_a_dump_of_another_database_is_told(production: Production) -> None:
    production.sql("CREATE DATABASE clone TEMPLATE his")
    production.sql("UPDATE patient SET name = 'other' WHERE id = 77", "clone")
    path, _ = production.dump("clone.dump", "-Fc", database="clone")
    _, manifest = production.dump("real.dump", "-Fc")
    with opened(production, path) as trial:
        trial.fetch()
        trial.restore(manifest)
        (finding,) = trial.identity(manifest).findings
        assert (finding.expected, finding.seen) == ("his", "clone")
        assert differences(trial, manifest)["tables"] == ["public.patient"]


def test_a_view_of_a_foreign_table_is_no_damage_and_nobody_is_asked(production: Production) -> None:
    production.sql("CREATE DATABASE far")
    production.sql(FOREIGN.format(root=production.root), "far")
    path, manifest = production.dump("far.dump", "-Fc", database="far")
    log = production.root / "log"
    before = log.read_text().count("user=reader")
    assert before > 0
    with opened(production, path) as trial:
        seen = stages(trial, manifest)
        assert any("public.far" in each for each in seen["restore"].unproven)
        assert differences(trial, manifest) == NOTHING
    assert log.read_text().count("user=reader") == before


def test_a_file_that_is_not_there_is_damage_and_a_missing_version_is_not(production: Production) -> None:
    with (
        opened(production, production.root / "backup" / "none.dump") as trial,
        pytest.raises(Damaged, match="not there"),
    ):
        trial.fetch()
    path, _manifest = production.dump("version.dump", "-Fc")
    with opened(production, path, programs="/nowhere") as trial:
        trial.fetch()
        with pytest.raises(NotRunnable, match=r"options\.programs"):
            trial.restore(None)
