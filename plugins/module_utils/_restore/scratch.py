# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The place of one restore test: a directory, programs that run walled in and limited, and its removal in any case."""

from __future__ import annotations

import itertools
import os
import pwd
import secrets
from dataclasses import dataclass, field
from typing import Iterator, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.program import PIPE, Program, start
from ansible_collections.contingency.infra.plugins.module_utils._host.run import MORTAL, Answer, Host, user_options
from ansible_collections.contingency.infra.plugins.module_utils._restore import limits, remains, scratches
from ansible_collections.contingency.infra.plugins.module_utils._restore.bounded import Bounded
from ansible_collections.contingency.infra.plugins.module_utils._restore.isolation import (
    READER,
    Walls,
    isolation_limitation,
    mount_points,
    program_places,
    sockets_of,
    system_mounts,
    walled,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import NotRunnable, Order
from ansible_collections.contingency.infra.plugins.module_utils._restore.unsynced import unsynced

TAIL = 4000


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
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    """Threads take from it, too: no two programs may have the same root or scope."""

    def directory(self, name: str, user: str, mode: int = 0o700) -> str:
        """Make a directory within the scratch that belongs to a user; one that is there stays."""
        path = os.path.join(self.path, name)
        if not os.path.isdir(path):
            os.mkdir(path, mode)
            entry = pwd.getpwnam(user)
            os.chown(path, entry.pw_uid, entry.pw_gid)
        return path

    def space_limitation(self, needed: int) -> Optional[str]:
        """Return why so many bytes more do not fit; where they do they are reserved, instead of those before."""
        base = os.path.dirname(self.path)
        with scratches.alone(base):
            free, promised = self.host.free_bytes(self.path), scratches.promised(base, self.record)
            reserve = self.order.limits.disk_reserve_bytes
            if free is None or free >= needed + reserve + promised:
                remains.note(self.record, reserved=needed, before=remains.used(self.path))
                return None
        others = f", of which other tests take {promised >> 20} MiB" if promised else ""
        return (
            f"{self.order.scratch_directory} has {free >> 20} MiB free{others}, and the test needs {needed >> 20} MiB"
            f" with {reserve >> 20} MiB in reserve; free space, or set scratch_directory to a larger disk"
        )

    def ended_for_memory(self) -> int:
        """How many of the test's processes the kernel has ended for want of memory."""
        return limits.ended_for_memory(self.host, self.group)

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
        number = next(self._numbers)
        root = os.path.join(self.path, f"root-{number}")
        os.mkdir(root, 0o700)
        sockets = sockets_of(self.host.read("/proc/net/unix") or "")
        mounts = mount_points(self.host.read("/proc/self/mountinfo") or "")
        named = tuple(os.path.realpath(path) for path in readable)
        seen = (*named, *program_places(argv, mounts), *system_mounts(mounts))
        own = (os.path.realpath(self.path),)
        walls = Walls(root=root, user=user, writable=own, readable=seen, sockets=sockets, mounts=mounts)
        return [*self._joined(number), *walled(walls, argv)]

    def _joined(self, number: int) -> List[str]:
        """Return what a command begins with so that it runs within the test's limits, and in the background."""
        return [*(self.group.command(number) if self.group else []), *limits.BACKGROUND]

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

    def outside(
        self,
        argv: Sequence[str],
        *,
        user: Optional[str] = None,
        environment: Optional[Mapping[str, str]] = None,
        timeout: Optional[float] = None,
        lasting: bool = True,
    ) -> Answer:
        """Run a program of the host's own to its end, within the test's limits, and without walls.

        Only root joins the group, so the program becomes ``user`` after that. ``lasting``: what it writes has to be
        on the disk when it ends; what only the test itself reads has not.
        """
        options = user_options(user)
        become = ["setpriv", *MORTAL, *options, "--"] if options else []
        home = {"HOME": pwd.getpwnam(user).pw_dir} if user is not None else {}
        bound = self.host.left if timeout is None else timeout
        own = [*become, *argv]
        command = [*self._joined(next(self._numbers)), *(own if lasting else unsynced(own))]
        return self.host.run(command, timeout=bound, environment={**home, **(environment or {})})

    def give(self, path: str, user: str, modes: str = "u+rwX,go=") -> None:
        """Let a user read and write a tree that root has written, and by default nobody else."""
        for command in (["chown", "-h", "-R", f"{user}:", path], ["chmod", "-R", modes, path]):
            answer = self.outside(command)
            self.check_time()
            if answer.status != 0:
                raise NotRunnable(f"{path} cannot be given to {user}: {answer.complaint}")

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
        scratches.unlock(self.lock, scratches.lock_path(os.path.dirname(self.path), self.order.name))
        self.lock = -1


def open_scratch(host: Host, order: Order, user: str) -> Scratch:
    """Return the place of a test, after what earlier tests left has been removed; NotRunnable where there is none."""
    base = os.path.realpath(order.scratch_directory)
    for reason in (isolation_limitation(host), _user_limitation(user), limits.memory_limitation(host, order.limits)):
        if reason is not None:
            raise NotRunnable(reason)
    scratches.make(base, order.scratch_directory)
    path = scratches.lock_path(base, order.name)
    with scratches.alone(base):
        lock = _swept(base, order.name, path)
    try:
        return _made(
            Bounded(host.ending_programs(), host.now() + order.limits.timeout_seconds), order, base, user, lock
        )
    except BaseException:
        scratches.unlock(lock, path)
        raise


def _swept(base: str, name: str, path: str) -> int:
    """Return the lock of a set, after what earlier tests left has been removed; NotRunnable where its test runs.

    No other test begins meanwhile: to be swept is not to be running.
    """
    lock = scratches.lock(path)
    if lock is None:
        raise NotRunnable(f"another test of {name} runs in {base}; wait until it has ended")
    try:
        sweep(base, name)
    except BaseException:
        scratches.unlock(lock, path)
        raise
    return lock


def sweep(base: str, held: Optional[str] = None) -> Tuple[str, ...]:
    """Remove what tests that were killed left in a directory of scratches, and return it.

    A set whose lock is held by another process has a test that runs; ``held`` is the one that the caller locked.
    """
    removed = []
    for record in remains.swept(base):
        left = remains.read(record)
        path = scratches.lock_path(base, left.name)
        lock = -1 if left.name == held else scratches.lock(path)
        if lock is None:
            continue
        try:
            if os.path.exists(record):
                remains.remove(left)
                removed.append(left.directory)
        finally:
            if lock >= 0:
                scratches.unlock(lock, path)
    return tuple(removed)


def _made(host: Bounded, order: Order, base: str, user: str, lock: int) -> Scratch:
    label = f"{scratches.plain(order.name)}-{secrets.token_hex(4)}"
    record, path = remains.record_path(base, label), os.path.join(base, label)
    memory = limits.memory_share(host, order.limits)
    group = limits.group_for(host, f"{remains.GROUP_PREFIX}{label}", memory)
    directories = [directory for directory, settings in group.directories] if group else []
    remains.note(record, name=order.name, boot=remains.boot_id())
    for directory in directories:
        remains.note(record, group=directory)
    if group is not None and group.slice is not None:
        remains.note(record, slice=group.slice)
    scratch = Scratch(host, order, path, record, memory, lock)
    try:
        _make_private(path, user)
        scratch.group, scratch.unlimited = _limited(host, group, order)
        _check_reach(host, path, user)
    except BaseException:
        remains.remove(remains.read(record))
        raise
    return scratch


def _make_private(path: str, user: str) -> None:
    """Only root and the engine's user pass: what is restored are the site's data, and the path is seen in ps."""
    os.mkdir(path, 0o700)
    os.chown(path, -1, pwd.getpwnam(user).pw_gid)
    os.chmod(path, 0o710)


def _limited(host: Host, group: Optional[limits.Group], order: Order) -> Tuple[Optional[limits.Group], Optional[str]]:
    """Return the group once it is made, or why there is none; a limit that the site has set has to be kept."""
    why = "this host has neither systemd nor a memory controller"
    if group is not None:
        try:
            limits.make(host, group)
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


def _check_reach(host: Host, path: str, user: str) -> None:
    if host.run(["test", "-x", path], user=user).status != 0:
        raise NotRunnable(f"{user} cannot reach {path}; let all directories above be entered by others (mode o+x)")
