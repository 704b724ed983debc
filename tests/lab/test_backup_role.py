# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook backup against the lab's database servers: it installs timers whose runs leave proven backups."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.playbook import INVENTORY
from tests.lab.pair import PRIMARY, ROOT, STANDBY, Pair
from tests.lab.run import Run

SETS = [
    {
        "name": "his",
        "engine": "pg_dump",
        "options": {"database": "his", "format": "directory", "skip_on_standby": True},
    },
    {"name": "his-cluster", "engine": "pg_basebackup", "options": {"skip_on_standby": True}},
]
HOSTS: dict[str, Any] = {"all": {"children": {"backup_hosts": {"hosts": {PRIMARY: {}, STANDBY: {}}}}}}
VARIABLES: dict[str, Any] = {
    "backup_sets": SETS,
    "backup_directory": "/srv/backup",
    "backup_copies": [{"directory": "/mnt/offsite"}],
    "backup_reserve_bytes": 1,
    "backup_signing_key": "/etc/contingency/backup_key",
    "backup_metrics_directory": "/srv/metrics",
}
PLACES = "/srv/backup /mnt/offsite /srv/metrics"
REMOVE = f"""
systemctl disable --now contingency-backup@his.timer contingency-backup@his-cluster.timer 2>/dev/null
rm -rf {PLACES} /etc/contingency /usr/local/lib/contingency /etc/systemd/system/contingency-backup@*
systemctl daemon-reload
"""


class Backups:
    """The role on both servers of the pair."""

    def __init__(self, pair: Pair, work: Path) -> None:
        self.pair = pair
        self._hosts = work / "hosts.json"
        self._hosts.write_text(json.dumps(HOSTS), encoding="utf-8")

    def play(self, *extra: str, **variables: Any) -> Run:
        ansible = str(Path(sys.executable).with_name("ansible-playbook"))
        given = ["-e", json.dumps({**VARIABLES, **variables})]
        command = [ansible, "-i", str(INVENTORY), "-i", str(self._hosts), "contingency.infra.backup", *given, *extra]
        # A lab with its part backup has one more host in that group.
        command += ["--limit", f"{PRIMARY},{STANDBY}"]
        environment = {
            **os.environ,
            "LAB_NAME": self.pair.lab.instance.name,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
        }
        done = subprocess.run(
            [sys.executable, "-m", "lab", "run", "--", *command],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Run(done.returncode, done.stdout, 0.0, None)

    def shell(self, machine: str, script: str) -> str:
        return self.pair.shell(machine, script).strip()


@pytest.fixture
def backups(pair: Pair, tmp_path: Path) -> Iterator[Backups]:
    made = Backups(pair, tmp_path)
    for machine in (PRIMARY, STANDBY):
        made.shell(machine, f"{REMOVE} mkdir -p {PLACES}")
    try:
        yield made
    finally:
        for machine in (PRIMARY, STANDBY):
            made.shell(machine, REMOVE)


def test_timers_wait_on_both_servers_and_the_primary_takes_what_is_taken_now(backups: Backups) -> None:
    run = backups.play(backup_now="all")
    assert run.status == 0, run.output
    for machine in (PRIMARY, STANDBY):
        assert backups.shell(machine, "systemctl is-active contingency-backup@his.timer") == "active"
        assert backups.shell(machine, "systemctl is-enabled contingency-backup@his-cluster.timer") == "enabled"
    for place in ("/srv/backup", "/mnt/offsite"):
        for name in ("his", "his-cluster"):
            manifest = json.loads(backups.shell(PRIMARY, f"cat {place}/{name}/latest/manifest.json"))
            assert manifest["name"] == name
            assert manifest["content"]["tables"]
            assert not manifest["content"]["left_out"]
            assert "BEGIN SSH SIGNATURE" in manifest["signature"]
    assert 'contingency_backup_success{set="his"} 1.0' in backups.shell(PRIMARY, "cat /srv/metrics/*_his.prom")
    assert backups.shell(STANDBY, "ls -A /srv/backup /srv/metrics") == "/srv/backup:\n\n/srv/metrics:"

    again = backups.play()
    assert again.status == 0, again.output
    assert again.changed == {PRIMARY: 0, STANDBY: 0}


def test_a_set_that_is_gone_loses_its_timer_and_keeps_its_backups(backups: Backups) -> None:
    assert backups.play(backup_now="his").status == 0
    run = backups.play(backup_sets=SETS[1:])
    assert run.status == 0, run.output
    left = backups.shell(PRIMARY, "cd /etc/systemd/system && ls contingency-backup@*; ls /etc/contingency/backup")
    assert left.split() == [
        "contingency-backup@.service",
        "contingency-backup@his-cluster.timer",
        "his-cluster.json",
    ]
    assert backups.shell(PRIMARY, "systemctl is-active contingency-backup@his.timer || true") == "inactive"
    assert backups.shell(PRIMARY, "ls /srv/backup/his/latest/manifest.json")


def test_what_could_not_be_taken_at_night_is_refused_by_day(backups: Backups) -> None:
    away = backups.play(backup_copies=[{"directory": "/mnt/nowhere"}])
    assert away.status != 0
    assert "/mnt/nowhere does not exist on his-db-1; make it, mount what belongs there" in away.output
    wrong = backups.play(backup_sets=[{**SETS[0], "options": {"database": "hsi"}}])
    assert wrong.status != 0
    assert 'database "hsi" does not exist' in wrong.output
    assert backups.shell(PRIMARY, "systemctl is-active contingency-backup@his.timer || true") == "inactive"
