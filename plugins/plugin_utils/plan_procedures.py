# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The procedures as the playbooks and roles themselves say them: commands, arguments, plays and their steps."""

from __future__ import annotations

import glob
import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ansible.playbook.task import Task

ROOT = Path(__file__).resolve().parents[2]
"""Of the collection, wherever it is installed."""
COLLECTION = "contingency.infra"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The same as safe_load, ten times as fast where PyYAML has libyaml."""
ALL_STOPS, OTHERS_GO_ON, HOST_STOPS = "all_stops", "others_go_on", "host_stops"
"""What a failure of a step does."""
INCLUDES = frozenset(
    f"{prefix}{name}"
    for prefix in ("", "ansible.builtin.")
    for name in ("import_role", "include_role", "import_tasks", "include_tasks")
)
_ARGUMENT = re.compile(r" {3}(\S.*?) {2,}(\S.*)")
_CONTINUED = re.compile(r" {6,}(\S.*)")
_TEMPLATED = re.compile(r"\{\{.*?\}\}")
_DEFAULT_GROUP = re.compile(r"default\('(\w+)'\)|^\{\{ '(\w+)' if ")


class ProcedureError(Exception):
    """A playbook that cannot be read as a procedure; the sentence names it and says what to do."""


@dataclass(frozen=True)
class Step:
    """A task. ``on_failure``: one of the words above; ``rescue``: done only where a step before it failed."""

    name: str
    module: str
    on_failure: str = HOST_STOPS
    rescue: bool = False


@dataclass(frozen=True)
class Play:
    """``hosts``: the pattern as written, with what follows from the arguments still in braces."""

    name: str
    hosts: str
    steps: tuple[Step, ...]

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the groups that the pattern means where the site sets no others."""
        found = tuple(default or only for default, only in _DEFAULT_GROUP.findall(self.hosts))
        return found or (() if "{" in self.hosts else tuple(re.split(r"[:,]", self.hosts)))


@dataclass(frozen=True)
class Procedure:
    """A playbook that people run, as the comment at its head says. ``more``: other commands of the same playbook."""

    name: str
    command: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    about: tuple[str, ...] = ()
    plays: tuple[Play, ...] = ()
    sha256: str = ""
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Heading:
    """The comment at the head of a playbook. ``about``: its sentences."""

    commands: tuple[str, ...]
    arguments: Mapping[str, str]
    about: tuple[str, ...]


def read_procedure(path: Path, roles: Path = ROOT / "roles") -> Procedure:
    """Return the procedure of a playbook; ProcedureError where it or what it includes cannot be read."""
    reader = _Reader(roles)
    plays = tuple(reader.plays(path))
    found = heading(reader.text(path))
    first, *more = found.commands or (f"ansible-playbook {path}",)
    return Procedure(path.stem, first, found.arguments, found.about, plays, reader.sha256, tuple(more))


def collection_playbooks(root: Path = ROOT) -> list[Path]:
    """Return the playbooks of the collection that people run by name."""
    return sorted((root / "playbooks").glob("[!_]*.yml"))


def heading(text: str) -> Heading:
    """Pure: the commands, the arguments and the sentences of the comment at the head of a playbook."""
    commands: list[str] = []
    arguments: dict[str, str] = {}
    about: list[str] = []
    last = ""
    for line in _comment(text):
        found, more = _ARGUMENT.fullmatch(line), _CONTINUED.fullmatch(line)
        if line.strip().startswith("ansible-playbook "):
            commands.append(line.strip())
        elif line.startswith("     -") and not arguments:
            commands[-1] += f" {line.strip()}"
        elif found:
            last = found[1]
            arguments[last] = found[2]
        elif more and last:
            arguments[last] += f" {more[1]}"
        elif line.startswith("   "):
            arguments[line.strip()] = ""
        elif line.strip():
            about.append(line.strip())
    return Heading(tuple(commands), arguments, sentences(" ".join(about)))


def _comment(text: str) -> Iterator[str]:
    for line in text.removeprefix("---\n").splitlines():
        if not line.startswith("#"):
            return
        yield line[1:]


def sentences(text: str) -> tuple[str, ...]:
    """Pure: the sentences of a text."""
    return tuple(each for each in re.split(r"(?<=[.!?])\s+", text) if each)


class _Reader:
    """Reads the files of one procedure, and their hash."""

    def __init__(self, roles: Path) -> None:
        self._roles = roles
        self._hash = hashlib.sha256()
        self._texts: dict[Path, str] = {}

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def text(self, path: Path) -> str:
        if path not in self._texts:
            try:
                self._texts[path] = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise ProcedureError(f"{path} cannot be read: {error}; correct the path of the playbook.") from error
            self._hash.update(f"{path.name}\0{self._texts[path]}\0".encode())
        return self._texts[path]

    def plays(self, path: Path) -> Iterator[Play]:
        for entry in self._entries(path):
            imported = entry.get("ansible.builtin.import_playbook") or entry.get("import_playbook")
            if imported:
                yield from self.plays(path.parent / _playbook_file(str(imported)))
            else:
                yield self._play(entry, path)

    def _play(self, entry: Mapping[str, Any], path: Path) -> Play:
        found: list[Step] = []
        for role in entry.get("roles") or ():
            found += self._role(role if isinstance(role, Mapping) else {"name": role})
        for part in ("pre_tasks", "tasks", "post_tasks"):
            found += self._steps(entry.get(part) or (), path.parent, HOST_STOPS)
        hosts = entry.get("hosts", "")
        pattern = ":".join(map(str, hosts)) if isinstance(hosts, list) else str(hosts)
        return Play(str(entry.get("name", path.stem)), " ".join(pattern.split()), tuple(found))

    def _steps(self, tasks: Sequence[Any], folder: Path, on_failure: str, rescue: bool = False) -> Iterator[Step]:
        for task in tasks:
            if "block" in task:
                inner = OTHERS_GO_ON if task.get("rescue") else on_failure
                yield from self._steps(task["block"], folder, inner, rescue)
                yield from self._steps(task.get("rescue") or (), folder, on_failure, True)
                yield from self._steps(task.get("always") or (), folder, on_failure, rescue)
            else:
                yield from self._step(task, folder, on_failure, rescue)

    def _step(self, task: Mapping[str, Any], folder: Path, on_failure: str, rescue: bool) -> Iterator[Step]:
        module = next((str(name) for name in task if name not in Task.fattributes), "")
        if module in INCLUDES:
            yield from self._included(module, task, folder, on_failure, rescue)
            return
        fails = ALL_STOPS if task.get("any_errors_fatal") else on_failure
        yield Step(str(task.get("name", module)), module, fails, rescue)

    def _included(
        self, module: str, task: Mapping[str, Any], folder: Path, on_failure: str, rescue: bool
    ) -> Iterator[Step]:
        wanted = task[module]
        if module.endswith("_role"):
            yield from self._role(wanted)
            return
        file = wanted if isinstance(wanted, str) else wanted["file"]
        path = folder / file
        if "{" in file:
            # Which of several is decided while it runs: the step is told by its own name, all of them are in the hash.
            pattern = _TEMPLATED.sub("*", file)
            for each in filter(os.path.isfile, sorted(glob.glob(os.path.join(folder, pattern)))):
                self.text(Path(each))
            yield Step(str(task.get("name", pattern)), f"{module} {pattern}", on_failure, rescue)
        else:
            yield from self._steps(self._entries(path), folder, on_failure, rescue)

    def _role(self, wanted: Mapping[str, Any]) -> list[Step]:
        name = str(wanted.get("name") or wanted.get("role"))
        folder = self._roles / name.removeprefix(f"{COLLECTION}.") / "tasks"
        if not folder.is_dir():
            return [Step(name, "role")]
        path = folder / f"{str(wanted.get('tasks_from', 'main')).removesuffix('.yml')}.yml"
        return list(self._steps(self._entries(path), folder, HOST_STOPS))

    def _entries(self, path: Path) -> list[Any]:
        try:
            found = yaml.load(self.text(path), LOADER)
        except yaml.YAMLError as error:
            raise ProcedureError(f"{path} is not YAML: {error}; correct it.") from error
        if not isinstance(found, list):
            raise ProcedureError(f"{path} holds no list of plays or tasks; name a playbook.")
        return found


def _playbook_file(name: str) -> str:
    """Return the file of a playbook that is imported by its name."""
    return f"{name.removeprefix(f'{COLLECTION}.')}.yml" if not name.endswith((".yml", ".yaml")) else name
