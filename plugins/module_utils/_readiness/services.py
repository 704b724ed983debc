# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services of a host: whether they start with it, and whether they are healthy. Looked at, never started."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Mapping, Sequence

from .._health.looks import look, target
from .._health.model import COMMAND, SQL, Check, HealthError, Seen, Service
from .._host.run import Host
from .units import read_units

READ_ONLY = {
    "postgresql": "SET default_transaction_read_only = on;\n",
    "mariadb": "SET SESSION TRANSACTION READ ONLY;\n",
}
"""Goes before the query, so that a query which writes is refused instead of run."""
WRITES = ("read-only transaction", "READ ONLY transaction")


def read_services(host: Host, services: Sequence[Mapping[str, Any]], run_commands: bool) -> List[Dict[str, Any]]:
    """Return for each service what its unit and its health check say, or what is wrong with its description."""
    units = read_units(host, sorted({str(each["unit"]) for each in services if each.get("unit")}))
    return [_read(host, each, units, run_commands) for each in services]


def _read(
    host: Host, given: Mapping[str, Any], units: Mapping[str, Dict[str, Any]], run_commands: bool
) -> Dict[str, Any]:
    name = str(given.get("name") or given.get("unit") or "?")
    try:
        service = Service.of(given)
    except (HealthError, TypeError) as error:
        return {"name": name, "error": getattr(error, "message", str(error))}
    unit = {"name": service.unit, **units[service.unit]} if service.unit else None
    seen = _looked(host, service, run_commands)
    return {
        "name": service.name,
        "error": None,
        "unit": unit,
        "target": target(service.check),
        "looked": seen is not None,
        "passed": seen.passed if seen else None,
        "seen": seen.seen if seen else None,
        "expected": seen.expected if seen else None,
    }


def _looked(host: Host, service: Service, run_commands: bool) -> Seen | None:
    """None where looking might change something."""
    check: Check = service.check
    if check.kind == COMMAND and not run_commands:
        return None
    if check.kind == SQL:
        check = replace(check, query=READ_ONLY[str(check.engine)] + str(check.query))
    seen = look(host, check, check.timeout)
    if check.kind == SQL and not seen.passed and any(words in seen.seen for words in WRITES):
        return None
    return seen
