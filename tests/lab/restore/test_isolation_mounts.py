# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that is mounted below the system's own directories: what lies there is not in sight, but for what is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

USER = "nobody"
MOUNTED = """
import json, os, subprocess, sys
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Order
from ansible_collections.contingency.infra.plugins.module_utils._restore.scratch import open_scratch

disk, user = sys.argv[1:]
subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "disk", disk], check=True)
for name in ("pgdata", "backup", "server/bin", "server/lib"):
    os.makedirs(f"{disk}/{name}")
os.chmod(f"{disk}/pgdata", 0o777)
open(f"{disk}/pgdata/patients", "w").close()
open(f"{disk}/backup/his.dump", "w").close()
open(f"{disk}/server/lib/library", "w").close()
with open(f"{disk}/server/bin/hello", "w") as file:
    file.write(f"#!/bin/sh\\nls -A {disk} {disk}/server/lib\\n")
os.chmod(f"{disk}/server/bin/hello", 0o755)
made = open_scratch(LocalHost(), Order("his", "pg_dump", (), f"{disk}/scratch", "/h"), user)
try:
    plain = made.run(["sh", "-c", f"ls -A {disk}; touch {disk}/pgdata/x; echo it > {made.path}/x"], user)
    program = made.run([f"{disk}/server/bin/hello"], user)
    backup = f"{disk}/backup"
    copy = made.run(["sh", "-c", f"ls -A {disk} {backup}; touch {backup}/x"], user, readable=(backup,))
    system = made.run(["cat", "/etc/hosts"], user)
finally:
    made.close()
found = {name: answer.output.split() + answer.error.split(":")[-1:] for name, answer in
         (("plain", plain), ("program", program), ("copy", copy), ("system", system))}
print(json.dumps({**found, "data": os.listdir(f"{disk}/pgdata"), "backup": os.listdir(f"{disk}/backup")}))
"""


@pytest.fixture(scope="module")
def seen() -> dict[str, list[str]]:
    """What programs saw behind the walls; the disk is mounted for these programs only."""
    with tempfile.TemporaryDirectory(dir="/opt", prefix="contingency-") as disk:
        Path(disk).chmod(0o755)
        command = ["unshare", "--mount", "--propagation", "private", sys.executable, "-c", MOUNTED, disk, USER]
        path = os.pathsep.join(filter(None, sys.path))
        told = subprocess.run(
            command, check=False, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}
        )
    assert told.returncode == 0, told.stderr
    found: dict[str, list[str]] = json.loads(told.stdout)
    return {name: [word.replace(disk, "DISK").strip() for word in words] for name, words in found.items()}


def test_production_on_such_a_disk_is_neither_seen_nor_written(seen: dict[str, list[str]]) -> None:
    assert "pgdata" not in seen["plain"]
    assert seen["data"] == ["patients"]


def test_programs_on_such_a_disk_run_and_see_only_their_own(seen: dict[str, list[str]]) -> None:
    assert seen["program"][:-1] == ["DISK:", "scratch", "server", "DISK/server/lib:", "library"], seen


def test_a_copy_on_such_a_disk_is_read_and_not_written(seen: dict[str, list[str]]) -> None:
    assert seen["copy"] == ["DISK:", "backup", "scratch", "DISK/backup:", "his.dump", "Read-only file system"]
    assert seen["backup"] == ["his.dump"]


def test_the_system_is_in_sight_as_before(seen: dict[str, list[str]]) -> None:
    assert "localhost" in seen["system"]
