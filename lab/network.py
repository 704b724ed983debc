# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's cables: network namespaces, the links between them and the management network."""

from __future__ import annotations

import errno
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab import kernel, watches
from lab.commands import ip_batch
from lab.instance import CONTROLLER, MANAGEMENT, NAMESPACES, STATE_ROOT, Instance
from lab.topology import Topology

MANAGEMENT_PORT = "mgmt0"
MADE_HERE = STATE_ROOT / "made-run-netns"


def build(instance: Instance, topology: Topology) -> None:
    """All namespaces and cables; the ports of the machines stay down until the machines start."""
    names = [MANAGEMENT, *topology.machines]
    with host_namespaces():
        watches.raise_limit()
        ip_batch(f"netns add {instance.namespace(name)}" for name in names)
    for name in names:
        _without_ipv6(instance.namespace_path(name))
    ip_batch([*_management_links(instance, topology), *_data_links(instance, topology)])
    ports = [f"link set {management_port(topology, name)} master mgmt up" for name in topology.machines]
    ip_batch(["link add mgmt type bridge", "link set mgmt up", *ports], namespace=instance.namespace(MANAGEMENT))
    ip_batch(controller_commands(topology), namespace=instance.namespace(CONTROLLER))


def controller_commands(topology: Topology) -> list[str]:
    address = topology.management.interface(topology.machines[CONTROLLER].management)
    return ["link set lo up", f"addr add {address} dev {MANAGEMENT_PORT}", f"link set {MANAGEMENT_PORT} up"]


def management_port(topology: Topology, machine: str) -> str:
    """The port of the management network's bridge that the machine's mgmt0 is plugged into."""
    return f"port{topology.number(machine)}"


def remove_namespaces(instance: Instance) -> list[str]:
    """Delete what `build` made, as far as it got; returns the names of the namespaces."""
    with host_namespaces():
        names = sorted(path.name for path in NAMESPACES.glob(f"{instance.prefix}*"))
        if names:
            ip_batch(f"netns delete {name}" for name in names)
    return names


@contextmanager
def host_namespaces() -> Iterator[None]:
    """Hold the machine-wide lock; if it was the lab that made ip mount /run/netns, the last one unmounts it."""
    STATE_ROOT.mkdir(parents=True, exist_ok=True)
    with (STATE_ROOT / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_mounted():
            MADE_HERE.touch()
        try:
            yield
        finally:
            _unmount_if_ours_and_empty()


def _is_mounted() -> bool:
    """Is /run/netns a mount? It is one of itself, which Path.is_mount cannot tell from no mount."""
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    return any(mount.split()[4] == str(NAMESPACES) for mount in mounts)


def _unmount_if_ours_and_empty() -> None:
    if not MADE_HERE.exists() or (NAMESPACES.exists() and any(NAMESPACES.iterdir())):
        return
    while _is_mounted():
        kernel.umount(NAMESPACES)
    try:
        NAMESPACES.rmdir()
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno not in (errno.EBUSY, errno.ENOTEMPTY):
            raise
        # Another instance that is just ending still sees it mounted; the last one removes it.
        return
    MADE_HERE.unlink()


def _without_ipv6(namespace: Path) -> None:
    with kernel.network_namespace(namespace):
        for scope in ("all", "default"):
            setting = Path(f"/proc/sys/net/ipv6/conf/{scope}/disable_ipv6")
            if setting.exists():
                setting.write_text("1", encoding="ascii")


def _management_links(instance: Instance, topology: Topology) -> Iterator[str]:
    switch = instance.namespace(MANAGEMENT)
    for name in topology.machines:
        yield (
            f"link add {MANAGEMENT_PORT} address {management_address(topology, name)} netns {instance.namespace(name)}"
            f" type veth peer name {management_port(topology, name)} netns {switch}"
        )


def _data_links(instance: Instance, topology: Topology) -> Iterator[str]:
    addresses = {
        port: hardware_address(topology.number(name), place)
        for name in topology.machines
        for place, (port, _far_end) in enumerate(topology.links_of(name), start=1)
    }
    for link in topology.links:
        near, far = (
            f"name {port.name} address {addresses[port]} netns {instance.namespace(port.machine)}"
            for port in link.ends()
        )
        yield f"link add {near} type veth peer {far}"


BRIDGE = 0xFF


def bridge_address(topology: Topology, machine: str) -> str:
    """A machine's own address, which it keeps when it loses its power, as its neighbors keep their ARP entries."""
    return hardware_address(topology.number(machine), BRIDGE)


def management_address(topology: Topology, machine: str) -> str:
    """The hardware address of its port in the management network."""
    return hardware_address(topology.number(machine), 0)


def hardware_address(machine: int, port: int) -> str:
    """The same at each start, so that captures and tables can be compared."""
    return f"02:00:00:00:{machine:02x}:{port:02x}"
