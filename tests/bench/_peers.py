# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other ways to check a backup say of it: each True where it says that the backup is not good.

By exit status, as a script would judge. Each is asked only of the kinds of backups that it is made for.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from lab.backup.cluster import USER
from lab.backup.ground import STANZA
from lab.backup.server import BackupServer
from lab.damage.model import Backup
from lab.errors import LabError
from tests.bench._bare import PROGRAMS, TUNED, BareServer
from tests.lab.restore.shelf import SETS

SCRATCH = "/srv/bare/verified"
PATIENCE = 120
"""Seconds; small backups take one or two."""
UNPACK = {"plain": "cat", "plain.gz": "gzip -dc", "plain.zst": "zstd -qdc"}
_WRONG = re.compile(r"status: (?!valid)\w|(?:missing|checksum invalid|size invalid|other): [1-9]")


@dataclass(frozen=True)
class Peer:
    """One way to check: its name in the report, the sets that it is made for, and what it says of a backup of one."""

    name: str
    knows: Callable[[str], bool]
    complains: Callable[[str, Backup], bool]
    prepare: Callable[[Backup], None] = lambda _dump: None
    """Given an undamaged dump in custom format before all else."""


class Peers:
    """Those that come with the databases themselves; a server that dumps are restored into runs meanwhile."""

    def __init__(self, server: BackupServer) -> None:
        self._server = server
        self._dumps = BareServer(server, "dumps", {**TUNED, "shared_buffers": "64MB"}, PATIENCE)
        self._files = BareServer(server, "files", {"fsync": "off"}, PATIENCE)
        self.all = [
            Peer("bare_restore", lambda _name: True, self._restore_fails),
            Peer("pg_verifybackup", lambda name: name.startswith("pg_basebackup"), self._verifybackup_fails),
            Peer("pgbackrest_verify", lambda name: name == "pgbackrest", self._verify_fails),
            Peer("pgbackrest_verify_text", lambda name: name == "pgbackrest", self._verify_tells),
        ]

    def __enter__(self) -> Peers:
        self._dumps.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._dumps.remove()
        self._files.remove()

    def _restore_fails(self, name: str, backup: Backup) -> bool:
        """Restore it by hand, and start it where it is one of files."""
        engine, _dash, form = name.partition("-")
        if engine == "pgbackrest":
            return _fails(lambda: self._files.pgbackrest(backup.repository))
        if engine == "pg_basebackup":
            return _fails(lambda: self._start_base(backup, form))
        path = f"{backup.directory}/{SETS[name].data}"
        if form in UNPACK:
            return _fails(lambda: self._dumps.psql(path, UNPACK[form]))
        return _fails(lambda: self._dumps.pg_restore(path, jobs=1 if form == "tar" else 2))

    def _start_base(self, backup: Backup, form: str) -> None:
        self._files.make_home()
        self._unpack(backup, form, self._files.data)
        self._server.shell(
            f"cd {self._files.data}; touch recovery.signal;"
            f" echo \"restore_command = 'cp {self._files.home}/wal/%f %p'\" >> postgresql.auto.conf;"
            f" cp -a {backup.directory}/wal {self._files.home}/wal; chown -R {USER}: {self._files.home}"
        )
        self._files.recover()

    def _unpack(self, backup: Backup, form: str, into: str) -> None:
        base = f"{backup.directory}/base"
        self._server.shell(f"rm -rf {into}; mkdir -p {into}; chmod 700 {into}")
        if form == "plain":
            self._server.shell(f"cp -a {base}/. {into}")
        else:
            self._server.shell(f"tar -xf {base}/base.tar{form[3:]} -C {into}")

    def _verifybackup_fails(self, name: str, backup: Backup) -> bool:
        form = name.partition("-")[2]

        def verified() -> None:
            where = f"{backup.directory}/base"
            if form != "plain":
                where = SCRATCH
                self._unpack(backup, form, where)
            listed = f"{backup.directory}/base/backup_manifest"
            self._server.run(f"{PROGRAMS}/pg_verifybackup", "--quiet", "--manifest-path", listed, where)

        found = _fails(verified)
        self._server.shell(f"rm -rf {SCRATCH}")
        return found

    def _verify(self, backup: Backup) -> subprocess.CompletedProcess[str]:
        where = [f"--stanza={STANZA}", f"--repo1-path={backup.repository}", "--log-level-console=info"]
        argv = self._server.command(["pgbackrest", *where, "verify"], USER)
        return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def _verify_fails(self, _name: str, backup: Backup) -> bool:
        return self._verify(backup).returncode != 0

    def _verify_tells(self, _name: str, backup: Backup) -> bool:
        """What a person would see who reads all of it."""
        answer = self._verify(backup)
        return answer.returncode != 0 or _WRONG.search(answer.stdout) is not None


def _fails(work: Callable[[], object]) -> bool:
    try:
        work()
    except LabError:
        return True
    return False
