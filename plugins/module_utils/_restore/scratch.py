# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The place of one restore test: a directory, programs that run walled in and limited, and its removal in any case."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pwd
import re
import secrets
from dataclasses import dataclass, field
from typing import List, Mapping, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.program import PIPE, Program, start
from ansible_collections.contingency.infra.plugins.module_utils._host.run import TIMED_OUT, Answer, Host
from ansible_collections.contingency.infra.plugins.module_utils._restore import limits, remains
from ansible_collections.contingency.infra.plugins.module_utils._restore.isolation import (
    READER,
    Walls,
    isolation_limitation,
    sockets_of,
    walled,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import NotRunnable, Order

LABEL_LENGTH = 24
"""Of a set's name in a path: a unix socket's path may have 107 bytes."""
TAIL = 4000


class Bounded(Host):
    """The host, where no program runs longer than until a deadline of its clock."""

    def __init__(self, host: Host, deadline: float) -> None:
        self._host = host
        self.deadline = deadline

    @property
    def left(self) -> float:
        return self.deadline - self._host.now()

    def run(
        self,
        command: Sequence[str],
        *,
        user: Optional[str] = None,
        timeout: float = 30.0,
        stdin: str = "",
        environment: Optional[Mapping[str, str]] = None,
    ) -> Answer:
        if self.left <= 0:
            return Answer(TIMED_OUT, "", "the time of the test is over")
        bound = min(timeout, self.left)
        return self._host.run(command, user=user, timeout=bound, stdin=stdin, environment=environment)

    def read(self, path: str) -> Optional[str]:
        return self._host.read(path)

    def write_atomically(self, path: str, text: str, mode: int = 0o600, owner: Optional[str] = None) -> None:
        self._host.write_atomically(path, text, mode, owner)

    def exists(self, path: str) -> bool:
        return self._host.exists(path)

    def free_bytes(self, path: str) -> Optional[int]:
        return self._host.free_bytes(path)

    def now(self) -> float:
        return self._host.now()

    def wall(self) -> float:
        return self._host.wall()

    def sleep(self, seconds: float) -> None:
        self._host.sleep(max(0.0, min(seconds, self.left)))


@dataclass
class Scratch:
    """One test's place. ``unlimited`` says why memory could not be limited, None where it is."""

    host: Bounded
    order: Order
    path: str
    record: str
    memory_bytes: int
    lock: int
    group: Optional[limits.Group] = None
    unlimited: Optional[str] = None
    programs: List[Program] = field(default_factory=list)
    spawned: int = 0

    def directory(self, name: str, user: str, mode: int = 0o700) -> str:
        """Make a directory within the scratch that belongs to a user; one that is there stays."""
        path = os.path.join(self.path, name)
        if not os.path.isdir(path):
            os.mkdir(path, mode)
            entry = pwd.getpwnam(user)
            os.chown(path, entry.pw_uid, entry.pw_gid)
        return path

    def space_limitation(self, needed: int) -> Optional[str]:
        """Return why so many bytes more do not fit, None where they do."""
        free = self.host.free_bytes(self.path)
        reserve = self.order.limits.disk_reserve_bytes
        if free is None or free >= needed + reserve:
            return None
        return (
            f"{self.order.scratch_directory} has {free >> 20} MiB free and the test needs {needed >> 20} MiB with"
            f" {reserve >> 20} MiB in reserve; free space, or set scratch_directory to a larger disk"
        )

    def over(self) -> bool:
        """Is the time of the test over?"""
        return self.host.left <= 0

    def check_time(self) -> None:
        """NotRunnable where the time of the test is over."""
        if self.over():
            limit = self.order.limits.timeout_seconds
            raise NotRunnable(f"the test of this copy did not end within {limit:g} s; raise timeout")

    def command(self, argv: Sequence[str], user: str, readable: Sequence[str] = ()) -> List[str]:
        """Return what runs a program in the group, in the background, behind the walls.

        It sees the scratch, and ``readable``, which it cannot write.
        """
        self.spawned += 1
        root = os.path.join(self.path, f"root-{self.spawned}")
        os.mkdir(root, 0o700)
        sockets = sockets_of(self.host.read("/proc/net/unix") or "")
        seen = tuple(os.path.realpath(path) for path in readable)
        walls = Walls(root=root, user=user, writable=(os.path.realpath(self.path),), readable=seen, sockets=sockets)
        joined = self.group.command(self.spawned) if self.group else []
        return [*joined, *limits.BACKGROUND, *walled(walls, argv)]

    def spawn(
        self,
        argv: Sequence[str],
        user: str,
        *,
        readable: Sequence[str] = (),
        environment: Optional[Mapping[str, str]] = None,
        log: str = "server.log",
    ) -> Program:
        """Start a program that runs on, isolated; it dies with this process, at the latest with the scratch.

        What it says goes to ``log`` within the scratch. Call it from the main thread: it dies with its thread.
        """
        return self._noted(
            start(self.command(argv, user, readable), log=os.path.join(self.path, log), environment=environment)
        )

    def reading(self, argv: Sequence[str], user: str) -> Program:
        """Start a program as ``spawn`` does, that reads what is written to its ``input``."""
        return self._noted(start(self.command(argv, user), stdin=PIPE))

    def _noted(self, program: Program) -> Program:
        self.programs.append(program)
        remains.note(self.record, pid=program.process.pid, start=remains.start_time(program.process.pid))
        return program

    def run(
        self,
        argv: Sequence[str],
        user: str,
        *,
        readable: Sequence[str] = (),
        environment: Optional[Mapping[str, str]] = None,
        timeout: Optional[float] = None,
        stdin: str = "",
    ) -> Answer:
        """Run a program to its end, isolated; status 124 where the time is over, of this call or of the test."""
        bound = self.host.left if timeout is None else timeout
        command = self.command(argv, user, readable)
        return self.host.run(command, timeout=bound, stdin=stdin, environment=environment)

    def reader(self, path: str, user: str) -> str:
        """Return who can read a copy behind the walls: the user, or READER where its files are not the user's."""
        unreadable = ["find", path, "!", "-readable", "-print", "-quit"]
        answer = self.host.run(unreadable, user=user, timeout=600.0)
        return user if answer.status == 0 and not answer.output else READER

    def tail(self, log: str = "server.log") -> str:
        """Return the end of a log."""
        return (self.host.read(os.path.join(self.path, log)) or "")[-TAIL:]

    def close(self) -> None:
        """End and remove everything; to do so twice does nothing."""
        if self.lock < 0:
            return
        for program in self.programs:
            program.kill()
        if os.path.exists(self.record):
            remains.remove(remains.read(self.record))
        _unlock(self.lock, _lock_path(os.path.dirname(self.path), self.order.name))
        self.lock = -1


def open_scratch(host: Host, order: Order, user: str) -> Scratch:
    """Return the place of a test, after what earlier tests left has been removed; NotRunnable where there is none."""
    base = os.path.realpath(order.scratch_directory)
    for reason in (isolation_limitation(host), _user_limitation(user), limits.memory_limitation(host, order.limits)):
        if reason is not None:
            raise NotRunnable(reason)
    _make_base(base, order)
    lock = _lock(base, order.name)
    if lock is None:
        raise NotRunnable(f"another test of {order.name} runs in {base}; wait until it has ended")
    try:
        sweep(base, order.name)
        return _made(Bounded(host, host.now() + order.limits.timeout_seconds), order, base, user, lock)
    except BaseException:
        _unlock(lock, _lock_path(base, order.name))
        raise


def sweep(base: str, held: Optional[str] = None) -> Tuple[str, ...]:
    """Remove what tests that were killed left in a directory of scratches, and return it.

    A set whose lock is held by another process has a test that runs; ``held`` is the one that the caller locked.
    """
    removed = []
    for record in remains.swept(base):
        left = remains.read(record)
        lock = -1 if left.name == held else _lock(base, left.name)
        if lock is None:
            continue
        try:
            if os.path.exists(record):
                remains.remove(left)
                removed.append(left.directory)
        finally:
            if lock >= 0:
                _unlock(lock, _lock_path(base, left.name))
    return tuple(removed)


def _made(host: Bounded, order: Order, base: str, user: str, lock: int) -> Scratch:
    label = f"{_plain(order.name)}-{secrets.token_hex(4)}"
    record, path = remains.record_path(base, label), os.path.join(base, label)
    memory = limits.memory_share(host, order.limits)
    group = limits.group_for(host, f"contingency-restore-{label}", memory)
    directories = [directory for directory, settings in group.directories] if group else []
    remains.note(record, name=order.name, boot=remains.boot_id())
    for directory in directories:
        remains.note(record, group=directory)
    scratch = Scratch(host, order, path, record, memory, lock)
    try:
        os.mkdir(path, 0o711)
        scratch.group, scratch.unlimited = _limited(group, order)
        _check_reach(host, path, user)
    except BaseException:
        remains.remove(remains.read(record))
        raise
    return scratch


def _limited(group: Optional[limits.Group], order: Order) -> Tuple[Optional[limits.Group], Optional[str]]:
    """Return the group once it is made, or why there is none; a limit that the site has set has to be kept."""
    why = "this host has neither systemd nor a memory controller"
    if group is not None:
        try:
            limits.make(group)
        except OSError as error:
            why = f"{error.filename}: {error.strerror}"
        else:
            return group, None
    if order.limits.memory_bytes is not None:
        raise NotRunnable(f"limits.memory cannot be kept: {why}; leave it unset, or test on a host with systemd")
    return None, f"that the test kept within its memory: {why}"


def _user_limitation(user: str) -> Optional[str]:
    try:
        uid = pwd.getpwnam(user).pw_uid
    except KeyError:
        return f"there is no user {user} on this host; install the server's package, or name another in options.user"
    return f"{user} is root, and a restored server must not be; name another in options.user" if uid == 0 else None


def _make_base(base: str, order: Order) -> None:
    try:
        os.makedirs(base, 0o711, exist_ok=True)
    except OSError as error:
        raise NotRunnable(
            f"{order.scratch_directory} cannot be made: {error.strerror}; set scratch_directory"
        ) from error


def _check_reach(host: Host, path: str, user: str) -> None:
    if host.run(["test", "-x", path], user=user).status != 0:
        raise NotRunnable(f"{user} cannot reach {path}; let all directories above be entered by others (mode o+x)")


def _plain(name: str) -> str:
    """Return a set's name as part of a short path; one that has to be changed is told from its likes by a digest."""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).lstrip(".")
    if plain == name and len(name) <= LABEL_LENGTH:
        return plain
    digest = hashlib.sha256(name.encode("utf-8")).hexdigest()[:6]
    return f"{plain[: LABEL_LENGTH - 7]}-{digest}"


def _lock_path(base: str, name: str) -> str:
    return os.path.join(base, f".lock-{_plain(name)}")


def _lock(base: str, name: str) -> Optional[int]:
    """Return the open lock of a set, None where another process holds it. The kernel frees it when its holder dies."""
    path = _lock_path(base, name)
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        if _same_file(handle, path):
            return handle
        os.close(handle)


def _same_file(handle: int, path: str) -> bool:
    """Its last holder may have removed the file between the opening and the locking."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(handle), os.stat(path))
    return False


def _unlock(handle: int, path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    os.close(handle)
