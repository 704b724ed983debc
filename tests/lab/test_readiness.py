# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The readiness check against the standby lab: healthy it ends well, and each fault leads to its line and an error."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab import postgresql, standby
from lab.engine import Lab

ROOT = Path(__file__).resolve().parents[2]
SERVERS = ("his-db-1", "his-db-2", "his-app-1")
ADDRESS = "10.9.0.100"
LONGEST_RUN = 120
APPLICATION = {"name": "his-app", "unit": "his-app.service"}
_SERIES = re.compile(r'contingency_readiness\{subject="([^"]*)",check="([^"]*)"\} (\d)')


@dataclass(frozen=True)
class Checked:
    """One run of the playbook."""

    status: int
    output: str
    record: dict[str, Any]
    metrics: str

    @property
    def problems(self) -> dict[tuple[str, str], str]:
        """Severity by subject and check, from the record, without what is fine."""
        found = self.record["findings"]
        return {(each["subject"], each["check"]): each["severity"] for each in found if each["severity"] != "ok"}

    @property
    def in_the_way(self) -> dict[tuple[str, str], str]:
        return {name: severity for name, severity in self.problems.items() if severity != "warning"}

    def line(self, subject: str, words: str) -> str:
        """The line on the screen about a subject with these words."""
        lines = [line for line in self.output.splitlines() if f"  {subject}  " in line and words in line]
        assert lines, f"no line of {subject} with {words!r} in:\n{self.output}"
        return lines[0]

    @property
    def series(self) -> dict[tuple[str, str], int]:
        return {(subject, check): int(value) for subject, check, value in _SERIES.findall(self.metrics)}


class Site:
    """The standby lab as the duty machine's timer sees it."""

    def __init__(self, lab: Lab, work: Path) -> None:
        self.lab = lab
        self.work = work
        self.switches = [machine.name for machine in lab.machines.values() if "switches" in machine.groups()]
        variables = {"his-app-1": {"standby_services": [APPLICATION]}}
        self.inventory({name: variables.get(name, {}) for name in SERVERS})

    @property
    def backups(self) -> Path:
        return self.work / "backup" / "switches"

    @property
    def metrics(self) -> Path:
        return self.work / "readiness.prom"

    def inventory(self, hosts: dict[str, dict[str, Any]]) -> None:
        """What this site says beside the lab's own inventory."""
        (self.work / "site.yml").write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")

    def back_up(self) -> None:
        """What the nightly timer does."""
        arguments = f"dest={self.backups}"
        module = ["-m", "contingency.infra.switch_backup", "-a", arguments, "-e", "ansible_connection=local"]
        status, output = self._run("ansible", "switches", *module)
        assert status == 0, output

    def check(self, *extra: str) -> Checked:
        before = set(self._records())
        status, output = self._run(
            "ansible-playbook",
            "contingency.infra.readiness",
            *("-e", f"contingency_evidence_dir={self.work / 'evidence'}"),
            *("-e", f"contingency_backup_dir={self.work / 'backup'}"),
            *("-e", f"readiness_metrics_file={self.metrics}"),
            *extra,
        )
        assert "Traceback" not in output, output
        new = sorted(set(self._records()) - before)
        record = json.loads(new[-1].read_text(encoding="utf-8")) if new else {}
        metrics = self.metrics.read_text(encoding="utf-8") if self.metrics.exists() else ""
        return Checked(status, output, record, metrics)

    def _records(self) -> Sequence[Path]:
        return sorted((self.work / "evidence").glob("readiness-*.json"))

    def _run(self, program: str, *arguments: str) -> tuple[int, str]:
        ansible = str(Path(sys.executable).with_name(program))
        inventories = ["-i", str(ROOT / "inventories/lab"), "-i", str(self.work / "site.yml")]
        environment = {
            **os.environ,
            "LAB_NAME": self.lab.instance.name,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_HOME": str(self.work / "ansible"),
            # Other labs have machines with the same addresses, and a connection that is kept would lead to theirs.
            "ANSIBLE_SSH_CONTROL_PATH_DIR": f"/run/contingency-lab/{self.lab.instance.name}/cp",
            "ANSIBLE_TIMEOUT": "4",
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        done = subprocess.run(
            [sys.executable, "-m", "lab", "run", "--", ansible, *inventories, *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST_RUN,
            check=False,
        )
        return done.returncode, done.stdout

    def shell(self, machine: str, script: str) -> str:
        return self.lab.exec(machine, "sh", "-c", script).stdout

    @contextmanager
    def fault(self, name: str, target: str) -> Iterator[None]:
        self.lab.fault(name, target)
        try:
            yield
        finally:
            self.lab.heal(name, target)
            standby.wait_for_streams(self.lab)

    @contextmanager
    def changed(self, machine: str, there: str, back: str) -> Iterator[None]:
        self.shell(machine, there)
        try:
            yield
        finally:
            self.shell(machine, back)
            standby.wait_for_streams(self.lab)


@pytest.fixture(scope="module")
def site(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Site:
    lab.up(parts=["standby"])
    found = Site(lab, tmp_path_factory.mktemp("readiness"))
    found.back_up()
    return found


def test_a_healthy_site_ends_well_with_one_line_for_what_is_fine(site: Site) -> None:
    checked = site.check()
    assert checked.status == 0, checked.output
    assert checked.in_the_way == {}
    assert re.search(r"^READY: \d+ checks are fine, \d+ warnings$", checked.output, re.MULTILINE)
    assert set(checked.series.values()) == {1}
    looked_at = {(each["subject"], each["check"]) for each in checked.record["findings"]}
    for server in ("his-db-1", "his-db-2"):
        for check in ("bmc", "power", "database", "disk", "unit database", "clock", "time_sync", "takeover_record"):
            assert (server, check) in looked_at
    for check in ("replication", "message_age", "slot", "versions", "promotion"):
        assert ("his-db-2", check) in looked_at
    assert ("his-app-1", "service his-app") in looked_at
    assert ("his-app-1", "unit his-app") in looked_at
    assert ("his-cold-1", "power") in looked_at
    assert {(switch, "backup") for switch in site.switches} <= looked_at


STATE = r"""
ip -o addr show | sed 's/valid_lft.*//'; ip neigh show nud permanent
systemctl list-units --all --plain --no-legend --type=service,socket,timer | sed 's/  */ /g' | sort
find /etc /usr/local /root /home /var/lib -xdev -type f -printf '%p %s %T@\n' 2>/dev/null \
  | grep -v -e ^/var/lib/postgresql -e ^/var/lib/systemd | sort
cat /var/lib/postgresql/15/main/postgresql.auto.conf 2>/dev/null
ls /var/lib/postgresql/15/main /var/lib/postgresql/15/main/pg_replslot /tmp /var/tmp 2>/dev/null
"""
ROWS = "SELECT pg_current_wal_lsn() IS NOT NULL, (SELECT string_agg(name || setting, ',') FROM pg_settings)"


def test_nothing_changes_on_any_host(site: Site) -> None:
    """The tables of transactions tell too: a check that wrote would have taken a number for it."""
    site.check()
    numbers = "SELECT pg_snapshot_xmax(pg_current_snapshot())"
    # The application writes all the time; only what is left when it rests tells about the check.
    with site.changed("his-app-1", "systemctl stop his-app", "systemctl start his-app"):
        before = {name: site.shell(name, STATE) for name in SERVERS}
        transactions = postgresql.sql(site.lab, "his-db-1", numbers)
        settings = postgresql.sql(site.lab, "his-db-1", ROWS)
        site.check()
        assert {name: site.shell(name, STATE) for name in SERVERS} == before
        assert postgresql.sql(site.lab, "his-db-1", numbers) == transactions
        assert postgresql.sql(site.lab, "his-db-1", ROWS) == settings
    assert standby.service_at(site.lab) == ["his-db-1"]
    assert not site.lab.machine("his-cold-1").running()


def test_check_mode_judges_the_same_and_writes_nothing(site: Site) -> None:
    site.metrics.unlink(missing_ok=True)
    checked = site.check("--check")
    assert checked.status == 0, checked.output
    assert "READY: " in checked.output
    assert checked.record == {}
    assert not site.metrics.exists()


def test_a_cut_replication_is_seen_while_the_standby_still_says_streaming(site: Site) -> None:
    with site.fault("cut-replication", "his-db-2"):
        checked = site.check()
    assert checked.status != 0
    assert checked.in_the_way[("his-db-2", "replication")] == "critical"
    assert "10.9.0.51:5432 cannot be connected to" in checked.line("his-db-2", "replication")
    assert checked.series[("his-db-2", "replication")] == 0


def test_a_dead_bmc_is_named_and_costs_little(site: Site) -> None:
    with site.fault("bmc-dead", "his-db-1"):
        checked = site.check()
    assert checked.status != 0
    assert checked.in_the_way == {("his-db-1", "bmc"): "critical"}
    assert "cannot be fenced through it" in checked.line("his-db-1", "BMC")


def test_a_wrong_password_of_a_bmc_is_told_from_a_dead_one_and_never_shown(site: Site) -> None:
    known = json.loads(
        subprocess.run(
            ["sh", str(ROOT / "inventories/lab/topology.sh")],
            env={**os.environ, "LAB_NAME": site.lab.instance.name},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )["_meta"]["hostvars"]
    wrong = {name: {**known[name]["standby_bmc"], "password": "not-the-one"} for name in ("his-db-1", "his-db-2")}
    site.inventory({name: {"standby_bmc": bmc} for name, bmc in wrong.items()})
    try:
        checked = site.check()
    finally:
        site.inventory({"his-app-1": {"standby_services": [APPLICATION]}})
    assert checked.status != 0
    for name in wrong:
        assert checked.in_the_way[(name, "bmc")] == "critical"
        assert "Correct user and password in standby_bmc" in checked.line(name, "BMC")
    assert "not-the-one" not in checked.output
    assert "not-the-one" not in json.dumps(checked.record)


def test_a_disk_that_is_nearly_full_by_the_site_s_limit(site: Site) -> None:
    checked = site.check("-e", json.dumps({"standby_limits": {"min_free_bytes": 1 << 40}}))
    assert checked.status != 0
    assert checked.in_the_way[("his-db-2", "disk")] == "critical"
    assert checked.in_the_way[("his-db-2", "promotion")] == "critical"
    assert "a failover would be REFUSED now" in checked.line("his-db-2", "promotion")


def test_a_stopped_standby_server(site: Site) -> None:
    with site.changed("his-db-2", "systemctl stop postgresql@15-main", "systemctl start postgresql@15-main"):
        checked = site.check()
    assert checked.status != 0
    assert checked.in_the_way[("his-db-2", "database")] == "critical"
    assert "start it" in checked.line("his-db-2", "database")


def test_a_service_address_on_both_servers(site: Site) -> None:
    there = f"ip addr add {ADDRESS}/24 dev eth0"
    with site.changed("his-db-2", there, f"ip addr del {ADDRESS}/24 dev eth0"):
        checked = site.check()
    assert checked.status != 0
    line = checked.line("his-db-1+his-db-2+his-cold-1", f"service address {ADDRESS}")
    assert "on his-db-1, his-db-2" in line
    assert "expected: on his-db-1 and nowhere else" in line


def test_a_service_address_that_a_stranger_answers_for(site: Site) -> None:
    there = f"ip addr add {ADDRESS}/32 dev eth0"
    with site.changed("his-app-1", there, f"ip addr del {ADDRESS}/32 dev eth0"):
        checked = site.check()
    assert checked.status != 0
    assert "another machine with the hardware address" in checked.output


def test_a_host_that_cannot_be_reached_is_unknown_and_no_good_news(site: Site) -> None:
    with site.fault("cut-management", "his-db-2"):
        checked = site.check()
    assert checked.status != 0
    assert checked.in_the_way[("his-db-2", "reachable")] == "unknown"
    assert "cannot be reached" in checked.line("his-db-2", "login")
    assert checked.series[("his-db-2", "reachable")] == 0


def test_a_standby_that_has_lost_its_power(site: Site) -> None:
    with site.fault("power-off", "his-db-2"):
        checked = site.check()
    assert checked.status != 0
    assert checked.in_the_way[("his-db-2", "power")] == "critical"


def test_old_backups_and_none(site: Site) -> None:
    switch = site.switches[0]
    (newest,) = (site.backups / switch).glob("running-*.txt")
    os.utime(newest, (newest.stat().st_atime, newest.stat().st_mtime - 30 * 3600))
    checked = site.check()
    assert checked.status != 0
    assert checked.in_the_way == {(switch, "backup"): "critical"}
    assert "confirmed 30.0 h ago" in checked.line(switch, "backup")

    site.back_up()
    again = site.check()
    assert again.status == 0, "the configuration is the same as before, and now that is known again"


def test_a_service_that_is_stopped_and_one_that_does_not_start_with_the_machine(site: Site) -> None:
    there = "systemctl stop his-app && systemctl disable his-app"
    with site.changed("his-app-1", there, "systemctl enable his-app && systemctl start his-app"):
        checked = site.check()
    assert checked.status != 0
    assert checked.in_the_way == {
        ("his-app-1", "unit his-app"): "critical",
        ("his-app-1", "service his-app"): "critical",
    }


def test_limit_is_refused_since_the_judgement_would_fall_away(site: Site) -> None:
    checked = site.check("--limit", "his-db-1")
    assert checked.status != 0
    assert "leave out --limit" in checked.output


def test_an_evidence_directory_that_cannot_be_written(site: Site) -> None:
    blocked = site.work / "blocked"
    blocked.write_text("a file\n", encoding="utf-8")
    checked = site.check("-e", f"contingency_evidence_dir={blocked}")
    assert checked.status != 0
    assert "is not a directory" in checked.line("controller", "evidence")
    assert checked.series[("controller", "evidence")] == 0, "the metrics are written all the same"
