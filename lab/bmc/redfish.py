# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Redfish controller: the emulator of sushy-tools, its power state wired to the machine."""

from __future__ import annotations

import logging
import ssl
import uuid
from typing import TYPE_CHECKING, Any

import bcrypt
from sushy_tools.emulator import main as emulator
from sushy_tools.emulator.resources.systems import fakedriver
from sushy_tools.error import NotSupportedError
from werkzeug.serving import WSGIRequestHandler, make_server

from lab.bmc import certificate
from lab.bmc.switch import PowerSwitch
from lab.kinds.bmc import PASSWORD, REDFISH_PORT, USER
from lab.network import management_address

if TYPE_CHECKING:
    from lab.kinds.bmc import Bmc


def serve(controller: Bmc, switch: PowerSwitch) -> None:
    """Until this process is killed."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    fakedriver.FakeDriver = _driver(switch)
    emulator.app.configure(extra_config=_configuration(controller, switch))
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


def _driver(switch: PowerSwitch) -> type[Any]:
    presses = {
        "On": switch.on,
        "ForceOn": switch.on,
        "ForceOff": switch.off,
        "GracefulShutdown": switch.shut_down,
        "ForceRestart": switch.reset,
    }

    class MachineDriver(fakedriver.FakeDriver):
        """What the emulator invents of a system, with the power of a real one."""

        def get_power_state(self, identity: str) -> str:
            self._get(identity)
            return "On" if switch.is_on() else "Off"

        def set_power_state(self, identity: str, state: str) -> None:
            self._get(identity)
            if state not in presses:
                raise NotSupportedError(f"Power state {state} is not supported")
            presses[state]()

    return MachineDriver


def _configuration(controller: Bmc, switch: PowerSwitch) -> dict[str, Any]:
    machine = switch.machine
    system = {
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_DNS, machine.name)),
        "name": machine.name,
        "power_state": "Off",
        "nics": [{"mac": management_address(machine.site.topology, machine.name), "ip": machine.spec.management}],
    }
    accounts = controller.files / "accounts"
    digest = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(rounds=4)).decode()
    accounts.write_text(f"{USER}:{digest}\n", encoding="ascii")
    return {
        "SUSHY_EMULATOR_AUTH_FILE": str(accounts),
        "SUSHY_EMULATOR_FAKE_DRIVER": True,
        "SUSHY_EMULATOR_FAKE_SYSTEMS": [system],
        "SUSHY_EMULATOR_STATE_DIR": str(controller.files),
    }
