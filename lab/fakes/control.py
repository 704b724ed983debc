# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control interface of a process of fake devices: one JSON object a line over a Unix socket."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lab.fakes.network import FakeNetwork, Handle

Request = dict[str, Any]


class Control:
    """Answers requests about the devices of a network."""

    def __init__(self, network: FakeNetwork) -> None:
        """Control this network."""
        self.network = network
        self._actions: dict[str, Callable[[Request], Any]] = {
            "list": self._list,
            "log": self._log,
            "state": self._state,
            "faults": self._faults,
            "peer": self._peer,
            "refuse": self._refuse,
            "host_key": self._host_key,
        }

    def answer(self, line: str) -> str:
        """Do what one line asks and give the answer."""
        try:
            request = json.loads(line)
            result = self._actions[request["do"]](request)
        except (KeyError, TypeError, ValueError) as error:
            return json.dumps({"error": f"{type(error).__name__}: {error}"})
        return json.dumps({"result": result})

    def _handles(self, request: Request) -> list[Handle]:
        return list(self.network) if request["device"] == "*" else [self.network[request["device"]]]

    def _list(self, request: Request) -> Any:
        return {
            handle.fake.name: {"host": handle.host, "port": handle.port, "platform": handle.device.platform}
            for handle in self.network
        }

    def _log(self, request: Request) -> Any:
        return [asdict(entry) for handle in self._handles(request) for entry in list(handle.received)]

    def _state(self, request: Request) -> Any:
        handle = self.network[request["device"]]
        device = handle.device
        return {
            "running": handle.running_config(),
            "startup": handle.startup_config(),
            "ports": {name: asdict(port) for name, port in device.running.ports.items()},
            "links": {name: device.is_up(name) for name in device.ports},
            "active_uplink": device.active_uplink(),
            "history": device.history,
        }

    def _faults(self, request: Request) -> None:
        for handle in self._handles(request):
            if request.get("clear"):
                handle.faults.clear()
            handle.faults.update(request.get("set", {}))

    def _peer(self, request: Request) -> None:
        for handle in self._handles(request):
            handle.set_peer(request["port"], bool(request["up"]))

    def _refuse(self, request: Request) -> None:
        for handle in self._handles(request):
            handle.refuse_connections(float(request["seconds"]))

    def _host_key(self, request: Request) -> None:
        for handle in self._handles(request):
            handle.change_host_key()


class ControlServer:
    """Serves a Control at a Unix socket; a context manager."""

    def __init__(self, control: Control, path: Path) -> None:
        """Listen at this path."""
        self.path = path
        path.unlink(missing_ok=True)

        class Requests(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                for line in self.rfile:
                    self.wfile.write(control.answer(line.decode()).encode() + b"\n")

        self._server = socketserver.ThreadingUnixStreamServer(str(path), Requests)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> ControlServer:
        """Start to answer."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop answering and remove the socket."""
        self._server.shutdown()
        self._server.server_close()
        self.path.unlink(missing_ok=True)
