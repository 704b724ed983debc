# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong before anything is changed: one sentence each, without a traceback and without a password."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch import errors

from lab.fakes import Credentials
from tests.unit.switch.uplink_contract import Bench, benches, hurry

SECRETS = ("lab-password", "lab-enable", "not-the-password", "not-the-enable-password")
Start = Callable[..., Bench]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Return a function that starts a Cisco IOS fake."""
    hurry(monkeypatch)
    with ExitStack() as stack:
        yield benches("cisco_ios", tmp_path, stack)


def check_sentence(bench: Bench, error: errors.SwitchError, capfd: pytest.CaptureFixture[str]) -> None:
    """Fail where the message is no single sentence, or anything shows a traceback or a secret."""
    printed = "".join(capfd.readouterr())
    assert "\n" not in str(error)
    assert str(error).startswith("sw1: ")
    assert "Traceback" not in str(error) + printed
    assert not [secret for secret in SECRETS if secret in str(error) + repr(error) + printed]
    assert bench.changes_received() == []


def opening_fails(
    bench: Bench, capfd: pytest.CaptureFixture[str], kind: type[errors.SwitchError], says: str, **changes: object
) -> None:
    """Open a session, which has to fail with this kind of error."""
    with pytest.raises(kind, match=says) as raised:
        bench.platform.open(bench.target(**changes))
    check_sentence(bench, raised.value, capfd)


def test_a_wrong_password(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    opening_fails(
        start(), capfd, errors.LoginFailed, "refused user 'admin'.*check ansible_user", password="not-the-password"
    )


def test_a_missing_enable_password(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    bench = start(credentials=Credentials(privileged_login=False))
    opening_fails(bench, capfd, errors.PrivilegeMissing, "set ansible_become_password", enable_secret=None)


def test_a_wrong_enable_password(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    bench = start(credentials=Credentials(privileged_login=False))
    opening_fails(
        bench,
        capfd,
        errors.PrivilegeMissing,
        "the enable password was refused",
        enable_secret="not-the-enable-password",
    )


def test_the_right_enable_password_is_used(start: Start) -> None:
    bench = start(credentials=Credentials(privileged_login=False))
    bench.move()
    assert bench.enabled() == [bench.new]


def test_an_unknown_host_key(start: Start, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    bench = start()
    opening_fails(
        bench,
        capfd,
        errors.HostKeyUnknown,
        "is not known: ssh-ed25519 SHA256:.*only if the switch's console shows the same",
        known_hosts=(str(tmp_path / "none"),),
    )


def test_a_changed_host_key(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    bench = start()
    bench.handle.change_host_key()
    opening_fails(
        bench,
        capfd,
        errors.HostKeyChanged,
        "do not log in unless this switch was replaced.*recorded is ssh-ed25519 SHA256:.*ssh-keygen -R",
    )


def test_host_keys_are_not_looked_at_where_checking_is_off(start: Start) -> None:
    bench = start()
    bench.handle.change_host_key()
    bench.platform.open(bench.target(host_key_checking=False)).close()


def test_an_unreachable_switch(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    bench = start()
    bench.handle.refuse_connections(30)
    opening_fails(bench, capfd, errors.Unreachable, r"connection refused at 127.0.0.1 port \d+; check its power")


def test_a_login_that_never_ends(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    bench = start()
    bench.handle.faults.hang_login = True
    opening_fails(bench, capfd, errors.Unreachable, r"did not finish the login within 0.5 s", login_timeout=0.5)


def test_an_unknown_port(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    bench = start()
    with pytest.raises(
        errors.PortUnknown, match=r"has no port 'TenGigabitEthernet1/0/9'.*check core_switch_uplinks"
    ) as raised:
        bench.move(active="TenGigabitEthernet1/0/9")
    check_sentence(bench, raised.value, capfd)


def test_a_switch_that_falls_silent(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    bench = start()
    bench.handle.faults.hang = {"show interfaces status"}
    session = bench.platform.open(bench.target(command_timeout=0.3))
    with pytest.raises(errors.SessionLost, match="no answer in time after 'show interfaces status'") as raised:
        bench.platform.read_ports(session)
    session.close()
    check_sentence(bench, raised.value, capfd)
