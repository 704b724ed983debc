# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that run beside this one: sessions, streams from one program into the next, and long runs.

What is started ends with this process, also when that is killed: setpriv sets the parent's death signal last, after
the user was changed, which would clear it (prctl(2)). The signal comes at the end of the thread that started the
program, so a program must be started by a thread that outlives it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from typing import IO, List, Mapping, Optional, Sequence, Union

from ansible_collections.contingency.infra.plugins.module_utils._host.run import (
    MISSING,
    MORTAL,
    TIMED_OUT,
    Answer,
    clean_environment,
    user_options,
)

PIPE = subprocess.PIPE
NOWHERE = subprocess.DEVNULL
Stream = Union[int, IO[bytes]]
LAST_LINES = 4000  # bytes of what a program complained of that are kept


class NotStarted(Exception):
    """A program that is missing, or that the kernel refused; the message is a sentence."""


@dataclass
class Program:
    """One program that runs; its complaints go to a file without a name, so that it never waits for a reader."""

    name: str
    process: subprocess.Popen[bytes]
    complaints: IO[bytes] = field(repr=False)
    _last: str = ""

    @property
    def input(self) -> IO[bytes]:
        """Where to write to it; only with stdin=PIPE."""
        return _open(self.process.stdin, self.name)

    @property
    def output(self) -> IO[bytes]:
        """Where to read from it; only with stdout=PIPE."""
        return _open(self.process.stdout, self.name)

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    @property
    def error(self) -> str:
        """What it complained of until now, the last of it."""
        if self.complaints.closed:
            return self._last
        size = os.fstat(self.complaints.fileno()).st_size
        kept = os.pread(self.complaints.fileno(), LAST_LINES, max(0, size - LAST_LINES))
        return kept.decode("utf-8", "replace")

    def wait(self, timeout: float) -> Answer:
        """Wait for its end within ``timeout`` seconds, else it is killed: status 124. Its output is not read here."""
        try:
            status = self.process.wait(timeout=max(0.0, timeout))
        except subprocess.TimeoutExpired:
            self.kill()
            return Answer(TIMED_OUT, "", f"{self.name} did not end within {timeout:g} s")
        self._keep_error()
        return Answer(status, "", self.error)

    def stop(self, number: int = signal.SIGTERM, timeout: float = 10.0) -> Answer:
        """Ask it to end, and kill it where it does not."""
        self.send(number)
        return self.wait(timeout)

    def kill(self) -> None:
        """End it with all that it started, and close its pipes; nothing happens where it has ended."""
        self.send(signal.SIGKILL)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        self.process.wait()
        self._keep_error()

    def _keep_error(self) -> None:
        self._last = self.error
        self.complaints.close()

    def send(self, number: int) -> None:
        """Send a signal to it and what it started; its number may be another's once its end was seen."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


def start(
    command: Sequence[str],
    *,
    user: Optional[str] = None,
    environment: Optional[Mapping[str, str]] = None,
    stdin: Stream = NOWHERE,
    stdout: Stream = NOWHERE,
    log: Optional[str] = None,
    directory: str = "/",
    handles: Sequence[int] = (),
) -> Program:
    """Start a program in a session of its own; NotStarted where there is none, or no such user.

    All that it says goes to the end of ``log``, where one is named: its output and its complaints.
    It inherits ``handles``. A directory among them is /proc/self/fd/HANDLE to it, also where its user could not reach
    the directory by its path.
    """
    try:
        argv = ["setpriv", *MORTAL, *user_options(user), "--", *command]
        complaints = _complaints(log)
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function,consider-using-with
            argv,
            stdin=stdin,
            stdout=complaints if log else stdout,
            stderr=complaints,
            cwd=directory,
            pass_fds=tuple(handles),
            env=clean_environment(user, environment),
            start_new_session=True,
        )
    except KeyError as error:
        raise NotStarted(f"there is no user {user} on this host") from error
    except OSError as error:
        raise NotStarted(f"{os.path.basename(command[0])} could not be started: {error.strerror}") from error
    return Program(os.path.basename(command[0]), process, complaints)


def pipeline(programs: Sequence[Program], timeout: float) -> Answer:
    """Wait for programs that feed each other; the first one with a status other than 0 answers for all.

    Each one's status is looked at: a stream that breaks in the middle is an error, also where its reader is content.
    """
    answers: List[Answer] = []
    for program in programs:
        answer = program.wait(timeout)
        answers.append(answer)
        if answer.status == TIMED_OUT:
            _kill_all(programs)
    bad = [(program, answer) for program, answer in zip(programs, answers) if answer.status != 0]
    if not bad:
        return Answer(0, "", "")
    told = [pair for pair in bad if not _lost_its_reader(pair[1])] or bad
    program, answer = told[0]
    return Answer(answer.status, "", answer.error or f"{program.name} ended with status {answer.status}")


def _lost_its_reader(answer: Answer) -> bool:
    """Did it only follow a reader that broke, which tells why? A shell adds 128 to the signal of its program."""
    return answer.status in (-signal.SIGPIPE, 128 + signal.SIGPIPE) or "Broken pipe" in answer.error


def missing(answer: Answer) -> bool:
    """Did setpriv find no such program?"""
    return answer.status == MISSING


def _kill_all(programs: Sequence[Program]) -> None:
    for program in programs:
        program.kill()


def _complaints(log: Optional[str]) -> IO[bytes]:
    return open(log, "a+b") if log else tempfile.TemporaryFile()


def _open(pipe: Optional[IO[bytes]], name: str) -> IO[bytes]:
    if pipe is None:
        raise ValueError(f"{name} was started without this pipe")
    return pipe
