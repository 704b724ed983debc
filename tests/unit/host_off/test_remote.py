# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is sent to a host, run by this machine's own shell with programs that only write down how they were called."""

from __future__ import annotations

import base64
import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._shutdown import remote
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.kinds import (
    KINDS,
    KindError,
    Service,
    kind_named,
    services_from,
)
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.remote import Identity, Told

OWN = Identity("boot-of-controller", "machine-of-controller")
PATIENCE = 0.5
SYSTEMCTL = """#!/bin/sh
echo "$@" >> {calls}
case "$*" in
  is-system-running) cat {state} ;;
  "stop hangs") sleep 20 ;;
  *nowhere*) [ "$1" = show ] && printf 'not-found\\ninactive\\n' || exit 5 ;;
  *stubborn*) [ "$1" = show ] && printf 'loaded\\nactive\\n' ;;
  show*) printf 'loaded\\ninactive\\n' ;;
esac
"""
LATER = """#!/bin/sh
echo later "$@" >> {calls}
"""


class Host:
    """This machine in the part of a host: its ids and its systemctl are files."""

    def __init__(self, work: Path) -> None:
        self.calls = work / "calls"
        self.state = work / "state"
        self.boot, self.machine = work / "boot", work / "machine"
        self._work = work
        self.calls.touch()
        self.state.write_text("running\n", encoding="ascii")
        self.boot.write_text("boot-of-host\n", encoding="ascii")
        self.machine.write_text("machine-of-host\n", encoding="ascii")
        programs = {"systemctl": SYSTEMCTL, "systemd-run": LATER, "setsid": LATER, "id": "#!/bin/sh\necho 0\n"}
        for name, text in programs.items():
            program = work / name
            program.write_text(text.replace("{calls}", str(self.calls)).replace("{state}", str(self.state)))
            program.chmod(0o755)
        self.kind = replace(KINDS["linux"], boot_id=f"cat {self.boot}", machine_id=f"cat {self.machine}")

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PATH": f"{self._work}:{os.environ['PATH']}"}
        return subprocess.run(
            ["sh", "-c", command],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def shut(self, *services: Service, own: Identity = OWN, kind: str = "linux") -> Told:
        chosen = replace(self.kind, name=kind)
        done = self.run(remote.command_to_shut_down(chosen, services, own))
        return remote.told(chosen, services, done.returncode, done.stdout, done.stderr)

    def called(self) -> list[str]:
        return self.calls.read_text(encoding="utf-8").splitlines()

    def was_shut_down(self) -> bool:
        """It is started beside the answer; so look until it is there, and a moment for it not to be."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if any(line.startswith("later") and "systemctl poweroff" in line for line in self.called()):
                return True
            time.sleep(0.02)
        return False


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_services_are_stopped_in_order_and_then_the_shutdown_is_started(host: Host) -> None:
    told = host.shut(Service("one"), Service("two"))
    assert told.begun
    assert told.identity == Identity("boot-of-host", "machine-of-host")
    assert [(each.name, each.stopped, each.why) for each in told.services] == [("one", True, None), ("two", True, None)]
    assert host.was_shut_down()
    stops = [line for line in host.called() if line.startswith(("stop", "later"))]
    assert stops[:2] == ["stop one", "stop two"]
    assert len(stops) == 3


def test_a_service_that_hangs_costs_its_time_out_and_the_next_one_is_stopped(host: Host) -> None:
    told = host.shut(Service("hangs", 0.5), Service("two"))
    first, second = told.services
    assert (first.stopped, first.why) == (False, "still stopping after 0.5 s")
    assert 0.4 <= first.seconds < 3
    assert second.stopped
    assert told.begun


@pytest.mark.parametrize(
    ("service", "why"),
    [
        (Service("nowhere"), "there is no service of this name on the host"),
        (Service("stubborn"), "it is active after its stop"),
        (Service("agent", 5, "exit 3"), "its command ended with status 3"),
        (Service("agent", 0.3, "sleep 20"), "still stopping after 0.3 s"),
    ],
)
def test_what_did_not_stop_is_told_with_its_reason(host: Host, service: Service, why: str) -> None:
    told = host.shut(service)
    assert (told.services[0].stopped, told.services[0].why) == (False, why)
    assert told.begun


def test_a_command_may_hold_quotes_and_several_words(host: Host, tmp_path: Path) -> None:
    told = host.shut(Service("the agent's own", 5, f"echo \"it's $((1 + 1))\" > '{tmp_path}/said'"))
    assert told.services[0].stopped
    assert (tmp_path / "said").read_text(encoding="ascii") == "it's 2\n"


@pytest.mark.parametrize(
    ("own", "refused"),
    [
        (Identity("boot-of-host", "another"), True),
        (Identity(None, "machine-of-host"), True),
        (Identity("boot-of-controller", "machine-of-host"), False),  # A disk that was copied.
        (Identity(None, None), False),
    ],
)
def test_a_host_that_is_the_controller_does_nothing(host: Host, own: Identity, refused: bool) -> None:
    told = host.shut(Service("one"), own=own)
    assert told.refused is refused
    assert host.was_shut_down() is not refused
    assert ("stop one" in host.called()) is not refused
    assert remote.is_same(told.identity, own) is refused


def test_the_kind_controller_is_shut_down_only_where_it_is_the_controller(host: Host) -> None:
    assert host.shut(kind="controller").refused
    assert not host.was_shut_down()
    assert host.shut(kind="controller", own=Identity("boot-of-host", None)).begun
    assert host.was_shut_down()


def test_a_host_that_is_stopping_is_left_alone(host: Host) -> None:
    host.state.write_text("stopping\n", encoding="ascii")
    told = host.shut(Service("one"))
    assert (told.under_way, told.begun, told.services) == (True, False, ())
    assert not host.was_shut_down()
    assert "stop one" not in host.called()


def test_who_is_not_root_changes_nothing(host: Host, tmp_path: Path) -> None:
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n", encoding="ascii")
    told = host.shut(Service("one"))
    assert told.not_root
    assert not host.was_shut_down()
    assert "stop one" not in host.called()


def test_looking_stops_nothing(host: Host) -> None:
    services = (Service("one"), Service("stubborn"), Service("nowhere"), Service("agent", 5, "exit 3"))
    command = remote.command_to_look(host.kind, services)
    assert command is not None
    done = host.run(command)
    assert remote.running(services, done.stdout) == {"one": False, "stubborn": True, "nowhere": None}
    assert not any(line.startswith(("stop", "later")) for line in host.called())


def test_it_goes_on_when_nobody_listens_any_more(host: Host) -> None:
    """The login breaks while a service stops: nobody reads the answer, and the host is shut down all the same."""
    command = remote.command_to_shut_down(host.kind, (Service("agent", 5, "sleep 0.5"),), OWN)
    environment = {**os.environ, "PATH": f"{host.calls.parent}:{os.environ['PATH']}"}
    process = subprocess.Popen(
        ["sh", "-c", command], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    process.stdout.close()
    process.wait(10)
    assert host.was_shut_down()


def test_an_answer_that_is_not_ours_is_a_complaint() -> None:
    told = remote.told(KINDS["linux"], (), 127, "Welcome\n", "sh: not found\n")
    assert (told.begun, told.complaint) == (False, "status 127: Welcome")


def test_windows_gets_one_encoded_script_that_stops_and_then_shuts_down() -> None:
    services = services_from(
        ["MSSQLSERVER", {"name": "agent", "command": "C:\\agent\\stop.exe", "timeout": 20}], KINDS["windows"]
    )
    command = remote.command_to_shut_down(KINDS["windows"], services, OWN)
    text = base64.b64decode(command.rpartition(" ")[2]).decode("utf-16-le")
    parts = ["machine-of-controller", "Stop-Service -Force -Name 'MSSQLSERVER'", "stop.exe", "shutdown.exe /s"]
    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)
    assert "Stop-Service" not in base64.b64decode(
        str(remote.command_to_look(KINDS["windows"], services)).rpartition(" ")[2]
    ).decode("utf-16-le")
    told = remote.told(
        KINDS["windows"],
        services,
        0,
        f"{remote.MARK}boot_id 1\r\n{remote.MARK}service 0 0 0 2.5 loaded inactive\r\n"
        f"{remote.MARK}service 1 124 0 20.1 custom\r\n{remote.MARK}shutdown 1115\r\n",
        "",
    )
    assert told.begun
    assert [(each.stopped, each.seconds) for each in told.services] == [(True, 2.5), (False, 20.1)]


# -- kinds -------------------------------------------------------------------------------------------------------------


def test_only_what_ran_in_the_lab_is_called_tested() -> None:
    assert [name for name, kind in KINDS.items() if kind.tested] == ["linux", "controller"]
    assert all(kind.caution for kind in KINDS.values() if not kind.tested)


def test_guests_of_a_hypervisor_are_stopped_after_the_site_s_services() -> None:
    names = [service.name for service in services_from(["backup"], KINDS["proxmox"])]
    assert names == ["backup", "pve-guests.service"]


def test_the_site_may_give_the_guests_another_time() -> None:
    services = services_from([{"name": "pve-guests.service", "timeout": 900}], KINDS["proxmox"])
    assert [(service.name, service.timeout) for service in services] == [("pve-guests.service", 900.0)]


@pytest.mark.parametrize(
    ("kind", "described", "said"),
    [
        ("linux", "his-app", "write a list"),
        ("linux", [{"timeout": 5}], "write its name"),
        ("linux", [{"name": "a", "unit": "b"}], "has no unit"),
        ("linux", [{"name": "a", "timeout": 0}], "seconds above 0"),
        ("linux", ["a; rm -r /"], "not the name of a service"),
        ("esxi", ["vpxa"], "give it a command"),
        ("storage", ["nfs"], "leave shutdown_services out"),
    ],
)
def test_services_that_cannot_be_are_named(kind: str, described: object, said: str) -> None:
    with pytest.raises(KindError, match=said):
        services_from(described, KINDS[kind])


def test_an_unknown_kind_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(KindError, match="linux, libvirt, proxmox"):
        kind_named("solaris")
