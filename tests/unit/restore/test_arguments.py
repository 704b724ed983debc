# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person writes, and what it is taken for."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.contingency.infra.plugins.module_utils._restore import model
from ansible_collections.contingency.infra.plugins.module_utils._restore.arguments import (
    OrderError,
    order_of,
    seconds,
    size,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.engines import ENGINES, LOADERS
from ansible_collections.contingency.infra.plugins.module_utils._restore.files.trial import FilesOptions
from ansible_collections.contingency.infra.plugins.module_utils._restore.mariadb.options import MariadbOptions
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Assertion, Copy
from ansible_collections.contingency.infra.plugins.modules.restore_test import DOCUMENTATION

GIVEN: dict[str, Any] = {
    "name": "his",
    "engine": "pg_dump",
    "copies": ["/a"],
    "scratch_directory": "/s",
    "history_directory": "/h",
    "max_shrink_percent": 10,
    "jobs": 2,
    "timeout": "6h",
    "disk_reserve": "1G",
}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("90", 90),
        (90, 90),
        ("90s", 90),
        ("1.5h", 5400),
        ("15m", 900),
        ("15min", 900),
        ("2 d", 172800),
        ("1w", 604800),
        (None, None),
        ("", None),
    ],
)
def test_times(written: Any, meant: float | None) -> None:
    assert seconds("max_age", written) == meant


@pytest.mark.parametrize("written", ["soon", "0", "-1h", "1y", "h", "1h30m"])
def test_what_is_no_time_is_refused_by_its_name(written: str) -> None:
    with pytest.raises(OrderError, match=r"max_age is .*write it as 90s, 15m, 26h or 2d"):
        seconds("max_age", written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("2G", 2 << 30), ("512M", 512 << 20), ("512MiB", 512 << 20), (7, 7), ("1.5k", 1536), (None, None)],
)
def test_sizes(written: Any, meant: int | None) -> None:
    assert size("memory", written) == meant


def test_copies_are_paths_or_mappings_and_take_the_common_manifest() -> None:
    copies = ["/a", {"path": "/b", "host": "offsite-1", "place": "building C"}, {"path": "/c", "manifest": "/c.json"}]
    order = order_of({**GIVEN, "copies": copies, "manifest": "/m.json"})
    assert order.copies == (
        Copy("/a", "/m.json"),
        Copy("/b", "/m.json", "offsite-1", "building C"),
        Copy("/c", "/c.json"),
    )


def test_an_order_of_defaults() -> None:
    order = order_of(GIVEN)
    assert (order.max_age, order.limits.timeout_seconds, order.limits.disk_reserve_bytes) == (None, 21600, 1 << 30)
    assert order.limits.memory_bytes is None


@pytest.mark.parametrize(
    ("given", "limit"),
    [({"rpo": "24h"}, 86400), ({"rpo": "24h", "max_age": "26h"}, 93600), ({"rpo": "24h", "max_age": ""}, 86400)],
)
def test_a_backup_may_be_as_old_as_its_objective_unless_it_says_otherwise(given: dict[str, Any], limit: float) -> None:
    order = order_of({**GIVEN, **given})
    assert (order.max_age, order.rpo) == (limit, 86400)


def test_assertions_ask_with_a_query_or_with_a_command() -> None:
    order = order_of({**GIVEN, "assertions": [{"name": "recent", "query": "select 1", "expect": 1, "command": None}]})
    assert order.assertions == (Assertion("recent", query="select 1", expect=1),)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"copies": []}, "copies is empty"),
        ({"copies": [{"paht": "/a"}]}, "correct copies"),
        ({"copies": [{"path": "/a", "user": "x"}]}, "correct copies"),
        ({"copies": [3]}, "correct copies"),
        ({"name": "../etc"}, "the name"),
        ({"jobs": 0}, "jobs is 0"),
        ({"timeout": "long"}, "timeout is 'long'"),
        ({"memory": "much"}, "memory is 'much'"),
        ({"assertions": [{"name": "a"}]}, "the assertion 'a'"),
        ({"assertions": [{"name": "a", "query": "q", "command": "c"}]}, "the assertion 'a'"),
    ],
)
def test_what_cannot_be_meant_is_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(OrderError, match=named):
        order_of({**GIVEN, **changes})


def test_every_option_of_an_engine_is_explained_by_the_module() -> None:
    area = Path(model.__file__).parent / "postgresql"
    source = "".join(path.read_text(encoding="utf-8") for path in area.glob("*.py"))
    names = set(re.findall(r'options(?:\.get\(|\[)"(\w+)"', source))
    names |= {each.name for kind in (MariadbOptions, FilesOptions) for each in fields(kind)}
    explained = " ".join(yaml.safe_load(DOCUMENTATION)["options"]["options"]["description"])
    assert len(names) > 10
    assert {name for name in names if f"C({name})" not in explained} == set()


def test_every_engine_has_a_trial() -> None:
    assert tuple(LOADERS) == ENGINES
