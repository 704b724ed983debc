# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The session of a transaction: what was sent, whether the safety net is armed, and opening it again when lost."""

from __future__ import annotations

import time
from typing import Dict, Optional, Sequence

from .errors import SessionLost, StateUnknown, SwitchError, Unreachable, told
from .model import Port, Send, Uplinks
from .outcome import Outcome
from .plan import Changes
from .platforms.base import Platform
from .session import Session
from .target import Target

_PAUSE = 0.5
_LEAST_PATIENCE = 30.0


class Line:
    """The line to one switch; it survives a session that is cut."""

    def __init__(
        self, target: Target, platform: Platform, ports: Sequence[str], patience: float, outcome: Outcome
    ) -> None:
        self.target = target
        self.platform = platform
        self.outcome = outcome
        self.net_seconds = 0
        self._ports = ports
        self._patience = max(patience, _LEAST_PATIENCE)
        self._session: Optional[Session] = None
        self._armed = False

    @property
    def session(self) -> Session:
        """Return the open session."""
        if self._session is None:
            raise SessionLost(self.target.name, "no session is open; run this again")
        return self._session

    def connect(self) -> None:
        """Open a session."""
        self._session = self.platform.open(self.target)

    def close(self) -> None:
        """End the session; harmless where there is none."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def read(self) -> Uplinks:
        """Return all that a plan is made from."""
        return self.platform.read_uplinks(self.session, self._ports)

    def read_states(self) -> Dict[str, Port]:
        """Return the uplink ports, and remember them as the latest state."""
        ports = self.platform.read_states(self.session, self._ports)
        self.outcome.note_after(ports)
        return ports

    # -- sending -----------------------------------------------------------------------------------

    def change(self, step: Changes, net: bool) -> None:
        """Change ports; with ``net`` the switch undoes it by itself unless it is confirmed."""
        self._armed = self._armed or net
        self.send(self.platform.change(step, self.net_seconds if net else 0))

    def confirm(self) -> None:
        """Tell the safety net to keep the change."""
        self._armed = False  # A session lost from here on may have kept it: nothing is promised any more.
        self.send(self.platform.confirm())

    def cancel(self) -> None:
        """Tell the safety net to undo the change now."""
        self.tolerant(self.platform.cancel())
        self._armed = False

    def leave_config(self) -> None:
        """Leave the configuration mode, whatever mode the session is in."""
        self.tolerant(self.platform.abandon())

    def send(self, sends: Sequence[Send]) -> None:
        """Send the lines of a change; CommandRejected at the first that is refused."""
        for send in sends:
            self.outcome.commands.append(send.command)
            self.outcome.changed = True
            self.session.change([send])

    def tolerant(self, sends: Sequence[Send]) -> None:
        """Send lines that the switch may refuse because there is nothing left to leave or to cancel."""
        for send in sends:
            self.session.exchange(send)

    # -- when the session is lost ------------------------------------------------------------------

    def reconnect(self, lost: SwitchError) -> Uplinks:
        """Return the state after a reconnection; StateUnknown where the switch stays away.

        Only a switch that is away is waited for: a refused login does not get better by trying.
        """
        deadline = time.monotonic() + self._patience
        while True:
            self.close()
            try:
                self.connect()
                self.outcome.reconnected += 1
                now = self.read()
                self._armed = now.pending_revert
                return now
            except Exception as error:
                if time.monotonic() > deadline or not isinstance(error, (Unreachable, SessionLost)):
                    self.close()
                    raise self._unknown(lost, told(self.target.name, error)) from error
            time.sleep(_PAUSE)

    def _unknown(self, lost: SwitchError, error: SwitchError) -> StateUnknown:
        net = (
            "the switch puts the former state back by itself within minutes; "
            if self._armed and self.platform.reverts_by_itself
            else ""
        )
        return StateUnknown(
            self.target.name,
            f"state unknown: {lost.message}, and no new session since ({error.message}); sent so far: "
            f"{'; '.join(self.outcome.commands) or 'nothing'}; {net}look at its console, then run this again",
        )
