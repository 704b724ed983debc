# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs inside a network namespace: what a server does with its address, and what a client sees. Prints JSON."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

PORT = 7077


def claim(kind: str, arguments: str) -> dict[str, Any]:
    from ansible_collections.contingency.infra.plugins.module_utils._address import claim as area
    from ansible_collections.contingency.infra.plugins.module_utils._address.model import AddressError, Wanted
    from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost

    given = json.loads(arguments)
    modes = {name: given.pop(name) for name in ("check_mode", "checked") if name in given}
    began = time.monotonic()
    try:
        outcome = getattr(area, kind)(LocalHost(), Wanted(**given), **modes).as_result()
    except AddressError as error:
        outcome = {"failed": True, "msg": error.message, **error.evidence}
    return {"failed": False, **outcome, "began": began, "took": time.monotonic() - began}


def echo(name: str) -> dict[str, Any]:
    """Answer each datagram with the own name, from the address that it was sent to, until standard input ends."""
    with contextlib.ExitStack() as stack:
        ears = [stack.enter_context(socket.socket(family, socket.SOCK_DGRAM)) for family in (2, 10)]
        ears[1].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        for ear, anywhere in zip(ears, ("0.0.0.0", "::"), strict=True):
            ear.bind((anywhere, PORT))
        print("ready", flush=True)
        while True:
            readable, _writable, _broken = select.select([*ears, sys.stdin], [], [])
            if sys.stdin in readable:
                return {}
            for ear in (ear for ear in ears if ear in readable):
                _data, sender = ear.recvfrom(64)
                ear.sendto(name.encode(), sender)


def watch(address: str, name: str, seconds: str) -> dict[str, Any]:
    """Ask each 2 ms; return when the first answer of the server of this name came, by the machine's clock."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    deadline = time.monotonic() + float(seconds)
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        print("ready", flush=True)
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                asking.sendto(b"?", (address, PORT))
            if select.select([asking], [], [], 0.002)[0] and asking.recv(64) == name.encode():
                return {"answered": time.monotonic()}
    return {"answered": None}


def main(kind: str, *words: str) -> None:
    works: dict[str, Callable[..., dict[str, Any]]] = {"echo": echo, "watch": watch}
    print(json.dumps(works[kind](*words) if kind in works else claim(kind, *words)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
