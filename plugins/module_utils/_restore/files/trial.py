# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every test of a backup of files does: it is restored below the scratch and compared file by file."""

from __future__ import annotations

import os
import shlex
from abc import abstractmethod
from dataclasses import dataclass, fields
from typing import Any, Dict, List, Mapping, Optional, Sequence

from ansible_collections.contingency.infra.plugins.module_utils._host.run import MISSING, Answer, Host, legible
from ansible_collections.contingency.infra.plugins.module_utils._restore import shortage
from ansible_collections.contingency.infra.plugins.module_utils._restore.files import tree
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    CONTENT,
    STRUCTURE,
    Assertion,
    Content,
    Copy,
    Damaged,
    Finding,
    NotRunnable,
    Order,
    Seen,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.scratch_trial import ScratchTrial

LATER = "written while the backup was taken"
SLACK = 2.0
"""Seconds by which the time of a file may lie before the beginning of the backup that found it new."""


@dataclass(frozen=True)
class FilesOptions:
    """``user``: who commands of assertions run as. ``password_file``: of the repository; ``environment_file``: lines
    NAME=VALUE for its program, such as the keys of an object store. ``snapshot``: None: as the manifest says, or the
    newest. ``read_data``: read the whole repository, not only what is restored.
    """

    user: str = "nobody"
    password_file: Optional[str] = None
    environment_file: Optional[str] = None
    snapshot: Optional[str] = None
    read_data: bool = True


def options_of(order: Order) -> FilesOptions:
    """Return the order's options; NotRunnable names what is not known."""
    known = {entry.name for entry in fields(FilesOptions)}
    unknown = sorted(set(order.options) - known)
    if unknown:
        raise NotRunnable(
            f"engine {order.engine} has no option {', '.join(unknown)}; it has {', '.join(sorted(known))}"
        )
    return FilesOptions(**{name: value for name, value in order.options.items() if value is not None})


class FilesTrial(ScratchTrial):
    """The restored root is the directory ``restored`` of the scratch, which only root can enter."""

    def __init__(self, order: Order, copy: Copy, host: Optional[Host] = None) -> None:
        super().__init__(order, copy, host)
        self.options = options_of(order)

    @property
    def user(self) -> str:
        return self.options.user

    @property
    def root(self) -> str:
        return self.scratch.directory("restored", "root")

    @abstractmethod
    def restore(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        """Restore below ``root``."""

    def start(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        return Seen(proven=("there is nothing to start in a backup of files",))

    def structure(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        """A file that changed while it was backed up cannot be compared, but it has to be there."""
        if manifest is None:
            return Seen()
        changed = [name for name, why in manifest["content"]["left_out"].items() if why == CHANGED]
        lost = [name for name in changed if not os.path.lexists(os.path.join(self.root, name))]
        findings = [
            Finding(STRUCTURE, f"file {name}", "there, as it was before and after", "not there") for name in lost
        ]
        return Seen(
            tuple(findings[:10]), (f"{len(changed)} files that changed meanwhile are there",) if changed else ()
        )

    def content(self, manifest: Optional[Mapping[str, Any]]) -> Content:
        found = tree.survey([self.root], root=self.root).entries
        found.pop("./", None)
        for name in parents(manifest, found):
            del found[name]
        read = tree.hashes(found, self.order.limits.jobs, self.root)
        self.scratch.check_time()
        if read.failed:
            raise Damaged(
                *(
                    Finding(CONTENT, f"file {name}", "readable to the end", error.strerror or str(error))
                    for name, error in sorted(read.failed.items())[:10]
                )
            )
        return Content(tree.METHOD, files=read.read, left_out=later(manifest, found))

    def answer(self, assertion: Assertion) -> Any:
        if assertion.command is None:
            raise NotRunnable(f"assertion {assertion.name} is a query, and files answer none; give it as a command")
        root = self.root
        self.scratch.give(root, self.user, "u+rwX,u-s,g-s,go=")
        words = shlex.split(assertion.command)
        answer = self.scratch.run(["env", "-C", root, *words], self.user, environment={"RESTORED": root})
        self.scratch.check_time()
        return answer.status

    def run(self, argv: Sequence[str], environment: Mapping[str, str], timeout: Optional[float] = None) -> Answer:
        """Run the repository's program as root, within the limits; NotRunnable where the host lacks something."""
        scratch = self.scratch
        if self.host.run([argv[0], "--version"]).status == MISSING:
            raise NotRunnable(f"{argv[0]} is not on this host; install it")
        answer = scratch.outside(argv, timeout=timeout, environment={**self._given(), **environment})
        scratch.check_time()
        if answer.status != 0:
            shortage.check(answer)
        return answer

    def _given(self) -> Dict[str, str]:
        return environment_of(self.host, self.options.environment_file)


CHANGED = "changed while the backup was taken"


def environment_of(host: Host, path: Optional[str]) -> Dict[str, str]:
    """Return the lines NAME=VALUE of a file; NotRunnable where it cannot be read."""
    if path is None:
        return {}
    text = host.read(path)
    if text is None:
        raise NotRunnable(f"{path} cannot be read, which shall hold the environment of the repository's program")
    pairs = (line.partition("=") for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return {name.strip(): value.strip().strip("'\"") for name, _equals, value in pairs}


def password_limitation(host: Host, path: Optional[str]) -> Optional[str]:
    """Return why the repository's password is not to be had here, None where it is or none is needed."""
    if path is None or host.exists(path):
        return None
    return f"there is no {path} on this host, which shall hold the repository's password"


def later(manifest: Optional[Mapping[str, Any]], found: Mapping[str, tree.Entry]) -> Dict[str, str]:
    """Pure: what is in the backup and not in its manifest since it came while the backup was taken."""
    if manifest is None:
        return {}
    content = manifest["content"]
    extra = [name for name in found if name not in content["files"] and name not in content["left_out"]]
    began = manifest["began_at_epoch"] - SLACK
    return {name: LATER for name in extra if name.endswith("/") or found[name].modified_at >= began}


def parents(manifest: Optional[Mapping[str, Any]], found: Mapping[str, tree.Entry]) -> List[str]:
    """Pure: the directories above what was backed up; some programs keep them and some do not."""
    if manifest is None:
        return []
    known = {*manifest["content"]["files"], *manifest["content"]["left_out"]}
    extra = [name for name in found if name.endswith("/") and name not in known]
    return [directory for directory in extra if any(name.startswith(directory) for name in known)]


def complaint(answer: Answer) -> str:
    """Return the line in which a program says what was wrong: the last one of an error, without its progress."""
    lines = [line.strip() for line in (answer.error or legible(answer.output)).splitlines() if line.strip()]
    told = [line for line in lines if "atal" in line or "rror" in line]
    return f"{' '.join((told or lines or ['no message'])[0].split())[:300]} (status {answer.status})"
