# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a drill starts procedures: on the same inventories, with the same vault, by the same settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible import constants
from ansible.context import CLIARGS
from ansible.errors import AnsibleActionFail
from ansible.utils.vars import load_extra_vars
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_child import Command
from ansible_collections.contingency.infra.plugins.plugin_utils.evidence import plain

HANDED_ON = "contingency_"
OWN = frozenset(("contingency_confirm", "contingency_incident", "contingency_drill", "contingency_plan"))
"""Not handed on: what confirms something, what the drill says itself, and what is no plain word."""
ASKED = {"become_ask_pass": "--become-password-file", "ask_pass": "--connection-password-file"}


def command_of(loader: Any, arguments: Mapping[str, Any]) -> Command:
    """Return how a procedure is started; AnsibleActionFail where it would have to ask for a password."""
    asked = [(name, option) for name, option in ASKED.items() if CLIARGS.get(name)]
    if asked:
        name, option = asked[0]
        raise AnsibleActionFail(
            "A drill starts procedures that cannot ask for a password; leave out "
            f"--{name.replace('_', '-')} and give it with {option}."
        )
    return Command(
        inventories=tuple(CLIARGS.get("inventory") or ()),
        variables={**handed_on(loader), "contingency_language": arguments["language"]},
        vault=vault_password(loader),
        options=tuple(_options()),
        environment=environment(),
    )


def handed_on(loader: Any) -> dict[str, str]:
    """Return the plain words that were given on the command line and that procedures read too."""
    given = plain(load_extra_vars(loader))
    return {
        name: str(value)
        for name, value in given.items()
        if name.startswith(HANDED_ON) and name not in OWN and isinstance(value, (str, int, float))
    }


def vault_password(loader: Any) -> str | None:
    """Return the password that was typed for the vault; None where it comes from a file, or there is none."""
    typed = (
        [] if _vault_files() else [secret for _id, secret in loader._vault.secrets if getattr(secret, "bytes", None)]
    )
    if len(typed) > 1:
        raise AnsibleActionFail(
            "A drill starts procedures that cannot ask for the passwords of several vaults; give them as files, with "
            "--vault-id NAME@FILE."
        )
    return typed[0].bytes.decode("utf-8") if typed else None


def _vault_files() -> list[str]:
    ids = [each for each in CLIARGS.get("vault_ids") or () if not each.endswith("prompt")]
    return [*ids, *(CLIARGS.get("vault_password_files") or ())]


def _options() -> list[str]:
    """Return the options that say where passwords are."""
    found = [word for each in CLIARGS.get("vault_ids") or () if "prompt" not in each for word in ("--vault-id", each)]
    for each in CLIARGS.get("vault_password_files") or ():
        found += ["--vault-password-file", each]
    for option, name in (
        ("--become-password-file", "become_password_file"),
        ("--connection-password-file", "connection_password_file"),
    ):
        if CLIARGS.get(name):
            found += [option, CLIARGS[name]]
    return found


def environment() -> dict[str, str]:
    """Return the environment of a procedure: this one, with the same configuration and nothing that asks or colours."""
    kept = {name: value for name, value in os.environ.items() if name != "LC_ALL"}
    found = {
        **kept,
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_FORCE_COLOR": "0",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_ASK_VAULT_PASS": "0",
    }
    if constants.CONFIG_FILE:
        found["ANSIBLE_CONFIG"] = str(constants.CONFIG_FILE)
    return found
