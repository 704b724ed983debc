#!/usr/bin/env python3
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible inventory of the running lab: prints what `python -m lab up` wrote for the instance LAB_NAME."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> int:
    name = os.environ.get("LAB_NAME") or "contingency"
    try:
        sys.stdout.write(Path("/run/contingency-lab", name, "inventory.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        print(f"The lab {name} is not up: start it with make lab, or name another with LAB_NAME.", file=sys.stderr)
        return 1
    except PermissionError:
        print(f"The lab {name} belongs to root: run Ansible as root or with sudo.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
