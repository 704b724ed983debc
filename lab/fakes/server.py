# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SSH server of the fake devices: cheap to run, one listener for each device."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import asyncssh

from lab.fakes.device import Device
from lab.fakes.platform import PLATFORMS, Platform
from lab.fakes.session import Session

KEX = ("curve25519-sha256", "curve25519-sha256@libssh.org")
CIPHERS = ("aes128-ctr", "aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com")
MACS = ("hmac-sha2-256", "hmac-sha2-256-etm@openssh.com")


class Server(asyncssh.SSHServer):
    """One connection to one device."""

    def __init__(self, listener: Listener) -> None:
        """Serve the device of this listener."""
        self.listener = listener
        self.device = listener.device
        self.user = ""

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Take the connection."""
        self.connection = conn
        self.listener.connections.add(conn)

    async def begin_auth(self, username: str) -> bool:
        """Ask for a password or a key, unless the device hangs or cannot be reached."""
        self.user = username
        while self.device.faults.hang_login or not self.device.carries_session():
            await asyncio.sleep(0.2)
        if self.device.faults.login_delay:
            await asyncio.sleep(self.device.faults.login_delay)
        return True

    def password_auth_supported(self) -> bool:
        """Accept passwords."""
        return True

    def validate_password(self, username: str, password: str) -> bool:
        """Check a password."""
        wanted = self.device.credentials
        return (username, password) == (wanted.user, wanted.password) and not self.device.faults.deny_login

    def public_key_auth_supported(self) -> bool:
        """Accept keys."""
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Check a key."""
        wanted = self.device.credentials
        if username != wanted.user or self.device.faults.deny_login:
            return False
        known = [asyncssh.import_public_key(text).public_data for text in wanted.authorized_keys]
        return wanted.any_key or key.public_data in known

    def session_requested(self) -> Session:
        """Open a shell."""
        self.device.record("login", self.user, self.connection.get_extra_info("peername")[0])
        session = Session(self.device, self.listener.platform, self._cut, self.user)
        self.listener.sessions.add(session)
        return session

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection and its sessions."""
        self.listener.connections.discard(self.connection)
        self.listener.sessions = {session for session in self.listener.sessions if not session.closed}

    def _cut(self, refuse_for: float) -> None:
        self.connection.abort()
        if refuse_for:
            self.listener.refuse(refuse_for)


class Listener:
    """The address at which a device is reached."""

    def __init__(self, device: Device, host: str, port: int, key: asyncssh.SSHKey) -> None:
        """Serve the device at host:port; port 0 takes a free one."""
        self.device = device
        self.platform: Platform = PLATFORMS[device.platform](device)
        self.host = host
        self.port = port
        self.key = key
        self.sessions: set[Session] = set()
        self.connections: set[asyncssh.SSHServerConnection] = set()
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._reopening: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Switch the device on and listen."""
        self.device.loop = asyncio.get_running_loop()
        self.device.broadcast = self._broadcast
        self.platform.start()
        await self._listen()

    async def _listen(self) -> None:
        options = server_options(self.key, lambda: Server(self))
        self._acceptor = await asyncssh.listen(self.host, self.port, options=options, backlog=256)
        self.port = self._acceptor.get_port()

    async def change_key(self, key: asyncssh.SSHKey) -> None:
        """Show another host key from now on."""
        self.key = key
        self._stop_accepting()
        await self._listen()

    def refuse(self, seconds: float) -> None:
        """Refuse new connections for a while."""
        self._stop_accepting()
        if self._reopening is not None:
            self._reopening.cancel()
        self._reopening = asyncio.get_running_loop().create_task(self._reopen(seconds))

    async def _reopen(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._listen()

    def _stop_accepting(self) -> None:
        if self._acceptor is not None:
            self._acceptor.close()
            self._acceptor = None

    def _broadcast(self, text: str) -> None:
        for session in self.sessions:
            session.message(text)

    async def stop(self) -> None:
        """Switch the device off."""
        if self._reopening is not None:
            self._reopening.cancel()
        self._stop_accepting()
        for connection in list(self.connections):
            connection.abort()
            await connection.wait_closed()


def server_options(
    key: asyncssh.SSHKey, factory: Callable[[], asyncssh.SSHServer]
) -> asyncssh.SSHServerConnectionOptions:
    """Choose what costs little: curve25519, AES in counter mode, no compression, no line editor."""
    return asyncssh.SSHServerConnectionOptions(
        server_factory=factory,
        server_host_keys=[key],
        kex_algs=KEX,
        encryption_algs=CIPHERS,
        mac_algs=MACS,
        compression_algs=("none",),
        kbdint_auth=False,
        gss_host=None,
        allow_scp=False,
        agent_forwarding=False,
        line_editor=False,
        login_timeout=120,
        keepalive_interval=0,
        server_version="SSH-Fake-1.0",
    )
