# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pair of databases as a whole: as new, and where the service is.

from lab import Lab, standby

lab = Lab.from_environment()
lab.up(parts=["standby"])
standby.synchronous(lab)            # until then the primary waits for nobody
standby.service_at(lab)             # the machines that have the service address
standby.renew(lab)                  # both databases as new, after whatever a test did to them
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from lab import postgresql
from lab.errors import LabError
from lab.kinds.debian import Debian

if TYPE_CHECKING:
    from lab.engine import Lab

PORT = "eth0"
WITHIN = 30.0
Progress = Callable[[str], None]


def databases(lab: Lab) -> list[Debian]:
    """The database servers, in the order of topology.yml, also those that are off."""
    return [m for m in lab.machines.values() if isinstance(m, Debian) and m.options.database is not None]


def first_primary(lab: Lab) -> Debian | None:
    """The machine that is the primary when the lab is new."""
    found = [m for m in databases(lab) if m.options.database and m.options.database.begins_as == "primary"]
    return found[0] if found else None


def first_standbys(lab: Lab) -> list[Debian]:
    """The machines that are its hot standbys when the lab is new."""
    return [m for m in databases(lab) if m.spec.power and m is not first_primary(lab)]


def make_whole(lab: Lab, progress: Progress = lambda _line: None) -> None:
    """Leave databases alone that are as at the beginning, and make all others new."""
    primary = first_primary(lab)
    if primary is None:
        return
    started = time.monotonic()
    if not _is_new_or_as_new(lab, primary):
        renew(lab)
    progress(f"databases ready after {time.monotonic() - started:.1f} s")


def _is_new_or_as_new(lab: Lab, primary: Debian) -> bool:
    if not lab.is_up():
        _begin_service(lab, primary)
        return True
    synchronous_names = ""
    if service_at(lab) != [primary.name] or not postgresql.answers(lab, primary.name):
        return False
    if postgresql.in_recovery(lab, primary.name):
        return False
    synchronous_names = postgresql.sql(lab, primary.name, "SHOW synchronous_standby_names")
    return synchronous_names == "" and _all_stream(lab, primary)


def renew(lab: Lab) -> None:
    """Every database server is switched off, gets the databases of a new lab, and starts."""
    machines = databases(lab)
    for machine in machines:
        machine.power_off()
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda machine: machine.renew_disk(), machines))
        list(pool.map(lambda machine: machine.power_on() if machine.spec.power else None, machines))
    primary = first_primary(lab)
    if primary is not None:
        _begin_service(lab, primary)


def _begin_service(lab: Lab, primary: Debian) -> None:
    for machine in [primary, *first_standbys(lab)]:
        wait(lambda machine=machine: machine.not_ready() is None, f"{machine.name} does not answer")  # type: ignore[misc]
    wait(lambda: postgresql.answers(lab, primary.name), f"PostgreSQL on {primary.name} does not answer")
    take_service(lab, primary.name)
    wait_for_streams(lab)


def wait_for_streams(lab: Lab) -> None:
    """Until every hot standby of the first primary streams from it again, as after a fault of their link.

    A link that was cut and healed still counts as streaming before anything went over it; so something has to.
    """
    primary = first_primary(lab)
    if primary is None:
        return
    said = f"the standbys of {primary.name} do not stream from it"
    wait(lambda: _all_stream(lab, primary), said)
    position = postgresql.mark(lab, primary.name)
    names = {machine.name for machine in first_standbys(lab)}
    wait(lambda: names <= postgresql.reached(lab, primary.name, position), said)


def _all_stream(lab: Lab, primary: Debian) -> bool:
    return {machine.name for machine in first_standbys(lab)} <= set(postgresql.streaming(lab, primary.name))


def synchronous(lab: Lab, on: bool = True) -> None:
    """Let the first primary acknowledge only what a hot standby has on disk, or go back to waiting for nobody."""
    primary = first_primary(lab)
    if primary is None:
        raise LabError("The lab runs without databases: start it with --part standby.")
    names = ",".join(f'"{machine.name}"' for machine in first_standbys(lab)) if on else ""
    postgresql.synchronous(lab, primary.name, names)
    wanted = "sync" if on else "async"
    wait(
        lambda: set(postgresql.streaming(lab, primary.name).values()) == {wanted},
        f"the standbys of {primary.name} are not {wanted}",
    )
    # Writers wait only once the checkpointer has read the setting too; it reads it before it makes a checkpoint.
    postgresql.sql(lab, primary.name, "CHECKPOINT", "postgres")


def service_interface(lab: Lab) -> str:
    """The service address as it is given to a port: with its prefix length."""
    hospital = lab.topology.hospital
    if hospital.service is None:
        raise LabError("The topology has no service address: add it to the network hospital as service.")
    return hospital.interface(hospital.service)


def service_at(lab: Lab) -> list[str]:
    """The machines that run and have the service address: one of them, if all is well."""
    wanted = f" {service_interface(lab)} "
    running = [machine for machine in databases(lab) if machine.running()]
    return [m.name for m in running if wanted in lab.exec(m.name, "ip", "-4", "addr", "show", "dev", PORT).stdout]


def take_service(lab: Lab, machine: str) -> None:
    """Give a machine the service address; its neighbors are told in the background."""
    address = service_interface(lab)
    announce = f"arping -q -c 1 -A -I {PORT} {address.partition('/')[0]}"
    lab.exec(machine, "sh", "-c", f"ip addr replace {address} dev {PORT} && {{ {announce} >/dev/null 2>&1 & }}")


def wait(condition: Callable[[], bool], otherwise: str) -> None:
    """Return once a condition holds; raises LabError with `otherwise` when it does not within 30 s."""
    deadline = time.monotonic() + WITHIN
    while not condition():
        if time.monotonic() > deadline:
            raise LabError(f"After {WITHIN:.0f} s {otherwise}.")
        time.sleep(0.03)
