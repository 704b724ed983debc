# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the switch actions share: inventory variables to a target, errors to one sentence, no secret in a result."""

from __future__ import annotations

import getpass
import os
import re
import shlex
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.contingency.infra.plugins.module_utils._switch.connect import HAS_NETMIKO
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import SwitchError
from ansible_collections.contingency.infra.plugins.module_utils._switch.parsing import HAS_NTC_TEMPLATES
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.base import Platform
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import platform_named
from ansible_collections.contingency.infra.plugins.module_utils._switch.target import Target

LOCKS = os.path.join(os.path.expanduser(constants.ANSIBLE_HOME), "contingency-locks")
_KNOWN_HOSTS = re.compile(r"(?i)(?:-o)?\s*UserKnownHostsFile\s*[= ]\s*(.+)")


class SwitchAction(ActionBase):
    """A controller-side action that holds one session to a switch."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    argument_spec: Mapping[str, Any] = {}

    @abstractmethod
    def work(self, target: Target, platform: Platform, arguments: dict[str, Any]) -> dict[str, Any]:
        """Do the work and return the result; SwitchError where it cannot be done."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        self._require_libraries()
        arguments = self._validated()
        variables = self._variables(task_vars or {})
        target = target_from(variables, arguments)
        self.host_variables = (task_vars or {}).get("hostvars", {})
        try:
            platform = platform_named(target.name, platform_name(variables, arguments))
            result = self.work(target, platform, arguments)
        except SwitchError as error:
            result = self.failure(error)
        return self._without_secrets(result, target)

    def failure(self, error: SwitchError) -> dict[str, Any]:
        """Return the result of a failed task: one sentence, and a fixed word that a playbook can branch on."""
        return {"failed": True, "msg": str(error), "reason": error.reason, "changed": False}

    @property
    def check_mode(self) -> bool:
        return bool(self._task.check_mode)

    def _validated(self) -> dict[str, Any]:
        validation = ArgumentSpecValidator(dict(self.argument_spec)).validate(self._task.args.copy())
        if validation.error_messages:
            raise AnsibleActionFail("; ".join(validation.error_messages))
        parameters: dict[str, Any] = validation.validated_parameters
        return parameters

    @staticmethod
    def _require_libraries() -> None:
        if not (HAS_NETMIKO and HAS_NTC_TEMPLATES):
            raise AnsibleActionFail(
                "The Python libraries netmiko and ntc-templates are missing on this controller; "
                "install what requirements.txt of contingency.infra names into Ansible's own Python."
            )

    def _variables(self, task_vars: Mapping[str, Any]) -> Variables:
        if self._task.delegate_to:
            return Variables(self._task.delegate_to, task_vars["hostvars"][self._task.delegate_to])
        return Variables(task_vars["inventory_hostname"], task_vars, self._templar.template)

    @staticmethod
    def _without_secrets(result: dict[str, Any], target: Target) -> dict[str, Any]:
        cleaned: dict[str, Any] = remove_values(result, target.secrets)
        return cleaned


class Variables:
    """The inventory's variables of one host, templated when asked for."""

    def __init__(self, host: str, variables: Mapping[str, Any], template: Any = None) -> None:
        self.host = host
        self._variables = variables
        self._template = template

    def first(self, names: Iterable[str]) -> Any:
        """Return the value of the first of these variables that is set, or None."""
        for name in names:
            value = self._variables.get(name)
            if value is not None:
                return self._template(value) if self._template else value
        return None


def target_from(variables: Variables, arguments: Mapping[str, Any]) -> Target:
    """Return the target that the options, else the ordinary inventory variables, describe."""

    def chosen(option: str, *names: str) -> Any:
        value = arguments.get(option)
        return value if value is not None else variables.first(names)

    def text(option: str, *names: str) -> str | None:
        value = chosen(option, *names)
        return None if value is None else str(value)

    key_file = text("private_key_file", "ansible_ssh_private_key_file", "ansible_private_key_file")
    return Target(
        name=variables.host,
        host=text("host", "ansible_host", "ansible_ssh_host") or variables.host,
        port=_port(chosen("port", "ansible_port", "ansible_ssh_port") or 22),
        user=text("user", "ansible_user", "ansible_ssh_user") or constants.DEFAULT_REMOTE_USER or getpass.getuser(),
        password=text("password", "ansible_password", "ansible_ssh_password", "ansible_ssh_pass"),
        key_file=os.path.expanduser(key_file) if key_file else None,
        passphrase=text("private_key_passphrase", "ansible_ssh_private_key_passphrase"),
        enable_secret=text("enable_password", "ansible_become_password", "ansible_become_pass"),
        known_hosts=known_hosts(variables, arguments),
        host_key_checking=boolean(
            _first_set(
                variables.first(["ansible_ssh_host_key_checking", "ansible_host_key_checking"]),
                constants.HOST_KEY_CHECKING,
            )
        ),
        connect_timeout=float(chosen("connect_timeout", "switch_connect_timeout") or 10),
        login_timeout=float(chosen("login_timeout", "switch_login_timeout") or 10),
        command_timeout=float(chosen("command_timeout", "switch_command_timeout") or 30),
        ssh_config_file=text("ssh_config_file", "switch_ssh_config_file"),
    )


def _port(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise AnsibleActionFail(f"ansible_port is {value!r}, which is no port; give a number such as 22.") from None


def _first_set(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def known_hosts(variables: Variables, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the known_hosts files to read beside the user's own."""
    files = [_first_set(arguments.get("known_hosts"), variables.first(["switch_known_hosts"]))]
    for name in ("ansible_ssh_common_args", "ansible_ssh_extra_args"):
        files += _files_in_ssh_arguments(name, str(variables.first([name]) or ""))
    return tuple(str(file) for file in files if file)


def _files_in_ssh_arguments(name: str, arguments: str) -> list[str]:
    """Return the files of UserKnownHostsFile, split as the ssh command does it."""
    try:
        options = [_KNOWN_HOSTS.fullmatch(word) for word in shlex.split(arguments)]
        return [file for option in options if option for file in shlex.split(option.group(1))]
    except ValueError as error:
        raise AnsibleActionFail(f"{name} cannot be read ({str(error).lower()}); check its quotes.") from error


def platform_name(variables: Variables, arguments: Mapping[str, Any]) -> str:
    """Return the platform's name from the option or the inventory."""
    return str(_first_set(arguments.get("platform"), variables.first(["switch_platform", "ansible_network_os"]), ""))
