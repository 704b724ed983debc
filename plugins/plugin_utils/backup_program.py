# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that takes backups, as one file: what it needs of this collection, for the host's own Python."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

MODULE_UTILS = Path(__file__).resolve().parents[1] / "module_utils"
PACKAGE = "ansible_collections/contingency/infra/plugins/module_utils"
"""The files keep their names, so that what imports them by these finds them."""
AREAS = ("_host", "_restore")
"""Standard library only; nothing of it imports Ansible."""
BEGINNING = (1980, 1, 1, 0, 0, 0)
"""The same files make the same bytes, so that a host that has them is not changed."""
MAIN = """import sys

from ansible_collections.contingency.infra.plugins.module_utils._restore.take.command import main

sys.exit(main(sys.argv[1:]))
"""


def program() -> bytes:
    """Return the program as an archive that Python runs."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(_texts().items()):
            entry = zipfile.ZipInfo(name, BEGINNING)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text)
    return made.getvalue()


def _texts() -> dict[str, bytes]:
    files = [path for area in AREAS for path in (MODULE_UTILS / area).rglob("*.py")]
    texts = {f"{PACKAGE}/{path.relative_to(MODULE_UTILS)}": path.read_bytes() for path in files}
    parts = PACKAGE.split("/")
    packages = {"/".join([*parts[: number + 1], "__init__.py"]): b"" for number in range(len(parts))}
    return {**packages, **texts, "__main__.py": MAIN.encode()}
