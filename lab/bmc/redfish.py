# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Redfish controller: the emulator of sushy-tools, its power state wired to the machine."""

from __future__ import annotations

import logging
import ssl
from typing import TYPE_CHECKING, Any

import bcrypt
from sushy_tools.emulator import main as emulator
from sushy_tools.emulator.resources.systems import fakedriver
from sushy_tools.error import NotSupportedError
from werkzeug.serving import WSGIRequestHandler, make_server

from lab.bmc import certificate
from lab.bmc.switch import PowerSwitch
from lab.kinds.bmc import PASSWORD, REDFISH_PORT, USER, system_id
from lab.network import management_address

if TYPE_CHECKING:
    from lab.kinds.bmc import Bmc
    from lab.kinds.debian import Debian


def serve(controller: Bmc, switches: list[PowerSwitch]) -> None:
    """One system for each machine that it controls, as a chassis of blades has; until this process is killed."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    fakedriver.FakeDriver = _driver({system_id(switch.machine.name): switch for switch in switches})
    emulator.app.configure(extra_config=_configuration(controller, switches))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate.make(controller.files, controller.spec.management))
    server = make_server(
        controller.spec.management,
        REDFISH_PORT,
        emulator.app,
        threaded=True,
        request_handler=_KeepAlive,
        ssl_context=context,
    )
    server.serve_forever()


class _KeepAlive(WSGIRequestHandler):
    """Several requests over one connection, as real controllers offer; TLS costs more than the rest."""

    protocol_version = "HTTP/1.1"
    timeout = 30


PRESSES = {
    "On": PowerSwitch.on,
    "ForceOn": PowerSwitch.on,
    "ForceOff": PowerSwitch.off,
    "GracefulShutdown": PowerSwitch.shut_down,
    "ForceRestart": PowerSwitch.reset,
}


def _driver(switches: dict[str, PowerSwitch]) -> type[Any]:

    class MachineDriver(fakedriver.FakeDriver):
        """What the emulator invents of a system, with the power of a real one."""

        def get_power_state(self, identity: str) -> str:
            return "On" if switches[self._get(identity)["uuid"]].is_on() else "Off"

        def set_power_state(self, identity: str, state: str) -> None:
            switch = switches[self._get(identity)["uuid"]]
            if state not in PRESSES:
                raise NotSupportedError(f"Power state {state} is not supported")
            PRESSES[state](switch)

    return MachineDriver


def _configuration(controller: Bmc, switches: list[PowerSwitch]) -> dict[str, Any]:
    accounts = controller.files / "accounts"
    digest = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(rounds=4)).decode()
    accounts.write_text(f"{USER}:{digest}\n", encoding="ascii")
    return {
        "SUSHY_EMULATOR_AUTH_FILE": str(accounts),
        "SUSHY_EMULATOR_FAKE_DRIVER": True,
        "SUSHY_EMULATOR_FAKE_SYSTEMS": [_system(switch.machine) for switch in switches],
        "SUSHY_EMULATOR_STATE_DIR": str(controller.files),
    }


def _system(machine: Debian) -> dict[str, Any]:
    return {
        "uuid": system_id(machine.name),
        "name": machine.name,
        "power_state": "Off",
        "nics": [{"mac": management_address(machine.site.topology, machine.name), "ip": machine.spec.management}],
    }
