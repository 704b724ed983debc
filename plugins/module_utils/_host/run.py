# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine as host-side code sees it: programs with a time limit, small files, free space and clocks.

Standard library only: this file also runs on hosts without Ansible's module code around it. What it imports is loaded
at each call of an agent while a failover waits, so it keeps to what is quick to load.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import os
import pwd
import signal
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from types import FrameType
from typing import Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence

TIMED_OUT = 124
MISSING = 127
_COUNT = itertools.count()
MORTAL = ("--pdeathsig", "KILL")
"""setpriv sets it last, after the user was changed, which would clear it (prctl(2))."""
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Answer(NamedTuple):
    """What a program answered. Bytes of ``output`` that are not UTF-8 are kept as os.fsdecode keeps those of names."""

    status: int
    output: str
    error: str

    @property
    def complaint(self) -> str:
        """The first line of what the program complained about, for an error sentence."""
        lines = (self.error.strip() or legible(self.output).strip() or "no message").splitlines()
        return lines[0].strip()


class Host(ABC):
    """Everything that reads from or changes the machine goes through here."""

    @abstractmethod
    def run(
        self,
        command: Sequence[str],
        *,
        user: Optional[str] = None,
        timeout: float = 30.0,
        stdin: str = "",
        environment: Optional[Mapping[str, str]] = None,
    ) -> Answer:
        """Run a program as ``user`` within ``timeout`` seconds; never raises for what the program does.

        Status 124 where the time was over (the program is killed with its children), 127 where it is missing.
        """

    @abstractmethod
    def read(self, path: str) -> Optional[str]:
        """Return the content of a small file, None where it cannot be read."""

    @abstractmethod
    def write_atomically(self, path: str, text: str, mode: int = 0o600, owner: Optional[str] = None) -> None:
        """Write a file so that it is there whole or not at all; OSError as the kernel gives it."""

    @abstractmethod
    def exists(self, path: str) -> bool:
        """Is there a file or a directory of this name?"""

    @abstractmethod
    def free_bytes(self, path: str) -> Optional[int]:
        """Return the space left for ordinary users where a path lies, None where it cannot be told."""

    @abstractmethod
    def now(self) -> float:
        """Return seconds of a clock that never jumps."""

    @abstractmethod
    def wall(self) -> float:
        """Return seconds since the epoch."""

    @abstractmethod
    def sleep(self, seconds: float) -> None:
        """Wait."""

    def ending_programs(self) -> Host:
        """Return this host, where a program that runs ends with this process, also when that is killed."""
        return self


class LocalHost(Host):
    """The machine that this code runs on. ``mortal``: its programs end with this process, also when that is killed."""

    mortal = False

    def ending_programs(self) -> Host:
        other = copy.copy(self)
        other.mortal = True
        return other

    def run(
        self,
        command: Sequence[str],
        *,
        user: Optional[str] = None,
        timeout: float = 30.0,
        stdin: str = "",
        environment: Optional[Mapping[str, str]] = None,
    ) -> Answer:
        program = _found(command[0])
        if program is None:
            return Answer(MISSING, "", f"{command[0]} is not on this host")
        try:
            argv = [*_becoming(user, mortal=self.mortal), program, *command[1:]]
        except KeyError:
            return Answer(MISSING, "", f"there is no user {user} on this host")
        return _finished(argv, os.path.basename(program), timeout, stdin, clean_environment(user, environment))

    def read(self, path: str) -> Optional[str]:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return None

    def write_atomically(self, path: str, text: str, mode: int = 0o600, owner: Optional[str] = None) -> None:
        temporary = os.path.join(os.path.dirname(path), f".writing-{os.getpid()}-{time.monotonic_ns()}-{next(_COUNT)}")
        handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            # A name that is not UTF-8 is written as JSON escapes it, rather than not at all.
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                os.fchmod(file.fileno(), mode)
                if owner is not None:
                    entry = pwd.getpwnam(owner)
                    os.fchown(file.fileno(), entry.pw_uid, entry.pw_gid)
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise

    def exists(self, path: str) -> bool:
        return os.path.exists(path)

    def free_bytes(self, path: str) -> Optional[int]:
        try:
            found = os.statvfs(path)
        except OSError:
            return None
        return found.f_bavail * found.f_frsize

    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def _found(program: str) -> Optional[str]:
    """Return the path of a program, None where there is none; shutil could tell too, and is slow to load."""
    places = [""] if "/" in program else SEARCH_PATH.split(":")
    paths = (os.path.join(place, program) for place in places)
    return next((path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK)), None)


def _becoming(user: Optional[str], *, mortal: bool) -> List[str]:
    options = [*(MORTAL if mortal else ()), *user_options(user)]
    return ["setpriv", *options, "--"] if options else []


def legible(text: str) -> str:
    """Return a text for people, with a mark for each byte that is not UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def user_options(user: Optional[str]) -> List[str]:
    """Return setpriv's options for a user, none where this is the user; KeyError where there is none of this name."""
    if user is None or pwd.getpwnam(user).pw_uid == os.geteuid():
        return []
    entry = pwd.getpwnam(user)
    return [f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--init-groups"]


def clean_environment(user: Optional[str], more: Optional[Mapping[str, str]]) -> Mapping[str, str]:
    """Return all that a program gets of an environment: the user's home, and what the caller adds."""
    home = pwd.getpwnam(user).pw_dir if user else os.environ.get("HOME", "/")
    return {"PATH": SEARCH_PATH, "LC_ALL": "C", "LANG": "C", "HOME": home, **(more or {})}


def _finished(argv: List[str], name: str, timeout: float, stdin: str, environment: Mapping[str, str]) -> Answer:
    with _signals_wait() as let_in:
        # There is no run_command: this also runs on hosts without Ansible's module code around it.
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env=dict(environment),
            start_new_session=True,
        )
        try:
            let_in()
            output, error = process.communicate(stdin.encode("utf-8", "surrogateescape"), timeout=timeout)
        except subprocess.TimeoutExpired:
            _kill_session(process)
            return Answer(TIMED_OUT, "", f"{name} did not end within {timeout:g} s")
        except BaseException:
            # Where this process is asked to end, a program must not go on without it.
            _kill_session(process)
            raise
    return Answer(process.returncode, output.decode("utf-8", "surrogateescape"), error.decode("utf-8", "replace"))


@contextlib.contextmanager
def _signals_wait() -> Iterator[Callable[[], None]]:
    """Put off what this process does on a signal until the yielded function is called, at the latest until the end.

    A program may run before Popen has returned: what a signal raises in between would leave it to nobody.
    Python calls its handlers in the main thread alone, so nothing has to wait in another.
    """
    held: Dict[int, Callable[[int, Optional[FrameType]], object]] = {}
    caught: List[int] = []

    def let_in() -> None:
        handlers = dict(held)
        while held:
            signal.signal(*held.popitem())
        while caught:
            number = caught.pop()
            handlers[number](number, None)

    try:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
                handler = signal.getsignal(number)
                if callable(handler):
                    held[number] = handler
                    signal.signal(number, lambda number, _frame: caught.append(number))
        yield let_in
    finally:
        let_in()


def _kill_session(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    # A child that left the session may hold the pipes; they are closed and not waited for.
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    process.wait()
