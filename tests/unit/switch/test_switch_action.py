# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory's own variables say where a switch is and how one logs in; an option says it better."""

from __future__ import annotations

from typing import Any

import pytest
from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.contingency.infra.plugins.module_utils._switch.target import Target
from ansible_collections.contingency.infra.plugins.plugin_utils.switch_action import (
    SwitchAction,
    Variables,
    known_hosts,
    platform_name,
    target_from,
)


def target(variables: dict[str, Any], **options: Any) -> Target:
    return target_from(Variables("access-ward", variables), options)


ALIASES = [
    ("ansible_host", "10.77.0.22", "host"),
    ("ansible_ssh_host", "10.77.0.22", "host"),
    ("ansible_port", "2222", "port"),
    ("ansible_ssh_port", 2222, "port"),
    ("ansible_user", "ops", "user"),
    ("ansible_ssh_user", "ops", "user"),
    ("ansible_password", "pw", "password"),
    ("ansible_ssh_password", "pw", "password"),
    ("ansible_ssh_pass", "pw", "password"),
    ("ansible_ssh_private_key_file", "/keys/ops", "key_file"),
    ("ansible_private_key_file", "/keys/ops", "key_file"),
    ("ansible_ssh_private_key_passphrase", "pp", "passphrase"),
    ("ansible_become_password", "en", "enable_secret"),
    ("ansible_become_pass", "en", "enable_secret"),
    ("switch_connect_timeout", "2.5", "connect_timeout"),
    ("switch_login_timeout", 3, "login_timeout"),
    ("switch_command_timeout", 7, "command_timeout"),
    ("switch_ssh_config_file", "/etc/ssh/jump", "ssh_config_file"),
]
OPTIONS = {
    "host": "option",
    "port": 830,
    "user": "option",
    "password": "option",
    "private_key_file": "/option",
    "private_key_passphrase": "option",
    "enable_password": "option",
    "connect_timeout": 0.25,
    "login_timeout": 0.25,
    "command_timeout": 0.25,
    "ssh_config_file": "/option",
}
FIELDS = ["host", "port", "user", "password", "key_file", "passphrase", "enable_secret"]
TIMES = ["connect_timeout", "login_timeout", "command_timeout"]


@pytest.mark.parametrize(("variable", "value", "field"), ALIASES, ids=[alias[0] for alias in ALIASES])
def test_every_variable_is_understood(variable: str, value: Any, field: str) -> None:
    found = getattr(target({variable: value}), field)
    assert found == type(found)(value)


@pytest.mark.parametrize(("variable", "value", "field"), ALIASES, ids=[alias[0] for alias in ALIASES])
def test_an_option_goes_before_every_variable(variable: str, value: Any, field: str) -> None:
    option = dict(zip([*FIELDS, *TIMES, "ssh_config_file"], OPTIONS, strict=True))[field]
    assert getattr(target({variable: value}, **OPTIONS), field) == OPTIONS[option]


@pytest.mark.parametrize(
    ("first", "second", "field"),
    [
        ("ansible_host", "ansible_ssh_host", "host"),
        ("ansible_user", "ansible_ssh_user", "user"),
        ("ansible_password", "ansible_ssh_pass", "password"),
        ("ansible_become_password", "ansible_become_pass", "enable_secret"),
    ],
)
def test_the_newer_name_goes_before_the_older(first: str, second: str, field: str) -> None:
    assert getattr(target({second: "old", first: "new"}), field) == "new"


def test_without_any_variable_the_name_is_the_address() -> None:
    found = target({})
    assert (found.name, found.host, found.port) == ("access-ward", "access-ward", 22)
    assert found.user
    assert (found.password, found.key_file, found.enable_secret) == (None, None, None)
    assert (found.connect_timeout, found.login_timeout, found.command_timeout) == (10, 10, 30)


def test_a_port_that_is_no_number_is_named() -> None:
    with pytest.raises(AnsibleActionFail, match="ansible_port is 'ssh', which is no port"):
        target_from(Variables("core-a", {"ansible_port": "ssh"}), {})


def test_a_number_as_password_stays_what_was_typed() -> None:
    assert target({"ansible_password": 123456}).password == "123456"


def test_a_home_directory_is_found() -> None:
    assert "~" not in str(target({"ansible_ssh_private_key_file": "~/.ssh/ops"}).key_file)


def test_a_templated_variable_is_resolved() -> None:
    variables = {"ansible_password": "{{ site_password }}", "site_password": "pw-{{ site }}", "site": "east"}
    trusted = {name: trust_as_template(value) for name, value in variables.items()}
    templar = Templar(DataLoader(), variables=trusted)
    assert target_from(Variables("access-ward", trusted, templar.template), {}).password == "pw-east"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("-o UserKnownHostsFile=/site/known_hosts", ("/site/known_hosts",)),
        ("-oUserKnownHostsFile=/site/known_hosts -C", ("/site/known_hosts",)),
        ("-o 'UserKnownHostsFile /site/known_hosts' -C", ("/site/known_hosts",)),
        ("-o 'UserKnownHostsFile=\"/site a/known_hosts\"'", ("/site a/known_hosts",)),
        ("-o userknownhostsfile=/site/known_hosts", ("/site/known_hosts",)),
        ("-o 'UserKnownHostsFile=/one /two'", ("/one", "/two")),
        ("-o StrictHostKeyChecking=yes", ()),
    ],
)
@pytest.mark.parametrize("name", ["ansible_ssh_common_args", "ansible_ssh_extra_args"])
def test_the_known_hosts_of_ssh_arguments_are_read(arguments: str, expected: tuple[str, ...], name: str) -> None:
    assert known_hosts(Variables("access-ward", {name: arguments}), {}) == expected


def test_arguments_that_ssh_could_not_read_either_are_named() -> None:
    with pytest.raises(AnsibleActionFail, match=r"ansible_ssh_common_args cannot be read .*check its quotes"):
        target({"ansible_ssh_common_args": "-o 'UserKnownHostsFile=/site"})


def test_the_option_and_the_variable_name_known_hosts_too() -> None:
    variables = Variables("access-ward", {"switch_known_hosts": "/variable"})
    assert known_hosts(variables, {}) == ("/variable",)
    assert known_hosts(variables, {"known_hosts": "/option"}) == ("/option",)


@pytest.mark.parametrize("name", ["ansible_ssh_host_key_checking", "ansible_host_key_checking"])
@pytest.mark.parametrize(("value", "expected"), [("no", False), (False, False), ("True", True), (1, True)])
def test_host_keys_are_checked_as_the_inventory_says(name: str, value: Any, expected: bool) -> None:
    assert target({name: value}).host_key_checking is expected


@pytest.mark.parametrize("configured", [True, False])
def test_without_a_variable_ansibles_own_setting_decides(configured: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HOST_KEY_CHECKING", configured)
    assert target({}).host_key_checking is configured


def test_the_platform_comes_from_the_option_then_our_variable_then_ansibles() -> None:
    variables = {"switch_platform": "frr", "ansible_network_os": "cisco.ios.ios"}
    assert platform_name(Variables("access-ward", variables), {"platform": "arista_eos"}) == "arista_eos"
    assert platform_name(Variables("access-ward", variables), {}) == "frr"
    assert platform_name(Variables("access-ward", {"ansible_network_os": "cisco.ios.ios"}), {}) == "cisco.ios.ios"
    assert platform_name(Variables("access-ward", {}), {}) == ""


def test_no_secret_is_in_the_text_of_a_target_or_of_a_result() -> None:
    found = target({}, password="S3cr3tAAAA", enable_password="S3cr3tBBBB", private_key_passphrase="S3cr3tCCCC")
    assert "S3cr3t" not in repr(found)
    result = SwitchAction._without_secrets({"msg": "it said S3cr3tAAAA", "commands": ["enable", "S3cr3tBBBB"]}, found)
    assert "S3cr3t" not in str(result)
    assert result["commands"][0] == "enable"
