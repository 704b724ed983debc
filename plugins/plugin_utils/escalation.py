# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting the sender of an incident, so that it goes on whatever becomes of Ansible."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import zoneinfo
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import date
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._host.run import TIMED_OUT, LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._notice.delivery import Limits
from ansible_collections.contingency.infra.plugins.plugin_utils import sender

SLACK_SECONDS = 300.0
"""Beyond its patience a sender finishes what is under way; each server has its own time limit."""


def started(orders: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Start a sender for each incident at the same time and return what each answers."""
    if not orders:
        return {}
    with ThreadPoolExecutor(len(orders)) as pool:
        return dict(zip(orders, pool.map(_sent, orders.values()), strict=True))


def order_for(
    path: str,
    plan: Mapping[str, Any],
    closed: Mapping[str, str],
    *,
    language: str,
    by: str,
    patience: float,
    limits: Limits,
) -> dict[str, Any]:
    """Return what a sender needs to know. It holds the secrets of the channels: it goes over standard input only."""
    return {
        "path": path,
        "plan": plan,
        "closed": dict(closed),
        "language": language,
        "by": by,
        "patience": patience,
        "limits": asdict(limits),
    }


def _sent(order: Mapping[str, Any]) -> Mapping[str, Any]:
    # -S: a package named ansible_collections among the site's packages would hide this one.
    command = [sys.executable, "-S", "-m", sender.__name__]
    limit = float(order["patience"]) + SLACK_SECONDS
    answer = LocalHost().run(command, timeout=limit, stdin=_text(order), environment=_environment())
    if answer.status == TIMED_OUT:
        return {"busy": True}
    try:
        found: Mapping[str, Any] = json.loads(answer.output)
    except ValueError:
        return {"error": answer.complaint}
    return found


def _text(order: Mapping[str, Any]) -> str:
    return json.dumps(order, default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be told to the sender")


def _environment() -> dict[str, str]:
    return {"PYTHONPATH": _root(), "PYTHONTZPATH": os.pathsep.join(_zones())}


def _root() -> str:
    """Return the directory that holds ansible_collections, by the path through which Ansible found this collection."""
    path = os.path.abspath(sender.__file__)
    for _level in sender.__name__.split("."):
        path = os.path.dirname(path)
    return path


def _zones() -> list[str]:
    """Return where time zones are; the package tzdata is not among what the sender can import."""
    package = importlib.util.find_spec("tzdata")
    places = list(package.submodule_search_locations or ()) if package else []
    return [*zoneinfo.TZPATH, *(os.path.join(place, "zoneinfo") for place in places)]
