# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One management controller: `python -m lab.bmc INSTANCE CONTROLLER`, started by lab/kinds/bmc.py."""

from __future__ import annotations

import sys

from lab import kernel
from lab.bmc.switch import PowerSwitch
from lab.commands import ip_batch
from lab.engine import Lab
from lab.instance import Instance
from lab.kinds.bmc import Bmc
from lab.network import MANAGEMENT_PORT


def main(instance: str, name: str) -> None:
    lab = Lab.of_running(Instance(instance))
    controller = lab.machine(name)
    assert isinstance(controller, Bmc)
    kernel.setns(controller.namespace_path, kernel.CLONE_NEWNET)
    address = lab.topology.management.interface(controller.spec.management)
    own = [f"addr replace {address} dev {MANAGEMENT_PORT}", f"link set {MANAGEMENT_PORT} up", "link set lo up"]
    ip_batch(own)
    switches = [PowerSwitch(lab, machine) for machine in controller.options.controls]
    if controller.options.protocol == "ipmi":
        from lab.bmc import ipmi

        ipmi.serve(controller, switches[0])
    else:
        from lab.bmc import redfish

        redfish.serve(controller, switches)


if __name__ == "__main__":
    main(*sys.argv[1:])
