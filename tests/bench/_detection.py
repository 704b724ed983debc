# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many damaged backups restore_test and others catch, and how many undamaged ones they call damaged."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from lab.backup.ground import Ground
from lab.backup.server import BackupServer
from lab.backup.writers import Writing
from lab.damage import Damage
from lab.damage.model import Backup, Manifest
from tests.bench._peers import Peer
from tests.lab.restore.chosen import damages, sets
from tests.lab.restore.shelf import Shelf, reseal

ROUNDS = int(os.environ.get("CONTINGENCY_BENCH_UNDAMAGED", "1"))
"""How many undamaged backups of each of the ten sets are taken."""
PROGRESS_EACH = 10
"""Damages; each takes some seconds."""
OF_THE_MANIFEST = ("stale", "from-tomorrow", "manifest-altered", "manifest-cut")
"""Only our own manifest is another one, the backup's files are good: nothing for others to find."""


@dataclass
class Tally:
    """``damaged`` and ``undamaged`` backups that it was asked of."""

    caught: int = 0
    damaged: int = 0
    false_alarms: int = 0
    undamaged: int = 0

    def count(self, bad: bool, complains: bool) -> None:
        if bad:
            self.damaged += 1
            self.caught += complains
        else:
            self.undamaged += 1
            self.false_alarms += complains


class Detection:
    """Small backups of PostgreSQL in all formats; the sizes of files do not matter to what is found in them."""

    def __init__(self, server: BackupServer, peers: Iterable[Peer]) -> None:
        self._ground = Ground.on(server)
        server.shell("mkdir -p /srv/backups")
        self._ground.make_postgresql(2000)
        self._shelf = Shelf(self._ground)
        self._peers = list(peers)
        self.ours = Tally()
        self.others = {peer.name: Tally() for peer in self._peers}

    def close(self) -> None:
        self._shelf.close()

    def run(self, show: Callable[[str], None]) -> None:
        """All damages, each on a fresh copy, and then undamaged backups that are taken while people work."""
        for peer in self._peers:
            peer.prepare(self._shelf.fresh("pg_dump-custom"))
        chosen = list(filter(_of_postgresql, damages()))
        for number, damage in enumerate(chosen, 1):
            self._damaged(damage, show)
            if number % PROGRESS_EACH == 0:
                show(f"{number} of {len(chosen)} damages: {self.ours.caught} caught")
        for name in (name for name in sets() if name.startswith("pg")):
            for _round in range(ROUNDS):
                self._undamaged(name, show)

    def _damaged(self, damage: Damage, show: Callable[[str], None]) -> None:
        backup = self._shelf.fresh(damage.source)
        if damage.history:
            self._shelf.test(damage.source, backup)
        damage.strike(backup, self._ground)
        known: dict[str, Any] = {}
        if damage.manifest is Manifest.LATER:
            reseal(backup)
        elif damage.manifest is Manifest.NONE:
            backup.remove_manifest()
            known = {"manifest": False, "max_age": None}
        caught = self._shelf.test(damage.source, backup, **known)["verdict"] == "failed"
        self.ours.count(True, caught)
        if not caught:
            show(f"not caught: {damage}")
        if damage.name not in OF_THE_MANIFEST:
            self._ask(damage.source, backup, True, show)

    def _undamaged(self, name: str, show: Callable[[str], None]) -> None:
        with Writing(self._ground.server, self._ground.production.writer(), pause=0.002):
            backup = self._shelf.take(name)
        alarm = self._shelf.test(name, backup)["verdict"] != "passed"
        self.ours.count(False, alarm)
        if alarm:
            show(f"a false alarm: {name}")
        self._ask(name, backup, False, show)

    def _ask(self, name: str, backup: Backup, bad: bool, show: Callable[[str], None]) -> None:
        for peer in self._peers:
            if peer.knows(name):
                complains = peer.complains(name, backup)
                self.others[peer.name].count(bad, complains)
                if complains and not bad:
                    show(f"a false alarm of {peer.name}: {name}")


def _of_postgresql(damage: Damage) -> bool:
    return damage.source.startswith("pg")
