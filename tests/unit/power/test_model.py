# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What describes a BMC: read from text, refused by name, and without its password anywhere."""

from __future__ import annotations

import json

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._power.model import (
    Bmc,
    Outcome,
    PowerError,
    PowerState,
)

IPMI = {"protocol": "ipmi", "host": "10.0.0.21", "user": "admin", "password": "s3cret"}


def test_values_may_be_text() -> None:
    bmc = Bmc.from_dict({**IPMI, "port": "6230", "timeout": "2.5", "verify_tls": "no", "ca_file": None})
    assert (bmc.port, bmc.timeout, bmc.verify_tls, bmc.ca_file) == (6230, 2.5, False, None)


def test_the_password_is_not_shown() -> None:
    assert "s3cret" not in f"{Bmc.from_dict(IPMI)!r} {Bmc.from_dict(IPMI)}"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"protocol": "telnet"}, "'telnet' is not a BMC's protocol"),
        ({"protocol": None}, "is not a BMC's protocol; use one of ipmi, redfish, wake_on_lan"),
        ({"user": None, "password": ""}, "user and password must be given"),
        ({"protocol": "wake_on_lan"}, "mac must be given"),
        ({"passwort": "x"}, "A BMC has no passwort; it has"),
        ({"port": "ipmi"}, "The BMC's port cannot be 'ipmi'"),
        ({"verify_tls": "maybe"}, "The BMC's verify_tls cannot be 'maybe'"),
        ({"timeout": 0}, "set one above 0"),
    ],
)
def test_what_cannot_be_is_refused_by_name(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(PowerError) as caught:
        Bmc.from_dict({**IPMI, **change})
    assert sentence in caught.value.message
    assert "s3cret" not in caught.value.message


def test_an_outcome_is_json() -> None:
    outcome = Outcome(True, PowerState.ON, PowerState.OFF, ["read on"], 12.5, 0.1)
    assert json.loads(json.dumps(outcome.as_dict())) == {
        "changed": True,
        "before": "on",
        "after": "off",
        "steps": ["read on"],
        "confirmed_at": 12.5,
        "confirmed": True,
        "seconds": 0.1,
    }
