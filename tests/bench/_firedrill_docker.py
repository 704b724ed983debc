#!/usr/bin/python3
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As much of docker's command line as firedrill calls for a dump: PostgreSQL 15 in namespaces of its own.

Runs on the lab's backup server, where there are neither images nor a daemon. What stands for the image is the server's
own PostgreSQL, with the roles that the hospital's dumps name, as a site that uses firedrill would have them.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

HOME = Path("/srv/firedrill/containers")
TEMPLATE = HOME / "template"
PROGRAMS = "/usr/lib/postgresql/15/bin"
MOUNT = "/firedrill"
USER = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
ROLES = b"CREATE ROLE his;\nCREATE ROLE his_reader;\n"
WITHIN = 60.0


def template() -> Path:
    """An empty data directory."""
    if not TEMPLATE.exists():
        HOME.mkdir(parents=True, exist_ok=True)
        HOME.parent.chmod(0o755)
        making = HOME / "template.making"
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir()
        shutil.chown(making, "postgres", "postgres")
        how = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums", "--no-sync"]
        subprocess.run([*USER, f"{PROGRAMS}/initdb", "-D", str(making), *how], check=True, stdout=subprocess.DEVNULL)
        single = [*USER, f"{PROGRAMS}/postgres", "--single", "-D", str(making), "postgres"]
        subprocess.run(single, input=ROLES, check=True, stdout=subprocess.DEVNULL)
        making.rename(TEMPLATE)
    return TEMPLATE


def run(name: str, dump: str) -> None:
    """Start a server that sees the dump where firedrill expects it."""
    home = HOME / name
    home.mkdir(parents=True)
    subprocess.run(["cp", "-a", str(template()), str(home / "data")], check=True)
    Path(MOUNT).mkdir(exist_ok=True)
    inside = f"{MOUNT}/dump"
    place = f"mkdir {inside}" if os.path.isdir(dump) else f": > {inside}"
    server = [*USER, f"{PROGRAMS}/postgres", "-D", str(home / "data"), "-c", "listen_addresses=127.0.0.1"]
    script = (
        f"ip link set lo up; mount -t tmpfs dump {MOUNT}; {place}; mount --bind {shlex.quote(dump)} {inside};"
        f" mount -t tmpfs -o mode=1777 sockets /var/run/postgresql; exec {shlex.join(server)}"
    )
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            ["unshare", "--net", "--mount", "--propagation", "private", "sh", "-ec", script],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    (home / "pid").write_text(str(process.pid), encoding="ascii")
    print(name)


def pid_of(name: str) -> int:
    return int((HOME / name / "pid").read_text(encoding="ascii"))


def execute(name: str, user: str, argv: list[str]) -> None:
    """Become a program within it."""
    become = USER if user == "postgres" else []
    environment = ["env", f"PATH={PROGRAMS}:/usr/sbin:/usr/bin:/sbin:/bin"]
    enter = ["nsenter", f"--target={pid_of(name)}", "--net", "--mount", "--"]
    os.execvp(enter[0], [*enter, *environment, *become, *argv])


def remove(name: str) -> None:
    pid = pid_of(name)
    try:
        os.kill(pid, signal.SIGQUIT)
        end = time.monotonic() + WITHIN
        while time.monotonic() < end:
            os.kill(pid, 0)
            time.sleep(0.02)
    except ProcessLookupError:
        shutil.rmtree(HOME / name)


def alive(name: str) -> str:
    return "true" if Path(f"/proc/{pid_of(name)}").exists() else "false"


def main(argv: list[str]) -> None:
    verb, rest = argv[0], argv[1:]
    if verb == "info":
        print("27.0.0|linux")
    elif verb == "run":
        run(rest[rest.index("--name") + 1], rest[rest.index("-v") + 1].rpartition(f":{MOUNT}/")[0])
    elif verb == "exec":
        execute(rest[2], rest[1], rest[3:])
    elif verb == "inspect":
        print(alive(rest[-1]))
    elif verb == "logs":
        print((HOME / rest[-1] / "log").read_text(encoding="utf-8", errors="replace"))
    elif verb == "rm":
        remove(rest[-1])
    else:
        sys.exit(f"docker {verb} is not what firedrill calls for a dump")


if __name__ == "__main__":
    main(sys.argv[1:])
