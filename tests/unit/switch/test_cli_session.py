# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an answer ends: lines that look like the prompt, and lines that come behind it."""

from __future__ import annotations

import time
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch import session
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import SessionLost
from ansible_collections.contingency.infra.plugins.module_utils._switch.model import Send
from ansible_collections.contingency.infra.plugins.module_utils._switch.session import CliSession
from ansible_collections.contingency.infra.plugins.module_utils._switch.target import Target

from tests.unit.switch.platforms.behaviour import Switches

PROMPT = "access-ward#"
Chunks = list[tuple[float, str]]


class Terminal:
    """A channel that says its pieces at their time after each command."""

    def __init__(self) -> None:
        self.answers: list[Chunks] = []
        self._waiting: list[tuple[float, bytes]] = []
        self._limit = 0.0

    def write(self, text: str) -> None:
        chunks = [(0.0, text.replace("\n", "\r\n")), *(self.answers.pop(0) if self.answers else [])]
        now = time.monotonic()
        self._waiting += [(now + delay, piece.encode()) for delay, piece in chunks]

    def settimeout(self, seconds: float) -> None:
        self._limit = seconds

    def recv_ready(self) -> bool:
        return bool(self._waiting) and self._waiting[0][0] <= time.monotonic()

    def recv(self, size: int) -> bytes:
        if not self._waiting:
            raise TimeoutError("timed out")
        time.sleep(max(0.0, self._waiting[0][0] - time.monotonic()))
        return self._waiting.pop(0)[1]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return the terminal behind every session that is opened."""
    found = Terminal()
    connection = SimpleNamespace(base_prompt="access-ward", remote_conn=found, write_channel=found.write)
    monkeypatch.setattr(session, "open_connection", lambda *_, **__: connection)
    return found


def opened() -> CliSession:
    target = Target("access-ward", "192.0.2.1", command_timeout=2.0)
    return CliSession(target, "cisco_ios", r"{base}[\w.\-]*(?:\([^)\r\n]*\))?[>#]", (r"^\s*% ?[A-Z]",))


def banner(lines_before: int) -> str:
    return "".join(
        [
            "version 17.9\nhostname access-ward\n",
            "service timestamps log datetime msec localtime\n" * lines_before,
            f"banner motd ^C\n{PROMPT}\n Authorized staff only\n{PROMPT}\n^C\n",
            "interface TenGigabitEthernet1/0/1\n shutdown\n" * 5,
            "end\n",
        ]
    )


@pytest.mark.parametrize("pieces", [0, 1, 7])
@pytest.mark.parametrize("lines_before", [0, 40], ids=["early", "late"])
def test_a_banner_with_the_prompt_in_it_does_not_end_a_configuration(lines_before: int, pieces: int) -> None:
    with ExitStack() as stack:
        switches = Switches("cisco_ios", stack)
        handle = switches.start()
        opened = switches.session(handle)
        command = switches.platform.running_command
        handle.faults.garbage = {command: banner(lines_before)}
        handle.faults.fragment = pieces
        for _round in range(2):
            assert switches.platform.running_config(opened).strip() == banner(lines_before).strip()
        handle.faults.clear()
        assert "Cisco IOS" in opened.read("show version"), "the next answer was taken from the former one"


@pytest.mark.parametrize("lines_before", [0, 40], ids=["early", "late"])
def test_a_pause_right_behind_the_banners_prompt_does_not_end_it(terminal: Terminal, lines_before: int) -> None:
    head, _prompt, tail = banner(lines_before).replace("\n", "\r\n").partition(PROMPT)
    terminal.answers = [[(0.0, head + PROMPT), (0.05, tail), (0.08, PROMPT)]]
    assert opened().read("show running-config", free_text=True).replace("\r", "").endswith("\nend")


def test_what_is_short_and_no_free_text_is_not_waited_for(terminal: Terminal) -> None:
    terminal.answers = [[(0.0, f"Port  Status\r\n{PROMPT}")]] * 20
    one = opened()
    began = time.monotonic()
    for _round in range(20):
        assert one.read("show interfaces status") == "Port  Status"
    assert time.monotonic() - began < 0.5


@pytest.mark.parametrize("inside", ["", PROMPT], ids=["plain", "prompt inside"])
def test_a_long_output_with_its_own_end_is_whole_and_not_waited_for(terminal: Terminal, inside: str) -> None:
    head, tail = "{\r\n" + ' "name": "swp1",\r\n' * 100, ' "last": 1\r\n}\r\n'
    terminal.answers = [[(0.0, f"{head}{inside}"), (0.01, f"\r\n{tail}{PROMPT}")]] * 5
    one = opened()
    began = time.monotonic()
    for _round in range(5):
        assert one.ask(Send("show interface json", end=r"^\}")).strip().endswith("}")
    assert time.monotonic() - began < 0.3


LOG = "*Nov 21 21:45:00.123: %LINK-5-CHANGED: Interface Te1/0/2, changed state to administratively down\r\n"


@pytest.mark.parametrize(
    "behind",
    [
        [(0.0, f"{PROMPT}\r\n{LOG}")],
        [(0.0, PROMPT), (0.0, f"\r\n{LOG}")],
        [(0.0, f"{PROMPT}\r\n{LOG}{LOG}{PROMPT}")],
        [(0.0, LOG), (0.02, PROMPT)],
    ],
    ids=["behind", "in a piece of its own", "prompt printed again", "before"],
)
def test_a_log_line_at_the_prompt_does_not_hang_it(terminal: Terminal, behind: Chunks) -> None:
    terminal.answers = [behind, [(0.0, f"Port  Status\r\n{PROMPT}")]]
    one = opened()
    began = time.monotonic()
    one.read("end")
    assert time.monotonic() - began < 1.5
    assert one.read("show interfaces status").endswith("Port  Status")
    assert one.prompt == PROMPT


@pytest.mark.parametrize("silent", [[], [(0.0, "Port  Sta")]], ids=["nothing", "half"])
def test_a_switch_that_falls_silent_is_told_in_time(terminal: Terminal, silent: Chunks) -> None:
    terminal.answers = [silent]
    with pytest.raises(SessionLost, match=r"no answer in time after 'show interfaces status'"):
        opened().read("show interfaces status")
