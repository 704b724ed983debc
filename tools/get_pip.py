# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-in for the get-pip script that ansible-test downloads from a server of its own.

ansible-test makes one virtual environment for each sanity test and bootstraps pip into it
with a script that it looks for in ~/.ansible/test/cache first. `make sanity` puts this file
there where none is, so that the sanity tests need no other source than the package index.
It unpacks the pip wheel that comes with the interpreter and ignores the version asked for.
"""

from __future__ import annotations

import glob
import os
import sys
import sysconfig
import zipfile


def main() -> None:
    library = os.path.dirname(os.__file__)
    for pattern in (os.path.join(library, "ensurepip/_bundled/pip-*.whl"), "/usr/share/python-wheels/pip-*.whl"):
        for wheel in sorted(glob.glob(pattern), reverse=True):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(sysconfig.get_paths()["purelib"])
            return
    sys.exit("This Python has no pip wheel: install it (apt-get install python3-venv), then run make sanity again.")


if __name__ == "__main__":
    main()
