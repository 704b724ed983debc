# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy data from the primary: pg_rewind in place, or a base backup beside the old data and an exchange of both.

A marker beside the data directory says, before each step, what is about to be done, so that a run after one that was
killed knows what it may trust. It also keeps the server's own settings, which both ways overwrite.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Sequence

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._postgresql import process
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.cluster import read_control
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.find import settings_command
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.model import Cluster, PostgresqlError
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.source import Source

CLEAN = ("shut down", "shut down in recovery")


@dataclass
class Marker:
    """What is being done, on disk beside the data directory."""

    host: Host
    cluster: Cluster
    doing: Optional[str] = None
    settings: Dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"{self.cluster.data_directory}.rejoin-state"

    def load(self) -> Marker:
        text = self.host.read(self.path)
        if text is not None:
            try:
                values = json.loads(text)
                self.doing, self.settings = values["doing"], values["settings"]
            except (ValueError, KeyError) as error:
                raise PostgresqlError(
                    f"{self.path} is not what a rejoin writes ({error}); look whether a rejoin was broken off here, "
                    "and remove the file."
                ) from error
        return self

    def write(self, doing: str) -> None:
        self.doing = doing
        self._store()

    def keep_settings(self) -> None:
        """Remember the server's own files, unless an earlier run did it before they were overwritten."""
        if self.settings:
            return
        data = self.cluster.data_directory
        listed = self.host.run(
            [
                "find",
                data,
                "-maxdepth",
                "1",
                "-type",
                "f",
                "(",
                "-name",
                "*.conf",
                "-o",
                "-name",
                "*.crt",
                "-o",
                "-name",
                "*.key",
                "-o",
                "-name",
                "*.pem",
                ")",
                "-printf",
                "%f\\n",
            ],
            user=self.cluster.os_user,
        )
        for name in listed.output.split():
            text = self.host.read(f"{data}/{name}")
            if text is not None:
                self.settings[name] = text

    def restore_settings(self, directory: str) -> None:
        for name, text in sorted(self.settings.items()):
            put(self.host, self.cluster, f"{directory}/{name}", text)

    def clear(self) -> None:
        if self.host.exists(self.path):
            checked(self.host, self.cluster, ["rm", "-f", self.path], "The marker could not be removed")
        self.doing, self.settings = None, {}

    def _store(self) -> None:
        put(self.host, self.cluster, self.path, json.dumps({"doing": self.doing, "settings": self.settings}))


def put(host: Host, cluster: Cluster, path: str, text: str) -> None:
    try:
        host.write_atomically(path, text, 0o600, cluster.os_user)
    except OSError as error:
        raise PostgresqlError(
            f"{path} could not be written: {error.strerror}; make room, or look at its rights."
        ) from error


BUSY = 75


def checked(host: Host, cluster: Cluster, command: Sequence[str], problem: str, timeout: float = 60.0) -> str:
    """Run a program under a lock that it holds as long as it lives, also when the run that started it was killed."""
    wait = str(int(timeout))
    locked = ["flock", "-w", wait, "-E", str(BUSY), parent(cluster), *command]
    answer = host.run(locked, user=cluster.os_user, timeout=timeout)
    if answer.status == BUSY:
        raise PostgresqlError(
            f"{problem}: a program of an earlier run is still at work on {cluster.data_directory} after {wait} s; wait "
            "for it, and run this again."
        )
    if answer.status != 0:
        raise PostgresqlError(f"{problem}: {_last_word(answer.error) or answer.complaint} (program {command[0]}).")
    return answer.output


def parent(cluster: Cluster) -> str:
    return cluster.data_directory.rsplit("/", 1)[0] or "/"


def wait_for_earlier(host: Host, cluster: Cluster, timeout: float) -> None:
    """A program that a killed run left behind may still write: wait until it is done."""
    checked(host, cluster, ["true"], f"{cluster.title} cannot be looked at", timeout)


def _last_word(text: str) -> str:
    """The line that tells the error, of programs that tell their progress before it."""
    lines = [line.strip() for line in text.splitlines() if "error:" in line or "FATAL" in line]
    return lines[-1] if lines else ""


def make_clean(host: Host, cluster: Cluster, timeout: float) -> List[str]:
    """A server that crashed replays its WAL and shuts down, as pg_rewind wants to find it."""
    state = read_control(host, cluster)
    if state.control_state in CLEAN:
        return []
    if host.exists(f"{cluster.data_directory}/standby.signal"):
        return [*process.start(host, cluster, timeout), *process.stop(host, cluster, timeout)]
    stale = f"{cluster.data_directory}/recovery.signal"
    command = settings_command(cluster.program("postgres"), cluster.data_directory, cluster.config_directory)
    command = [command[0], "--single", "-F", *command[1:], "template1"]
    checked(host, cluster, command, f"{cluster.title} could not recover from its crash", timeout)
    return [f"crash recovery of {cluster.title}" + (" (recovery.signal is there)" if host.exists(stale) else "")]


def rewind(host: Host, cluster: Cluster, source: Source, marker: Marker, timeout: float) -> List[str]:
    """Make the data what the primary had where the histories part; a failure leaves data that is not whole."""
    steps = make_clean(host, cluster, timeout)
    marker.keep_settings()
    marker.write("rewinding")
    command = [cluster.program("pg_rewind"), "-D", cluster.data_directory, "--no-ensure-shutdown"]
    command += ["--source-server", source.conninfo(source.rewind_user)]
    checked(host, cluster, command, f"pg_rewind of {cluster.title} from {source.title} failed", timeout)
    marker.write("rewound")
    finish_rewind(cluster, marker)
    return [*steps, f"pg_rewind from {source.title}"]


def finish_rewind(cluster: Cluster, marker: Marker) -> None:
    """Put the server's own settings over those that came with the primary's files."""
    marker.restore_settings(cluster.data_directory)
    marker.write("configuring")


def back_up(host: Host, cluster: Cluster, source: Source, marker: Marker, timeout: float) -> List[str]:
    """Copy everything beside the old data, then exchange; the old data stays until the standby streams.

    The standby's slot keeps the WAL meanwhile; the backup does not use it, as it would still hold it for a moment when
    the standby connects, which then tries again only after five seconds.
    """
    new = f"{cluster.data_directory}.rejoin-new"
    if marker.doing == "swapping":
        return exchange(host, cluster, marker)
    marker.keep_settings()
    marker.write("backing up")
    checked(host, cluster, ["rm", "-rf", "--", new], f"{new} of an earlier run could not be removed", timeout)
    command = [cluster.program("pg_basebackup"), "-D", new, "-X", "stream", "-c", "fast", "--no-password"]
    command += ["-d", source.conninfo(None, None)]
    checked(host, cluster, command, f"The base backup from {source.title} failed", timeout)
    marker.restore_settings(new)
    put(host, cluster, f"{new}/standby.signal", "")
    marker.write("swapping")
    return [f"base backup from {source.title} to {new}", *exchange(host, cluster, marker)]


def exchange(host: Host, cluster: Cluster, marker: Marker) -> List[str]:
    """Two renames, each of which is done or not: a second run finds where the first stopped."""
    data, new, old = (f"{cluster.data_directory}{end}" for end in ("", ".rejoin-new", ".rejoin-old"))
    if host.exists(new):
        if host.exists(data):
            checked(host, cluster, ["rm", "-rf", "--", old], f"{old} of an earlier run could not be removed", 3600)
            checked(host, cluster, ["mv", "-T", "--", data, old], f"{data} could not be renamed")
        checked(host, cluster, ["mv", "-T", "--", new, data], f"{new} could not be renamed")
    marker.write("configuring")
    return [f"{new} became {data}, the old data is {old}"]


def remove_old(host: Host, cluster: Cluster) -> List[str]:
    old = f"{cluster.data_directory}.rejoin-old"
    if not host.exists(old):
        return []
    checked(host, cluster, ["rm", "-rf", "--", old], f"{old} could not be removed", 3600)
    return [f"removed {old}"]
