# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part power as a whole: as new, and how fast its batteries age.

from lab import Lab
from lab.power import control

lab = Lab.from_environment()
lab.up(parts=["power"])
control.set_pace(lab, 120)                          # 1 s of the clock is 2 min of the batteries
control.set_battery(lab, "ups-a", charge=0.3)       # what is left in it
lab.fault("mains-off", "ups-a")
control.ups(lab, "ups-a").variable("battery.runtime")   # what upsd tells
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from lab import inventory
from lab.errors import LabError
from lab.kinds.host import Host
from lab.kinds.ups import Ups
from lab.power import store

if TYPE_CHECKING:
    from lab.engine import Lab

WITHIN = 15.0


def upses(lab: Lab) -> list[Ups]:
    return [machine for machine in lab.machines.values() if isinstance(machine, Ups)]


def ups(lab: Lab, name: str) -> Ups:
    machine = lab.machine(name)
    if not isinstance(machine, Ups):
        raise LabError(f"{name} is no UPS: the lab has {', '.join(found.name for found in upses(lab)) or 'none'}.")
    return machine


def hosts(lab: Lab) -> list[Host]:
    """In the order of topology.yml, also those that are off."""
    return [machine for machine in lab.machines.values() if isinstance(machine, Host)]


def renew(lab: Lab) -> None:
    """Every UPS on mains, with a full battery that tells the truth; hosts stay as they are."""
    for machine in upses(lab):
        machine.renew()


def wait_until_told(lab: Lab) -> None:
    """Until upsd tells of every UPS that it is on mains and full, and what the hosts draw that are on now."""
    deadline = time.monotonic() + WITHIN
    while waiting := [machine for machine in upses(lab) if not _is_told(machine)]:
        if time.monotonic() > deadline:
            raise LabError(
                f"After {WITHIN:.0f} s {waiting[0].name} does not tell that it is full and what the hosts draw."
            )
        time.sleep(0.05)


def _is_told(machine: Ups) -> bool:
    wanted = {"ups.status": "OL", "ups.realpower": f"{machine.load_watts():.0f}", "battery.charge": "100.0"}
    return all(machine.ask(f"GET VAR {machine.name} {name}").endswith(f'"{value}"') for name, value in wanted.items())


def set_battery(lab: Lab, name: str, *, charge: float | None = None, capacity: float | None = None) -> None:
    """What is left in a battery, and what it holds when it is full, each as a part of what its table says: 0 to 1."""
    wanted = {key: value for key, value in (("charge", charge), ("capacity", capacity)) if value is not None}
    wrong = [key for key, value in wanted.items() if not 0 < value <= 1]
    if wrong:
        raise LabError(f"{wrong[0]} of {name} cannot be {wanted[wrong[0]]:g}: use more than 0, and 1 at most.")
    ups(lab, name).store.set(**wanted)


def set_pace(lab: Lab, factor: float) -> None:
    """How many seconds of the batteries pass in one second of the clock; the inventory's tables follow."""
    store.write_pace(lab.instance, factor)
    inventory.write(lab.instance, lab.topology, lab.machines.values())
