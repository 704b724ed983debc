# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the shutdown of each host took, kept on the controller from run to run.

The file is JSON: {"format": 1, "hosts": {NAME: [{at_epoch, seconds, how, timeout}, ...]}}, the newest last.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost

FILE = "shutdown_durations.json"
KEPT = 20
_FORMAT = 1


class DurationsError(Exception):
    """The file of durations cannot be read or written; the text names it and says what to do."""


class Durations:
    """One file of durations; several threads and processes may use it at once."""

    def __init__(self, path: str, kept: int = KEPT) -> None:
        self.path = path
        self._kept = kept

    def p95(self, host: str) -> float | None:
        """Return the 95th percentile (nearest rank) of a host's last shutdowns in seconds, None where there is none.

        A shutdown that ended by force counts as its time-out at least: it would have taken longer.
        """
        return percentile([_counted(run) for run in self.of(host)])

    def of(self, host: str) -> list[dict[str, Any]]:
        """Return the last shutdowns of a host, the newest last; DurationsError where the file cannot be read."""
        return list(self._read().get(host, []))

    def add(self, host: str, at_epoch: float, seconds: float, how: str, timeout: float) -> None:
        """Keep one more; DurationsError where it cannot be written."""
        run = {"at_epoch": round(at_epoch, 3), "seconds": round(seconds, 3), "how": how, "timeout": timeout}
        try:
            os.makedirs(os.path.dirname(os.path.abspath(self.path)), mode=0o700, exist_ok=True)
            with self._alone():
                hosts = self._read()
                hosts[host] = [*hosts.get(host, []), run][-self._kept :]
                text = json.dumps({"format": _FORMAT, "hosts": hosts}, indent=1, sort_keys=True) + "\n"
                LocalHost().write_atomically(self.path, text)
        except OSError as error:
            raise DurationsError(
                f"{self.path} cannot be written ({error.strerror}); free space or set durations_file."
            ) from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One writer at a time; the lock goes with the process that holds it."""
        with open(f"{self.path}.lock", "a", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _read(self) -> dict[str, list[dict[str, Any]]]:
        try:
            with open(self.path, encoding="utf-8") as file:
                return _hosts(json.load(file))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DurationsError(
                f"{self.path} cannot be read as durations of shutdowns ({error}); move it away, and the configured "
                "durations count until new ones are measured."
            ) from error


def percentile(seconds: list[float], share: float = 0.95) -> float | None:
    """Return the nearest-rank percentile, None of nothing."""
    ordered = sorted(seconds)
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else None


def _hosts(document: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    if document["format"] != _FORMAT:
        raise ValueError(f"format {document['format']!r}, and this version knows {_FORMAT}")
    return {
        str(name): [
            {
                "at_epoch": float(run["at_epoch"]),
                "seconds": float(run["seconds"]),
                "how": str(run["how"]),
                "timeout": float(run["timeout"]),
            }
            for run in runs
        ]
        for name, runs in document["hosts"].items()
    }


def _counted(run: Mapping[str, Any]) -> float:
    seconds = float(run["seconds"])
    return max(seconds, float(run["timeout"])) if run["how"] == "forced" else seconds
