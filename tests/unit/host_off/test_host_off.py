# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shutdown of one host, on every way that it can take."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._power.model import (
    BmcRefused,
    BmcUnreachable,
    PowerState,
)
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.kinds import KINDS, kind_named
from ansible_collections.contingency.infra.plugins.plugin_utils.durations import Durations
from ansible_collections.contingency.infra.plugins.plugin_utils.host_off import CONTROLLER_DELAY
from ansible_collections.contingency.infra.plugins.plugin_utils.off_words import LINK_SECONDS, LinkWitness

from tests.unit.host_off.fake_host import OWN, TIMEOUT, FakeHost, reader, run
from tests.unit.power.fake_machine import BMC_TIMEOUT


@pytest.fixture
def durations(tmp_path: Path) -> Durations:
    return Durations(str(tmp_path / "durations.json"))


# -- graceful ----------------------------------------------------------------------------------------------------------


def test_it_is_shut_down_in_one_call_and_confirmed_by_its_bmc(durations: Durations) -> None:
    fake = FakeHost()
    result = run(fake, durations=durations)
    assert (result["state"], result["how"], result["confirmed_by"]) == ("off", "graceful", "bmc")
    assert (result["changed"], result["failed"]) == (True, False)
    assert len(fake.commands) == 1
    assert [(each["name"], each["stopped"], each["seconds"]) for each in result["services"]] == [
        ("his-app", True, 1.0),
        ("postgresql@15-main", True, 3.0),
    ]
    assert fake.bmc.actions() == []
    assert result["proven"] == ["The BMC 10.0.0.21 reads off"]
    assert 12 <= result["seconds"]["off"] <= 13.5
    assert durations.p95("his-app-1") == result["seconds"]["off"]
    assert fake.closed == 1


def test_a_second_run_changes_nothing(durations: Durations) -> None:
    fake = FakeHost()
    run(fake, durations=durations)
    again = run(fake, durations=durations)
    assert (again["changed"], again["state"], again["how"]) == (False, "off", "already")
    assert len(fake.commands) == 1
    assert len(durations.of("his-app-1")) == 1


def test_check_mode_reads_and_tells_the_plan() -> None:
    fake = FakeHost()
    result = run(fake, check_mode=True)
    assert (result["changed"], result["state"], result["how"]) == (True, "on", None)
    assert fake.shutdowns_sent == 0
    assert fake.bmc.actions() == []
    assert fake.bmc.is_on()
    assert result["steps"][1:] == [
        "stop his-app, which runs, in 20 s at most",
        "stop postgresql@15-main, which runs, in 60 s at most",
        "send systemctl poweroff",
        "wait 120 s at most until it is confirmed off by bmc",
        "then force it off through the BMC 10.0.0.21 and read that back",
    ]


def test_check_mode_of_a_host_that_is_off_has_no_plan() -> None:
    fake = FakeHost()
    fake.bmc.powered = False
    result = run(fake, check_mode=True)
    assert (result["changed"], result["state"], result["how"]) == (False, "off", "already")


def test_the_shutdown_of_a_killed_run_is_not_started_twice(durations: Durations) -> None:
    fake = FakeHost(stopping=True)
    fake.goes_down_in(6.0)
    result = run(fake, durations=durations)
    assert (result["state"], result["how"]) == ("off", "graceful")
    assert not result["changed"]
    assert any("not started again" in step for step in result["steps"])
    assert durations.of("his-app-1") == []


def test_a_login_that_is_turned_away_because_the_host_goes_down_is_a_shutdown_under_way() -> None:
    fake = FakeHost(no_login='"System is going down. Unprivileged users are not permitted to log in anymore."')
    fake.goes_down_in(20.0)
    result = run(fake)
    assert (result["state"], result["how"], result["changed"]) == ("off", "graceful", False)
    assert fake.bmc.actions() == []


def test_a_login_that_breaks_in_the_middle_is_made_once_more(durations: Durations) -> None:
    fake = FakeHost(breaks=1, shuts_in=20.0)
    result = run(fake, durations=durations)
    assert (result["state"], result["how"], result["changed"]) == ("off", "graceful", True)
    assert len(durations.of("his-app-1")) == 1
    assert len(fake.commands) == 2
    assert fake.bmc.actions() == []


# -- a shutdown that does not end --------------------------------------------------------------------------------------


def test_a_hanging_shutdown_is_forced_after_the_timeout(durations: Durations) -> None:
    fake = FakeHost(shuts_in=None)
    result = run(fake, durations=durations)
    assert (result["state"], result["how"], result["confirmed_by"]) == ("off", "forced", "bmc")
    assert fake.bmc.actions() == ["forced_off"]
    assert fake.bmc.asked[0][0] == pytest.approx(TIMEOUT, abs=1.0)
    assert not result["failed"]
    assert (durations.p95("his-app-1") or 0.0) >= TIMEOUT


def test_a_shutdown_that_hung_before_this_run_is_forced_and_tells_no_duration(durations: Durations) -> None:
    fake = FakeHost(stopping=True)
    result = run(fake, durations=durations)
    assert (result["state"], result["how"], result["changed"]) == ("off", "forced", True)
    assert durations.of("his-app-1") == []


def test_nothing_is_forced_where_that_is_not_wanted() -> None:
    fake = FakeHost(shuts_in=None)
    result = run(fake, force=False)
    assert (result["state"], result["failed"]) == ("on", True)
    assert fake.bmc.actions() == []
    assert "button or its outlet" in result["msg"]


def test_a_login_that_hangs_is_given_up_and_the_bmc_asked() -> None:
    fake = FakeHost(hangs_at_login=True)
    fake.bmc.graceful_takes = 5.0
    result = run(fake, services=(), login_seconds=30.0)
    assert (result["state"], result["how"]) == ("off", "bmc_graceful")
    assert 30 <= fake.bmc.asked[0][0] <= 31
    assert "did not end" in result["msg"]


def test_a_host_that_goes_off_at_the_last_moment_is_not_called_forced() -> None:
    fake = FakeHost(shuts_in=TIMEOUT - 4.0)
    assert run(fake)["how"] == "graceful"
    assert fake.bmc.actions() == []


# -- no login ----------------------------------------------------------------------------------------------------------


def test_a_host_that_cannot_be_logged_in_to_is_asked_by_its_bmc_and_named() -> None:
    fake = FakeHost(no_login="root@10.77.0.61: Permission denied (publickey)")
    result = run(fake)
    assert (result["state"], result["how"], result["confirmed_by"]) == ("off", "bmc_graceful", "bmc")
    assert fake.bmc.actions() == ["graceful_off"]
    assert "his-app-1" in result["msg"]
    assert "Permission denied" in result["msg"]


def test_it_is_forced_where_it_does_not_heed_its_bmc_either() -> None:
    fake = FakeHost(no_login="Connection refused")
    fake.bmc.graceful_takes = None
    result = run(fake)
    assert (result["state"], result["how"]) == ("off", "forced")
    assert fake.bmc.actions() == ["graceful_off", "forced_off"]
    assert fake.bmc.asked[1][0] == pytest.approx(TIMEOUT, abs=1.0)


def test_it_is_forced_at_once_where_the_bmc_knows_no_graceful_shutdown() -> None:
    fake = FakeHost(no_login="Connection refused")
    fake.bmc.refusals = {"graceful_off": [BmcRefused("The BMC 10.0.0.21 refused it.")]}
    result = run(fake)
    assert (result["state"], result["how"]) == ("off", "forced")
    assert fake.clock.now() < 10


def test_a_login_that_is_not_root_is_as_good_as_none() -> None:
    fake = FakeHost(root=False)
    result = run(fake)
    assert result["how"] == "bmc_graceful"
    assert "ansible_become" in result["msg"]


# -- a dead BMC --------------------------------------------------------------------------------------------------------


def test_a_dead_bmc_and_no_answer_is_unknown_and_never_off() -> None:
    fake = FakeHost(no_login="Connection timed out")
    fake.bmc.dead_at = 0.0
    result = run(fake)
    assert (result["state"], result["failed"], result["changed"]) == ("unknown", True, False)
    assert result["confirmed_by"] is None
    assert "take it for running" in result["msg"]
    assert "Connection timed out" in result["msg"]
    assert fake.clock.now() < 60


def test_a_bmc_that_is_silent_for_a_moment_is_asked_once_more_to_force() -> None:
    fake = FakeHost(shuts_in=None)
    fake.bmc.refusals = {"forced_off": []}
    state = fake.bmc.state
    deaf: list[float] = []

    def deaf_for_a_moment() -> PowerState:
        if fake.clock.now() >= TIMEOUT and not deaf:
            deaf.append(fake.clock.now())
            raise BmcUnreachable("The BMC 10.0.0.21 does not answer.")
        return state()

    fake.bmc.state = deaf_for_a_moment  # type: ignore[method-assign]
    assert run(fake)["how"] == "forced"


def test_a_host_without_power_whose_bmc_is_dead_is_not_called_off() -> None:
    fake = FakeHost()
    fake.bmc.powered = False
    fake.bmc.dead_at = 0.0
    assert run(fake)["state"] == "unknown"


def test_a_bmc_that_dies_on_the_way_leaves_the_host_unknown() -> None:
    fake = FakeHost()
    fake.bmc.dead_at = 5.0
    result = run(fake)
    assert (result["state"], result["failed"], result["changed"]) == ("unknown", True, True)
    assert "its shutdown was started" in result["msg"]
    assert fake.clock.now() >= TIMEOUT


def test_a_bmc_that_comes_back_confirms_it_still() -> None:
    fake = FakeHost()
    fake.bmc.dead_at = 5.0
    state = fake.bmc.state

    def healed() -> PowerState:
        if fake.clock.now() >= 60.0:
            fake.bmc.dead_at = float("inf")
        return state()

    fake.bmc.state = healed  # type: ignore[method-assign]
    result = run(fake)
    assert (result["state"], result["how"], result["confirmed_by"]) == ("off", "graceful", "bmc")


def test_the_port_confirms_it_where_the_bmc_is_dead() -> None:
    fake = FakeHost()
    fake.bmc.dead_at = 0.0
    result = run(fake, fake.link())
    assert (result["state"], result["how"], result["confirmed_by"]) == ("off", "graceful", "link")
    assert fake.clock.now() <= 2 * BMC_TIMEOUT + 12.2 + LINK_SECONDS + 1


# -- no BMC ------------------------------------------------------------------------------------------------------------


def test_where_nobody_can_confirm_it_ends_as_unknown_at_once() -> None:
    fake = FakeHost()
    result = run(fake, bmc=False)
    assert (result["state"], result["failed"], result["changed"]) == ("unknown", True, True)
    assert "no answer alone is not off" in result["msg"]
    assert fake.clock.now() < 10


def test_a_link_has_to_be_gone_for_some_seconds() -> None:
    fake = FakeHost(shuts_in=None)
    flapping = LinkWitness(reader(True, True, False, True, False, False, True), "port swp4 of rack-his")
    result = run(fake, flapping, bmc=False)
    assert (result["state"], result["failed"]) == ("on", True)


def test_the_port_alone_confirms_it() -> None:
    fake = FakeHost()
    result = run(fake, fake.link(), bmc=False)
    assert (result["state"], result["confirmed_by"]) == ("off", "link")
    assert result["seconds"]["off"] >= 12 + LINK_SECONDS


def test_a_port_without_link_is_not_believed_where_the_host_answers() -> None:
    fake = FakeHost(shuts_in=None)
    wrong = LinkWitness(lambda: False, "port swp9 of rack-his")
    result = run(fake, wrong, bmc=False)
    assert (result["state"], result["failed"]) == ("unknown", True)
    assert "not believed" in result["msg"]


def test_no_link_and_no_login_is_off_already() -> None:
    fake = FakeHost()
    fake.bmc.powered = False
    result = run(fake, fake.link(), bmc=False)
    assert (result["state"], result["how"], result["changed"], result["confirmed_by"]) == (
        "off",
        "already",
        False,
        "link",
    )


def test_a_host_that_is_still_on_at_its_port_is_logged_in_to_again() -> None:
    """After a killed run its sshd has stopped already."""
    fake = FakeHost(no_login="Connection refused")
    fake.goes_down_in(30.0)
    result = run(fake, fake.link(), bmc=False)
    assert (result["state"], result["confirmed_by"]) == ("off", "link")
    assert len(fake.commands) > 1


def test_a_host_without_bmc_that_hangs_is_told_to_be_on() -> None:
    fake = FakeHost(shuts_in=None)
    result = run(fake, fake.link(), bmc=False)
    assert (result["state"], result["failed"]) == ("on", True)
    assert "port swp4 of rack-his has a link" in result["msg"]
    assert fake.clock.now() >= TIMEOUT


# -- the wrong host ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check_mode", [True, False])
def test_the_controller_is_never_shut_down_as_an_ordinary_host(check_mode: bool) -> None:
    fake = FakeHost(identity=OWN)
    result = run(fake, check_mode=check_mode)
    assert (result["failed"], result["changed"], result["state"]) == (True, False, "on")
    assert "identity of the machine that this runs on" in result["msg"]
    assert fake.bmc.is_on()
    assert fake.bmc.actions() == []


def test_a_controller_that_answers_only_later_is_not_forced_off_either() -> None:
    fake = FakeHost(identity=OWN, no_login_until=5.0)
    fake.bmc.refusals = {"graceful_off": [BmcUnreachable("The BMC 10.0.0.21 does not answer.")]}
    result = run(fake)
    assert (result["failed"], result["changed"], result["state"]) == (True, False, "on")
    assert fake.bmc.actions() == []


@pytest.mark.parametrize("check_mode", [True, False])
def test_an_address_of_the_controller_is_not_even_asked(check_mode: bool) -> None:
    fake = FakeHost(here=True)
    result = run(fake, check_mode=check_mode)
    assert (result["failed"], result["changed"]) == (True, False)
    assert fake.commands == []
    assert fake.bmc.read == []


def test_the_controller_goes_last_and_after_a_moment() -> None:
    fake = FakeHost(here=True)
    result = run(fake, kind=KINDS["controller"])
    assert (result["state"], result["failed"], result["changed"]) == ("unknown", False, True)
    assert f"on-active={CONTROLLER_DELAY * 1000:.0f}ms" in fake.commands[0][1]
    assert fake.bmc.actions() == []


def test_the_kind_controller_is_for_the_controller_only() -> None:
    fake = FakeHost(identity=OWN)
    result = run(fake, kind=KINDS["controller"])
    assert (result["failed"], result["changed"]) == (True, False)
    assert "not the machine that this runs on" in result["msg"]


# -- other kinds -------------------------------------------------------------------------------------------------------


def test_an_untested_kind_says_so_in_its_plan_and_its_result() -> None:
    fake = FakeHost()
    result = run(fake, kind=KINDS["proxmox"], check_mode=True)
    assert result["tested"] is False
    assert any("were not tested here" in step for step in result["steps"])
    assert any("were not tested here" in warning for warning in result["warnings"])


def test_a_kind_without_a_command_says_what_to_do() -> None:
    fake = FakeHost()
    result = run(fake, fake.link(), bmc=False, kind=KINDS["switch"], services=())
    assert (result["failed"], result["changed"]) == (True, False)
    assert "shutdown_command" in result["msg"]


def test_the_site_s_own_command_is_sent_to_a_storage_system() -> None:
    fake = FakeHost()
    kind = kind_named("storage", "system node halt; systemctl poweroff")
    result = run(fake, kind=kind, services=())
    assert (result["state"], result["how"]) == ("off", "graceful")
    assert fake.commands[0][1] == "system node halt; systemctl poweroff"


def test_durations_that_cannot_be_written_do_not_spoil_the_shutdown(tmp_path: Path) -> None:
    (tmp_path / "durations.json").write_text("not JSON", encoding="utf-8")
    result = run(FakeHost(), durations=Durations(str(tmp_path / "durations.json")))
    assert (result["state"], result["failed"]) == ("off", False)
    assert "durations.json cannot be read" in result["warnings"][0]


def test_a_dead_bmc_costs_no_more_than_its_patience_before_the_call() -> None:
    fake = FakeHost()
    fake.bmc.dead_at = 0.0
    run(fake, fake.link())
    assert fake.commands[0][0] <= BMC_TIMEOUT
