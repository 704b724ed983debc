# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's machines and links, read from topology.yml and checked."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from lab.errors import LabError

DEFAULT_FILE = Path(__file__).with_name("topology.yml")
LONGEST_PORT_NAME = 15
EVERY_PART = "every"
FIRST_PART = "network"


@dataclass(frozen=True)
class Port:
    """One end of a link."""

    machine: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Port:
        machine, colon, name = text.partition(":")
        if not (machine and colon and name):
            raise LabError(f"{text!r} is not a port: write machine:port, such as core-a:swp1.")
        return cls(machine, name)

    def __str__(self) -> str:
        return f"{self.machine}:{self.name}"


@dataclass(frozen=True)
class Link:
    """A cable between two ports."""

    near: Port
    far: Port

    def ends(self) -> tuple[Port, Port]:
        return self.near, self.far

    def other(self, port: Port) -> Port:
        return self.far if port == self.near else self.near

    def __str__(self) -> str:
        return f"{self.near} - {self.far}"


@dataclass(frozen=True)
class Network:
    """An address range that machines share."""

    name: str
    prefix: ipaddress.IPv4Network
    service: str | None = None

    def interface(self, address: str) -> str:
        return f"{address}/{self.prefix.prefixlen}"


@dataclass(frozen=True)
class MachineSpec:
    """What topology.yml says of one machine; `options` is for its kind to understand."""

    name: str
    kind: str
    role: str
    management: str
    address: str | None
    part: str
    power: bool
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Topology:
    """What topology.yml says, or the part of it that is started."""

    machines: Mapping[str, MachineSpec]
    links: tuple[Link, ...]
    management: Network
    hospital: Network
    digest: str
    names: tuple[str, ...]

    def number(self, machine: str) -> int:
        """Its place in topology.yml, which does not depend on which parts are started."""
        return self.names.index(machine)

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(machine.part for machine in self.machines.values() if machine.part != EVERY_PART))

    def of_parts(self, parts: Collection[str]) -> Topology:
        """Only the machines of these parts, the controller, and the links between them."""
        unknown = sorted(set(parts) - set(self.parts))
        if unknown:
            raise LabError(f"The lab has no part {', '.join(unknown)}: it has {', '.join(self.parts)}.")
        machines = {name: spec for name, spec in self.machines.items() if spec.part in (*parts, EVERY_PART)}
        links = tuple(link for link in self.links if all(port.machine in machines for port in link.ends()))
        return replace(self, machines=machines, links=links)

    def machine(self, name: str) -> MachineSpec:
        try:
            return self.machines[name]
        except KeyError:
            raise LabError(f"There is no machine {name} in the lab: it has {', '.join(self.machines)}.") from None

    def of_role(self, role: str) -> list[MachineSpec]:
        return [machine for machine in self.machines.values() if machine.role == role]

    def links_of(self, machine: str) -> Iterator[tuple[Port, Port]]:
        """Each link of the machine as (its own port, the port at the other end)."""
        for link in self.links:
            for port in link.ends():
                if port.machine == machine:
                    yield port, link.other(port)

    def link_at(self, port: Port) -> Link:
        for link in self.links:
            if port in link.ends():
                return link
        known = ", ".join(own.name for own, _far_end in self.links_of(self.machine(port.machine).name)) or "no ports"
        raise LabError(f"No link ends at {port}: {port.machine} has {known}.")


def load(path: Path = DEFAULT_FILE) -> Topology:
    text = path.read_text(encoding="utf-8")
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise LabError(f"{path.name} is not YAML: {' '.join(str(error).split())}") from None
    return parse(data, hashlib.sha256(text.encode()).hexdigest())


def parse(data: Any, digest: str = "") -> Topology:
    """Topology from what was in the file; raises LabError that names the entry that is wrong."""
    top = _mapping(data, "the topology")
    _only(top, {"networks", "machines", "links"}, "the topology")
    networks = {name: _network(name, entry) for name, entry in _mapping(top.get("networks"), "networks").items()}
    for name in ("management", "hospital"):
        if name not in networks:
            raise LabError(f"networks has no {name}: add it with its prefix.")
    machines = {name: _machine(name, entry) for name, entry in _mapping(top.get("machines"), "machines").items()}
    links = tuple(_links(top.get("links")))
    topology = Topology(machines, links, networks["management"], networks["hospital"], digest, tuple(machines))
    _check_addresses(topology)
    _check_links(topology)
    return topology


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise LabError(f"{where} must be a mapping of names to values, and is {value!r}.")
    return value


def _only(value: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(value) - known)
    if unknown:
        raise LabError(f"{where} has unknown entries {', '.join(unknown)}: known are {', '.join(sorted(known))}.")


def _network(name: str, entry: Any) -> Network:
    entry = _mapping(entry, f"network {name}")
    _only(entry, {"prefix", "service"}, f"network {name}")
    try:
        return Network(name, ipaddress.IPv4Network(entry.get("prefix")), entry.get("service"))
    except ValueError as error:
        raise LabError(f"The prefix of network {name} is wrong: {error}.") from None


def _machine(name: str, entry: Any) -> MachineSpec:
    where = f"machine {name}"
    options = dict(_mapping(entry, where))
    kind = options.pop("kind", None)
    management = options.pop("management", None)
    if not isinstance(kind, str) or not isinstance(management, str):
        raise LabError(f"{where} needs a kind and a management address.")
    role = options.pop("role", kind)
    address = options.pop("address", None)
    part = options.pop("part", FIRST_PART)
    power = options.pop("power", True)
    if not isinstance(power, bool):
        raise LabError(f"power of {where} must be true or false, and is {power!r}.")
    return MachineSpec(name, kind, str(role), management, address, str(part), power, options)


def _links(entries: Any) -> Iterator[Link]:
    if not isinstance(entries, list):
        raise LabError("links must be a list of [machine:port, machine:port].")
    for entry in entries:
        if not (isinstance(entry, list) and len(entry) == 2):
            raise LabError(f"The link {entry!r} must be [machine:port, machine:port].")
        yield Link(Port.parse(str(entry[0])), Port.parse(str(entry[1])))


def _check_addresses(topology: Topology) -> None:
    seen: dict[str, str] = {}
    if topology.hospital.service is not None:
        _check_address("(the service)", topology.hospital, topology.hospital.service)
        seen[topology.hospital.service] = "the service"
    for machine in topology.machines.values():
        for network, address in ((topology.management, machine.management), (topology.hospital, machine.address)):
            if address is None:
                continue
            _check_address(machine.name, network, address)
            if address in seen:
                raise LabError(f"{machine.name} and {seen[address]} both have the address {address}.")
            seen[address] = machine.name


def _check_address(machine: str, network: Network, address: str) -> None:
    try:
        inside = ipaddress.IPv4Address(address) in network.prefix
    except ValueError:
        raise LabError(f"{address!r} of machine {machine} is not an IPv4 address.") from None
    if not inside:
        raise LabError(f"{address} of machine {machine} is not in {network.prefix} of network {network.name}.")


def _check_links(topology: Topology) -> None:
    seen: set[Port] = set()
    for link in topology.links:
        for port in link.ends():
            if port.machine not in topology.machines:
                raise LabError(f"The link {link} names the machine {port.machine}, which the topology does not have.")
            if len(port.name) > LONGEST_PORT_NAME:
                raise LabError(f"The name of port {port} is longer than {LONGEST_PORT_NAME} characters.")
            if port in seen:
                raise LabError(f"Two links end at {port}.")
            seen.add(port)
