# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPMI: what ipmitool is told, and what its complaints mean. The texts are those of ipmitool 1.8.19 -v."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.run import TIMED_OUT, Answer, LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._power.ipmi import IpmiControl
from ansible_collections.contingency.infra.plugins.module_utils._power.model import (
    Bmc,
    BmcBusy,
    BmcLoginFailed,
    BmcRefused,
    BmcUnreachable,
    PowerError,
    PowerState,
)

BMC = Bmc("ipmi", host="10.0.0.21", user="admin", password="s3cret", timeout=5)
ALWAYS = (
    "Loading IANA PEN Registry...\nIANA PEN registry open failed: No such file or directory\n"
    "Get HPM.x Capabilities request failed, compcode = d4\n"
    "Running Get VSO Capabilities my_addr 0x20, transit 0, target 0x20\n"
    "Invalid completion code received: Insufficient privilege level\n"
    "Discovered IPMB address 0x0\n"
)
NO_SESSION = "Error: Unable to establish IPMI v2 / RMCP+ session\n"


class Told(LocalHost):
    """A controller whose ipmitool says what a test wants."""

    def __init__(self, status: int = 0, output: str = "", error: str = "") -> None:
        self.answer = Answer(status, output, ALWAYS + error)
        self.command: list[str] = []
        self.environment: Mapping[str, str] = {}
        self.timeout = 0.0

    def run(
        self,
        command: Sequence[str],
        *,
        user: str | None = None,
        timeout: float = 30.0,
        stdin: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> Answer:
        self.command, self.environment, self.timeout = list(command), environment or {}, timeout
        return self.answer


@pytest.mark.parametrize(("word", "state"), [("on", PowerState.ON), ("off", PowerState.OFF)])
def test_the_state_is_what_the_bmc_says(word: str, state: PowerState) -> None:
    assert IpmiControl(BMC, Told(output=f"Chassis Power is {word}\n")).state() is state


def test_an_answer_without_a_state_is_not_taken_for_off() -> None:
    with pytest.raises(BmcRefused, match="does not tell the state"):
        IpmiControl(BMC, Told(output="Chassis Power is offline\n")).state()


def test_the_password_is_in_the_environment_only() -> None:
    told = Told()
    IpmiControl(BMC, told).request("forced_off")
    assert "s3cret" not in " ".join(told.command)
    assert told.environment == {"IPMI_PASSWORD": "s3cret"}
    assert "-E" in told.command


@pytest.mark.parametrize(("action", "word"), [("on", "on"), ("graceful_off", "soft"), ("forced_off", "off")])
def test_each_action_is_one_word_and_never_cycle_or_reset(action: str, word: str) -> None:
    told = Told()
    IpmiControl(BMC, told).request(action)
    assert told.command[-3:] == ["chassis", "power", word]


def test_a_question_ends_with_what_is_left_of_the_time() -> None:
    told = Told()
    control = IpmiControl(BMC, told)
    control.patience = 0.4
    control.request("on")
    assert told.timeout == 0.4


@pytest.mark.parametrize(
    ("status", "error", "kind", "sentence"),
    [
        (1, f"> RAKP 2 HMAC is invalid\n{NO_SESSION}", BmcLoginFailed, "does not accept the password of admin"),
        (
            1,
            f"RAKP 2 message indicates an error : unauthorized name\n{NO_SESSION}",
            BmcLoginFailed,
            "knows no user admin that may switch power",
        ),
        (
            1,
            "Set Chassis Power Control to Down/Off failed: Insufficient privilege level\n",
            BmcLoginFailed,
            "privilege OPERATOR",
        ),
        (
            1,
            f"Error in open session response message : invalid authentication algorithm\n\n{NO_SESSION}",
            BmcLoginFailed,
            "does not take cipher suite 3",
        ),
        (
            1,
            f"Error in open session response message : insufficient resources for session\n{NO_SESSION}",
            BmcBusy,
            "is busy",
        ),
        (1, "Set Chassis Power Control to Up/On failed: Node Busy\n", BmcBusy, "is busy"),
        (
            1,
            "Get Auth Capabilities error\nError issuing Get Channel Authentication Capabilities request\n" + NO_SESSION,
            BmcUnreachable,
            "does not answer IPMI within 5 s",
        ),
        (TIMED_OUT, "", BmcUnreachable, "does not answer IPMI within 5 s"),
        (1, f"Address lookup for bmc failed\nCould not open socket!\n{NO_SESSION}", BmcUnreachable, "correct host"),
        (
            1,
            "Set Chassis Power Control to Down/Off failed: Command not supported in present state\n",
            BmcRefused,
            "(Set Chassis Power Control to Down/Off failed: Command not supported in present state)",
        ),
        (1, "", BmcRefused, "it gave no reason"),
    ],
)
def test_each_complaint_is_one_sentence(status: int, error: str, kind: type[PowerError], sentence: str) -> None:
    with pytest.raises(PowerError) as caught:
        IpmiControl(BMC, Told(status, error=error)).request("forced_off")
    assert caught.type is kind
    assert sentence in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.message.endswith(".")


def test_a_missing_program_is_named() -> None:
    bmc = Bmc("ipmi", host="10.0.0.21", user="admin", password="s3cret", ipmitool="/nowhere/ipmitool")
    with pytest.raises(PowerError, match=r"needs the program /nowhere/ipmitool, .* set the option ipmitool"):
        IpmiControl(bmc).state()
