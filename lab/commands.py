# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running the host's programs, with the error as one sentence; and starting those that stay."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lab.errors import LabError


def run(argv: Sequence[str], *, feed: str | None = None) -> str:
    """The program's output; a program that fails raises with the last line that it wrote."""
    try:
        done = subprocess.run(argv, input=feed, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise LabError(f"The program {argv[0]} is not on this machine: install it (see lab/README.md).") from None
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise LabError(f"{' '.join(argv)} ended with status {done.returncode}: {last}")
    return done.stdout


def ip_batch(lines: Iterable[str], *, namespace: str | None = None) -> None:
    """Many commands of ip in one process."""
    where = ["-netns", namespace] if namespace else []
    run(["ip", *where, "-batch", "-"], feed="\n".join(lines) + "\n")


def spawn(argv: Sequence[str], console: Path, environment: Mapping[str, str]) -> int:
    """Start a program that outlives this process, in a session of its own; returns its process id."""
    script = '"$@" </dev/null >>"$0" 2>&1 & echo $!'
    shell = ["sh", "-c", script, str(console), *argv]
    done = subprocess.run(
        shell,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        check=True,
    )
    return int(done.stdout)
