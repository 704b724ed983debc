# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reading from a UPS's SNMP agent, version 2c or 3, with pysnmp; imported only where a UPS is read so."""

from __future__ import annotations

import asyncio
import importlib
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from .connection import Deadline
from .mibs import MIBS
from .model import NoReading, Observation

PORT = 161
PACKAGE = "pysnmp>=7.1,<8"
AUTH_PROTOCOLS = ("md5", "sha", "sha224", "sha256", "sha384", "sha512")
PRIVACY_PROTOCOLS = ("des", "aes", "aes192", "aes256")
SHORTEST_PASSPHRASE = 8
"""RFC 3414, 11.2."""
_AT_ONCE = 8
"""Objects in one request; small agents refuse long ones as too big."""
_TRY_SECONDS = 1.0
_MOST_ROWS = 64
_AUTH_OBJECTS = {
    "md5": "USM_AUTH_HMAC96_MD5",
    "sha": "USM_AUTH_HMAC96_SHA",
    "sha224": "USM_AUTH_HMAC128_SHA224",
    "sha256": "USM_AUTH_HMAC192_SHA256",
    "sha384": "USM_AUTH_HMAC256_SHA384",
    "sha512": "USM_AUTH_HMAC384_SHA512",
}
_PRIVACY_OBJECTS = {
    "des": "USM_PRIV_CBC56_DES",
    "aes": "USM_PRIV_CFB128_AES",
    "aes192": "USM_PRIV_CFB192_AES",
    "aes256": "USM_PRIV_CFB256_AES",
}


@dataclass(frozen=True)
class Access:
    """How an agent lets one in: with a community (2c), or as a user (3), whose messages are signed and encrypted."""

    community: Optional[str] = field(default=None, repr=False)
    user: Optional[str] = None
    auth_protocol: str = "sha"
    auth_password: Optional[str] = field(default=None, repr=False)
    privacy_protocol: str = "aes"
    privacy_password: Optional[str] = field(default=None, repr=False)


def read(host: str, port: int, mib: str, access: Access, deadline: Deadline) -> Observation:
    """Return what the agent says; NoReading where it says nothing that can be used, before the deadline."""
    way_in = _as_user if access.user else _with_community
    _import_library()
    try:
        return asyncio.run(asyncio.wait_for(_observe(way_in, (host, port), mib, access, deadline), deadline.left()))
    except (TimeoutError, asyncio.TimeoutError):
        raise NoReading(
            f"The SNMP agent {host}:{port} did not answer within {deadline.seconds:.3g} s; look at the network, and "
            "whether the agent lets this controller read with this community or user."
        ) from None


def _import_library() -> None:
    try:
        importlib.import_module("pysnmp.hlapi")
    except ImportError as error:
        raise NoReading(
            f"The Python package pysnmp is not on the controller ({error.name} is missing); install it with "
            f"pip install '{PACKAGE}'."
        ) from error


async def _observe(
    way_in: Callable[..., Any], address: Tuple[str, int], mib: str, access: Access, deadline: Deadline
) -> Observation:
    wanted = MIBS[mib]
    agent = await way_in(address, access, int(deadline.seconds / _TRY_SECONDS) + 1)
    try:
        values = await agent.get(wanted.scalars)
        if not any(text is not None for text in values.values()):
            raise NoReading(
                f"The SNMP agent {agent.name} has no object of the MIB {mib}; correct mib, or the view of this "
                "community or user."
            )
        columns = {}
        if (values.get(wanted.columns_if) or "0") != "0":
            columns = {name: await agent.column(base) for name, base in wanted.columns.items()}
        return wanted.observe(values, columns)
    finally:
        agent.close()


async def _with_community(address: Tuple[str, int], access: Access, retries: int) -> _Agent:
    """Version 2c; without the engine of version 3, which takes 0.2 s of the processor for each UPS."""
    from pyasn1.type.univ import Null
    from pysnmp.hlapi.v1arch import asyncio as library

    dispatcher = library.SnmpDispatcher()
    target = await _target(library, address, retries)
    way = (dispatcher, library.CommunityData(access.community, mpModel=1), target)
    return _Agent(address, library, way, lambda oid: (oid, Null("")), dispatcher.transport_dispatcher.close_dispatcher)


async def _as_user(address: Tuple[str, int], access: Access, retries: int) -> _Agent:
    """Version 3."""
    from pysnmp.hlapi.v3arch import asyncio as library

    engine = library.SnmpEngine()
    target = await _target(library, address, retries)
    way = (engine, _user(library, access), target, library.ContextData())
    return _Agent(
        address, library, way, lambda oid: library.ObjectType(library.ObjectIdentity(oid)), engine.close_dispatcher
    )


async def _target(library: Any, address: Tuple[str, int], retries: int) -> Any:
    from pysnmp.error import PySnmpError

    kind = library.Udp6TransportTarget if ":" in address[0] else library.UdpTransportTarget
    try:
        return await kind.create(address, timeout=_TRY_SECONDS, retries=retries)
    except PySnmpError as error:
        raise NoReading(
            f"{address[0]} is no address that is known; correct host, or look at the name service."
        ) from error


def _user(library: Any, access: Access) -> Any:
    keys: Dict[str, Any] = {}
    if access.auth_password:
        keys["authKey"] = access.auth_password
        keys["authProtocol"] = getattr(library, _AUTH_OBJECTS[access.auth_protocol])
    if access.privacy_password:
        keys["privKey"] = access.privacy_password
        keys["privProtocol"] = getattr(library, _PRIVACY_OBJECTS[access.privacy_protocol])
    return library.UsmUserData(access.user, **keys)


class _Agent:
    """One agent, as its version of the protocol lets one in."""

    def __init__(
        self,
        address: Tuple[str, int],
        library: Any,
        way: Sequence[Any],
        question: Callable[[str], Any],
        close: Callable[[], None],
    ) -> None:
        self.name = f"{address[0]}:{address[1]}"
        self.close = close
        self._library = library
        self._way = way
        self._question = question

    async def get(self, scalars: Mapping[str, str]) -> Dict[str, Optional[str]]:
        """Return the values as texts, None where the agent has no such object."""
        names = list(scalars)
        found: Dict[str, Optional[str]] = {}
        for first in range(0, len(names), _AT_ONCE):
            some = names[first : first + _AT_ONCE]
            questions = [self._question(scalars[name]) for name in some]
            answer = self._checked(await self._library.get_cmd(*self._way, *questions, lookupMib=False))
            if len(answer) != len(some):
                raise NoReading(f"The SNMP agent {self.name} answers something else than was asked; look at its log.")
            found.update({name: _text(value) for name, (_oid, value) in zip(some, answer)})
        return found

    async def column(self, base: str) -> List[str]:
        """Return the values of a column; no more than a sane table has."""
        question = self._question(base)
        answer = await self._library.bulk_cmd(*self._way, 0, _MOST_ROWS, question, lookupMib=False)
        rows = [(str(oid), _text(value)) for oid, value in self._checked(answer)]
        return [text for oid, text in rows if oid.startswith(f"{base}.") and text is not None]

    def _checked(self, answer: Any) -> Any:
        indication, status, _index, variables = answer
        if indication:
            if type(indication).__name__ == "RequestTimedOut":
                raise TimeoutError
            raise NoReading(
                f"The SNMP agent {self.name} cannot be asked ({str(indication).rstrip('.')}); correct user, protocols "
                "and passwords, or look at the agent's own log."
            )
        if status:
            raise NoReading(
                f"The SNMP agent {self.name} answers {status.prettyPrint()}; look at its log, and at what this "
                "community or user may read."
            )
        return variables


def _text(value: Any) -> Optional[str]:
    if type(value).__name__ in ("NoSuchObject", "NoSuchInstance", "EndOfMibView", "Null"):
        return None
    return str(value.prettyPrint())[:200]
