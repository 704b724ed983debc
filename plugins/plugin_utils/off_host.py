# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host that is to be shut down, with what that is done, and why it must not or cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ansible_collections.contingency.infra.plugins.module_utils._power.control import Clock, PowerControl
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.kinds import Kind, Service
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.remote import Identity
from ansible_collections.contingency.infra.plugins.plugin_utils.durations import Durations
from ansible_collections.contingency.infra.plugins.plugin_utils.off_words import Machine, Witness


@dataclass(frozen=True)
class HostToShut:
    """What is to be done; times in seconds.

    ``timeout`` is for all that is graceful: the services and the shutdown. ``force_timeout`` is for the forced part.
    ``login_seconds`` is what the remote call may take beside the time-outs of the services.
    """

    name: str
    kind: Kind
    services: tuple[Service, ...] = ()
    timeout: float = 300.0
    force_timeout: float = 30.0
    force: bool = True
    login_seconds: float = 30.0

    @property
    def is_controller(self) -> bool:
        return self.kind.name == "controller"


@dataclass(frozen=True)
class Means:
    """With what it is done. ``own`` is the identity of the machine that this runs on.

    ``witnesses`` are asked after the BMC, in their order.
    """

    machine: Machine | None
    own: Identity
    power: PowerControl | None = None
    witnesses: Sequence[Witness] = ()
    durations: Durations | None = None
    clock: Clock = field(default_factory=Clock)


def wrong_host_limitation(host: HostToShut, means: Means) -> str | None:
    """Return why this host must not be shut down, as far as it is known without asking it."""
    if means.machine is None or not means.machine.here or host.is_controller:
        return None
    return (
        f"{host.name} is the machine that this runs on, and its kind is {host.kind.name}; correct ansible_host and "
        "ansible_connection, or set shutdown_kind=controller for the one that goes last. Nothing was shut down."
    )


def means_limitation(host: HostToShut, means: Means) -> str | None:
    """Return why nothing can shut this host down."""
    if host.kind.shut_down is not None or means.power is not None:
        return None
    return (
        f"{host.name} is {host.kind.title}, which has no command for it; save it and let it go off with its power, or "
        "set shutdown_command."
    )
