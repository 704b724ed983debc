# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redfish against a small web server that behaves as BMCs do, well and badly."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._power.control import ensure_forced_off, open_control
from ansible_collections.contingency.infra.plugins.module_utils._power.model import (
    Bmc,
    BmcBusy,
    BmcLoginFailed,
    BmcRefused,
    BmcUnreachable,
    PowerError,
    PowerState,
)
from ansible_collections.contingency.infra.plugins.module_utils._power.redfish import RedfishControl

RESET = "Actions/ComputerSystem.Reset"


class FakeBmc(ThreadingHTTPServer):
    """A BMC with systems; ``fail`` maps a method to a status and a message."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.systems = {"1": "On"}
        self.allowed: list[str] | None = ["On", "ForceOff", "GracefulShutdown", "ForceRestart", "PushPowerButton"]
        self.fail: dict[str, tuple[int, str]] = {}
        self.delay = 0.0
        self.plain_text = False
        self.drip = False
        self.posted: list[tuple[str, Any]] = []
        self.connections = 0

    @property
    def bmc(self) -> Bmc:
        return self.described()

    def described(self, **more: Any) -> Bmc:
        host = f"http://127.0.0.1:{self.server_port}"
        return Bmc("redfish", **{"host": host, "user": "admin", "password": "s3cret", "timeout": 2.0, **more})

    def system(self, name: str) -> dict[str, Any]:
        reset: dict[str, Any] = {"target": f"/redfish/v1/Systems/{name}/{RESET}"}
        if self.allowed is not None:
            reset["ResetType@Redfish.AllowableValues"] = self.allowed
        return {"PowerState": self.systems[name], "Actions": {"#ComputerSystem.Reset": reset}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeBmc

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        if self._failed("GET"):
            return
        if self.path == "/redfish/v1/Systems":
            members = [{"@odata.id": f"/redfish/v1/Systems/{system}"} for system in self.server.systems]
            self._answer(200, {"Members": members})
        elif name in self.server.systems:
            self._answer(200, self.server.system(name))
        else:
            self._answer(404, {})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self._failed("POST"):
            return
        self.server.posted.append((self.path, body))
        name = self.path.split("/")[4]
        self.server.systems[name] = "On" if body["ResetType"] == "On" else "Off"
        self._answer(204, None)

    def _failed(self, method: str) -> bool:
        time.sleep(self.server.delay)
        wanted = "Basic " + base64.b64encode(b"admin:s3cret").decode()
        if self.headers["Authorization"] != wanted:
            self._answer(401, {})
            return True
        if method in self.server.fail:
            status, message = self.server.fail[method]
            self._answer(status, {"error": {"@Message.ExtendedInfo": [{"Message": message}]}})
            return True
        return False

    def _answer(self, status: int, body: dict[str, Any] | None) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        if self.server.plain_text:
            content = b"<html>printer</html>"
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        for start in range(0, len(content), 1 if self.server.drip else 65536):
            self.wfile.write(content[start : start + (1 if self.server.drip else 65536)])
            time.sleep(0.1 if self.server.drip else 0)

    def handle(self) -> None:
        """A client that hangs up is no error here."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[FakeBmc]:
    found = FakeBmc()
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


def failure(bmc: Bmc, kind: type[PowerError], action: str = "") -> str:
    with open_control(bmc) as control:
        call = (lambda: control.request(action)) if action else control.state
        with pytest.raises(PowerError) as caught:
            call()
    assert caught.type is kind
    assert "\n" not in caught.value.message
    assert "s3cret" not in caught.value.message
    assert caught.value.message.endswith(".")
    return caught.value.message


def test_a_system_is_switched_off_over_one_connection(server: FakeBmc) -> None:
    with open_control(server.bmc) as control:
        outcome = ensure_forced_off(control, 5)
    assert outcome.steps == ["read on", "requested forced_off", "read off"]
    assert server.posted == [(f"/redfish/v1/Systems/1/{RESET}", {"ResetType": "ForceOff"})]
    assert server.connections == 1


@pytest.mark.parametrize("word", ["PoweringOff", "PoweringOn", "Paused", "", None])
def test_a_state_in_between_is_unknown(server: FakeBmc, word: Any) -> None:
    server.systems["1"] = word
    with open_control(server.bmc) as control:
        assert control.state() is PowerState.UNKNOWN


@pytest.mark.parametrize("system_id", ["2", "/redfish/v1/Systems/2"])
def test_one_of_several_systems_is_named(server: FakeBmc, system_id: str) -> None:
    server.systems = {"1": "On", "2": "Off"}
    with open_control(server.described(system_id=system_id)) as control:
        assert control.state() is PowerState.OFF


def test_several_systems_are_not_guessed_at(server: FakeBmc) -> None:
    server.systems = {"1": "On", "2": "On"}
    assert "has several systems (1, 2); set system_id" in failure(server.bmc, BmcRefused, "forced_off")
    assert server.posted == []


def test_an_unknown_system_is_refused_with_those_there_are(server: FakeBmc) -> None:
    assert "has no system 7 (it has 1)" in failure(server.described(system_id="7"), BmcRefused)


def test_a_reset_type_that_is_not_offered_is_refused_before_it_is_sent(server: FakeBmc) -> None:
    server.allowed = ["On", "PushPowerButton"]
    message = failure(server.bmc, BmcRefused, "forced_off")
    assert "does not offer the reset type ForceOff" in message
    assert "On, PushPowerButton" in message
    assert server.posted == []


def test_without_a_list_of_reset_types_the_plain_one_is_tried(server: FakeBmc) -> None:
    server.allowed = None
    with open_control(server.bmc) as control:
        control.request("graceful_off")
    assert server.posted[0][1] == {"ResetType": "GracefulShutdown"}


def test_a_wrong_password(server: FakeBmc) -> None:
    assert "does not accept admin with this password" in failure(server.described(password="other"), BmcLoginFailed)


@pytest.mark.parametrize(
    ("status", "kind", "sentence"),
    [
        (403, BmcLoginFailed, "does not let admin do POST"),
        (409, BmcBusy, "is busy (HTTP 409: A job is pending)"),
        (503, BmcBusy, "is busy"),
        (400, BmcRefused, "refused POST"),
        (500, BmcRefused, "HTTP 500: A job is pending"),
    ],
)
def test_a_refused_action(server: FakeBmc, status: int, kind: type[PowerError], sentence: str) -> None:
    server.fail = {"POST": (status, "A job is pending.")}
    assert sentence in failure(server.bmc, kind, "forced_off")


def test_something_else_listens_there(server: FakeBmc) -> None:
    server.plain_text = True
    assert "does not speak Redfish" in failure(server.bmc, BmcRefused)


@pytest.mark.parametrize("trait", ["delay", "drip"])
def test_a_slow_bmc_ends_in_its_time_out(server: FakeBmc, trait: str) -> None:
    setattr(server, trait, 1.0)
    started = time.monotonic()
    message = failure(server.described(timeout=0.3), BmcUnreachable)
    assert "does not answer Redfish within 0.3 s" in message
    assert time.monotonic() - started < 0.6


def test_nobody_listens(server: FakeBmc) -> None:
    bmc = server.described(host="http://127.0.0.1:1")
    assert "cannot be reached (connection refused)" in failure(bmc, BmcUnreachable)


def test_a_plain_web_server_is_not_https(server: FakeBmc) -> None:
    bmc = server.described(host="127.0.0.1", port=server.server_port)
    assert "does not speak HTTPS" in failure(bmc, BmcRefused)


def test_a_missing_certificate_file_is_named(server: FakeBmc) -> None:
    bmc = server.described(host="127.0.0.1", port=server.server_port, ca_file="/nowhere/ca.pem")
    assert "/nowhere/ca.pem cannot be read as certificates" in failure(bmc, PowerError)


def test_a_connection_that_the_bmc_let_go_of_is_opened_again(server: FakeBmc) -> None:
    with open_control(server.bmc) as control:
        control.state()
        assert isinstance(control, RedfishControl)
        connection = control._web._connection
        assert connection is not None
        connection.sock.shutdown(2)
        assert control.state() is PowerState.ON
    assert server.connections == 2
