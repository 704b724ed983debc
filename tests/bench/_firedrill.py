# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""firedrill from PyPI on the same dumps: as it is, with namespaces in place of its containers.

It is given what it can be given: the structure of an undamaged dump as its reference, and nine tenths of the rows of
each large table as the least.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lab.backup.server import BackupServer
from lab.damage.model import Backup
from tests.bench._peers import PATIENCE, Peer
from tests.lab.restore.shelf import SETS

VERSION = "0.6.0"
HOME = "/srv/firedrill"
DOCKER = Path(__file__).with_name("_firedrill_docker.py")
REFERENCE, CONFIGURATION = f"{HOME}/reference.txt", f"{HOME}/firedrill.yml"
IGNORED = "C.UTF-8 has no version; the reference's line ends with a space, and every restored database differs from it"
"""Else it would call each of the lab's dumps damaged, the good ones too."""
LEAST_ROWS = 1000
"""Of a table that it is told of: people at work remove rows of the smaller ones."""


def peer(server: BackupServer) -> Peer | None:
    """None, with a message, where it cannot be had here."""
    try:
        _install(server)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"  firedrill is left out, it could not be installed: {error}", flush=True)
        return None
    firedrill = _Firedrill(server)
    return Peer("firedrill", _knows, firedrill.complains, firedrill.prepare)


def _knows(name: str) -> bool:
    """It reads every format of pg_dump, and what gzip packed."""
    return name.startswith("pg_dump") and not name.endswith(".zst")


def _install(server: BackupServer) -> None:
    target = server.path(HOME)
    server.shell(f"rm -rf {HOME}; mkdir -p {HOME}/bin")
    with tempfile.TemporaryDirectory() as directory:
        pip = [f"{sys.base_prefix}/bin/python3", "-m", "pip", "install", "--quiet", "--root-user-action=ignore"]
        subprocess.run([*pip, "--target", directory, f"firedrill=={VERSION}"], check=True)
        shutil.copytree(directory, target / "library")
    shutil.copy(DOCKER, target / "bin/docker")
    (target / "bin/docker").chmod(0o755)


class _Firedrill:
    def __init__(self, server: BackupServer) -> None:
        self._server = server

    def prepare(self, dump: Backup) -> None:
        """Write its reference and its configuration from an undamaged dump."""
        self._run(f"{dump.directory}/his.dump", "--write-reference", REFERENCE)
        tables = dump.manifest["content"]["tables"]
        least = {
            name: {"min_rows": table["rows"] * 9 // 10}
            for name, table in tables.items()
            if table["rows"] >= LEAST_ROWS and name.isascii()
        }
        settings = {
            "version": 1,
            "structure": {"reference": REFERENCE},
            "volume": {"tables": least},
            "ignore": [{"check": "COLLATION_MISMATCH", "reason": IGNORED}],
        }
        # JSON is YAML.
        self._server.path(CONFIGURATION).write_text(json.dumps(settings), encoding="utf-8")

    def complains(self, name: str, backup: Backup) -> bool:
        return self._run(f"{backup.directory}/{SETS[name].data}", "--config", CONFIGURATION) != 0

    def _run(self, path: str, *options: str) -> int:
        """Its exit status; in JSON beside it, for whoever wants to know, what it found."""
        environment = {"PATH": f"{HOME}/bin:/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": f"{HOME}/library"}
        program = [
            "timeout",
            str(PATIENCE),
            "python3",
            "-m",
            "firedrill.cli",
            "run",
            path,
            "--json",
            f"{HOME}/last.json",
            "--quiet",
            *options,
        ]
        argv = self._server.command(program, environment=environment)
        return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode
