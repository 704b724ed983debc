# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test of a repository of Borg: every chunk read, an archive extracted."""

from __future__ import annotations

import shlex
from datetime import datetime, timezone
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer
from ansible_collections.contingency.infra.plugins.module_utils._restore.files.repository import (
    RepositoryTrial,
    json_of,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.files.trial import complaint
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    RESTORE,
    Copy,
    Damaged,
    Finding,
    Order,
    Seen,
)

IN_DIRECTORY = 'cd "$1" && shift && exec "$@"'
COVER = """repository=$1 layer=$2; shift 2
mount -t tmpfs -o size=256m,mode=700 layer "$layer" && mkdir "$layer/new" "$layer/work" &&
  mount -t overlay -o "lowerdir=$repository,upperdir=$layer/new,workdir=$layer/work" layer "$repository" ||
  echo "the repository could not be covered, so Borg may note down numbers in it" >&2
exec "$@\""""
PLAIN = ("--noacls", "--noxattrs", "--noflags", "--numeric-ids")
"""What a scratch file system may not take, and says nothing about the content."""


class Archive(NamedTuple):
    """An archive as Borg lists it."""

    name: str
    id: str
    time: float
    host: str

    @property
    def title(self) -> str:
        return self.name

    def is_called(self, name: str) -> bool:
        return self.name == name


def open_trial(order: Order, copy: Copy) -> BorgTrial:
    return BorgTrial(order, copy)


class BorgTrial(RepositoryTrial[Archive]):
    """Borg's cache and its notes on known repositories are the scratch's."""

    program = "borg"
    kind = "archive"
    parts = "chunk"
    deep_check = ("check", "--verify-data")

    def listing(self) -> Answer:
        return self._borg("list", "--json", "--format", "{hostname}{start}", self.copy.path)

    def listed(self, output: str) -> List[Archive]:
        return archives_in(output)

    def checked(self) -> Answer:
        return self._borg(*self.deep_check, self.copy.path)

    def needed_bytes(self, manifest: Optional[Mapping[str, Any]]) -> Optional[int]:
        told = manifest.get("bytes") if manifest is not None else None
        if told is not None:
            return int(told)
        answer = self._borg("info", "--json", self._archive())
        found = json_of(answer.output) if answer.status == 0 else None
        archives = found.get("archives") if isinstance(found, dict) else None
        return int(archives[0]["stats"]["original_size"]) if archives else None

    def restore(self, manifest: Optional[Mapping[str, Any]]) -> Seen:
        """A warning is status 1: Borg gives zeros for a chunk that is missing, and warns."""
        answer = self._run(
            ["sh", "-c", IN_DIRECTORY, "borg", self.root, *self._command("extract", *PLAIN, self._archive())]
        )
        if answer.status != 0:
            raise Damaged(Finding(RESTORE, f"borg extract {self.one.name}", "status 0", complaint(answer)))
        return Seen(proven=(f"archive {self.one.name} was extracted",))

    def _archive(self) -> str:
        return f"{self.copy.path}::{self.one.name}"

    def _command(self, *arguments: str) -> List[str]:
        return ["borg", "--bypass-lock", *arguments]

    def _borg(self, *arguments: str) -> Answer:
        return self._run(self._command(*arguments))

    def _run(self, command: List[str]) -> Answer:
        place = {"BORG_BASE_DIR": self.scratch.directory("borg", "root")}
        return self.run(self._covered(command), {**borg_environment(self.options.password_file), **place})

    def _covered(self, command: List[str]) -> List[str]:
        """Borg notes down numbers in a repository that it only reads; let it do so in a layer that is thrown away."""
        path = self.copy.path
        if not path.startswith("/") or any(sign in path for sign in ",:\\"):
            return command
        layer = self.scratch.directory("layer", "root")
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", COVER, "cover", path, layer, *command]


def borg_environment(password_file: Optional[str]) -> Dict[str, str]:
    """Return what Borg reads from its environment: the password's file, no questions, times in UTC."""
    passed = {"BORG_PASSCOMMAND": f"cat -- {shlex.quote(password_file)}"} if password_file else {}
    return {
        **passed,
        "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",
        "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
        "TZ": "UTC",
    }


def archives_in(output: str) -> List[Archive]:
    """Pure: from `borg list --json`, the oldest first; an archive that was broken off is none."""
    found = json_of(output)
    rows = found.get("archives", []) if isinstance(found, dict) else []
    archives = [
        Archive(row["name"], row["id"], epoch_of(row.get("start") or row["time"]), row.get("hostname", ""))
        for row in rows
        if ".checkpoint" not in row["name"]
    ]
    return sorted(archives, key=lambda archive: archive.time)


def epoch_of(text: str) -> float:
    """Pure: Borg 1 writes local times without a zone, which is UTC here; Borg 2 writes the zone."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).timestamp()
