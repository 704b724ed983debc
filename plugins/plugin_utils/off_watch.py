# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for the word that a host is off: whose word counts, and for how long it has to hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ansible_collections.contingency.infra.plugins.module_utils._power.control import Clock
from ansible_collections.contingency.infra.plugins.module_utils._power.model import PowerState
from ansible_collections.contingency.infra.plugins.plugin_utils.off_words import Witness, Word

POLL_SECONDS = 0.5
REST = 3.0
"""How long a silent one rests, as a multiple of what its silence has cost."""


class Watch:
    """Asks the witnesses in their order and takes the word of the first who knows.

    ``word`` is the last word, ``by`` who said it; None where nobody knew. ``trouble`` is told why one did not know.
    """

    def __init__(self, witnesses: Sequence[Witness], clock: Clock, trouble: Callable[[str], None]) -> None:
        self.witnesses = list(witnesses)
        self.word: Word | None = None
        self.by: Witness | None = None
        self._clock = clock
        self._trouble = trouble
        self._off_since: dict[str, float] = {}
        self._rests_until: dict[str, float] = {}

    @property
    def state(self) -> PowerState:
        return self.word.state if self.word is not None else PowerState.UNKNOWN

    def ask(self, without: Witness | None = None) -> bool:
        """Ask once; True where it is off, and has been for as long as that has to be."""
        self.word = self.by = None
        for witness in self.witnesses:
            if witness is without or self._rests(witness):
                continue
            word = self._asked(witness)
            if word.state is not PowerState.UNKNOWN:
                self.word, self.by = word, witness
                return self._is_steady(witness, word)
            self._off_since.pop(witness.method, None)
            self._trouble(f"{witness.method}: {word.seen}")
        return False

    def wait(self, deadline: float) -> bool:
        """Ask until it is off, at most until then (by the clock); True where it is off."""
        while not self.ask():
            left = deadline - self._clock.now()
            if left <= 0:
                return False
            self._clock.sleep(min(POLL_SECONDS, left))
        return True

    def settle(self) -> bool:
        """Wait for a word of off that has not held for long enough yet; False where it does not hold."""
        if self.by is None or self.state is not PowerState.OFF:
            return False
        return self.wait(self._clock.now() + self.by.steady_seconds + 2 * POLL_SECONDS)

    def discredit(self, why: str) -> None:
        """Do not believe any more whoever said off last; what shows that it is wrong is told."""
        if self.by is not None and self.state is PowerState.OFF:
            self._trouble(f"{self.by.method}: not believed any more, it said off and {why}")
            self.witnesses.remove(self.by)
            self.word = self.by = None

    def take(self, word: Word, by: Witness) -> None:
        """Take a word that came in another way."""
        self.word, self.by = word, by

    def _asked(self, witness: Witness) -> Word:
        started = self._clock.now()
        word = witness.ask()
        if word.state is PowerState.UNKNOWN:
            self._rests_until[witness.method] = self._clock.now() + REST * (self._clock.now() - started)
        return word

    def _rests(self, witness: Witness) -> bool:
        """One that was silent is not asked again at once where there are others: it would keep them waiting."""
        return len(self.witnesses) > 1 and self._clock.now() < self._rests_until.get(witness.method, 0.0)

    def _is_steady(self, witness: Witness, word: Word) -> bool:
        if word.state is not PowerState.OFF:
            self._off_since.pop(witness.method, None)
            return False
        since = self._off_since.setdefault(witness.method, self._clock.now())
        return self._clock.now() - since >= witness.steady_seconds
