# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dump that is taken beside writers restores to exactly what its manifest says, each time and in each format."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore import manifest as manifests
from ansible_collections.contingency.infra.plugins.module_utils._restore.artefacts import artefacts_in, compared
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import inventory
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.content import Reading, content_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.pg_dump import FORMATS
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.run import Outcome, transact
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import SecondCopy, TakeOrder

from tests.lab.take.server import HOST, PORT, USER, Server

READERS = {"plain": ["cat"], "plain.gz": ["gzip", "-dc"], "plain.zst": ["zstd", "-qdc"]}


def order_of(server: Server, places: tuple[Path, Path], kind: str = "custom", **more: object) -> TakeOrder:
    options = {**server.options, "database": "his", "format": kind, **more}
    copies = (SecondCopy(str(places[1])),)
    return TakeOrder("his", "pg_dump", str(places[0]), copies, keep=2, reserve_bytes=1, options=options)


def taken(server: Server, order: TakeOrder) -> tuple[Outcome, Path]:
    outcome = transact(HOST, order)
    assert outcome.msg is None, outcome.msg
    assert outcome.path
    return outcome, Path(outcome.path)


def restored(server: Server, backup: Path, kind: str) -> str:
    """Restore a dump into a new database of the same server; returns its name."""
    name = f"restored_{kind.replace('.', '_')}"
    server.sql(f"DROP DATABASE IF EXISTS {name}", "postgres")
    server.sql(f"CREATE DATABASE {name}", "postgres")
    artefact = backup / f"his{FORMATS[kind].suffix}"
    where = ["-h", str(server.directory), "-p", str(PORT), "-U", USER, "-d", name]
    programs = Path(server.client.address.program("psql")).parent
    if kind in READERS:
        reader = " ".join([*READERS[kind], str(artefact)])
        command = f"set -o pipefail; {reader} | {programs}/psql -Xq -v ON_ERROR_STOP=1 -o /dev/null {' '.join(where)}"
        subprocess.run(["bash", "-c", command], check=True)
    else:
        subprocess.run([str(programs / "pg_restore"), "--exit-on-error", *where, str(artefact)], check=True)
    return name


def assert_exact(server: Server, backup: Path, kind: str) -> None:
    manifest = manifests.read(HOST, str(backup / "manifest.json"))
    assert not compared(str(backup), artefacts_in(manifest)).findings
    said = manifests.content_of(manifest)
    seen = content_of(server.client, restored(server, backup, kind), Reading())
    assert seen.tables == said.tables
    assert seen.objects == said.objects
    assert seen.method == said.method
    for name, (value, _same) in seen.sequences.items():
        low, high = said.sequences[name]
        assert low <= value <= high, name


@pytest.mark.parametrize("kind", FORMATS)
def test_each_format_restores_to_what_its_manifest_says(server: Server, places: tuple[Path, Path], kind: str) -> None:
    with server.writers():
        _outcome, backup = taken(server, order_of(server, places, kind))
    assert_exact(server, backup, kind)


def test_ten_dumps_in_a_row_beside_writers_are_exact_without_one_exception(
    server: Server, places: tuple[Path, Path]
) -> None:
    for number in range(10):
        with server.writers(clients=4):
            _outcome, backup = taken(server, order_of(server, places, ("directory", "custom")[number % 2]))
        assert_exact(server, backup, ("directory", "custom")[number % 2])


def test_a_sequence_that_came_meanwhile_is_left_out_by_name(
    server: Server, places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = inventory.sequences

    def then_made(*arguments: Any, **more: Any) -> dict[str, inventory.Sequence]:
        found = read(*arguments, **more)
        server.sql("CREATE SEQUENCE IF NOT EXISTS passing")
        return found

    monkeypatch.setattr(inventory, "sequences", then_made)
    _outcome, backup = taken(server, order_of(server, places))
    server.sql("DROP SEQUENCE passing")
    assert "public.passing" in manifests.read(HOST, str(backup / "manifest.json"))["content"]["left_out"]
