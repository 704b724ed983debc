# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many fake devices in one process: an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import importlib
import threading
from collections.abc import Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import asyncssh

from lab.fakes.device import Device, Received
from lab.fakes.faults import Faults
from lab.fakes.model import Fake
from lab.fakes.server import Listener

Result = TypeVar("Result")

importlib.import_module("lab.fakes.platforms")


class Handle:
    """A running device, seen from the test: its address, state, log and faults."""

    def __init__(self, fake: Fake, listener: Listener, network: FakeNetwork) -> None:
        """Hold the device's listener."""
        self.fake = fake
        self.listener = listener
        self.network = network
        self.device: Device = listener.device

    @property
    def port(self) -> int:
        """The TCP port of the device's SSH server."""
        return self.listener.port

    @property
    def host(self) -> str:
        """The address of the device's SSH server."""
        return self.listener.host

    @property
    def faults(self) -> Faults:
        """The faults; they may be changed at any time."""
        return self.device.faults

    @property
    def received(self) -> list[Received]:
        """Every line that came in."""
        return self.device.received

    def lines(self, mode: str | None = None) -> list[str]:
        """List the lines that came in, those of one mode or all."""
        return [entry.line for entry in self.received if mode in (None, entry.mode)]

    def running_config(self) -> str:
        """Give the running configuration as the device shows it."""
        return self.listener.platform.render_config(self.device.running)

    def startup_config(self) -> str:
        """Give the startup configuration as the device shows it."""
        return self.device.startup

    def set_peer(self, port: str, up: bool) -> None:
        """Take the device behind a port up or down."""
        peer = self.device.ports[port].peer
        if peer is None:
            raise ValueError(f"Nothing is connected to {port}; name a port that has a peer.")
        peer.up = up
        self.network.call(self.device.refresh)

    def change_host_key(self) -> None:
        """Show another host key from now on."""
        self.network.run(self.listener.change_key(asyncssh.generate_private_key("ssh-ed25519")))

    def refuse_connections(self, seconds: float) -> None:
        """Refuse new connections for a while."""
        self.network.call(lambda: self.listener.refuse(seconds))

    def netmiko(self, **overrides: Any) -> dict[str, Any]:
        """Give the arguments of netmiko.ConnectHandler."""
        credentials = self.device.credentials
        arguments: dict[str, Any] = {
            "device_type": self.device.platform,
            "host": self.host,
            "port": self.port,
            "username": credentials.user,
            "password": credentials.password,
            "secret": credentials.enable_secret,
        }
        return {**arguments, **overrides}


class FakeNetwork:
    """Running fake devices; a context manager."""

    def __init__(
        self, fakes: Sequence[Fake], host: str = "127.0.0.1", base_port: int = 0, key: asyncssh.SSHKey | None = None
    ) -> None:
        """Prepare the devices; with base_port they take that port and the ones after it."""
        self.host_key = key or asyncssh.generate_private_key("ssh-ed25519")
        self._handles: dict[str, Handle] = {}
        for index, fake in enumerate(fakes):
            port = fake.port or (base_port + index if base_port else 0)
            listener = Listener(fake.build(host), host, port, self.host_key)
            self._handles[fake.name] = Handle(fake, listener, self)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake-network", daemon=True)

    def __enter__(self) -> FakeNetwork:
        """Start all devices."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop all devices; a defect of a fake is an error."""
        self.stop()
        defects = [text for handle in self for text in handle.device.defects]
        if defects:
            raise RuntimeError("A fake device has a defect, mend it first:\n" + "\n".join(defects))

    def __getitem__(self, name: str) -> Handle:
        """Give a device by its name."""
        return self._handles[name]

    def __iter__(self) -> Iterator[Handle]:
        """Go through the devices in their order."""
        return iter(self._handles.values())

    def __len__(self) -> int:
        """Count the devices."""
        return len(self._handles)

    def start(self) -> None:
        """Start the event loop and all devices."""
        self._thread.start()
        for handle in self:
            self.run(handle.listener.start())

    def stop(self) -> None:
        """Stop all devices and the event loop."""
        self.run(self._shut_down())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _shut_down(self) -> None:
        for handle in self:
            await handle.listener.stop()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine in the devices' event loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=30)

    def call(self, function: Any) -> None:
        """Call a function in the devices' event loop and wait for it."""

        async def wrapped() -> None:
            function()

        self.run(wrapped())

    def write_known_hosts(self, path: Path) -> None:
        """Write the host keys as OpenSSH keeps them."""
        lines = []
        for handle in self:
            key = handle.listener.key.export_public_key().decode().split()
            name = handle.host if handle.port == 22 else f"[{handle.host}]:{handle.port}"
            lines.append(f"{name} {key[0]} {key[1]}\n")
        path.write_text("".join(lines), encoding="utf-8")
