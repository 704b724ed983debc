# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a promotion on the standby's own disk, so that a run that was killed is finished by the next.

The guards judge a standby that still follows its primary. Once its I/O thread is stopped, nothing on it tells any more
how old its data was; the record does. It counts for as long as the server still looks as a promotion left it.
"""

from __future__ import annotations

import json
import posixpath
from dataclasses import dataclass
from typing import Optional

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._mariadb import gtid
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.model import Data, MariadbError, State

DIRECTORY = "/var/lib/contingency/mariadb"
VALID_SECONDS = 3600.0


@dataclass(frozen=True)
class Record(Data):
    """A promotion that has passed its guards; ``received`` is what must be applied before writes are let in."""

    at_epoch: float
    data_directory: str
    server_id: int
    primary: str
    received: str
    loss_seconds: Optional[float]
    finished: bool = False


def read(host: Host, path: str) -> Optional[Record]:
    """Return the record, None where there is none; one that cannot be understood is none."""
    text = host.read(path)
    if not text:
        return None
    try:
        return Record.from_dict(json.loads(text))
    except (ValueError, TypeError, AttributeError, MariadbError):
        return None


def write(host: Host, path: str, record: Record) -> None:
    text = json.dumps(record.to_dict(), sort_keys=True)
    try:
        try:
            host.write_atomically(path, text)
        except FileNotFoundError:
            host.run(["install", "--directory", "--mode=0700", "--", posixpath.dirname(path)])
            host.write_atomically(path, text)
    except OSError as error:
        raise MariadbError(
            f"The record of the promotion cannot be written to {path} ({error.strerror}), and without it a run that is "
            "killed could not be finished; make room there, or name another journal."
        ) from error


def continues(record: Optional[Record], state: State, now: float) -> bool:
    """Does the server look as a promotion of this record left it when it was killed?"""
    if record is None or record.finished or not 0 <= now - record.at_epoch <= VALID_SECONDS:
        return False
    if (record.server_id, record.data_directory) != (state.server_id, state.data_directory):
        return False
    if not state.is_replica:
        return state.running and gtid.covers(state.gtid_slave_pos, record.received)
    return state.io_running == "No" and record.primary == f"{state.primary_host}:{state.primary_port}"
