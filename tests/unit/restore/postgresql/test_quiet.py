# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test changes fires no event trigger of the site, and leaves them as they were."""

from __future__ import annotations

from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql import quiet
from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.server import base_settings


class Told:
    """A client that answers with two event triggers and keeps what it was asked."""

    def __init__(self) -> None:
        self.scripts: list[str] = []

    def rows(self, _database: str, sql: str) -> list[tuple[str, ...]]:
        self.scripts.append(sql)
        return [("audit", "A"), ('odd "name', "O"), ("copy", "R")] if "pg_event_trigger" in sql else []


def test_event_triggers_are_off_meanwhile_and_then_as_they_were() -> None:
    client = Told()
    quiet.change(client, "his", "DROP EXTENSION amcheck")  # type: ignore[arg-type]
    lines = client.scripts[-1].splitlines()
    assert lines[:3] == [
        'ALTER EVENT TRIGGER "audit" DISABLE;',
        'ALTER EVENT TRIGGER "odd ""name" DISABLE;',
        'ALTER EVENT TRIGGER "copy" DISABLE;',
    ]
    assert lines[3:5] == ["DROP EXTENSION amcheck", ";"]
    assert lines[5:] == [
        'ALTER EVENT TRIGGER "audit" ENABLE ALWAYS;',
        'ALTER EVENT TRIGGER "odd ""name" ENABLE;',
        'ALTER EVENT TRIGGER "copy" ENABLE REPLICA;',
    ]


def test_a_version_that_can_has_them_off_altogether() -> None:
    """Also those for logins, which a session cannot switch off before it is one."""
    assert base_settings(17, ())["event_triggers"] == "off"
    assert "event_triggers" not in base_settings(16, ())
