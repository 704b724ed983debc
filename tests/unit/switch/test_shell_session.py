# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Linux shell's exit status is believed, however much the command said."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch import session
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import CommandRejected, SessionLost
from ansible_collections.contingency.infra.plugins.module_utils._switch.model import Send
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.linux_frr import LinuxFrr, _parts
from ansible_collections.contingency.infra.plugins.module_utils._switch.session import ShellSession
from ansible_collections.contingency.infra.plugins.module_utils._switch.target import Target

LONG = "for n in 1 2 3 4 5 6 7 8 9 10 11 12; do echo line $n; done"


class Channel:
    """Runs its command in a shell of this machine."""

    def settimeout(self, seconds: float) -> None:
        pass

    def set_combine_stderr(self, combine: bool) -> None:
        assert combine

    def exec_command(self, command: str) -> None:
        done = subprocess.run(
            ["sh", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=10
        )
        self._output, self._status = [done.stdout, b""], done.returncode

    def recv(self, size: int) -> bytes:
        return self._output.pop(0) if self._output else b""

    def recv_exit_status(self) -> int:
        return self._status


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> ShellSession:
    """Return a session whose commands run here."""
    transport = SimpleNamespace(open_session=lambda timeout: Channel())
    connection = SimpleNamespace(remote_conn_pre=SimpleNamespace(get_transport=lambda: transport))
    monkeypatch.setattr(session, "open_connection", lambda *_, **__: connection)
    return ShellSession(Target("access-ward", "192.0.2.1"), LinuxFrr.rejections)


@pytest.mark.parametrize("command", ["exit 3", f"{LONG}; exit 3"], ids=["silent", "long"])
def test_a_command_that_fails_is_a_rejection(shell: ShellSession, command: str) -> None:
    with pytest.raises(CommandRejected):
        shell.read(command)
    with pytest.raises(CommandRejected):
        shell.change([Send(command)])
    assert shell.attempt(command) is None


def test_the_rejection_shows_how_the_output_ended(shell: ShellSession) -> None:
    with pytest.raises(CommandRejected) as caught:
        shell.read(f"{LONG}; echo no space left on device >&2; exit 1")
    assert "no space left on device" in str(caught.value)


def test_a_command_that_succeeds_is_an_answer_whatever_it_says(shell: ShellSession) -> None:
    assert shell.read(f"{LONG}; echo % Unknown command").count("\n") == 13


def test_a_command_without_an_exit_status_is_a_session_that_was_cut(
    shell: ShellSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Channel, "recv_exit_status", lambda _self: -1)
    with pytest.raises(SessionLost):
        shell.read("ip -json addr show")


def test_what_was_fetched_together_is_answered_one_by_one_each_with_its_own_end(shell: ShellSession) -> None:
    commands = ["echo one; echo", "printf two", "exit 3", "echo no space >&2; false", "true", LONG]
    alone = [shell.attempt(command) for command in commands]
    shell.fetch(commands, timeout=5)
    assert [shell.attempt(command) for command in commands] == alone
    assert alone[:3] == ["one\n\n", "two", None]


def test_a_script_that_ends_early_is_no_answer(shell: ShellSession) -> None:
    with pytest.raises(SessionLost):
        shell.fetch(["echo one", "echo 'open"], timeout=5)


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("failing", ["false", f"{{ {LONG}; }}; false", "no-such-command-here"])
def test_one_part_that_fails_is_an_error_and_not_an_empty_part(shell: ShellSession, number: int, failing: str) -> None:
    commands = ["echo one", "echo two", "echo three"]
    assert _parts(shell, *commands) == ["one", "two", "three"]
    commands[number] = failing
    with pytest.raises(CommandRejected):
        _parts(shell, *commands)


def test_a_session_without_transport_is_lost(shell: ShellSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell.connection.remote_conn_pre, "get_transport", lambda: None)
    with pytest.raises(SessionLost, match="the session ended"):
        shell.read("true")
