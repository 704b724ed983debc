# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real machines are shut down, and what is said of them is what is so."""

from __future__ import annotations

import time

import pytest

from tests.lab.shutdown.work import Shutdowns

APPLICATION, REPLICA, COLD, PRIMARY, SWITCH = "his-app-1", "his-db-2", "his-cold-1", "his-db-1", "rack-his"
PORT = {"link": {"switch": SWITCH, "port": "swp4"}}


def test_a_machine_is_shut_down_and_a_second_run_changes_nothing(shutdowns: Shutdowns) -> None:
    result = shutdowns.run(APPLICATION, services=["his-app"])
    assert not shutdowns.is_on(APPLICATION)
    assert (result["state"], result["how"], result["confirmed_by"]) == ("off", "graceful", "bmc")
    assert [(each["name"], each["stopped"]) for each in result["services"]] == [("his-app", True)]
    assert result["seconds"]["off"] < 20
    assert [run["how"] for run in shutdowns.kept(APPLICATION)] == ["graceful"]
    again = shutdowns.run(APPLICATION, services=["his-app"])
    assert (again["changed"], again["state"], again["how"]) == (False, "off", "already")
    assert len(shutdowns.kept(APPLICATION)) == 1


def test_a_database_is_stopped_before_its_machine_by_the_other_kind_of_bmc(shutdowns: Shutdowns) -> None:
    result = shutdowns.run(REPLICA, services=["postgresql@15-main"])
    assert not shutdowns.is_on(REPLICA)
    assert (result["state"], result["how"], result["confirmed_by"]) == ("off", "graceful", "bmc")
    assert result["services"][0]["stopped"]


def test_a_machine_that_is_off_is_left_alone(shutdowns: Shutdowns) -> None:
    result = shutdowns.run(COLD)
    assert (result["changed"], result["state"], result["how"]) == (False, "off", "already")


def test_check_mode_changes_nothing(shutdowns: Shutdowns) -> None:
    boot = shutdowns.boot(APPLICATION)
    result = shutdowns.run(APPLICATION, "--check", services=["his-app"])
    assert (result["changed"], result["state"]) == (True, "on")
    assert any("stop his-app, which runs" in step for step in result["steps"])
    time.sleep(1)
    assert shutdowns.boot(APPLICATION) == boot
    assert shutdowns.shell(APPLICATION, "systemctl is-active his-app").strip() == "active"
    assert shutdowns.kept(APPLICATION) == []


def test_a_shutdown_that_hangs_is_forced(shutdowns: Shutdowns) -> None:
    shutdowns.hang_in_shutdown(APPLICATION, 300)
    result = shutdowns.run(APPLICATION, timeout=10)
    assert not shutdowns.is_on(APPLICATION)
    assert (result["state"], result["how"], result["confirmed_by"]) == ("off", "forced", "bmc")
    assert 10 <= result["seconds"]["off"] < 15
    assert [(run["how"], run["timeout"]) for run in shutdowns.kept(APPLICATION)] == [("forced", 10.0)]


def test_a_service_that_hangs_costs_its_time_out_only(shutdowns: Shutdowns) -> None:
    shutdowns.hang_in_shutdown(APPLICATION, 6)
    result = shutdowns.run(APPLICATION, services=[{"name": "hanging.service", "timeout": 1}, "his-app"])
    assert [(each["name"], each["stopped"]) for each in result["services"]] == [
        ("hanging.service", False),
        ("his-app", True),
    ]
    assert (result["state"], result["how"]) == ("off", "graceful")


def test_a_dead_bmc_leaves_it_unknown_although_it_went_off(shutdowns: Shutdowns) -> None:
    shutdowns.lab.fault("bmc-dead", APPLICATION)
    result = shutdowns.run(APPLICATION, timeout=12)
    assert (result["state"], result["failed"], result["confirmed_by"]) == ("unknown", True, None)
    assert "does not answer" in result["msg"]
    assert "take it for running" in result["msg"]
    assert shutdowns.kept(APPLICATION) == []


def test_the_port_of_its_switch_confirms_it_where_the_bmc_is_dead(shutdowns: Shutdowns) -> None:
    shutdowns.lab.fault("bmc-dead", APPLICATION)
    result = shutdowns.run(APPLICATION, confirm=PORT, timeout=60)
    assert not shutdowns.is_on(APPLICATION)
    assert (result["state"], result["how"], result["confirmed_by"]) == ("off", "graceful", "link")


def test_another_host_s_word_confirms_it(shutdowns: Shutdowns) -> None:
    """As a hypervisor's would: a command on another host, by a login of its own."""
    shutdowns.lab.fault("bmc-dead", APPLICATION)
    words = {"host": SWITCH, "command": "cat /sys/class/net/swp4/operstate", "off": "down", "on": "^up"}
    result = shutdowns.run(APPLICATION, confirm={"hypervisor": words}, timeout=60)
    assert not shutdowns.is_on(APPLICATION)
    assert (result["state"], result["how"], result["confirmed_by"]) == ("off", "graceful", "hypervisor")
    assert result["proven"][0].startswith(f"{SWITCH} says")


def test_no_answer_and_a_dead_bmc_is_unknown(shutdowns: Shutdowns) -> None:
    shutdowns.lab.fault("bmc-dead", APPLICATION)
    shutdowns.lab.fault("cut-management", APPLICATION)
    result = shutdowns.run(APPLICATION, "-T", "2", timeout=30)
    assert shutdowns.is_on(APPLICATION)
    assert (result["state"], result["failed"], result["changed"]) == ("unknown", True, False)


@pytest.mark.parametrize("fault", ["hang", "cut-management"])
def test_who_cannot_log_in_presses_the_power_button(shutdowns: Shutdowns, fault: str) -> None:
    shutdowns.lab.fault(fault, APPLICATION)
    result = shutdowns.run(APPLICATION, "-T", "2", timeout=60)
    assert not shutdowns.is_on(APPLICATION)
    assert (result["state"], result["how"], result["confirmed_by"]) == ("off", "bmc_graceful", "bmc")
    assert "could not be logged in to" in result["msg"]


@pytest.mark.parametrize("moment", [1.5, 3.0])
def test_a_run_that_is_killed_is_finished_by_the_next_one(shutdowns: Shutdowns, moment: float) -> None:
    """At the first moment its service is being stopped; at the second one so is the machine."""
    shutdowns.hang_in_shutdown(APPLICATION, 2 if moment > 2 else 6)
    shutdowns.hang_in_shutdown(APPLICATION, 4, unit="slow.service")
    killed = shutdowns.start(APPLICATION, {"services": ["hanging.service"]})
    time.sleep(moment)
    shutdowns.kill(killed)
    result = shutdowns.run(APPLICATION, services=["hanging.service"])
    assert not shutdowns.is_on(APPLICATION)
    assert (result["state"], result["failed"], result["confirmed_by"]) == ("off", False, "bmc")
    assert "forced" not in result["how"]


def test_a_machine_that_tells_the_controller_s_identity_is_refused(shutdowns: Shutdowns) -> None:
    """The switches of the lab run on the controller's own kernel, and so in its boot."""
    result = shutdowns.run(SWITCH, command="touch /tmp/was-shut-down", services=["frr"])
    assert (result["failed"], result["changed"]) == (True, False)
    assert "identity of the machine that this runs on" in result["msg"]
    assert shutdowns.shell(SWITCH, "ls /tmp/was-shut-down 2>&1 || true").startswith("ls: cannot access")


def test_an_address_of_the_controller_is_refused(shutdowns: Shutdowns) -> None:
    result = shutdowns.run(APPLICATION, "-e", "ansible_host=10.77.0.1")
    assert (result["failed"], result["changed"]) == (True, False)
    assert "is the machine that this runs on" in result["msg"]
    assert shutdowns.is_on(APPLICATION)


def test_one_task_logs_in_to_twenty_hosts_at_once(shutdowns: Shutdowns) -> None:
    hosts = [PRIMARY, REPLICA, APPLICATION, SWITCH]
    result = shutdowns.run(APPLICATION, module="many_logins", hosts=hosts, logins=20, command="sleep 1; hostname")
    assert result["said"] == result["names"]
    assert len(result["said"]) == 20
    assert result["run_seconds"] < 12
