# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at a service, by kind of check.

A look never raises for what the service does. Its time-out covers everything but the resolver's: name hosts by their
address where a name server may be down.
"""

from __future__ import annotations

import re
import socket
import time
from typing import Callable, Dict, List, Mapping, Tuple
from urllib.parse import urlsplit

from ansible_collections.contingency.infra.plugins.module_utils._health.model import (
    COMMAND,
    HTTP,
    SQL,
    TCP,
    UNIT,
    Check,
    HealthError,
    Seen,
)
from ansible_collections.contingency.infra.plugins.module_utils._health.units import unit_state
from ansible_collections.contingency.infra.plugins.module_utils._host.run import MISSING, Answer, Host

LONGEST_BODY = 1 << 20
SHORTEST = 0.05


def look(host: Host, check: Check, within: float) -> Seen:
    """Look once, within the check's own time-out and what is left of the service's."""
    return LOOKS[check.kind](host, check, max(SHORTEST, min(check.timeout, within)))


def target(check: Check) -> str:
    """Return what a check looks at, in one word or two, without any secret."""
    return {
        TCP: f"tcp {check.host}:{check.port}",
        HTTP: f"http {check.url}",
        SQL: f"sql {check.engine}",
        UNIT: f"unit {check.unit}",
        COMMAND: f"command {' '.join(check.command[:1])}",
    }[check.kind]


def _tcp(_host: Host, check: Check, timeout: float) -> Seen:
    try:
        socket.create_connection((str(check.host), int(check.port or 0)), timeout).close()
    except OSError as error:
        return Seen(_reason(error, timeout), "connects", False)
    return Seen("connects", "connects", True)


def _http(_host: Host, check: Check, timeout: float) -> Seen:
    # Only this kind needs these, and a failover should not wait for their import.
    import http.client
    import ssl

    expected = "status " + " or ".join(map(str, check.status)) + (f" and /{check.body}/" if check.body else "")
    try:
        status, body = _fetched(check, timeout)
    except ssl.SSLError as error:
        return Seen(f"TLS failed ({getattr(error, 'verify_message', '') or error.reason})", expected, False)
    except OSError as error:
        return Seen(_reason(error, timeout), expected, False)
    except http.client.HTTPException as error:
        return Seen(f"no HTTP ({type(error).__name__})", expected, False)
    if status not in check.status:
        return Seen(f"status {status}", expected, False)
    if check.body and not re.search(check.body, body):
        return Seen(f"status {status} without /{check.body}/", expected, False)
    return Seen(f"status {status}" + (f" and /{check.body}/" if check.body else ""), expected, True)


def _fetched(check: Check, timeout: float) -> Tuple[int, str]:
    """Return status and body of a GET; proxies are not asked and redirections not followed."""
    import http.client
    import ssl

    url = urlsplit(str(check.url))
    secure = url.scheme == "https"
    port = url.port or (443 if secure else 80)
    deadline = time.monotonic() + timeout
    connection = http.client.HTTPConnection(str(url.hostname), port)
    with socket.create_connection((str(url.hostname), port), timeout) as plain:
        link = plain
        if secure:
            context = ssl.create_default_context(cafile=check.ca_file)
            if not check.verify_tls:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            link = context.wrap_socket(plain, server_hostname=url.hostname)
        with link:
            connection.sock = link
            path = (url.path or "/") + (f"?{url.query}" if url.query else "")
            connection.request("GET", path, headers={"Connection": "close", "Host": url.netloc.rpartition("@")[2]})
            with connection.getresponse() as response:
                body = b""
                while len(body) < LONGEST_BODY:
                    link.settimeout(max(SHORTEST, deadline - time.monotonic()))
                    piece = response.read1(65536)
                    if not piece:
                        break
                    body += piece
                    if time.monotonic() > deadline:
                        raise TimeoutError
                return response.status, body.decode("utf-8", "replace")


def _sql(host: Host, check: Check, timeout: float) -> Seen:
    expected = "an answer" if check.answer is None else f"answer {check.answer!r}"
    answer = _asked(host, check, timeout)
    if answer.status != 0:
        return Seen(answer.complaint, expected, False)
    told = answer.output.strip()
    return Seen(f"answer {told[:80]!r}", expected, check.answer is None or told == str(check.answer).strip())


def _asked(host: Host, check: Check, timeout: float) -> Answer:
    """Ask with the database's own client: the query by standard input, a password by the environment."""
    for command, environment in _clients(check, timeout):
        answer = host.run(
            command, user=check.run_as, timeout=timeout, stdin=f"{check.query}\n", environment=environment
        )
        if answer.status != MISSING:
            break
    return answer


def _clients(check: Check, timeout: float) -> List[Tuple[List[str], Mapping[str, str]]]:
    seconds = str(max(2, int(timeout)))
    if check.engine == "postgresql":
        command = ["psql", "-XAtqw", "-v", "ON_ERROR_STOP=1"]
        command += _options(check, {"database": "-d", "host": "-h", "port": "-p", "user": "-U"})
        secret = {"PGPASSWORD": check.password} if check.password else {}
        return [(command, {"PGCONNECT_TIMEOUT": seconds, **secret})]
    options = ["--batch", "--skip-column-names", f"--connect-timeout={seconds}"]
    options += _options(check, {"database": "-D", "host": "-h", "port": "-P", "user": "-u"})
    secret = {"MYSQL_PWD": check.password} if check.password else {}
    return [([program, *options], secret) for program in ("mariadb", "mysql")]


def _options(check: Check, names: Mapping[str, str]) -> List[str]:
    given = [(option, getattr(check, name)) for name, option in names.items()]
    return [word for option, value in given if value is not None for word in (option, str(value))]


def _unit(host: Host, check: Check, timeout: float) -> Seen:
    try:
        state = unit_state(host, str(check.unit), timeout)
    except HealthError as error:
        return Seen(error.message.rstrip("."), "active", False)
    return Seen(str(state), "active", state.is_active)


def _command(host: Host, check: Check, timeout: float) -> Seen:
    expected = "status 0" + (f" and /{check.body}/" if check.body else "")
    answer = host.run(check.command, user=check.run_as, timeout=timeout)
    if answer.status != 0:
        return Seen(f"status {answer.status} ({answer.complaint})", expected, False)
    if check.body and not re.search(check.body, answer.output):
        return Seen(f"status 0 without /{check.body}/", expected, False)
    return Seen(expected, expected, True)


def _reason(error: OSError, timeout: float) -> str:
    if isinstance(error, (socket.timeout, TimeoutError)):
        return f"no answer within {timeout:g} s"
    return f"no connection ({error.strerror or error})"


LOOKS: Dict[str, Callable[[Host, Check, float], Seen]] = {
    TCP: _tcp,
    HTTP: _http,
    SQL: _sql,
    UNIT: _unit,
    COMMAND: _command,
}
