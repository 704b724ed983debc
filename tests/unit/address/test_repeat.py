# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repeating an announcement without anybody waiting; whether an address would come back by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._address import persistent
from ansible_collections.contingency.infra.plugins.module_utils._address.persistent import persistent_limitation
from ansible_collections.contingency.infra.plugins.module_utils._address.repeat import REPEATER, moments, repeat
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost

from tests.unit.address.fake_host import FakeHost, interface


def test_the_first_four_repetitions_are_within_five_seconds() -> None:
    assert len(moments(4)) == 4
    assert moments(4)[-1] < 5


@pytest.mark.parametrize("times", [0, 1, 4, 9])
def test_it_repeats_as_often_as_asked_and_ends(times: int) -> None:
    assert len(moments(times)) == times
    assert list(moments(times)) == sorted(set(moments(times)))


def test_the_process_is_given_all_it_needs() -> None:
    host = FakeHost(interface())
    assert repeat(host, "eth0", {"10.9.0.100": [b"\x01\x02"]}, 2) is None
    (command,) = host.commands
    assert command[:2] == ["sh", "-c"]
    compile(command[-2], "repeater", "exec")
    assert json.loads(command[-1]) == {"interface": "eth0", "moments": [0.25, 1.0], "frames": {"10.9.0.100": ["0102"]}}


def test_a_repeater_that_runs_is_not_waited_for() -> None:
    host = LocalHost()
    began = host.now()
    assert repeat(host, "no-such-interface", {"10.9.0.100": [b""]}, 4) is None
    assert host.now() - began < 1
    assert "os.setsid()" in REPEATER


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("address 10.9.0.100/24", True),
        ("address1=10.9.0.100/24,10.9.0.1", True),
        ("  - 10.9.0.100/24", True),
        ("# address 10.9.0.100/24 belongs to floating_ip", False),
        ("address 10.9.0.10/24", False),
        ("address 110.9.0.100/24", False),
        ("gateway 10.9.0.1", False),
    ],
)
def test_an_address_in_the_configuration_of_the_network_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str, found: bool
) -> None:
    (tmp_path / "10-lan.conf").write_text(f"# made by hand\n{line}\n", encoding="utf-8")
    monkeypatch.setattr(persistent, "PLACES", (str(tmp_path), str(tmp_path / "no-such-place")))
    told = persistent_limitation(LocalHost(), ["10.9.0.100/24"])
    assert bool(told) == found
    if told:
        assert f"10.9.0.100 is in {tmp_path}/10-lan.conf" in told
