# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The battery of one UPS: `python -m lab.power INSTANCE UPS`, started by lab/kinds/ups.py, ends with the lab.

It is physics and not a program of the UPS: it goes on when the UPS has no power or is broken.
"""

from __future__ import annotations

import sys
import time

from lab.engine import Lab
from lab.instance import Instance
from lab.kinds.ups import Ups
from lab.power import battery, store

TICK_SECONDS = 0.25


def main(instance: str, name: str) -> None:
    lab = Lab.of_running(Instance(instance))
    ups = lab.machine(name)
    assert isinstance(ups, Ups)
    while True:
        tick(ups)
        time.sleep(TICK_SECONDS)


def tick(ups: Ups) -> None:
    """Drain or charge; then take the power away, give it back, or say how it stands."""
    pace = store.pace(ups.site.instance)
    load = ups.load_watts()
    state = ups.store.update(lambda state: battery.advance(ups.battery, state, load, time.monotonic(), pace))
    if not state.output:
        ups.go_dark()
    elif not ups.running():
        ups.light_up()
    else:
        ups.publish(state, pace)


if __name__ == "__main__":
    main(*sys.argv[1:])
