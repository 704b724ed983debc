# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Back up files into a tar archive, and write down what it has to hold."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Dict, Optional, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._host.run import MISSING, Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.files import tree
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.files import (
    FilesOptions,
    FilesTaker,
    Written,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import NotTaken, TakeOrder

FORMATS: Dict[str, Optional[str]] = {"tar": None, "tar.gz": "gzip", "tar.zst": "zstd"}
"""{what the artefact's name ends with: the program that it goes through}."""
MEANWHILE = ("file changed as we read it", "File removed before we read it", "No such file or directory", "shrank by")
FOLLOWS = "Exiting with failure status due to previous errors"
"""What tar says of files that people work with, with status 1 or 2, and what it then says of itself."""


@dataclass(frozen=True)
class TarOptions(FilesOptions):
    """``format``: tar, tar.gz or tar.zst; ``compress``: the level, None: the program's own."""

    format: str = "tar.zst"
    compress: Optional[int] = None


class TarTaker(FilesTaker):
    """The archive lies in the directory as NAME.tar (.gz, .zst)."""

    program = "tar"
    options: TarOptions

    def __init__(self, order: TakeOrder, host: Host) -> None:
        super().__init__(order, host, TarOptions.of(order.engine, order.options))
        if self.options.format not in FORMATS:
            raise NotTaken(f"tar has no format {self.options.format} here; it has {', '.join(FORMATS)}.")

    @property
    def artefact(self) -> str:
        return f"{self.order.name}.{self.options.format}"

    def limitation(self) -> Optional[str]:
        through = FORMATS[self.options.format]
        if through is not None and self.host.run([through, "--version"]).status == MISSING:
            return f"There is no {through} on this host; install it, or choose another format."
        return super().limitation()

    def steps(self) -> Tuple[str, ...]:
        return (f"tar -c of {' '.join(self.options.paths)} into {self.artefact}", "sha256 of each file beside it")

    def write(self, work: str, before: tree.Survey) -> Written:
        path = os.path.join(work, self.artefact)
        shape = ["--format=pax", "--numeric-owner", "--xattrs", "--acls", "--directory=/"]
        leave = ["--anchored", "--no-wildcards", "--exclude-from=/dev/stdin"]
        names = [tree.name_of(name) for name in self.options.paths]
        command = ["tar", "--create", f"--file={path}", *self._through(), *shape, *leave, "--", *names]
        answer = self.run(command, {}, "\n".join(map(tree.name_of, before.excluded)))
        if answer.status != 0 and not only_gone(answer.error):
            raise self.failed(answer)
        listed = self._names(path) if answer.status != 0 else None
        return Written({"archive": self.artefact}, listed)

    def _through(self) -> Tuple[str, ...]:
        program, level = FORMATS[self.options.format], self.options.compress
        if program is None:
            return ()
        threads = f" -T{self.order.jobs} -q" if program == "zstd" else ""
        return (f"--use-compress-program={program}{threads}{f' -{level}' if level is not None else ''}",)

    def _names(self, path: str) -> Tuple[str, ...]:
        answer = self.run(["tar", "--list", "--quoting-style=escape", f"--file={path}"], {})
        if answer.status != 0:
            raise self.failed(answer)
        return tuple(unescaped(line) for line in answer.output.split("\n") if line)


def only_gone(error: str) -> bool:
    """Pure: does tar complain of nothing but files that changed or went away while it read them?"""
    lines = [line for line in error.splitlines() if line.strip() and FOLLOWS not in line]
    return bool(lines) and all(any(words in line for words in MEANWHILE) for line in lines)


def unescaped(name: str) -> str:
    """Pure: a name as tar lists it in the style escape: a line's end is \\n, and bytes beyond ASCII are octal."""
    plain = re.sub(rb"\\(n|t|r|\\|[0-7]{3})", _byte, name.encode("utf-8", "surrogateescape"))
    return plain.decode("utf-8", "surrogateescape")


def _byte(found: re.Match[bytes]) -> bytes:
    known = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"\\": b"\\"}
    return known.get(found.group(1)) or bytes([int(found.group(1), 8)])
