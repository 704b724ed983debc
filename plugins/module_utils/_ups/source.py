# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a UPS is read, and the one entry of this area: all UPSes at once, within one time."""

from __future__ import annotations

import queue
import ssl
import threading
import time
from dataclasses import dataclass, field, fields
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from . import apcupsd, nut, snmp
from .connection import Deadline
from .history import pasts
from .mibs import MIBS
from .model import NoReading, Observation, Reading, UpsError
from .reading import no_reading, normalise

KINDS = ("nut", "apcupsd", "snmp")
GRACE_SECONDS = 0.25
"""What a source that ends at its deadline has to say so."""
_PORTS = {"nut": nut.PORT, "apcupsd": apcupsd.PORT, "snmp": snmp.PORT}
_SNMP_OPTIONS = (
    *("mib", "version", "community", "user", "auth_protocol", "auth_password"),
    *("privacy_protocol", "privacy_password"),
)
_OPTIONS: Dict[str, Tuple[str, ...]] = {
    "nut": ("ups", "user", "password", "tls", "ca_file"),
    "apcupsd": (),
    "snmp": _SNMP_OPTIONS,
}
_COMMON = ("name", "kind", "host", "port")
SECRETS = ("password", "community", "auth_password", "privacy_password")


@dataclass(frozen=True)
class Source:
    """One UPS and how it is read; what belongs to another kind is None."""

    name: str
    kind: str
    host: str
    port: int
    ups: Optional[str] = None
    user: Optional[str] = None
    password: Optional[str] = field(default=None, repr=False)
    tls: bool = False
    ca_file: Optional[str] = None
    mib: str = "ietf"
    version: str = "2c"
    community: Optional[str] = field(default=None, repr=False)
    auth_protocol: str = "sha"
    auth_password: Optional[str] = field(default=None, repr=False)
    privacy_protocol: str = "aes"
    privacy_password: Optional[str] = field(default=None, repr=False)

    @classmethod
    def from_dict(cls, mapping: Mapping[str, Any]) -> Source:
        """Return the source that options describe; None counts as absent; UpsError where it cannot be one."""
        given = {str(name): value for name, value in mapping.items() if value is not None}
        unknown = sorted(set(given) - {item.name for item in fields(cls)})
        if unknown:
            raise UpsError(f"A UPS source has no option {', '.join(unknown)}; correct it.")
        name, kind = str(given.get("name") or ""), str(given.get("kind") or "")
        if not name:
            raise UpsError("A UPS source has no name; set name to that of the UPS in the shutdown plan.")
        if kind not in KINDS:
            raise UpsError(f"The kind of {name} cannot be {kind!r}; use one of {', '.join(KINDS)}.")
        if not str(given.get("host") or "").strip():
            raise UpsError(f"The source of {name} has no host; set host to where its {kind} answers.")
        given["port"] = _port(given.get("port", _PORTS[kind]))
        source = cls(**given)
        foreign = sorted(set(given) - set(_COMMON) - set(_OPTIONS[kind]))
        why = foreign_limitation(source, foreign) or port_limitation(source) or _LIMITATIONS[kind](source)
        if why:
            raise UpsError(why)
        return source

    @property
    def where(self) -> str:
        """Name it as readings do: nut://10.77.0.5:3493/ups-a."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        path = {"nut": f"/{self.ups}", "snmp": f"/{self.mib}"}.get(self.kind, "")
        return f"{self.kind}://{host}:{self.port}{path}"


def _port(value: Any) -> Any:
    """Return a port out of a text, as templates make one; what is none stays as it is."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else value


def foreign_limitation(source: Source, foreign: Sequence[str]) -> Optional[str]:
    """Return why options of another kind cannot be there, or None: tls beside SNMP would promise what is not."""
    if foreign:
        return f"The {source.kind} source of {source.name} has no {', '.join(foreign)}; leave that out."
    return None


def port_limitation(source: Source) -> Optional[str]:
    if not isinstance(source.port, int) or not 0 < source.port < 65536:
        return f"The port of {source.name} cannot be {source.port}; set one from 1 to 65535."
    return None


def nut_limitation(source: Source) -> Optional[str]:
    """Return why upsd cannot be asked so, or None."""
    if not source.ups or any(letter.isspace() for letter in source.ups):
        return f"The NUT source of {source.name} needs ups, the UPS's name in ups.conf, without blanks; set it."
    if source.password and not source.user:
        return f"The NUT source of {source.name} has a password and no user; set user."
    if source.ca_file and not source.tls:
        return f"The NUT source of {source.name} has a ca_file and no tls; set tls to true."
    for text in (source.ups, source.user or "", source.password or ""):
        nut.quote(text)
    return None


def snmp_limitation(source: Source) -> Optional[str]:
    """Return why the agent cannot be asked so, or None."""
    of = f"The SNMP source of {source.name}"
    for option, known in (
        ("mib", tuple(MIBS)),
        ("version", ("2c", "3")),
        ("auth_protocol", snmp.AUTH_PROTOCOLS),
        ("privacy_protocol", snmp.PRIVACY_PROTOCOLS),
    ):
        if getattr(source, option) not in known:
            return f"{of} cannot have the {option} {getattr(source, option)}; use one of {', '.join(known)}."
    if source.version == "2c":
        of_version_3 = [name for name in ("user", "auth_password", "privacy_password") if getattr(source, name)]
        if of_version_3:
            return f"{of} has {', '.join(of_version_3)}, which version 2c does not use; set version to 3."
        return None if source.community else f"{of} needs a community for version 2c; set it."
    return user_limitation(source, of)


def user_limitation(source: Source, of: str) -> Optional[str]:
    """Return why a user of version 3 cannot be used, or None."""
    if not source.user or source.community:
        return f"{of} needs a user and no community for version 3; set and remove them."
    if source.privacy_password and not source.auth_password:
        return f"{of} has a privacy_password and no auth_password; set both, as SNMP encrypts only what is signed."
    short = [
        name
        for name in ("auth_password", "privacy_password")
        if 0 < len(getattr(source, name) or "") < snmp.SHORTEST_PASSPHRASE
    ]
    if short:
        return f"{of} has a too short {' and '.join(short)}; SNMP wants at least {snmp.SHORTEST_PASSPHRASE} characters."
    return None


def _no_limitation(_source: Source) -> Optional[str]:
    return None


_LIMITATIONS = {"nut": nut_limitation, "apcupsd": _no_limitation, "snmp": snmp_limitation}


def read_all(
    sources: Sequence[Mapping[str, Any]], timeout: float, previous: Sequence[Mapping[str, Any]] = ()
) -> List[Reading]:
    """Return one reading for each source, in their order, all read at once within ``timeout`` seconds.

    ``sources`` are the options of each, ``previous`` earlier readings as dictionaries, of this outage if there is one.
    A UPS that gives no reading has the status unknown and says why. UpsError before anything is asked where a parameter
    is wrong.
    """
    known = [Source.from_dict(source) for source in sources]
    why = names_limitation(known) or timeout_limitation(timeout)
    if why:
        raise UpsError(why)
    pasts(previous, "", "")
    contexts = {source.ca_file: nut.trust(source.ca_file) for source in known if source.tls}
    return _gather(known, timeout, previous, contexts)


def usable(sources: Sequence[Mapping[str, Any]]) -> Tuple[List[Mapping[str, Any]], Dict[str, str]]:
    """Return the sources that can be asked, and by name why others cannot: one must not leave all unread."""
    found: List[Mapping[str, Any]] = []
    wrong: Dict[str, str] = {}
    for options in sources:
        try:
            source = Source.from_dict(options)
            if source.tls:
                nut.trust(source.ca_file)
        except UpsError as error:
            wrong[str(options.get("name"))] = str(error)
        else:
            found.append(options)
    return found, wrong


def names_limitation(sources: Sequence[Source]) -> Optional[str]:
    """Return why these sources cannot be told apart, or None."""
    names = [source.name for source in sources]
    twice = sorted({name for name in names if names.count(name) > 1})
    if not names:
        return "There is no source; name at least one UPS in sources."
    return f"More than one source has the name {', '.join(twice)}; give each UPS its own." if twice else None


def timeout_limitation(timeout: float) -> Optional[str]:
    return None if 0 < timeout < float("inf") else f"The timeout is {timeout:g} s; set one above 0."


def _gather(
    sources: Sequence[Source],
    timeout: float,
    previous: Sequence[Mapping[str, Any]],
    contexts: Mapping[Optional[str], ssl.SSLContext],
) -> List[Reading]:
    """Read in threads and wait so long: a name that does not resolve has no other end."""
    results: queue.Queue[Tuple[int, Reading]] = queue.Queue()
    deadline = Deadline(timeout)

    def run(number: int, source: Source) -> None:
        results.put((number, _read(source, deadline, previous, contexts.get(source.ca_file) if source.tls else None)))

    for number, source in enumerate(sources):
        threading.Thread(target=run, args=(number, source), daemon=True, name=f"ups {source.name}").start()
    found: Dict[int, Reading] = {}
    last = time.monotonic() + timeout + GRACE_SECONDS
    while len(found) < len(sources):
        try:
            number, reading = results.get(timeout=max(last - time.monotonic(), 0))
        except queue.Empty:
            break
        found[number] = reading
    return [found.get(number) or _late(source, timeout) for number, source in enumerate(sources)]


def _late(source: Source, timeout: float) -> Reading:
    why = (
        f"{source.host}:{source.port} did not answer within {timeout:.3g} s; look at the name service and the network."
    )
    return no_reading(source.name, source.where, why, time.time())


def _read(
    source: Source, deadline: Deadline, previous: Sequence[Mapping[str, Any]], context: Optional[ssl.SSLContext]
) -> Reading:
    try:
        observed = _observed(source, deadline, context)
        return normalise(source.name, source.where, observed, previous, time.time())
    except NoReading as error:
        why = error.message
    except TimeoutError:
        why = f"{source.host}:{source.port} did not answer within {deadline.seconds:.3g} s; look at the network."
    except Exception as error:  # noqa: BLE001  What a device makes a library do ends as unknown, never as no reading.
        why = f"{source.host}:{source.port} could not be read ({type(error).__name__}); please report this."
    return no_reading(source.name, source.where, why, time.time())


def _observed(source: Source, deadline: Deadline, context: Optional[ssl.SSLContext]) -> Observation:
    if source.kind == "apcupsd":
        return apcupsd.read(source.host, source.port, deadline)
    if source.kind == "nut":
        return nut.read(source.host, source.port, str(source.ups), deadline, context, source.user, source.password)
    access = snmp.Access(
        source.community,
        source.user,
        source.auth_protocol,
        source.auth_password,
        source.privacy_protocol,
        source.privacy_password,
    )
    return snmp.read(source.host, source.port, source.mib, access, deadline)
