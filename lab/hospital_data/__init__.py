# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hospital keeps, to be backed up: a database for each engine, and files. The same seed gives the same content.

Standard library only, and nothing of the lab: a cluster on this machine is filled as well as one in a lab.

    psql = ["psql", "-X", "-q", "-d", "his", *hospital_data.psql(rows=10_000)]      # reads hospital_data.POSTGRESQL
    hospital_data.mariadb("his", rows=10_000)                                       # text for the client mariadb
    hospital_data.write_files(Path("/srv/pacs"), count=300)
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

POSTGRESQL = Path(__file__).with_name("postgresql.sql")
_MARIADB = Path(__file__).with_name("mariadb.sql")
HOUR = 3600


def psql(rows: int, seed: int = 1, at: float | None = None) -> list[str]:
    """Arguments of psql; the script is expected on its standard input, so that it also reads it in another machine."""
    moment = time.strftime("%Y-%m-%d %H:%M:%S+00", time.gmtime(_hour(at)))
    return ["-v", f"rows={rows}", "-v", f"seed={seed}", "-v", f"at={moment}", "-f", "-"]


def mariadb(database: str, rows: int, seed: int = 1, at: float | None = None) -> str:
    """SQL that makes the database; `at` is the newest moment in it, as an epoch, by default this hour."""
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(_hour(at)))
    values = {"database": database, "rows": rows, "patients": max(rows // 4, 10), "seed": seed, "at": moment}
    text = _MARIADB.read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def _hour(at: float | None) -> float:
    return (time.time() if at is None else at) // HOUR * HOUR


def write_files(directory: Path, count: int = 200, seed: int = 1) -> None:
    """Images and letters of some KB each in folders by day, with names as people give them, and a few odd ones."""
    for number in range(count):
        folder = directory / "影像" / f"2026-{1 + number % 12:02d}" if number % 3 else directory / "letters of 2026"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:05d} 报告.dcm").write_bytes(_bytes(seed, number, 1 + number % 40))
    (directory / "empty").touch()
    (directory / "-rf *").write_bytes(b"a name that a shell must not see\n")
    (directory / "new\nline").write_bytes(b"a name with a line break\n")
    (directory / "read-only").write_bytes(b"x" * 5000)
    (directory / "read-only").chmod(0o400)
    (directory / "link").symlink_to("letters of 2026")


def _bytes(seed: int, number: int, kilobytes: int) -> bytes:
    """Bytes that do not shrink when they are packed."""
    return hashlib.shake_256(f"{seed}:{number}".encode()).digest(kilobytes * 1024)
