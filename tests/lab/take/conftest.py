# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One server for all tests of this folder: they only read it, beside the writers."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.take.server import Server, new_server


@pytest.fixture(scope="session")
def ground() -> Iterator[Path]:
    """A directory that the server's user can reach, with a short name as sockets need it."""
    root = Path(tempfile.mkdtemp(prefix="take-", dir="/tmp"))
    root.chmod(0o755)
    yield root
    shutil.rmtree(root)


@pytest.fixture(scope="session")
def server(ground: Path) -> Iterator[Server]:
    made = new_server(ground / "pg", archive="on")
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """Where the backups lie, and where their copies do; nobody but root comes near them."""
    tmp_path.chmod(0o700)
    first, second = tmp_path / "local", tmp_path / "offsite"
    first.mkdir()
    second.mkdir()
    return first, second
