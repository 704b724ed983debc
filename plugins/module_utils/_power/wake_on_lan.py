# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wake-on-LAN: it can only switch on, and only a probe can tell whether it did."""

from __future__ import annotations

import errno
import re
import socket
from typing import Optional, Tuple

from .control import PowerControl
from .model import Bmc, BmcRefused, BmcUnreachable, PowerError, PowerState

ETHER_TYPE = 0x0842
_PORT = 9
_PROBE_SECONDS = 1.0


class WakeOnLan(PowerControl):
    """A machine whose network card listens for its magic packet."""

    def __init__(self, bmc: Bmc) -> None:
        super().__init__(str(bmc), bmc.timeout)
        self._bmc = bmc
        self._mac = _mac_bytes(str(bmc.mac))
        self._probe = _address(bmc.probe) if bmc.probe else None
        self.readable = self._probe is not None

    def limitation(self, action: str) -> Optional[str]:
        if action == "on":
            return None
        return (
            f"{self.name} cannot switch a machine off, nor see that it is off; give it a BMC with IPMI or Redfish, "
            "or switch it off by hand."
        )

    def state(self) -> PowerState:
        """Return on where the probe is answered, also by a refusal; silence is unknown, as the network may be down."""
        if self._probe is None:
            return PowerState.UNKNOWN
        try:
            with socket.create_connection(self._probe, timeout=min(self.patience, _PROBE_SECONDS)):
                return PowerState.ON
        except ConnectionRefusedError:
            return PowerState.ON
        except OSError:
            return PowerState.UNKNOWN

    def request(self, action: str) -> None:
        reason = self.limitation(action)
        if reason is not None:
            raise BmcRefused(reason)
        packet = magic_packet(self._mac)
        try:
            self._send_datagram(packet)
            if self._bmc.interface:
                send_frame(self._bmc.interface, packet)
        except OSError as error:
            raise self._not_sent(error) from error

    def close(self) -> None:
        """Nothing is held open."""

    def _send_datagram(self, packet: bytes) -> None:
        """Send it by UDP; where a frame is sent too, the lack of a route does not matter."""
        target = self._bmc.broadcast or self._bmc.host or "255.255.255.255"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            if self._bmc.interface:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._bmc.interface.encode() + b"\0")
            try:
                sock.sendto(packet, (target, self._bmc.port or _PORT))
            except OSError as error:
                if not (self._bmc.interface and error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH)):
                    raise

    def _not_sent(self, error: OSError) -> PowerError:
        reason = (error.strerror or str(error)).lower()
        if error.errno in (errno.EPERM, errno.EACCES):
            return PowerError(
                f"{self.name} could not be sent ({reason}); run as root on the controller, or leave out interface "
                "and set broadcast."
            )
        return BmcUnreachable(
            f"{self.name} could not be sent ({reason}); check interface and broadcast on this controller."
        )


def magic_packet(mac: bytes) -> bytes:
    """Return six bytes of 0xff and the address sixteen times."""
    return b"\xff" * 6 + mac * 16


def send_frame(interface: str, packet: bytes) -> None:
    """Send it to everybody behind this interface, as an Ethernet frame from the interface's own address."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind((interface, 0))
        own: bytes = sock.getsockname()[4]
        sock.send(b"\xff" * 6 + own[:6].ljust(6, b"\0") + ETHER_TYPE.to_bytes(2, "big") + packet)


def _mac_bytes(mac: str) -> bytes:
    digits = re.sub(r"[:.\-]", "", mac)
    if not re.fullmatch(r"[0-9A-Fa-f]{12}", digits):
        raise PowerError(f"{mac!r} is not a MAC address; set mac to six pairs of hex digits.")
    return bytes.fromhex(digits)


def _address(probe: str) -> Tuple[str, int]:
    host, _separator, port = probe.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise PowerError(f"The probe {probe!r} is not an address and a port; write it as address:port.")
    return host.strip("[]"), int(port)
