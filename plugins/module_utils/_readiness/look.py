# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failover needs, read on one host in one call. Nothing is changed: no file, no unit, no setting, no row."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from .._address.interfaces import read_all
from .._address.model import AddressError, Interface
from .._host.run import Host, LocalHost
from .._standby import record as records
from .clock import read_time
from .database import read_database
from .neighbors import answering, own_address
from .services import read_services
from .units import read_units

ASK_FOR_ADDRESS = 0.3
Part = Callable[[], Any]


def look(**arguments: Any) -> Dict[str, Any]:
    """Return what was read, part by part. A part that fails is told as its error, and the others go on."""
    return looked(LocalHost(), arguments)


def looked(host: Host, arguments: Mapping[str, Any]) -> Dict[str, Any]:
    began = time.time()
    parts: Dict[str, Part] = {
        "time": lambda: read_time(host),
        "services": lambda: read_services(host, arguments.get("services") or [], bool(arguments.get("run_commands"))),
    }
    if arguments.get("database"):
        parts["database"] = lambda: _database(host, arguments)
        parts["record"] = lambda: read_record(host)
        parts["address"] = lambda: read_addresses(host, arguments.get("addresses") or [], arguments.get("interface"))
    with ThreadPoolExecutor(len(parts)) as pool:
        running = {name: pool.submit(part) for name, part in parts.items()}
        answer = {name: each.result() for name, each in running.items()}
    return {**answer, "began": began, "ended": time.time()}


def _database(host: Host, arguments: Mapping[str, Any]) -> Dict[str, Any]:
    found = read_database(host, arguments)
    unit = found["unit"]
    return {**found, "unit_state": {"name": unit, **read_units(host, [unit])[unit]} if unit else None}


def read_record(host: Host, path: str = records.PATH) -> Dict[str, Any]:
    """Return the last takeover: ``state`` is none, unreadable, or its phase."""
    if not host.exists(path):
        return {"state": "none"}
    found = records.read(host, path)
    if found is None:
        return {"state": "unreadable", "path": path}
    return {"state": found.phase, "failed": found.failed, "started_at": found.started_at, "done_at": found.done_at}


def read_addresses(host: Host, addresses: Sequence[str], interface: Optional[str]) -> Dict[str, Any]:
    """Return on which interfaces each service address is here, and who on the network answers for it."""
    wanted = [text.partition("/")[0] for text in addresses]
    try:
        found = read_all(host)
    except AddressError as error:
        return {"error": error.message}
    own = found.get(interface) if interface else None
    return {
        "error": None,
        "here": {address: [name for name, each in found.items() if each.address(address)] for address in wanted},
        "hardware": sorted({each.mac for each in found.values()}),
        "heard": _heard(own, wanted) if own is not None else {},
    }


def _heard(interface: Interface, wanted: Sequence[str]) -> Dict[str, List[str]]:
    """Ask for IPv4 addresses; one that cannot be asked for is left out."""
    own = own_address([each.host for each in interface.addresses], wanted)
    heard: Dict[str, List[str]] = {}
    for address in wanted:
        if own and ":" not in address:
            with suppress(OSError):
                heard[address] = answering(interface.name, own, address, ASK_FOR_ADDRESS)
    return heard
