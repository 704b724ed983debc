# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of files: what is stripped, where recovery ends, which WAL it needs, and how its inside is looked at."""

from __future__ import annotations

import calendar
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore import artefacts
from ansible_collections.contingency.infra.plugins.module_utils._restore.artefacts import Artefact
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Damaged, NotRunnable
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import (
    blame,
    links,
    physical,
    repository,
    server,
    structure,
    wal,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.basebackup import (
    layout,
    wal_command,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.programs import (
    at_least,
    exactly,
    major_of,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.structure import Relation

from tests.unit.postgresql.fake_host import FakeHost

SIZE = 16 << 20


def test_what_would_reach_production_is_taken_out_before_the_start(tmp_path: Path) -> None:
    for name in ("standby.signal", "recovery.signal", "postmaster.pid", "PG_VERSION", "backup_label"):
        (tmp_path / name).write_text("15\n")
    (tmp_path / "postgresql.auto.conf").write_text("primary_conninfo = 'host=production'\n")
    (tmp_path / "pg_replslot" / "reporting").mkdir(parents=True)
    (tmp_path / "pg_replslot" / "reporting" / "state").write_text("x")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "000000010000000000000001").write_text("production's WAL")
    (tmp_path / "pg_wal").symlink_to(elsewhere)
    physical.strip(str(tmp_path))
    left = {entry.name for entry in tmp_path.iterdir()}
    assert not {"standby.signal", "recovery.signal", "postmaster.pid"} & left
    assert {"PG_VERSION", "backup_label"} <= left
    assert (tmp_path / "postgresql.auto.conf").read_text() == ""
    assert list((tmp_path / "pg_replslot").iterdir()) == []
    assert not (tmp_path / "pg_wal").is_symlink()
    assert (elsewhere / "000000010000000000000001").exists()


def test_a_tablespace_outside_the_scratch_is_seen(tmp_path: Path) -> None:
    data = tmp_path / "scratch" / "data"
    (data / "pg_tblspc").mkdir(parents=True)
    (data / "pg_tblspc" / "1").symlink_to(tmp_path / "scratch" / "space")
    (data / "pg_tblspc" / "2").symlink_to(tmp_path / "production")
    assert links.tablespaces_outside(str(data), str(tmp_path / "scratch")) == [("2", str(tmp_path / "production"))]


def test_recovery_ends_at_the_manifests_point_or_fails() -> None:
    point = physical.recovery_target({"restore_point": "p", "lsn": "0/5", "timeline": 3})
    assert point["recovery_target_name"] == "p"
    assert "recovery_target_lsn" not in point
    assert point["recovery_target_timeline"] == "3"
    assert point["recovery_target_action"] == "promote"
    assert physical.recovery_target({"lsn": "0/5"})["recovery_target_lsn"] == "0/5"
    assert physical.recovery_target({}) == {}


def test_recovery_has_as_much_room_as_production_had() -> None:
    control = physical.parse_control(
        "max_connections setting:      500\nmax_prepared_xacts setting:   20\nCatalog:  1\n"
    )
    found = physical.recovery_settings(control)
    assert (found["max_connections"], found["max_prepared_transactions"], found["hot_standby"]) == ("500", "20", "off")


@pytest.mark.parametrize("version", [13, 15, 18])
def test_every_server_is_started_harmless(version: int) -> None:
    found = server.base_settings(version, ())
    assert found["archive_mode"] == "off"
    assert found["listen_addresses"] == ""
    assert found["primary_conninfo"] == ""
    assert found["max_logical_replication_workers"] == "0"
    assert found["cron.launch_active_jobs"] == "off"
    assert found["shared_preload_libraries"] == ""
    assert ("archive_library" in found) is (version >= 15)
    assert ("summarize_wal" in found) is (version >= 17)
    assert server.base_settings(version, ("timescaledb",))["shared_preload_libraries"] == "timescaledb"


class Set:
    """A client of a server with these settings."""

    def __init__(self, **settings: str) -> None:
        self.settings = settings

    def rows(self, _database: str, sql: str) -> list[tuple[str, ...]]:
        return [tuple(self.settings.get(name, "") for name in re.findall(r"current_setting\('([^']+)'\)", sql))]


def test_a_server_that_is_not_set_as_it_was_told_is_not_asked_any_further() -> None:
    promised = {**server.PROMISES, "shared_preload_libraries": "timescaledb"}
    assert server.harmless_limitation(Set(**promised), ["timescaledb"]) is None  # type: ignore[arg-type]
    for name in promised:
        found = server.harmless_limitation(Set(**{**promised, name: "other"}), ["timescaledb"])  # type: ignore[arg-type]
        assert found is not None
        assert found.startswith(f"{name} of the restored server is 'other'")


def test_a_path_that_is_too_long_for_a_socket_is_told_before_the_start() -> None:
    assert server.socket_limitation("/" + "a" * 90) is None
    assert "shorter" in (server.socket_limitation("/" + "a" * 100) or "")


@pytest.mark.parametrize(("zone", "hours"), [("UTC", 0), ("GMT", 0), ("CST", 8), ("EST", -5)])
def test_the_time_of_a_base_backup(zone: str, hours: int) -> None:
    real = float(calendar.timegm((2026, 11, 22, 8, 0, 0, 0, 0, 0)))
    local = f"2026-11-22 {8 + hours:02d}:00:00 {zone}"
    label = f"START WAL LOCATION: 0/2000028\nBACKUP METHOD: streamed\nSTART TIME: {local}\n"
    assert physical.label_moment(label, real + 30) == real
    assert physical.label_moment("", real) is None


def test_a_directory_that_is_no_server_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(Damaged):
        physical.data_version(str(tmp_path))
    (tmp_path / "PG_VERSION").write_text("\0\0\0")
    with pytest.raises(Damaged):
        physical.data_version(str(tmp_path))


def test_the_parts_of_a_base_backup_are_found(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "wal").mkdir()
    for name in ("base.tar.gz", "pg_wal.tar.gz", "16400.tar.gz", "backup_manifest"):
        (tmp_path / "base" / name).write_text("")
    found = layout(str(tmp_path))
    assert found.base == str(tmp_path / "base" / "base.tar.gz")
    assert found.tablespaces == (("16400", str(tmp_path / "base" / "16400.tar.gz")),)
    assert found.wal == (str(tmp_path / "wal"),)
    assert found.wal_archive == str(tmp_path / "base" / "pg_wal.tar.gz")
    with pytest.raises(Damaged):
        layout(str(tmp_path / "wal"))


def test_wal_is_copied_and_never_asked_for_over_a_network() -> None:
    assert wal_command([]) == "false"
    found = wal_command(["/s/wal 1", "/s/50%"])
    assert "'/s/wal 1' /s/50%%;" in found
    assert 'cp "$from/%f" "%p"' in found


def test_segments_follow_each_other_over_the_end_of_a_file_number() -> None:
    found = wal.needed("0000000100000000000000FE", "000000010000000100000001", SIZE, [])
    assert found == [
        "0000000100000000000000FE",
        "0000000100000000000000FF",
        "000000010000000100000000",
        "000000010000000100000001",
    ]


def test_after_a_switch_the_new_timelines_segment_is_needed() -> None:
    history = wal.parse_history("1\t0/3000060\tno recovery target specified\n\n# comment\n2\t0/5000000\twhy\n")
    found = wal.needed("000000010000000000000002", "000000030000000000000006", SIZE, history)
    assert [name[:8] for name in found] == ["00000001", "00000002", "00000002", "00000003", "00000003"]


def test_the_segment_of_a_position_is_that_of_its_last_byte() -> None:
    assert wal.segment_at("0/3000000", 1, SIZE) == "000000010000000000000002"
    assert wal.segment_at("0/3000001", 1, SIZE) == "000000010000000000000003"


CONFIG = """[global]
repo1-path=/production/repo
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass=secret
repo2-host=offsite
log-path=/var/log/pgbackrest
archive-async=y
[main]
pg1-path=/var/lib/postgresql/15/main
pg1-host=production
recovery-option=primary_conninfo=host=production
"""


def test_a_test_follows_none_of_productions_own_settings() -> None:
    found = repository.configured(CONFIG, repository.where("repo2"))
    for gone in ("pg1-", "archive-async", "log-path", "recovery-option"):
        assert gone not in found
    assert "repo2-host=offsite" in found
    other = repository.configured(CONFIG, repository.where("/copy/repo"))
    assert "/production/repo" not in other
    assert "repo2-host" not in other
    assert "repo1-cipher-pass=secret" in other
    assert "repo1-path=/copy/repo" in other


@pytest.mark.parametrize(("path", "number"), [("repo2", "2"), ("3", "3"), ("/r", "1")])
def test_a_repository_is_a_number_or_a_path(path: str, number: str) -> None:
    assert repository.where(path).number == number
    with pytest.raises(NotRunnable):
        repository.where("s3://bucket")


INFO = json.dumps(
    [
        {
            "name": "main",
            "archive": [
                {"database": {"id": 1, "repo-key": 1}, "id": "15-1", "max": "000000010000000000000009", "min": "1"},
                {"database": {"id": 1, "repo-key": 2}, "id": "15-1", "max": "000000010000000000000007", "min": "1"},
            ],
            "backup": [
                {
                    "label": label,
                    "error": error,
                    "archive": {"start": "000000010000000000000002", "stop": "000000010000000000000002"},
                    "database": {"id": 1, "repo-key": key},
                    "info": {"size": 1000},
                    "timestamp": {"start": stop - 9, "stop": stop},
                }
                for label, key, stop, error in (("B", 1, 200, True), ("A", 1, 100, False), ("C", 2, 300, False))
            ],
            "status": {"code": 0, "message": "ok"},
        }
    ]
)


def test_the_backups_of_a_repository_the_oldest_first() -> None:
    found, problem = repository.parse_info(INFO, "main", "1")
    assert problem is None
    assert [(each.label, each.error, each.archive) for each in found] == [("A", False, "15-1"), ("B", True, "15-1")]
    assert repository.newest_wal(INFO, "main", "2", "15-1") == "000000010000000000000007"
    assert repository.parse_info(INFO, "other", "1") == ([], "no such stanza in the repository")
    assert repository.parse_info("ERROR", "main", "1")[1] == "an answer that is no JSON"


def _relation(method: str, size: int = 100, valid: bool = True, oid: int = 7, database: str = "his") -> Relation:
    return Relation(database, oid, f"public.{oid}", method, size, valid)


def test_each_kind_of_relation_is_checked_by_what_knows_it() -> None:
    both = {"amcheck": "pg_catalog", "pg_prewarm": "pg_catalog"}
    assert "verify_heapam(7::regclass, check_toast => true)" in (structure.check_sql(_relation("heap"), both, 15) or "")
    assert "bt_index_parent_check(7::regclass, true)" in (structure.check_sql(_relation("btree"), both, 15) or "")
    for method, version in (("gin", 15), ("brin", 18), ("sequence", 15), ("heap", 13)):
        assert "pg_prewarm" in (structure.check_sql(_relation(method), both, version) or ""), method
    assert "gin_index_check" in (structure.check_sql(_relation("gin"), both, 18) or "")
    assert "bt_index" not in (structure.check_sql(_relation("btree", valid=False), both, 15) or "")
    assert structure.check_sql(_relation("gin"), {}, 15) is None


def test_small_relations_go_together_and_each_is_checked_once() -> None:
    work = [_relation("heap", 1 << 30, oid=1)] + [_relation("heap", oid=number) for number in range(2, 400)]
    work += [_relation("btree", oid=number, database="lab") for number in range(400, 500)]
    found = structure.batches(work)
    assert sorted(each.oid for batch in found for each in batch) == list(range(1, 500))
    assert len(found) < 10
    assert all(len({each.database for each in batch}) == 1 for batch in found)


class Asked:
    """A client of a server with these extensions, on a host that has or lacks them; what it changes is kept."""

    def __init__(self, *extensions: tuple[str, str, str]) -> None:
        self.extensions = extensions
        self.changes: list[str] = []

    def rows(self, _database: str, sql: str) -> list[tuple[str, ...]]:
        if "pg_relation_size" in sql:
            return [("7", "public.visit", "heap", "8192", "t"), ("8", "public.visit_pkey", "btree", "8192", "t")]
        if sql.startswith(("CREATE", "DROP", "ALTER")):
            self.changes += [line for line in sql.splitlines() if line != ";"]
        return list(self.extensions) if sql == f"{structure.EXTENSIONS};" else []

    def value(self, _database: str, _sql: str) -> str:
        return "on"


NO_AMCHECK = "tables and indexes of his: amcheck is not on this host; install postgresql-contrib"


def _structure(client: Asked, then: Callable[[], None] = lambda: None) -> structure.Result:
    with ThreadPoolExecutor(1) as sessions:
        return structure.check(client, ["his"], 15, sessions, 1 << 26, then)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", [[], [("amcheck", "public", structure.MISSING)]])
def test_without_amcheck_on_this_host_nothing_is_proven_of_the_inside(state: list[tuple[str, str, str]]) -> None:
    client = Asked(*state)
    found = _structure(client)
    assert (found.findings, found.proven) == ((), ())
    assert NO_AMCHECK in found.unproven
    assert client.changes == []


def test_an_amcheck_of_an_older_version_is_brought_up_to_this_one() -> None:
    client = Asked(("amcheck", "public", structure.OLDER), ("pg_prewarm", "", structure.ABSENT))
    found = _structure(client)
    assert client.changes == [
        "ALTER EXTENSION amcheck UPDATE;",
        "CREATE EXTENSION pg_prewarm WITH SCHEMA pg_catalog;",
        "DROP EXTENSION pg_prewarm;",
    ]
    assert found.proven == ("1 tables are sound, and 1 B-tree indexes have an entry for every row",)
    assert NO_AMCHECK not in found.unproven


def test_what_comes_after_the_checks_is_begun_before_they_have_ended_and_while_their_extensions_are_there() -> None:
    client = Asked(("amcheck", "", structure.ABSENT))
    seen: list[list[str]] = []
    _structure(client, lambda: seen.append(list(client.changes)))
    assert seen == [["CREATE EXTENSION amcheck WITH SCHEMA pg_catalog;"]]
    assert client.changes[-1] == "DROP EXTENSION amcheck;"


def test_indexes_whose_pages_nothing_read_are_not_said_to_be_read() -> None:
    for schemas, told in (({}, "anything"), ({"pg_prewarm": "pg_catalog"}, "that they fit")):
        tools = {"his": structure.Tools({"amcheck": "pg_catalog", **schemas}, ())}
        said = structure._unproven([_relation("gin")], 15, tools, checksums=True)
        assert [each.split(": ")[1][: len(told)] for each in said] == [told]


def test_what_was_not_looked_at_is_said() -> None:
    tools = {"his": structure.Tools({}, ())}
    told = structure._unproven([_relation("gin")], 15, tools, checksums=False)
    assert any("amcheck is not on this host" in each for each in told)
    assert any("no page checksums" in each for each in told)
    assert structure._proven([_relation("heap")], 15, tools, ()) == ()


@pytest.mark.parametrize(
    ("message", "host"),
    [
        ('could not extend file "base/1": No space left on device', True),
        ('could not open extension control file "/usr/share/x.control": No such file', True),
        ('invalid locale name: "zh_CN.gbk"', True),
        ("invalid page in block 7 of relation base/5/1", False),
        ("recovery ended before configured recovery target was reached", False),
    ],
)
def test_a_host_that_lacks_something_does_not_blame_the_copy(message: str, host: bool) -> None:
    with pytest.raises(NotRunnable if host else Damaged):
        blame.raise_for("restore", "it", "good", message)


def test_the_servers_last_word_is_its_reason_and_not_what_it_tells_clients() -> None:
    log = "LOG: x\nFATAL:  recovery ended before\nFATAL:  the database system is starting up\n"
    assert blame.fatal_line(log) == "recovery ended before"


def test_a_dump_is_read_by_a_newer_version_and_files_by_their_own_only() -> None:
    host = FakeHost(files={"/usr/lib/postgresql/15/bin/postgres": "", "/usr/pgsql-17/bin/postgres": ""})
    assert at_least(host, {}, 14) == "/usr/lib/postgresql/15/bin"
    assert at_least(host, {}, 16) == "/usr/pgsql-17/bin"
    assert exactly(host, {}, 17) == "/usr/pgsql-17/bin"
    with pytest.raises(NotRunnable, match="postgresql-16"):
        exactly(host, {}, 16)
    with pytest.raises(NotRunnable, match="postgresql-18"):
        at_least(host, {}, 18)


@pytest.mark.parametrize(
    ("text", "major"),
    [
        ("postgres (PostgreSQL) 15.4 (Debian 15.4-1)", 15),
        ("16.1", 16),
        ("18beta2", 18),
        ("15.18 (Debian)", 15),
        ("", None),
    ],
)
def test_a_major_version(text: str, major: int | None) -> None:
    assert major_of(text) == major


def test_a_file_that_was_copied_out_of_a_backup_is_compared_under_its_own_name() -> None:
    rows = [Artefact("his.dump", 10, "aa"), Artefact("globals.sql", 3, "bb")]
    assert artefacts.one_file(rows, "his.dump") == [rows[0]]
    assert artefacts.one_file(rows, "monday.dump") == [Artefact("monday.dump", 10, "aa")]
    # Where it could be several, all are missing rather than one guessed.
    three = [*rows, Artefact("other.dump", 1, "cc")]
    assert artefacts.one_file(three, "monday.dump") == three


def test_a_directory_of_a_backup_is_compared_by_paths_within_it(tmp_path: Path) -> None:
    rows = [Artefact("his.dir/toc.dat", 10, "aa"), Artefact("globals.sql", 3, "bb")]
    inner = tmp_path / "his.dir"
    inner.mkdir()
    assert artefacts.rebased(rows, str(inner)) == [Artefact("toc.dat", 10, "aa")]
    assert artefacts.rebased(rows, str(tmp_path)) == rows
