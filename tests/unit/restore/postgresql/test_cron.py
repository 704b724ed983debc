# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a dump names pg_cron, it is seen; words about it are not enough."""

from __future__ import annotations

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.cron import is_in

LIST = """;
; Archive created at 2026-11-22 08:14:38 UTC
;
2; 3079 16385 EXTENSION - pg_cron\u0020
3500; 0 0 COMMENT - EXTENSION pg_cron\u0020
"""


@pytest.mark.parametrize(
    ("listed", "named"),
    [
        (LIST, True),
        ("--\nCREATE EXTENSION IF NOT EXISTS pg_cron WITH SCHEMA pg_catalog;\n", True),
        ("2; 3079 16385 EXTENSION - pg_crontab \n", False),
        ("-- CREATE EXTENSION pg_cron;\n;  EXTENSION - pg_cron\n", False),
        ("", False),
    ],
)
def test_the_extension_is_seen_in_a_list_and_in_a_script(listed: str, named: bool) -> None:
    assert is_in(listed) is named
