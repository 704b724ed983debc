# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Are all members of a dump in tar format there, to the end of the archive?

pg_restore (15.18) does not see the end of such a file: where a member is cut it reads on for ever. So its headers, and
only they, are read before it gets the dump.
"""

from __future__ import annotations

import os
import tarfile
from typing import Optional, Tuple

BLOCK = 512
END = 2 * BLOCK
"""An archive ends with two blocks of zeros."""


def damage(path: str) -> Optional[Tuple[str, str]]:
    """Return what was expected of the archive and what was seen, None where every member is whole."""
    last = "its first header"
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                last = member.name
            end = archive.offset
    except (tarfile.TarError, EOFError) as error:
        return "a tar archive with all its members", f"after {last}: {error}"
    with open(path, "rb") as file:
        # Python takes a header that is no header for the end: only zeros are one.
        file.seek(end)
        rest = file.read(END)
    if len(rest) < END or rest.strip(b"\0"):
        return "the end of a tar archive", f"after {last} something else, in {os.path.getsize(path):,} bytes"
    return None
