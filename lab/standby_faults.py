# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with the standby pair, beside the loss of power: see lab/faults.py."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from io import FileIO

from lab import postgresql, standby
from lab.errors import LabError
from lab.faults import Fault
from lab.kinds.bmc import Bmc
from lab.kinds.debian import Debian

NOWHERE = "02:00:00:00:ff:fe"
BALLAST = "ballast"


class _OnDatabaseServer(Fault):
    @property
    def server(self) -> Debian:
        for machine in standby.databases(self.lab):
            if machine.name == self.target:
                return machine
        known = ", ".join(machine.name for machine in standby.databases(self.lab)) or "none"
        raise LabError(f"{self.target} is no database server: the lab has {known}.")


class KillPostgres(_OnDatabaseServer):
    """The server process of PostgreSQL is killed and stays dead; the machine goes on."""

    name = "kill-postgres"

    def strike(self) -> None:
        """Debian's unit does not start the server again by itself, and takes a moment to clean up after it."""
        postmaster = self.inside("head", "-n1", f"{postgresql.DATA}/postmaster.pid").strip()
        self.inside("kill", "-KILL", postmaster)
        standby.wait(self._is_over, f"{postgresql.UNIT} on {self.target} has not ended")

    def _is_over(self) -> bool:
        return self.inside("systemctl", "is-active", postgresql.UNIT, check=False).strip() in ("failed", "inactive")

    def heal(self) -> None:
        if self.server.running():
            self.inside("systemctl", "start", postgresql.UNIT, check=False)


class CutReplication(_OnDatabaseServer):
    """The machine and the other database servers do not hear each other; everybody else hears both."""

    name = "cut-replication"

    def _ends(self) -> Iterator[tuple[Debian, str]]:
        """Each machine that runs, with the address that it shall not reach."""
        for other in standby.databases(self.lab):
            if other.name != self.target:
                for here, there in ((self.server, other), (other, self.server)):
                    if here.running() and there.spec.address is not None:
                        yield here, there.spec.address

    def strike(self) -> None:
        """Packets go to a hardware address that nobody has: they are lost without a word."""
        for machine, address in self._ends():
            entry = ["ip", "neigh", "replace", address, "lladdr", NOWHERE, "nud", "permanent", "dev", standby.PORT]
            machine.exec(*entry)

    def heal(self) -> None:
        for machine, address in self._ends():
            machine.exec("ip", "neigh", "del", address, "dev", standby.PORT, check=False)


class LagStandby(_OnDatabaseServer):
    """The standby receives, and replays nothing."""

    name = "lag-standby"

    def strike(self) -> None:
        postgresql.sql(self.lab, self.target, "SELECT pg_wal_replay_pause()", "postgres")

    def heal(self) -> None:
        """A server that was started again, or is a primary by now, replays all by itself."""
        if self.server.running() and postgresql.answers(self.lab, self.target):
            resume = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_wal_replay_resume()::text END"
            postgresql.sql(self.lab, self.target, resume, "postgres")


class DiskFull(_OnDatabaseServer):
    """The file system of its databases has no byte left."""

    name = "disk-full"

    def strike(self) -> None:
        """Again and again, until a server that writes at the same time has used up the last page."""
        with (self.server.volume / BALLAST).open("ab", buffering=0) as ballast:
            for size in (2**20, 2**12):
                _append_until_full(ballast, bytes(size))

    def heal(self) -> None:
        """There is space again, and a server that stopped for lack of it is started."""
        (self.server.volume / BALLAST).unlink(missing_ok=True)
        if self.server.running():
            self.inside("systemctl", "start", postgresql.UNIT, check=False)


def _append_until_full(ballast: FileIO, block: bytes) -> None:
    while True:
        try:
            ballast.write(block)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return


class BmcDead(Fault):
    """The machine's management controller does not answer any more; the machine goes on."""

    name = "bmc-dead"

    @property
    def controller(self) -> Bmc:
        for machine in self.lab.machines.values():
            if isinstance(machine, Bmc) and self.target in machine.options.controls:
                return machine
        raise LabError(f"{self.target} has no management controller in topology.yml.")

    def strike(self) -> None:
        self.controller.power_off()

    def heal(self) -> None:
        self.controller.power_on()
