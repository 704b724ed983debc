# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of a backup set came to, kept from run to run: DIRECTORY/NAME.jsonl, one line a run, the oldest first.

The content of the last good test is beside it, in DIRECTORY/NAME.last_good.json, for the drift.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import re
from typing import Any, Dict, List, Mapping, Optional

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.age import CLOCKS
from ansible_collections.contingency.infra.plugins.module_utils._restore.compare import content_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.drift import LastGood
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    DEGRADED,
    PASSED,
    NotRunnable,
    Order,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.shown import shown
from ansible_collections.contingency.infra.plugins.module_utils._restore.verdict import Outcome

GOOD = (PASSED, DEGRADED)
MISSED = "missed"
"""Beside the verdicts in fail_on: a good copy that missed an objective."""
YEAR = 366 * 86400.0
_FORMAT = 1
_NAME = re.compile(r"\A\w[\w.-]*\Z", re.ASCII)


def name_limitation(name: str) -> Optional[str]:
    """Return why a name cannot be that of a set, None where it can: files are named after it."""
    if _NAME.match(name) and ".." not in name:
        return None
    return (
        f"the name {name!r} of a set has other characters than letters, digits, dots, dashes and underscores; change it"
    )


class History:
    """The history of one set."""

    def __init__(self, host: Host, directory: str, name: str) -> None:
        self._host = host
        self.path = os.path.join(directory, f"{name}.jsonl")
        self.last_good_path = os.path.join(directory, f"{name}.last_good.json")

    @classmethod
    def of(cls, host: Host, order: Order) -> History:
        return cls(host, order.history_directory, order.name)

    def entries(self) -> List[Dict[str, Any]]:
        """Return all runs, the oldest first. A line that a killed run left half written is passed over.

        NotRunnable where the file is there and cannot be read.
        """
        try:
            with open(self.path, encoding="utf-8", errors="replace") as file:
                return [entry for entry in map(_entry, file) if entry is not None]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise NotRunnable(f"{self.path} cannot be read ({error.strerror}); correct its permissions") from error

    def last_good(self) -> Optional[LastGood]:
        """Return what the last good test restored, None where there was none; NotRunnable where it cannot be read."""
        try:
            with open(self.last_good_path, encoding="utf-8") as file:
                return _last_good(json.load(file))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise NotRunnable(
                f"{self.last_good_path} cannot be read as the last good test ({error}); "
                "move it away, and the next good test is the first one again"
            ) from error

    def add(self, outcome: Outcome) -> None:
        """Keep one more run, and its content where it was good. OSError where that cannot be written."""
        os.makedirs(os.path.dirname(os.path.abspath(self.path)), mode=0o700, exist_ok=True)
        good = outcome.good
        if good is not None and good.content is not None:
            document = {
                "format": _FORMAT,
                "at_epoch": outcome.began_at,
                "current_at_epoch": good.current_at,
                "server": (good.manifest or {}).get("server") or {},
                "content": good.content.as_dict(),
            }
            # In ASCII, which holds every name of a file, also one that is no UTF-8.
            self._host.write_atomically(self.last_good_path, json.dumps(document) + "\n")
        append(self.path, json.dumps(summary(outcome)))


def summary(outcome: Outcome) -> Dict[str, Any]:
    """Return what is kept of a run: its evidence without contents, each stage with its seconds."""
    stages: Dict[str, float] = {}
    for tried in outcome.tried:
        for stage in tried.stages:
            stages[stage.name] = round(stages.get(stage.name, 0.0) + stage.seconds, 3)
    kept = ("name", "engine", "verdict", "copy_used", "began_at_epoch", "seconds", "age_seconds", "recovery_seconds")
    evidence = outcome.as_dict()
    return {
        "format": _FORMAT,
        **{name: evidence[name] for name in kept},
        "objectives": evidence["objectives"],
        "stages": stages,
        "findings": [shown(finding.line) for finding in outcome.findings[:20]],
        "not_run": evidence["not_run"],
    }


def append(path: str, line: str) -> None:
    """Add a line and have it on disk; a line that a killed run left half written is ended first."""
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        end = file.seek(0, os.SEEK_END)
        torn = end > 0 and os.pread(file.fileno(), 1, end - 1) != b"\n"
        file.write(b"\n" * torn + line.encode("utf-8") + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _entry(line: str) -> Optional[Dict[str, Any]]:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    whole = isinstance(entry, dict) and isinstance(entry.get("began_at_epoch"), (int, float)) and "verdict" in entry
    return entry if whole else None


def _last_good(document: Dict[str, Any]) -> LastGood:
    content = content_of(document)
    if document["format"] != _FORMAT or content is None:
        raise ValueError("it is of another format")
    at = document["current_at_epoch"]
    return LastGood(float(document["at_epoch"]), None if at is None else float(at), content, dict(document["server"]))


def misses(result: Mapping[str, Any]) -> List[str]:
    """Return the objectives that a good copy missed; where none is good the verdict says more."""
    return list(result["objectives_missed"]) if result["verdict"] in GOOD else []


def last_success(entries: List[Dict[str, Any]], now: float = math.inf) -> Optional[float]:
    """Return the epoch of the last run that found a copy good, None where none did.

    One after ``now`` does not count: a clock that once ran ahead would have it be the last one for ever.
    """
    times = [float(entry["began_at_epoch"]) for entry in entries if entry["verdict"] in GOOD]
    return max((at for at in times if at <= now + CLOCKS), default=None)


def of_a_year(entries: List[Dict[str, Any]], now: float) -> List[Dict[str, Any]]:
    """Return the runs of the last twelve months."""
    return [entry for entry in entries if entry["began_at_epoch"] >= now - YEAR]
