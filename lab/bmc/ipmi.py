# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An IPMI controller: OpenIPMI's simulator out of the lab's root file system, its chassis wired to the machine.

The simulator runs a script for each question about the chassis. The script asks this process over the loopback of
the controller's own network namespace; so each answer takes milliseconds, and the simulator repeats nothing.
"""

from __future__ import annotations

import socketserver
import subprocess
import threading
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from lab.bmc.switch import PowerSwitch
from lab.kinds.bmc import IPMI_PORT, PASSWORD, USER
from lab.rootfs import SERVER

if TYPE_CHECKING:
    from lab.kinds.bmc import Bmc

CHASSIS_PORT = 9001
MOUNTED_AT = "/mnt"
CHASSIS = f"""\
#!/bin/bash
exec 3<>/dev/tcp/127.0.0.1/{CHASSIS_PORT}
echo "$*" >&3
cat <&3
"""
CONFIGURATION = """\
name "{name}"
set_working_mc 0x20
  startlan 1
    addr {address} {port}
    priv_limit admin
    allowed_auths_admin none md2 md5 straight
    guid {guid}
  endlan
  chassis_control "{mounted}/chassis.sh 1"
  user 2 true "{user}" "{password}" admin 10 none md2 md5 straight
"""
EMULATOR = """\
mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
mc_enable 0x20
"""


def serve(controller: Bmc, switch: PowerSwitch) -> None:
    """Until the simulator ends, which it does when this process is killed."""
    _write_files(controller)
    with _Chassis(("127.0.0.1", CHASSIS_PORT), switch) as chassis:
        threading.Thread(target=chassis.serve_forever, daemon=True).start()
        simulator = subprocess.Popen(_command(controller), stdin=subprocess.DEVNULL)
        raise SystemExit(f"ipmi_sim ended with status {simulator.wait()}")


def _write_files(controller: Bmc) -> None:
    (controller.files / "state").mkdir(exist_ok=True)
    configuration = CONFIGURATION.format(
        name=controller.name,
        address=controller.spec.management,
        port=IPMI_PORT,
        guid=uuid.uuid5(uuid.NAMESPACE_DNS, controller.name).hex,
        mounted=MOUNTED_AT,
        user=USER,
        password=PASSWORD,
    )
    (controller.files / "lan.conf").write_text(configuration, encoding="ascii")
    (controller.files / "bmc.emu").write_text(EMULATOR, encoding="ascii")
    script = controller.files / "chassis.sh"
    script.write_text(CHASSIS, encoding="ascii")
    script.chmod(0o755)


def _command(controller: Bmc) -> list[str]:
    """In mounts of its own, so that its files are where it looks and nothing is mounted on the host."""
    root = SERVER.path
    simulator = f"ipmi_sim -c {MOUNTED_AT}/lan.conf -f {MOUNTED_AT}/bmc.emu -s {MOUNTED_AT}/state -n"
    script = f'mount --bind "$1" "$2{MOUNTED_AT}" && exec chroot "$2" {simulator}'
    # The simulator ends with this process, however that ends.
    alone = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "private"]
    return [*alone, "sh", "-c", script, "ipmi_sim", str(controller.files), str(root)]


class _Chassis(socketserver.ThreadingTCPServer):
    """Answers the script: one line in, such as `1 set power 0`, one line out."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int], switch: PowerSwitch) -> None:
        super().__init__(address, _Line)
        self.commands: dict[str, Callable[[], None]] = {
            "set power 0": switch.off,
            "set power 1": switch.on,
            "set reset 1": switch.reset,
            "set shutdown 1": switch.shut_down,
        }
        self.switch = switch


class _Line(socketserver.StreamRequestHandler):
    server: _Chassis

    def handle(self) -> None:
        _channel, _space, command = self.rfile.readline().decode("ascii").strip().partition(" ")
        if command == "get power":
            self.wfile.write(f"power:{int(self.server.switch.is_on())}\n".encode("ascii"))
        elif command in self.server.commands:
            self.server.commands[command]()
