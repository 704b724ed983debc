# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Debian root file systems that the lab's machines share: each built once, kept in the user's cache."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lab.errors import LabError

SUITE = "bookworm"
SUITES = {SUITE, f"{SUITE}-updates", f"{SUITE}-security"}
OPTIONS = (
    "--mode=root",
    "--variant=minbase",
    '--aptopt=APT::Install-Recommends "false"',
    '--aptopt=Acquire::Languages "none"',
    "--dpkgopt=force-unsafe-io",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/info/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
)
Progress = Callable[[str], None]


def cache_directory() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "contingency-lab"


@dataclass(frozen=True)
class Recipe:
    """One root file system: its packages, and the script that runs last, with its root as $1."""

    name: str
    packages: tuple[str, ...]
    customize: Path

    def key(self) -> str:
        return _digest(self)

    @property
    def path(self) -> Path:
        """Where it is, or will be once it is built."""
        return cache_directory() / f"{self.name}-{self.key()}"


@cache
def _digest(recipe: Recipe) -> str:
    parts = (SUITE, *recipe.packages, *OPTIONS, recipe.customize.read_text(encoding="utf-8"))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


LIGHT = Recipe(
    "rootfs",
    (
        "ethtool",
        "frr",
        "iproute2",
        "iputils-arping",
        "iputils-ping",
        "libnss3-tools",
        "lldpd",
        "nut-server",
        "openssh-client",
        "openssh-server",
        "openvswitch-switch",
        "procps",
        "python3",
        "tcpdump",
    ),
    Path(__file__).with_name("rootfs.sh"),
)
"""Switches, UPSes, and small Linux machines without systemd."""
SERVER = Recipe(
    "server",
    (
        "borgbackup",
        "ethtool",
        "iproute2",
        "ipmitool",
        "iputils-arping",
        "iputils-ping",
        "mariadb-backup",
        "mariadb-server",
        "openipmi",
        "openssh-client",
        "openssh-server",
        "pgbackrest",
        "postgresql-15",
        "postgresql-15-cron",
        "procps",
        "python3",
        "python3-psycopg2",
        "restic",
        "systemd",
        "systemd-sysv",
        "zstd",
    ),
    Path(__file__).with_name("rootfs_server.sh"),
)
"""Whole Debian machines: systemd, both database engines and what backs them up, the simulator of IPMI controllers."""


def ensure(progress: Progress, recipe: Recipe = LIGHT) -> Path:
    """Where the root file system is; builds it when it is not there."""
    root = recipe.path
    if root.is_dir():
        return root
    cache_directory().mkdir(parents=True, exist_ok=True)
    with _lock(progress) as descriptor:
        if not root.is_dir():
            for left_over in cache_directory().glob(f"{recipe.name}-*.building"):
                shutil.rmtree(left_over)
            _build(recipe, descriptor, progress)
    return root


def purge() -> None:
    if cache_directory().exists():
        with _lock(lambda _: None):
            shutil.rmtree(cache_directory())


@contextmanager
def _lock(progress: Progress) -> Iterator[int]:
    """One builder at a time; the build's processes inherit the lock, so it also outlives a killed builder."""
    with (cache_directory() / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another lab that builds the root file system")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def _build(recipe: Recipe, lock: int, progress: Progress) -> None:
    if shutil.which("mmdebstrap") is None:
        raise LabError("The program mmdebstrap is not on this machine: run apt-get install mmdebstrap.")
    root = recipe.path
    building = root.with_name(f"{root.name}.building")
    started = time.monotonic()
    progress(f"building the root file system in {root} (once, about a minute)")
    sources = list(_write_sources(root.with_name("sources")))
    argv = ["mmdebstrap", *OPTIONS, *_host_apt_options(), f"--include={','.join(recipe.packages)}"]
    argv += [f"--customize-hook={recipe.customize}", SUITE, str(building), *map(str, sources)]
    lines = _follow(argv, lock, started, progress)
    if not building.is_dir() or lines is not None:
        raise LabError(f"mmdebstrap failed: {lines}; its whole output is in {_log_file()}.")
    building.rename(root)


def _log_file() -> Path:
    return cache_directory() / "mmdebstrap.log"


def _follow(argv: list[str], lock: int, started: float, progress: Progress) -> str | None:
    """Run and show the steps; the last error line when it failed."""
    last = "it said nothing"
    with (
        _log_file().open("w", encoding="utf-8") as log,
        subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, pass_fds=[lock]
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            log.write(line)
            if line.startswith("I: "):
                progress(f"  {time.monotonic() - started:4.0f} s  {line[3:].strip()}")
            elif line.startswith("E: "):
                last = line[3:].strip()
    return last if process.returncode else None


def _host_apt_options() -> list[str]:
    """Proxies and certificates as the host's apt uses them."""
    if shutil.which("apt-config") is None:
        return []
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    wanted = re.compile(r'^(Acquire::(?:https?|Check-[A-Za-z-]+|Retries)\S* ".+");$', re.MULTILINE)
    return [f"--aptopt={option}" for option in wanted.findall(dump)]


def _write_sources(directory: Path) -> Iterator[Path]:
    """The host's own Debian sources of the suite, if it has some; else mmdebstrap's default is used."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    for number, (suffix, text) in enumerate(_host_sources(Path("/etc/apt"))):
        path = directory / f"{number}{suffix}"
        path.write_text(text, encoding="utf-8")
        yield path


def _host_sources(apt: Path) -> Iterator[tuple[str, str]]:
    for path in sorted([apt / "sources.list", *(apt / "sources.list.d").glob("*.list")]):
        lines = [line for line in _lines(path) if is_debian_line(line)]
        if lines:
            yield ".list", "\n".join(lines) + "\n"
    for path in sorted((apt / "sources.list.d").glob("*.sources")):
        text = "\n".join(line for line in _lines(path) if not line.startswith("#"))
        for paragraph in re.split(r"\n\s*\n", text.strip()):
            if is_debian_paragraph(paragraph):
                yield ".sources", paragraph + "\n"


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def is_debian_line(line: str) -> bool:
    words = re.sub(r"\[.*?\]", "", line).split()
    return len(words) >= 4 and words[0] == "deb" and words[2] in SUITES and "main" in words[3:]


def is_debian_paragraph(paragraph: str) -> bool:
    fields = dict(re.findall(r"^([\w-]+):[ \t]*(.*)$", paragraph, re.MULTILINE))
    suites = set(fields.get("Suites", "").split())
    types = fields.get("Types", "").split()
    return bool(suites) and suites <= SUITES and "deb" in types and "main" in fields.get("Components", "").split()


def show(line: str) -> None:
    """Progress for a person: on standard error, so that standard output stays parsable."""
    print(line, file=sys.stderr, flush=True)
