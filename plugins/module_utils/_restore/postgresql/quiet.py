# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes that a test makes to a restored database, unseen by the site's event triggers.

One that writes down every change would add rows that production never had, and one that forbids changes would pass for
damage. To alter an event trigger fires none (Event Trigger Firing Matrix), so they are off while a test changes things.
"""

from __future__ import annotations

from typing import List, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._restore.postgresql.session import Client, identifier

REPLICA = "-c session_replication_role=replica"
"""For what restores a dump: event triggers come before the last of it, the filling of materialized views. Those that
are ENABLE ALWAYS or REPLICA fire all the same before version 17, which can switch all off (event_triggers)."""
ENABLED = {"O": "ENABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}
"""How an event trigger is made what pg_event_trigger.evtenabled says it was."""
TRIGGERS = "SELECT evtname, evtenabled FROM pg_catalog.pg_event_trigger WHERE evtenabled <> 'D' ORDER BY 1"


def change(client: Client, database: str, sql: str) -> None:
    """Run statements that change a restored database; QueryFailed where one fails."""
    rows = client.rows(database, TRIGGERS)
    client.rows(database, quietly(sql, [(row[0], row[1]) for row in rows]))


def quietly(sql: str, triggers: Sequence[Tuple[str, str]]) -> str:
    """Pure: statements, with event triggers switched off before and as they were after them."""
    off: List[str] = [f"ALTER EVENT TRIGGER {identifier(name)} DISABLE;\n" for name, _state in triggers]
    on = [f"ALTER EVENT TRIGGER {identifier(name)} {ENABLED[state]};\n" for name, state in triggers]
    return "".join([*off, f"{sql}\n;\n", *on])
