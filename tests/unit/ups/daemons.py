# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""UPS daemons on a real socket, some of them hostile, and certificates for them."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ADDRESS = "127.0.0.1"
Behaviour = Callable[[socket.socket], None]
ONLINE = {
    "ups.status": "OL CHRG",
    "battery.runtime": "1800",
    "battery.charge": "97",
    "ups.load": "40",
    "ups.realpower.nominal": "3000",
    "driver.parameter.pollinterval": "2",
}


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[int]:
    """A daemon that meets each client so; yields its port."""
    open_ones: list[socket.socket] = []
    threads: list[threading.Thread] = []
    with socket.create_server((ADDRESS, 0)) as listener:

        def meet(client: socket.socket) -> None:
            with client, contextlib.suppress(OSError):
                behaviour(client)

        def accept() -> None:
            while True:
                try:
                    client, _address = listener.accept()
                except OSError:
                    return
                client.settimeout(10)
                open_ones.append(client)
                threads.append(threading.Thread(target=meet, args=(client,), daemon=True))
                threads[-1].start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for client in open_ones:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


def lines(client: socket.socket) -> Iterator[str]:
    """The lines that a client sends."""
    with client.makefile("r", encoding="utf-8", newline="\n") as file:
        for line in file:
            yield line.rstrip("\n")


def answered(replies: dict[str, str]) -> Behaviour:
    """Answer each command with what is written for it; end where nothing is written."""

    def behave(client: socket.socket) -> None:
        for line in lines(client):
            reply = next((text for start, text in replies.items() if line.startswith(start)), None)
            if reply is None:
                return
            client.sendall(reply.encode())

    return behave


def listing(variables: dict[str, str], ups: str = "ups-a") -> str:
    """What upsd sends for LIST VAR."""
    escaped = {name: text.replace("\\", "\\\\").replace('"', '\\"') for name, text in variables.items()}
    body = "".join(f'VAR {ups} {name} "{text}"\n' for name, text in escaped.items())
    return f"BEGIN LIST VAR {ups}\n{body}END LIST VAR {ups}\n"


def upsd(variables: dict[str, str], ups: str = "ups-a") -> Behaviour:
    return answered({"LIST VAR": listing(variables, ups), "USERNAME": "OK\n", "PASSWORD": "OK\n"})


def upsd_over_tls(identity: Identity, variables: dict[str, str]) -> Behaviour:
    """A upsd that knows STARTTLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)

    def behave(client: socket.socket) -> None:
        assert client.recv(64) == b"STARTTLS\n"
        client.sendall(b"OK STARTTLS\n")
        with context.wrap_socket(client, server_side=True) as secured:
            upsd(variables)(secured)

    return behave


def silent(client: socket.socket) -> None:
    """Take all and say nothing."""
    while client.recv(4096):
        pass


def dripping(client: socket.socket) -> None:
    """Send one byte after the other, so that no wait for one of them is long."""
    client.recv(64)
    never = threading.Event()
    while not never.wait(0.05):
        client.sendall(b"x")


def endless(client: socket.socket) -> None:
    client.recv(64)
    while True:
        client.sendall(b'VAR ups-a a "b"\n' * 4096)


def endless_listing(client: socket.socket) -> None:
    """Begin as upsd does, and go on for ever."""
    client.recv(64)
    client.sendall(b"BEGIN LIST VAR ups-a\n")
    while True:
        client.sendall(b'VAR ups-a a "b"\n' * 4096)


class Identity:
    """A certificate and its key, in files: self-signed, or signed by another, with no extension that is not needed."""

    def __init__(self, directory: Path, name: str = ADDRESS, issuer: Identity | None = None) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.certificate, self.key = directory / "certificate.pem", directory / "key.pem"
        key = self.private = ec.generate_private_key(ec.SECP256R1())
        subject = self.subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "upsd" if issuer else "site")])
        now = datetime.datetime.now(datetime.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName([_alternative(name)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
            .sign(issuer.private if issuer else key, hashes.SHA256())
        )
        self.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        self.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def record(text: str) -> bytes:
    """One record of apcupsd."""
    data = text.encode()
    return len(data).to_bytes(2, "big") + data


def report(**changed: str | None) -> list[str]:
    """A report as apcupsd's manual shows one, with some fields changed or left out."""
    fields: dict[str, str | None] = {
        "APC": "001,027,0656",
        "DATE": "2026-11-22 10:00:00 +0800",
        "HOSTNAME": "nut-1",
        "UPSNAME": "rack-1",
        "STATUS": "ONLINE",
        "LINEV": "230.0 Volts",
        "LOADPCT": "10.0 Percent",
        "BCHARGE": "100.0 Percent",
        "TIMELEFT": "27.6 Minutes",
        "TONBATT": "0 Seconds",
        "XONBATT": "N/A",
        "STATFLAG": "0x05000008",
        "NOMPOWER": "480 Watts",
        "END_APC": "2026-11-22 10:00:04 +0800",
    }
    fields.update(changed)
    return [f"{name.replace('_', ' '):9}: {text}\n" for name, text in fields.items() if text is not None]


def apcupsd(records: list[str]) -> Behaviour:
    def behave(client: socket.socket) -> None:
        assert client.recv(64) == record("status")
        client.sendall(b"".join(record(text) for text in records) + b"\0\0")

    return behave
