# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planned way on the host that hands over: ``release`` stops writes and gives up the address.

``reclaim`` is the way back where the other host did not take over.
"""

from __future__ import annotations

import time
from typing import Any, Dict, Mapping

from .._address.claim import absent, present
from .._address.model import AddressError, Wanted
from .._host.run import Host, LocalHost
from . import record as records
from .engine import Engine, EngineError
from .engines import engine_named
from .lease import Lease
from .record import REJOINED

Arguments = Mapping[str, Any]


def release(**arguments: Any) -> Dict[str, Any]:
    """Stop the primary with proof of its last write, and take the service address off it."""
    return _kept(arguments, _release)


def reclaim(**arguments: Any) -> Dict[str, Any]:
    """Start the primary again and give it the service address back."""
    return _kept(arguments, _reclaim)


def reprotect(**arguments: Any) -> Dict[str, Any]:
    """A standby follows again: let commits wait for it as they did, and close the record of the takeover."""
    return _kept(arguments, _reprotect)


def _kept(arguments: Arguments, work: Any) -> Dict[str, Any]:
    """Return the result, with the reason under ``refused`` where it went wrong."""
    result: Dict[str, Any] = {"changed": False, "steps": [], "proven": [], "seconds": {}, "refused": None}
    started = time.monotonic()
    try:
        with Lease().working():
            host = LocalHost()
            work(host, engine_named(host, arguments), arguments, result)
    except (EngineError, AddressError) as error:
        result["refused"] = error.message
    except OSError as error:
        result["refused"] = f"{arguments['host']}: {records.PATH} cannot be written ({error.strerror}); make room"
    result["seconds"]["total"] = round(time.monotonic() - started, 3)
    return result


def _release(host: Host, engine: Engine, arguments: Arguments, result: Dict[str, Any]) -> None:
    engine.read()
    running = engine.is_primary()
    reason = engine.release_limitation()
    if reason:
        result["refused"] = reason
        return
    if arguments.get("check_mode"):
        result["changed"] = True
        result["steps"] = [
            f"stop {arguments['engine']} so that its last write is at the standby",
            *_taken_off(arguments),
        ]
        return
    if running:
        engine.prepare_release()
    stopped_at = host.wall()
    done = engine.release(arguments["timeout"])
    result["position"] = done["position"]
    result["stopped_at"] = stopped_at
    result["changed"] = done["changed"]
    result["steps"] += done["steps"]
    result["proven"] += done["proven"]
    if arguments["addresses"]:
        off = absent(host, Wanted(interface=arguments["interface"], addresses=tuple(arguments["addresses"])))
        result["changed"] = result["changed"] or off.changed
        result["steps"] += off.steps
        result["proven"] += off.proven


def _taken_off(arguments: Arguments) -> Any:
    return [f"take {each} off {arguments['interface']}" for each in arguments["addresses"]]


def _reclaim(host: Host, engine: Engine, arguments: Arguments, result: Dict[str, Any]) -> None:
    done = engine.reclaim(arguments["timeout"])
    result["steps"] += done["steps"]
    result["changed"] = bool(done["steps"])
    engine.read()
    if not engine.is_primary():
        raise EngineError(f"{arguments['host']}: was started again, but takes no writes; look into its log")
    if arguments["addresses"]:
        on = present(host, Wanted(interface=arguments["interface"], addresses=tuple(arguments["addresses"])))
        result["changed"] = result["changed"] or on.changed
        result["steps"] += on.steps
        result["proven"] += on.proven


def _reprotect(host: Host, engine: Engine, arguments: Arguments, result: Dict[str, Any]) -> None:
    record = records.read(host)
    if record is None or record.phase == REJOINED:
        return
    if arguments.get("check_mode"):
        result["changed"] = True
        return
    if record.waited_for:
        result["steps"].append(engine.wait_again(record.waited_for))
    records.write(host, record.further(REJOINED))
    result["changed"] = True
