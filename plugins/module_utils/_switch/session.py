# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One SSH session: a command goes out, its output comes back, anything else is an error."""

from __future__ import annotations

import re
import secrets
import socket
import time
from abc import ABC, abstractmethod
from typing import Any, Dict, List, Optional, Sequence, Tuple

from .connect import open_connection
from .errors import CommandRejected, SessionLost, SwitchError
from .explain import privilege_missing
from .model import Send
from .target import Target

_LONG = 1000
_LOOK = 0.01
_QUIET_LONG = 0.1
_QUIET_BEHIND = 0.5


class Session(ABC):
    """A session with one switch. ``sent`` holds every line of a change, in order, as it went out."""

    def __init__(self, target: Target, rejections: Sequence[str]) -> None:
        self.target = target
        self.sent: List[str] = []
        self._rejections = re.compile("|".join(f"(?:{each})" for each in rejections), re.MULTILINE)

    @abstractmethod
    def exchange(self, send: Send) -> str:
        """Send one line and return what came back; SessionLost where nothing did."""

    @property
    @abstractmethod
    def connection(self) -> Any:
        """Return Netmiko's connection."""

    def read(self, command: str, timeout: float = 0.0, free_text: bool = False) -> str:
        """Return the output of a command that only reads; CommandRejected where the switch says no."""
        return self.ask(Send(command, timeout=timeout, free_text=free_text))

    def ask(self, send: Send) -> str:
        """Like ``read``, for a command that asks back."""
        output = self.exchange(send)
        if self._is_rejection(output):
            raise CommandRejected(self.target.name, send.command, output)
        return output

    def attempt(self, command: str) -> Optional[str]:
        """Return the output of a command that only reads, or None where the switch does not know it."""
        output = self.exchange(Send(command))
        return None if self._is_rejection(output) else output

    def read_file(self, path: str) -> str:
        """Return a file of the switch over SFTP."""
        command = f"sftp:{path}"
        try:
            with self.connection.remote_conn_pre.open_sftp() as sftp:
                sftp.get_channel().settimeout(self.target.command_timeout)
                with sftp.open(path) as file:
                    data: bytes = file.read()
        except Exception as error:
            transport = self.connection.remote_conn_pre.get_transport()
            if transport is None or not transport.is_active() or isinstance(error, (EOFError, socket.timeout)):
                raise SessionLost(
                    self.target.name, f"the session ended while {path} was read; look at the switch's console"
                ) from error
            raise CommandRejected(
                self.target.name, command, f"{error} (sshd_config needs: Subsystem sftp internal-sftp)"
            ) from error
        return data.decode("utf-8", errors="replace")

    def _is_rejection(self, output: str) -> bool:
        # A long output is an answer: a banner or a log in it may hold what looks like an error.
        return output.count("\n") <= 6 and bool(self._rejections.search(output))

    def change(self, sends: Sequence[Send]) -> None:
        """Send the lines of a change one after the other; stop at the first that is rejected."""
        for send in sends:
            self.sent.append(send.command)
            self._reject(send, self.exchange(send))

    def _reject(self, send: Send, output: str) -> None:
        if send.optional:
            return
        if self._rejections.search(output) or any(re.search(each, output) for each in send.failure):
            raise CommandRejected(self.target.name, send.command, output)
        if send.success and not re.search(send.success, output):
            raise CommandRejected(self.target.name, send.command, output)

    @property
    def addresses(self) -> Optional[Tuple[str, str]]:
        """Return the controller's and the switch's address of this session, None behind a jump host."""
        transport = self.connection.remote_conn_pre.get_transport()
        if transport is None:
            raise SessionLost(self.target.name, "the session ended; look at the switch's console")
        if not isinstance(transport.sock, socket.socket):
            return None
        try:
            return transport.sock.getsockname()[0], transport.sock.getpeername()[0]
        except OSError as error:
            raise SessionLost(self.target.name, f"the session ended ({error}); look at its console") from error

    def close(self) -> None:
        """End the session; harmless where it has ended already."""
        self.connection.paramiko_cleanup()


class CliSession(Session):
    """The command line of a switch, through Netmiko's login and prompt finding."""

    def __init__(self, target: Target, device_type: str, prompt: str, rejections: Sequence[str]) -> None:
        super().__init__(target, rejections)
        self._connection = open_connection(target, device_type, prepare=True)
        base = re.escape(self._connection.base_prompt.strip())
        self._prompt = re.compile(rf"^{prompt.replace('{base}', base)}[ \t]*$", re.MULTILINE)
        self.prompt = ""

    @property
    def connection(self) -> Any:
        return self._connection

    def enable(self) -> None:
        """Get the right to configure where the prompt shows that it is missing."""
        self.exchange(Send(""))
        if not self.prompt.endswith(">"):
            return
        # Some switches ask for no password here; IOS asks three times for the right one.
        self.exchange(Send("enable", answers=((r"[Pp]assword:?", self.target.enable_secret or ""),)))
        if self.prompt.endswith(">"):
            raise privilege_missing(self.target)

    def exchange(self, send: Send) -> str:
        deadline = time.monotonic() + (send.timeout or self.target.command_timeout)
        try:
            self._drain()
            self._connection.write_channel(send.command + "\n")
            output = self._until_prompt(send, deadline)
        except (OSError, EOFError) as error:
            raise self._lost(send, f"the session ended ({error})") from error
        return self._without_echo(send.command, output)

    def _drain(self) -> None:
        channel = self._connection.remote_conn
        while channel.recv_ready():
            channel.recv(65535)

    def _until_prompt(self, send: Send, deadline: float) -> str:
        raw, answered = b"", 0
        while True:
            raw += self._receive(send, deadline)
            text = self._clean(raw)
            echo = text.find(send.command)
            if echo < 0:
                continue
            after = text[echo + len(send.command) :]
            prompt = self._last_prompt(after)
            if prompt and self._is_quiet(_patience_for(send, after, prompt)):
                self.prompt = prompt.group(0).strip()
                return text[: echo + len(send.command) + prompt.start()]
            answered = self._answer(send, after, answered)

    def _last_prompt(self, text: str) -> Optional[re.Match[str]]:
        return next(reversed(list(self._prompt.finditer(text))), None)

    def _is_quiet(self, seconds: float) -> bool:
        """Does the switch say nothing more for this long? A line that looks like a prompt is none if it goes on."""
        channel = self._connection.remote_conn
        deadline = time.monotonic() + seconds
        while not channel.recv_ready():
            if time.monotonic() >= deadline:
                return True
            time.sleep(_LOOK)
        return False

    def _answer(self, send: Send, text: str, answered: int) -> int:
        """Answer the switch's question at the end of ``text``; return how far it has been answered."""
        for pattern, reply in send.answers:
            question = re.search(rf"(?:{pattern})\s*$", text[answered:])
            if question:
                self._connection.write_channel(reply + "\n")
                return len(text)
        return answered

    def _receive(self, send: Send, deadline: float) -> bytes:
        channel = self._connection.remote_conn
        left = deadline - time.monotonic()
        if left <= 0:
            raise self._lost(send, "no answer in time")
        channel.settimeout(left)
        try:
            data: bytes = channel.recv(65535)
        except socket.timeout as error:
            raise self._lost(send, "no answer in time") from error
        if not data:
            raise self._lost(send, "the session ended")
        return data

    def _lost(self, send: Send, why: str) -> SwitchError:
        return SessionLost(self.target.name, f"{why} after '{send.command}'; look at the switch's console")

    def _clean(self, raw: bytes) -> str:
        text = raw.decode("utf-8", errors="replace")
        if "\x1b" in text:
            text = str(self._connection.strip_ansi_escape_codes(text))
        return re.sub(r"\r+\n|\n\r", "\n", text).replace("\x00", "")

    @staticmethod
    def _without_echo(command: str, output: str) -> str:
        start = output.find(command)
        return output[start + len(command) :].strip("\r\n") if start >= 0 else output


def _patience_for(send: Send, text: str, prompt: re.Match[str]) -> float:
    """Return how long nothing must follow a prompt: a log line behind it or a banner before it may pass for one."""
    if text[prompt.end() :].strip():
        return _QUIET_BEHIND
    if send.end and re.search(rf"(?:{send.end})\s*\Z", text[: prompt.start()], re.MULTILINE):
        return 0.0
    return _QUIET_LONG if send.free_text or prompt.start() > _LONG else 0.0


class ShellSession(Session):
    """A Linux shell on the switch: each command in a channel of its own, with its exit status."""

    def __init__(self, target: Target, rejections: Sequence[str]) -> None:
        super().__init__(target, rejections)
        self._fetched: Dict[str, str] = {}
        self._connection = open_connection(target, "linux", prepare=False)

    @property
    def connection(self) -> Any:
        return self._connection

    def fetch(self, commands: Sequence[str], timeout: float) -> None:
        """Run commands that only read in one exchange; ``exchange`` then answers each from what was read here.

        For sessions that change nothing: what was fetched is never read again.
        """
        mark = f"----{secrets.token_hex(8)}----"
        script = "\n".join(f"( {command}\n) 2>&1; status=$?; echo; echo {mark} $status" for command in commands)
        parts = re.split(rf"\n{mark} (\d+)\n", self._run(Send(f"{script}\ntrue", timeout=timeout)))
        if len(parts) != 2 * len(commands) + 1:
            raise SessionLost(self.target.name, "not all commands answered; look at the switch's console")
        self._fetched = {
            command: _with_status(output, int(status))
            for command, output, status in zip(commands, parts[::2], parts[1::2])
        }

    def exchange(self, send: Send) -> str:
        return self._fetched[send.command] if send.command in self._fetched else self._run(send)

    def _run(self, send: Send) -> str:
        timeout = send.timeout or self.target.command_timeout
        try:
            channel = self._connection.remote_conn_pre.get_transport().open_session(timeout=timeout)
            channel.settimeout(timeout)
            channel.set_combine_stderr(True)
            channel.exec_command(send.command)
            output = self._drained(channel)
            status = channel.recv_exit_status()
        except socket.timeout as error:
            raise SessionLost(
                self.target.name, f"no answer in time to '{send.command}'; look at the console"
            ) from error
        except Exception as error:
            raise SessionLost(
                self.target.name, f"the session ended ({error}) in '{send.command}'; look at the switch's console"
            ) from error
        if status < 0:
            raise SessionLost(
                self.target.name, f"the session was cut off in '{send.command}'; look at the switch's console"
            )
        return _with_status(output, status)

    def _is_rejection(self, output: str) -> bool:
        return output.startswith("% exit status") or super()._is_rejection(output)

    @staticmethod
    def _drained(channel: Any) -> str:
        chunks: List[bytes] = []
        while True:
            data = channel.recv(65535)
            if not data:
                return b"".join(chunks).decode("utf-8", errors="replace").replace("\r\n", "\n")
            chunks.append(data)


def _with_status(output: str, status: int) -> str:
    return output if status == 0 else f"% exit status {status}: {output}"
