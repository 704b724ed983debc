# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that becomes full and a memory limit that is reached while a good copy is restored: neither is its damage."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

USER = "nobody"
RESTORED = """
import subprocess, sys
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._restore import model, stages
from ansible_collections.contingency.infra.plugins.module_utils._restore.files.tar import TarTrial
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Copy, Limits, Order

class Lacking(TarTrial):
    def needed_bytes(self, manifest):
        return 1 << 20

    def restore(self, manifest):
        seen = super().restore(manifest)
        if "memory" in sys.argv[3:]:
            eats = "held = [bytearray(1 << 20) for _ in range(1 << 12)]"
            self.scratch.run(["/usr/bin/python3", "-c", eats], self.user)
            return model.Seen((model.Finding("restore", "tar", "all files", "some files"),))
        return seen

base, archive, size = sys.argv[1:4]
subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode=755,size={size}", "disk", base], check=True)
limits = Limits(disk_reserve_bytes=1 << 20, memory_bytes=256 << 20)
order = Order("his", "tar", (Copy(archive),), base, "/h", limits=limits)
tools = stages.Tools(LocalHost(), Lacking, lambda order, copy: (None, model.Seen()))
outcome = stages.run(order, tools)
print(outcome.verdict, outcome.why_not, [stage.seen.findings for stage in outcome.tried[0].stages])
"""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A good archive of 32 MiB."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "large").write_bytes(os.urandom(32 << 20))
    subprocess.run(["tar", "-cf", tmp_path / "his.tar", "-C", tmp_path, "files"], check=True)
    return tmp_path / "his.tar"


@pytest.fixture
def base() -> Iterator[Path]:
    """A directory that everybody reaches, for the disk of the scratch."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["200m"], "passed None"),
        (["20m"], "in reserve while the test failed; free space"),
        (["200m", "memory"], "for want of memory; raise memory"),
    ],
)
def test_what_the_host_lacks_is_not_the_copys_damage(archive: Path, base: Path, more: list[str], said: str) -> None:
    command = ["unshare", "--mount", "--propagation", "private", sys.executable, "-c", RESTORED]
    path = os.pathsep.join(filter(None, sys.path))
    told = subprocess.run(
        [*command, str(base), str(archive), *more],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert said in told.stdout, told.stdout + told.stderr
