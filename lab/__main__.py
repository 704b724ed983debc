# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m lab VERB`."""

from __future__ import annotations

import sys

from lab.errors import LabError


def main(arguments: list[str]) -> int:
    try:
        if arguments[:1] == ["run"]:
            from lab.controller import run

            run(arguments[1:])
        from lab.cli import main as cli

        return cli(arguments)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
