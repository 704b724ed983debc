# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process of the restored server that ends: killed from outside it says nothing of the copy, else it does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    Assertion,
    Damaged,
    Limits,
    NotRunnable,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.dump import open_trial

from tests.lab.restore.postgresql.production import Production
from tests.lab.restore.postgresql.test_dump import opened

END = "COPY (SELECT 1) TO PROGRAM 'kill -{} $PPID'; SELECT pg_sleep(30)"


@pytest.mark.parametrize(
    ("signal", "told", "reason"),
    [
        ("KILL", NotRunnable, r"terminated by signal 9.*limits\.memory"),
        ("SEGV", Damaged, "terminated by signal 11"),
        ("ABRT", Damaged, "terminated by signal 6"),
    ],
)
def test_only_what_came_from_outside_is_the_hosts(
    production: Production, signal: str, told: type[Exception], reason: str
) -> None:
    path, manifest = production.dump(f"{signal}.dump", "-Fc")
    with opened(production, path) as trial:
        trial.fetch()
        trial.restore(manifest)
        with pytest.raises(told, match=reason):
            trial.answer(Assertion("ends", query=END.format(signal)))
        with pytest.raises(told, match=reason):
            trial.content(manifest)


def test_a_backend_that_took_more_memory_than_the_test_may_is_no_damage(production: Production) -> None:
    path, manifest = production.dump("memory.dump", "-Fc")
    order = replace(production.order("pg_dump", path), limits=Limits(memory_bytes=256 << 20))
    trial = open_trial(order, order.copies[0])
    hungry = "SELECT length(string_agg(repeat('x', 1000000), '')) FROM generate_series(1, 900)"
    try:
        trial.fetch()
        trial.restore(manifest)
        with pytest.raises(NotRunnable, match=r"limits\.memory"):
            trial.answer(Assertion("hungry", query=hungry))
    finally:
        trial.close()
