# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The topology for a person: as text in the terminal, or as a Mermaid diagram for a page."""

from __future__ import annotations

from collections.abc import Iterator

from lab.instance import CONTROLLER
from lab.machine import Machine
from lab.topology import Link, Port, Topology

LAYERS = ("server", "core", "access", "rack", "database", "application", "client")


def text(topology: Topology, machines: dict[str, Machine]) -> str:
    """One machine a line, its links below it."""
    lines = [f"management {topology.management.prefix}, hospital {topology.hospital.prefix}"]
    for name in _ordered(topology):
        spec = topology.machines[name]
        lines.append(f"{name:<20}{spec.management:<14}{spec.address or '-':<13}{machines[name].describe()}")
        lines.extend(
            f"    {own.name:<6} - {other!s:<24}{_note(own, other, machines)}" for own, other in topology.links_of(name)
        )
    return "\n".join(lines)


def mermaid(topology: Topology, machines: dict[str, Machine]) -> str:
    """Dotted links are administratively down in the saved configuration."""
    lines = ["graph TD"]
    for role in (layer for layer in LAYERS if topology.of_role(layer)):
        lines.append(f"  subgraph {role}")
        for spec in topology.of_role(role):
            lines.append(f'    {spec.name}["{spec.name}<br/>{spec.address or spec.management}"]')
        lines.append("  end")
    lines.extend(_edge(link, machines) for link in topology.links)
    return "\n".join(lines)


def _ordered(topology: Topology) -> Iterator[str]:
    for role in (*LAYERS, CONTROLLER):
        yield from (spec.name for spec in topology.of_role(role))
    yield from (spec.name for spec in topology.machines.values() if spec.role not in (*LAYERS, CONTROLLER))


def _is_shut(port: Port, machines: dict[str, Machine]) -> bool:
    return port.name in machines[port.machine].shut_ports()


def _note(own: Port, other: Port, machines: dict[str, Machine]) -> str:
    shut = [port for port in (own, other) if _is_shut(port, machines)]
    return f"shut at {shut[0].machine}" if shut else ""


def _edge(link: Link, machines: dict[str, Machine]) -> str:
    line = "-.-" if any(_is_shut(port, machines) for port in link.ends()) else "---"
    return f'  {link.near.machine} {line}|"{link.near.name} : {link.far.name}"| {link.far.machine}'
