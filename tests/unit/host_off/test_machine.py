# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The login: bounded in time, honest about why there is none, and aware of where it leads."""

from __future__ import annotations

import subprocess
import time
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.contingency.infra.plugins.plugin_utils import machine
from ansible_collections.contingency.infra.plugins.plugin_utils.off_words import NoLogin


def test_an_answer_in_time_is_the_answer() -> None:
    assert machine.bounded(lambda: (3, b"said", b"complained"), 5) == (3, "said", "complained")


def test_a_silent_host_costs_the_time_and_what_was_started_is_ended() -> None:
    started: list[subprocess.Popen[bytes]] = []

    def work() -> tuple[int, bytes, bytes]:
        with subprocess.Popen(["sleep", "60"]) as process:
            started.append(process)
            return process.wait(), b"", b""

    begun = time.monotonic()
    answer = machine.bounded(work, 0.5)
    assert answer.status == 124
    assert time.monotonic() - begun < 2
    assert started[0].wait(5) == -15


def test_other_errors_are_raised_where_they_can_be_seen() -> None:
    def work() -> tuple[int, bytes, bytes]:
        raise ValueError("a mistake")

    with pytest.raises(ValueError, match="a mistake"):
        machine.bounded(work, 5)


@pytest.mark.parametrize(
    ("message", "said", "broken"),
    [
        (
            "Failed to connect to the host via ssh: ssh: connect to host 10.77.0.61 port 22: Connection refused",
            "ssh: connect to host 10.77.0.61 port 22: Connection refused",
            False,
        ),
        (
            "Data could not be sent to remote host. Make sure this host can be reached over ssh: "
            "root@10.77.0.61: Permission denied (publickey).",
            "root@10.77.0.61: Permission denied (publickey)",
            False,
        ),
        (
            "Failed to connect to the host via ssh: Connection to 10.77.0.61 closed by remote host.",
            "Connection to 10.77.0.61 closed by remote host",
            True,
        ),
        (
            "Failed to connect to the host via ssh: Timeout, server 10.77.0.61 not responding.",
            "Timeout, server 10.77.0.61 not responding",
            True,
        ),
        (
            "Failed to connect to the host via ssh: Connection timed out during banner exchange\n"
            "Connection to 10.77.0.61 port 22 timed out",
            "Connection timed out during banner exchange Connection to 10.77.0.61 port 22 timed out",
            False,
        ),
    ],
)
def test_why_there_is_no_login_is_told_in_ssh_s_words(message: str, said: str, broken: bool) -> None:
    def work() -> tuple[int, bytes, bytes]:
        raise AnsibleConnectionFailure(message)

    with pytest.raises(NoLogin) as caught:
        machine.bounded(work, 5)
    assert (str(caught.value), caught.value.broken) == (said, broken)


@pytest.mark.parametrize(
    ("transport", "address", "here"),
    [
        ("local", "10.77.0.61", True),
        ("ssh", "localhost", True),
        ("ssh", "127.0.0.1", True),
        ("ssh", "::1", True),
        ("ssh", "192.0.2.7", False),
        ("ssh", "his-app-1", False),
    ],
)
def test_a_login_to_this_machine_is_known_as_such(transport: str, address: str, here: bool) -> None:
    assert machine.is_here(transport, address) is here


def test_a_local_login_runs_the_command() -> None:
    login = machine.ConnectionMachine("this", {"ansible_connection": "local"})
    assert login.here
    assert login.run("echo $((20 + 1)); exit 4", 10)[:2] == (4, "21\n")


def options(**variables: Any) -> Any:
    return machine.ConnectionMachine("his-app-1", variables)._connection


def test_the_site_s_ssh_options_hold() -> None:
    connection = options(
        ansible_host="10.77.0.61", ansible_user="operator", ansible_port=2222, ansible_ssh_common_args="-J bastion"
    )
    command = b" ".join(connection._build_command("ssh", "ssh", "10.77.0.61", "true")).decode()
    assert 'User="operator"' in command
    assert "Port=2222" in command
    assert "-J bastion" in command
    assert connection.get_option("host") == "10.77.0.61"


def test_become_is_the_host_s_own() -> None:
    assert options(ansible_host="10.77.0.61").become is None
    become = options(ansible_become=True, ansible_become_method="sudo", ansible_become_password="secret").become
    assert become.name == "sudo"
    assert become.get_option("become_pass") == "secret"


def test_keywords_of_the_task_hold_where_the_host_says_nothing_else() -> None:
    login = machine.ConnectionMachine("his-app-1", {}, {"remote_user": "operator", "become": True})
    assert login._connection.get_option("remote_user") == "operator"
    assert login._connection.become is not None


def test_who_is_that_user_already_needs_no_sudo() -> None:
    login = machine.ConnectionMachine("his-app-1", {"ansible_become": True, "ansible_user": "root"})
    assert not login._becomes_another()
    assert machine.ConnectionMachine("his-app-1", {"ansible_become": True, "ansible_user": "op"})._becomes_another()


def test_this_machine_tells_its_identity() -> None:
    own = machine.own_identity()
    assert own.boot_id
    assert len(own.boot_id) == 36
