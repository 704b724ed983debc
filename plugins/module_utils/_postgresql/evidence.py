# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When did the standby last have, provably, all that the primary had written?

The walsender says in each message how far the primary's WAL was when it sent it. Where the standby has all of that,
nothing that was committed before the message is missing. A receiver that ended takes its view with it. Then the WAL
itself dates the last message: a caught-up sender ends a message at the flush position, which is hardly ever the end of
a page, and one with a backlog ends it at the end of a page; so a position within a page was written by a sender that
had caught up, when the file was last written. Where that does not hold, the last replayed commit, by the primary's
clock, is what is left.
"""

from __future__ import annotations

from typing import Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._postgresql.model import lsn

WAL_PAGE = 8192
# A message that is said to have travelled longer than this tells of clocks that differ, not of the network.
LONGEST_JOURNEY = 30.0

Heard = Tuple[Optional[float], Optional[str]]


def heard(
    message_age: Optional[float],
    journey: Optional[float],
    lag_bytes: Optional[int],
    commit_age: Optional[float],
    wal_age: Optional[float],
) -> Heard:
    """Return the age of the best proof, and its kind."""
    if message_age is not None and lag_bytes == 0:
        delay = journey if journey is not None and 0 < journey <= LONGEST_JOURNEY else 0.0
        return message_age + delay, "message"
    if message_age is None and wal_age is not None:
        return wal_age, "wal"
    if commit_age is not None:
        return max(0.0, commit_age, message_age or 0.0), "commit"
    return None, None


def ends_within_a_page(receive_lsn: Optional[str]) -> bool:
    position = lsn(receive_lsn)
    return position is not None and position % WAL_PAGE != 0


def segment_name(timeline: int, position: int, segment_size: int) -> str:
    """Return the name of the WAL file that has this position."""
    number = position // segment_size
    per_high_word = 0x100000000 // segment_size
    return f"{timeline:08X}{number // per_high_word:08X}{number % per_high_word:08X}"
