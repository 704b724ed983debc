# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stop and start a server's processes, through its unit where it has one."""

from __future__ import annotations

from typing import List, Optional

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer, Host
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.find import settings_command
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.model import Cluster, PostgresqlError

POLL = 0.01
SETTLE_POLL = 0.2
SETTLE_SECONDS = 100.0
"""Debian's pg_ctlcluster looks for a server that it started for 60 s, then for 30 s more."""


def pid(host: Host, cluster: Cluster) -> Optional[int]:
    """Return the process that holds the data directory, None where none does."""
    lines = (host.read(f"{cluster.data_directory}/postmaster.pid") or "").splitlines()
    number = lines[0].strip() if lines else ""
    if not number.isdigit():
        return None
    command = (host.read(f"/proc/{number}/cmdline") or "").split("\0")
    is_server = command[0].rsplit("/", 1)[-1].startswith(("postgres", "postmaster"))
    return int(number) if is_server and cluster.data_directory in command else None


def settle(host: Host, cluster: Cluster, timeout: float) -> None:
    """Wait until systemd is through with starting or stopping it, as after the host was switched on.

    A server that is stopped while its unit still looks whether it came up fails that start, and the next start would
    only join it. One that is still to be started would come up in the middle of a rewind.
    """
    deadline = host.now() + max(timeout, SETTLE_SECONDS)
    while cluster.unit:
        busy = _busy(host, cluster.unit)
        if busy is None:
            return
        if host.now() > deadline:
            raise PostgresqlError(
                f"{cluster.unit} {busy}, and did not come to an end within {max(timeout, SETTLE_SECONDS):g} s; see "
                f"systemctl status {cluster.unit}, stop it with systemctl stop if it never comes up, and run this "
                "again."
            )
        host.sleep(SETTLE_POLL)


def stop(host: Host, cluster: Cluster, timeout: float) -> List[str]:
    """Stop it cleanly, so that all of its WAL goes to its standbys; returns the steps that were done.

    The signal is what `pg_ctl stop -m fast` sends; waiting for the process to go is ten times finer than pg_ctl's.
    """
    process = pid(host, cluster)
    if process is None:
        return []
    settle(host, cluster, timeout)
    restarts = cluster.unit is not None and _restarts(host, cluster.unit)
    if restarts and cluster.unit:
        _run(host, ["systemctl", "stop", cluster.unit], None, timeout, f"{cluster.title} did not stop")
        steps = [f"systemctl stop {cluster.unit}"]
    else:
        _run(host, ["kill", "-INT", str(process)], cluster.os_user, timeout, f"{cluster.title} was not told to stop")
        steps = [f"fast shutdown of {cluster.title}"]
    deadline = host.now() + timeout
    while host.exists(f"/proc/{process}") and pid(host, cluster) == process:
        if host.now() > deadline:
            raise PostgresqlError(
                f"{cluster.title} (process {process}) is still stopping after {timeout:g} s, perhaps waiting for a "
                "standby that does not take its last WAL; look at it, and run this again."
            )
        host.sleep(POLL)
    return steps


def start(host: Host, cluster: Cluster, timeout: float) -> List[str]:
    """Start it as what its files say; returns the steps that were done."""
    if pid(host, cluster) is not None:
        return []
    if cluster.unit:
        host.run(["systemctl", "reset-failed", cluster.unit], timeout=10)
        _run(host, ["systemctl", "start", cluster.unit], None, timeout, f"{cluster.title} did not start")
        return [f"systemctl start {cluster.unit}"]
    settings = settings_command("postgres", cluster.data_directory, cluster.config_directory)[3:]
    command = [cluster.program("pg_ctl"), "start", "-s", "-w", "-t", str(int(timeout)), "-D", cluster.data_directory]
    command += ["-l", f"{cluster.data_directory}.log"]
    if settings:
        command += ["-o", " ".join(settings)]
    _run(host, command, cluster.os_user, timeout + 5, f"{cluster.title} did not start")
    return [f"pg_ctl start -D {cluster.data_directory}"]


def reload(host: Host, cluster: Cluster) -> List[str]:
    process = pid(host, cluster)
    if process is None:
        return []
    _run(host, ["kill", "-HUP", str(process)], cluster.os_user, 10, f"{cluster.title} was not told to reload")
    return [f"reload {cluster.title}"]


def _busy(host: Host, unit: str) -> Optional[str]:
    """Return what systemd is doing with a unit, None where its server runs or is down, and stays so."""
    names = "ActiveState,SubState,MainPID,ControlPID,Job"
    answer = host.run(["systemctl", "show", f"--property={names}", unit], timeout=10)
    told = dict(line.split("=", 1) for line in answer.output.splitlines() if "=" in line)
    if answer.status != 0 or "ActiveState" not in told:
        return f"cannot be looked at ({answer.complaint})"
    state = f"is {told['ActiveState']} ({told.get('SubState', '')})"
    if _is_number(told.get("ControlPID")):
        return state
    moves = told["ActiveState"] in ("activating", "deactivating") or _is_number(told.get("Job"))
    return state if moves and not _is_number(told.get("MainPID")) else None


def _is_number(text: Optional[str]) -> bool:
    return text not in (None, "", "0")


def _restarts(host: Host, unit: str) -> bool:
    """Would systemd start it again if its process ended by itself?"""
    answer = host.run(["systemctl", "show", "--property=Restart", "--value", unit], timeout=10)
    return answer.output.strip() not in ("", "no", "on-failure", "on-abnormal", "on-abort", "on-watchdog")


def _run(host: Host, command: List[str], user: Optional[str], timeout: float, problem: str) -> Answer:
    answer = host.run(command, user=user, timeout=timeout)
    if answer.status != 0:
        raise PostgresqlError(f"{problem}: {answer.complaint}; look into its log (command: {' '.join(command)}).")
    return answer
