# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The least that a failover costs: a script for one site, without Ansible, guards, a lock or a record.

Run in the controller's network with its orders as JSON. It logs in to the standby while the BMC is asked; once the
primary is confirmed off it has the standby promote itself, take the address and announce it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

PROMOTE = """
SELECT pg_promote(false);
DO $wait$ BEGIN WHILE pg_is_in_recovery() LOOP PERFORM pg_sleep(0.005); END LOOP; END $wait$;
"""
SCRIPT = """
read -r _fenced || exit 1
setpriv --reuid postgres --regid postgres --init-groups psql -X -q -v ON_ERROR_STOP=1 -d postgres <<'END' || exit 1
{promote}
END
ip address add {service} dev {interface} || exit 1
arping -q -c 1 -A -I {interface} {address} </dev/null >/dev/null 2>&1 &
"""
WITHIN = 20.0


def power(orders: dict[str, Any], action: str) -> str:
    bmc = orders["bmc"]
    argv = [
        bmc["ipmitool"],
        "-I",
        "lanplus",
        "-H",
        bmc["host"],
        "-p",
        str(bmc["port"]),
        "-U",
        bmc["user"],
        "-E",
        "-C",
        "3",
    ]
    environment = {**os.environ, "IPMI_PASSWORD": bmc["password"]}
    done = subprocess.run(
        [*argv, "chassis", "power", action], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def fence(orders: dict[str, Any]) -> None:
    deadline = time.monotonic() + WITHIN
    if power(orders, "status").strip().endswith("off"):
        return
    power(orders, "off")
    while not power(orders, "status").strip().endswith("off"):
        if time.monotonic() > deadline:
            raise SystemExit("the primary is not off")
        time.sleep(0.02)


def main(orders: dict[str, Any]) -> None:
    service, interface = orders["service"], orders["interface"]
    script = SCRIPT.format(promote=PROMOTE, service=service, interface=interface, address=service.partition("/")[0])
    login = subprocess.Popen([*orders["ssh"], script], stdin=subprocess.PIPE, text=True)
    fence(orders)
    login.communicate("fenced\n", timeout=WITHIN)
    if login.returncode:
        raise SystemExit("the standby did not take over")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
