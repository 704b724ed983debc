# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One interactive session: line editing and echo, questions, paging, faults, the loop of the shell."""

from __future__ import annotations

import asyncio
import itertools
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import asyncssh

from lab.fakes.device import Device, Received
from lab.fakes.faults import Cut, matches
from lab.fakes.grammar import CommandError, Match

if TYPE_CHECKING:
    from lab.fakes.platform import Platform

ENTER, ERASE, KILL, WORD, INTERRUPT, END = "\r\n", "\b\x7f", "\x15", "\x17", "\x03", "\x1a"
NOISE = "\x00\x7f~}!#\x05\xa4 %SYS-0-\x1b[garbled\n"
RETRANSMISSION = 0.2
_numbers = itertools.count(1)


class Hangup(Exception):
    """The session is over: it was cut, or the client went away."""


class Session(asyncssh.SSHServerSession[str]):
    """The shell of one login."""

    def __init__(self, device: Device, platform: Platform, cut: Callable[[float], None], user: str) -> None:
        """Take the device, its platform and what cuts the TCP connection."""
        self.device = device
        self.platform = platform
        self.user = user
        self.number = next(_numbers)
        self.mode = platform.login_mode
        self.stack: list[str] = []
        self.interface = ""
        self.page_length = platform.page_length
        self.values: dict[str, Any] = {}
        self.interrupted = False
        self._cut = cut
        self._held = ""
        self._input = ""
        self._output: list[str] = []
        self._arrived = asyncio.Event()
        self._closed = False
        self._ended = False
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, chan: asyncssh.SSHServerChannel[str]) -> None:
        """Take the channel."""
        self._chan = chan

    def pty_requested(self, *_: Any) -> bool:
        """Accept a terminal; its size is not used, as paging has its own setting."""
        return True

    def shell_requested(self) -> bool:
        """Accept a shell."""
        return True

    def session_started(self) -> None:
        """Start to speak."""
        self._task = asyncio.get_running_loop().create_task(self._serve())

    def data_received(self, data: str, datatype: asyncssh.DataType) -> None:
        """Take what was typed; it is echoed when it is read."""
        self._held += data
        self._deliver()

    def _deliver(self) -> None:
        """Hand over what is under way in both directions, or try later when no packet gets through."""
        if self.device.carries_session():
            self._input += self._held
            self._held = ""
            self._arrived.set()
            self._send()
        elif not self._closed:
            asyncio.get_running_loop().call_later(RETRANSMISSION, self._deliver)

    def eof_received(self) -> bool:
        """End with the client's end of file, after what was typed before it."""
        self._ended = True
        self._arrived.set()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """End with the connection."""
        self._close()

    def _close(self) -> None:
        self._closed = True
        self._arrived.set()
        if self._task is not None:
            self._task.cancel()

    @property
    def closed(self) -> bool:
        """Tell whether the session has ended."""
        return self._closed

    def enter(self, mode: str) -> None:
        """Go into a mode below this one."""
        self.stack.append(self.mode)
        self.mode = mode

    def leave(self) -> bool:
        """Go back to the mode above; tell whether there was one."""
        if not self.stack:
            return False
        self.mode = self.stack.pop()
        return True

    def write(self, text: str) -> None:
        """Print; it is sent when the session waits."""
        self._output.append(text.replace("\n", "\r\n"))

    def message(self, text: str) -> None:
        """Print at once, in the middle of whatever is on the screen."""
        self.write(text)
        self._send()

    def _send(self) -> None:
        if not self._output or self._closed:
            return
        if not self.device.carries_session():
            self._deliver()
            return
        text = "".join(self._output)
        self._output.clear()
        size = self.device.faults.fragment or len(text)
        for start in range(0, len(text), size):
            self._chan.write(text[start : start + size])

    async def pause(self, seconds: float) -> None:
        """Let time pass, with what was printed so far on the screen."""
        self._send()
        await asyncio.sleep(seconds)

    async def read_key(self) -> str:
        """Wait for one key, without echo; \\r\\n is one key."""
        while not self._input:
            self._send()
            if self._closed or self._ended:
                raise Hangup
            self._arrived.clear()
            await self._arrived.wait()
        key = "\r\n" if self._input.startswith("\r\n") else self._input[0]
        self._input = self._input[len(key) :]
        return key

    async def key_within(self, seconds: float) -> str | None:
        """Wait for a key for a while."""
        try:
            return await asyncio.wait_for(self.read_key(), seconds)
        except TimeoutError:
            return None

    async def read_line(self, echo: bool = True) -> str:
        """Read a line with echo and editing; Ctrl-C gives it up, Ctrl-Z ends it."""
        line = ""
        self.interrupted = False
        while True:
            if self._input and self._input[0].isprintable():
                run = "".join(itertools.takewhile(str.isprintable, self._input))
                self._input = self._input[len(run) :]
                line += run
                if echo:
                    self._output.append(run)
                continue
            key = await self.read_key()
            if key[0] in ENTER:
                self.write("\n")
                return line
            if key == INTERRUPT:
                self.interrupted = True
                self.write("^C\n")
                return ""
            if key == END:
                self.write("^Z\n")
                return self.platform.end_command
            if key in ERASE + KILL + WORD and line:
                kept = line[:-1] if key in ERASE else "" if key == KILL else line.rstrip().rpartition(" ")[0]
                gone = len(line) - len(kept)
                line = kept
                if echo:
                    self._output.append("\b" * gone + " " * gone + "\b" * gone)
            elif key.isprintable():
                self._input = key + self._input

    async def ask(self, question: str, echo: bool = True) -> str:
        """Print a question and read the answer."""
        self.write(question)
        answer = await self.read_line(echo)
        self._log("question", answer if echo else "*" * len(answer))
        cut = self._cut_for(answer, answer)
        if cut is not None:
            self._cut_now(cut)
        return answer

    async def _serve(self) -> None:
        try:
            self.write(self.platform.login(self))
            while not self._closed:
                self.write(self.platform.prompt(self))
                line = await self.read_line()
                await self.execute(line)
        except (Hangup, asyncssh.Error, ConnectionError):
            pass
        except Exception:
            self.device.defects.append(traceback.format_exc())
            self._cut(0)
            raise
        finally:
            self._send()
            self._closed = True
            self._chan.exit(0)

    def hang_up(self) -> None:
        """End the session as `exit` does."""
        raise Hangup

    def _log(self, mode: str, line: str) -> None:
        self.device.received.append(Received(time.monotonic(), self.number, mode, line))

    async def execute(self, line: str) -> None:
        """Log a line, apply the faults that concern it, run it."""
        self._log(self.mode, line)
        if not line.strip():
            return
        body, modifier = self._split(line)
        try:
            found: Match | CommandError = self.platform.parse(self, body)
        except CommandError as error:
            found = error
        full = found.full if isinstance(found, Match) else line
        cut = self._cut_for(line, full)
        if cut is not None and cut.when == "before":
            self._cut_now(cut)
        if self.device.faults.delay:
            await self.pause(self.device.faults.delay)
        if any(matches(pattern, line, full) for pattern in self.device.faults.hang):
            self._send()
            await asyncio.Event().wait()
        output = await self._answer(line, body, full, found)
        if cut is not None:
            self._cut_now(cut)
        if output:
            await self.page(self.platform.filtered(output, modifier) if modifier else output)

    def _split(self, line: str) -> tuple[str, str]:
        body, pipe, modifier = line.partition(" | ")
        return (body, modifier) if pipe and self.platform.filters else (line, "")

    async def _answer(self, line: str, body: str, full: str, found: Match | CommandError) -> str | None:
        faults = self.device.faults
        for pattern, text in faults.reject.items():
            if matches(pattern, line, full):
                return text or self.platform.rejected(self, line)
        for pattern, text in faults.garbage.items():
            if matches(pattern, line, full):
                return text or NOISE
        if isinstance(found, CommandError):
            return self.platform.error(self, body, found)
        return await self.platform.run(self, found)

    def _cut_for(self, line: str, full: str) -> Cut | None:
        return next((cut for cut in self.device.faults.cut if cut.times > 0 and matches(cut.line, line, full)), None)

    def _cut_now(self, cut: Cut) -> None:
        cut.times -= 1
        self._output.clear()
        self._closed = True
        self._cut(cut.refuse_for)
        raise Hangup

    async def page(self, text: str) -> None:
        """Print, with the vendor's paging unless it was disabled."""
        if self.page_length == 0:
            self.write(text)
            return
        lines = text.split("\n")
        ending = lines.pop() if lines[-1] == "" else None
        room = self.page_length - 1
        for number, part in enumerate(lines):
            if room == 0:
                self.write(self.platform.more)
                key = await self.read_key()
                self._output.append(self.platform.more_erase)
                if key not in (" ", "\r", "\n", "\r\n"):
                    return
                room = self.page_length - 1 if key == " " else 1
            last = number == len(lines) - 1
            self.write(part if last and ending is None else part + "\n")
            room -= 1
