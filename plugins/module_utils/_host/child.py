# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that runs on while this one does other things: it is written to, read from, and ended."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import subprocess
from typing import IO, List, Mapping, Optional, Sequence

from ansible_collections.contingency.infra.plugins.module_utils._host.run import SEARCH_PATH


class Child:
    """A started program. Its lines are text; what it complains about is kept in a file or dropped.

    With ``setpriv --pdeathsig`` in its command it dies with the thread that started it: start it from a thread that
    lives as long as it is needed.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    def status(self) -> Optional[int]:
        """Return its exit status, None while it runs."""
        return self._process.poll()

    def send(self, text: str) -> None:
        """Write to its standard input; OSError where it has ended."""
        pipe = self._pipe(self._process.stdin)
        pipe.write(text.encode("utf-8"))
        pipe.flush()

    def line(self) -> str:
        """Return its next line with the line's end; empty where it has closed its output."""
        return self._pipe(self._process.stdout).readline().decode("utf-8", "replace")

    def wait(self, timeout: float) -> Optional[int]:
        """Return its exit status, None where it still runs after ``timeout`` seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(timeout)
        return None

    def end_input(self) -> None:
        """Let it know that nothing more comes."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()

    def kill(self) -> None:
        """End it and what it started in its session; to do so twice does nothing."""
        with contextlib.suppress(ProcessLookupError):
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    @staticmethod
    def _pipe(pipe: Optional[IO[bytes]]) -> IO[bytes]:
        if pipe is None:
            raise OSError("the program was started without this pipe")
        return pipe


def start(
    argv: Sequence[str],
    *,
    user: Optional[str] = None,
    errors: Optional[str] = None,
    output: Optional[str] = None,
    talks: bool = True,
    environment: Optional[Mapping[str, str]] = None,
) -> Child:
    """Start a program; OSError where it cannot be, KeyError where there is no such user.

    ``errors`` and ``output`` are files that its standard error and output are appended to. Where it ``talks``, its
    standard input and (without ``output``) output are pipes.
    """
    with contextlib.ExitStack() as files:
        # There is no run_command: this also runs on hosts without Ansible's module code around it.
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function
            [*_becoming(user), *argv],
            stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
            stdout=_file(files, output) or (subprocess.PIPE if talks else subprocess.DEVNULL),
            stderr=_file(files, errors) or subprocess.DEVNULL,
            cwd="/",
            env=_environment(user, environment),
            start_new_session=True,
        )
    return Child(process)


def _file(files: contextlib.ExitStack, path: Optional[str]) -> Optional[IO[bytes]]:
    return files.enter_context(open(path, "ab")) if path is not None else None


def _becoming(user: Optional[str]) -> List[str]:
    if user is None or pwd.getpwnam(user).pw_uid == os.geteuid():
        return []
    entry = pwd.getpwnam(user)
    return ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--init-groups", "--"]


def _environment(user: Optional[str], more: Optional[Mapping[str, str]]) -> Mapping[str, str]:
    home = pwd.getpwnam(user).pw_dir if user else os.environ.get("HOME", "/")
    return {"PATH": SEARCH_PATH, "LC_ALL": "C", "LANG": "C", "HOME": home, **(more or {})}
