# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures, by the ssh-keygen of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Refused
from ansible_collections.contingency.infra.plugins.module_utils._approval.signature import (
    approvers_limitation,
    signed,
    signers_limitation,
    verified,
)
from ansible_collections.contingency.infra.plugins.module_utils._host.run import MISSING, TIMED_OUT, Answer, LocalHost

from tests.unit.approval.conftest import Keys
from tests.unit.approval.samples import allow, make_key

TEXT = '{"plan": "李"}\n'


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[str]:
    """An agent of its own, by its socket."""
    socket = str(tmp_path / "agent")
    pid_line = next(
        line for line in LocalHost().run(["ssh-agent", "-a", socket]).output.splitlines() if "SSH_AGENT_PID=" in line
    )
    pid = int(pid_line.split("=")[1].split(";")[0])
    yield socket
    os.kill(pid, 15)


def kept(tmp_path: Path, signature: str) -> str:
    path = tmp_path / "x.sig"
    path.write_text(signature, encoding="utf-8")
    return str(path)


def test_a_signature_is_proven_and_names_the_key(tmp_path: Path, keys: Keys) -> None:
    path = kept(tmp_path, signed(LocalHost(), TEXT, str(keys.li), {}))
    found = verified(LocalHost(), TEXT, path, "li", str(keys.allowed))
    assert found.limitation is None
    shown = LocalHost().run(["ssh-keygen", "-l", "-f", f"{keys.li}.pub"]).output
    assert found.key in shown.split()


@pytest.mark.parametrize(("text", "principal"), [(TEXT + " ", "li"), (TEXT, "wang"), (TEXT, "nobody")])
def test_another_text_or_another_person_is_not_proven(tmp_path: Path, keys: Keys, text: str, principal: str) -> None:
    path = kept(tmp_path, signed(LocalHost(), TEXT, str(keys.li), {}))
    found = verified(LocalHost(), text, path, principal, str(keys.allowed))
    assert found.key == ""
    assert found.limitation is not None
    assert found.limitation.key == "bad_signature"


def test_a_signature_of_another_namespace_is_no_approval(tmp_path: Path, keys: Keys) -> None:
    made = LocalHost().run(["ssh-keygen", "-Y", "sign", "-q", "-f", str(keys.li), "-n", "git"], stdin=TEXT)
    everything = tmp_path / "allowed"
    everything.write_text(f"li {keys.li.with_suffix('.pub').read_text()}", encoding="utf-8")
    found = verified(LocalHost(), TEXT, kept(tmp_path, made.output), "li", str(everything))
    assert found.key == ""
    assert "namespace" in str(found.limitation)


@pytest.mark.parametrize(
    "garbage", ["", "garbage", "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"]
)
def test_garbage_and_nothing_are_not_proven(tmp_path: Path, keys: Keys, garbage: str) -> None:
    found = verified(LocalHost(), TEXT, kept(tmp_path, garbage), "li", str(keys.allowed))
    assert found.key == ""
    missing = verified(LocalHost(), TEXT, str(tmp_path / "missing"), "li", str(keys.allowed))
    assert missing.key == ""


def test_a_signature_that_came_by_mail_with_the_line_ends_of_windows_is_proven(tmp_path: Path, keys: Keys) -> None:
    path = tmp_path / "x.sig"
    path.write_bytes(signed(LocalHost(), TEXT, str(keys.li), {}).replace("\n", "\r\n").encode())
    assert verified(LocalHost(), TEXT, str(path), "li", str(keys.allowed)).key


def test_a_principal_cannot_end_the_message_as_another_key(tmp_path: Path, keys: Keys) -> None:
    class Lying(LocalHost):
        def run(self, *_given: object, **_more: object) -> Answer:
            return Answer(255, 'Good "contingency-approval" signature for li with ED25519 key SHA256:abc\n', "no")

    assert verified(Lying(), TEXT, "x", "li", "f").key == ""


def test_a_key_in_an_agent_signs_and_its_passphrase_is_asked_for_by_nobody(tmp_path: Path, agent: str) -> None:
    locked = make_key(tmp_path, "locked", "a passphrase")
    with pytest.raises(Refused) as refusal:
        signed(LocalHost(), TEXT, str(locked), {})
    assert refusal.value.said.key == "not_signed"
    assert "passphrase" in refusal.value.said.values["why"]
    open_one = make_key(tmp_path, "open")
    assert LocalHost().run(["ssh-add", str(open_one)], environment={"SSH_AUTH_SOCK": agent}).status == 0
    open_one.rename(tmp_path / "away")
    path = kept(tmp_path, signed(LocalHost(), TEXT, f"{open_one}.pub", {"SSH_AUTH_SOCK": agent}))
    listed = tmp_path / "allowed"
    listed.write_text(f"li {(tmp_path / 'open.pub').read_text()}", encoding="utf-8")
    assert verified(LocalHost(), TEXT, path, "li", str(listed)).key
    with pytest.raises(Refused):
        signed(LocalHost(), TEXT, f"{open_one}.pub", {})


def test_a_key_that_is_missing_or_open_to_others_does_not_sign(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        signed(LocalHost(), TEXT, str(tmp_path / "missing"), {})
    loose = make_key(tmp_path, "loose")
    loose.chmod(0o644)
    with pytest.raises(Refused) as refusal:
        signed(LocalHost(), TEXT, str(loose), {})
    assert "too open" in refusal.value.said.values["why"]
    assert "@@@" not in refusal.value.said.values["why"]


@pytest.mark.parametrize(("status", "key"), [(MISSING, "no_ssh_keygen"), (TIMED_OUT, "sign_late"), (255, "not_signed")])
def test_a_program_that_is_missing_or_late_is_told(status: int, key: str) -> None:
    class Broken(LocalHost):
        def run(self, *_given: object, **_more: object) -> Answer:
            return Answer(status, "", "")

    with pytest.raises(Refused) as refusal:
        signed(Broken(), TEXT, "k", {})
    assert refusal.value.said.key == key


def test_who_may_approve_is_read_only_from_a_file_that_others_cannot_write(tmp_path: Path, keys: Keys) -> None:
    path = allow(tmp_path, li=keys.li)
    assert signers_limitation(str(path)) is None
    for mode in (0o664, 0o646):
        path.chmod(mode)
        said = signers_limitation(str(path))
        assert said is not None
        assert said.key == "signers_writable"
    missing = [signers_limitation(str(tmp_path / "no")), signers_limitation(str(tmp_path)), signers_limitation("")]
    assert [said.key for said in missing if said] == ["signers_missing", "signers_missing", "signers_unset"]


KEY, OTHER = "ssh-ed25519 AAAA", "sk-ssh-ed25519@openssh.com BBBB"
NOON = datetime(2026, 11, 22, 12).timestamp()


def too_few(text: str, required: int = 2) -> str:
    """Why the lines do not suffice, as the key of the words."""
    said = approvers_limitation(text, "allowed", required, NOON)
    return "" if said is None else said.key


def test_approvers_are_counted_as_persons_and_as_keys() -> None:
    text = f'# who\n\nli,li@home namespaces="contingency-approval" {KEY} home\r\nwang {OTHER}\nzhao {KEY}\ngarbage\n'
    assert too_few(text) == ""
    assert too_few(text, 3) == "signers_too_few"
    assert too_few(f"li,wang {KEY}\n") == "signers_too_few"
    assert too_few(f"li {KEY}\nLI {OTHER}\n") == "signers_too_few"
    assert too_few("") == "signers_too_few"


@pytest.mark.parametrize(
    ("options", "counts"),
    [
        ('namespaces="file,contingency-*"', True),
        ('NAMESPACES="git"', False),
        ('valid-before="20261122"', False),
        ('valid-before="202611221201"', True),
        ('valid-after="20261123000000Z",namespaces="contingency-approval"', False),
        ('valid-after="20261121"', True),
        ('valid-before="soon"', False),
    ],
)
def test_a_key_that_may_sign_no_approval_now_is_not_counted(options: str, counts: bool) -> None:
    """Otherwise readiness would promise approvers whom the day itself refuses."""
    assert (too_few(f"li {KEY}\nwang {options} {OTHER}\n") == "") == counts


@pytest.mark.parametrize("principals", ["*", "*@hospital", "li,w?ng", "*,!li"])
def test_a_key_for_a_pattern_of_names_is_refused_unless_it_signs_certificates(principals: str) -> None:
    """Its owner could approve as anybody, also where the one at the keyboard may not."""
    assert too_few(f"li {KEY}\nzhao {OTHER}\n{principals} ssh-rsa CCCC\n") == "signers_pattern"
    assert too_few(f"{principals} cert-authority ssh-rsa CCCC\n") == ""
