# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy the checkout for tools that want a real .../ansible_collections/contingency/infra.

ansible-test refuses a link, and antsibull-docs copies all it finds, environments included. So
they get a copy of what git tracks or would track.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tools.collection_link import ROOT


def copy_of_checkout(directory: Path, *, without: tuple[str, ...] = ()) -> Path:
    """Make the copy anew below the directory; return the collection's root in it."""
    shutil.rmtree(directory, ignore_errors=True)
    copy = directory / "ansible_collections/contingency/infra"
    copy.mkdir(parents=True)
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(without):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    # A repository of its own: else ansible-test asks the outer one, which ignores build/.
    subprocess.run(["git", "init", "--quiet", str(copy)], check=True)
    return copy
