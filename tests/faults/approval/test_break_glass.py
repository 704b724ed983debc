# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sealed credential, opened and rotated as people do it, and found in nothing that is kept."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from ansible.constants import DEFAULT_VAULT_ID_MATCH
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.faults.approval.site import VAULT_PASSWORD, Run, Site, make_site
from tests.unit.approval.conftest import Keys

SECRET, NEW = "Planted-S3cret-7fd1", "Planted-S3cret-8ae2"
WHY = "the administrator is not reachable"


@pytest.fixture
def site(tmp_path: Path, keys: Keys) -> Site:
    made = make_site(tmp_path / "site", keys)
    (made.directory / "password").write_text(VAULT_PASSWORD, encoding="utf-8")
    seal(made, SECRET)
    return made


def seal(site: Site, content: str) -> None:
    vault = VaultLib([(DEFAULT_VAULT_ID_MATCH, VaultSecret(VAULT_PASSWORD.encode()))])
    encrypted = vault.encrypt(content, secret=VaultSecret(VAULT_PASSWORD.encode()), vault_id="seal")
    (site.directory / "his.vault").write_bytes(encrypted)


def glass(site: Site, **variables: object) -> Run:
    vault = f"seal@{site.directory}/password"
    return site.run("contingency.infra.break_glass", "-vvv", "--vault-id", vault, sealed="his", **variables)


def in_files(site: Site, text: str) -> list[str]:
    """The files of a site that hold a secret, plain or in base64."""
    forms = [text.encode(), base64.b64encode(text.encode())]
    files = [path for path in site.directory.rglob("*") if path.is_file()]
    return [path.name for path in files if any(form in path.read_bytes() for form in forms)]


def test_it_is_opened_by_two_others_and_rotated(site: Site) -> None:
    handed = site.directory / "handed"
    refused = glass(site, reason=WHY, sealed_file=str(handed))
    assert "0 of 2 approvals count" in refused.words
    request = site.name_of("break_glass")
    site.approve(request, "li")
    assert "a second person has to" in glass(site, reason=WHY, sealed_file=str(handed)).words
    assert not handed.exists()
    site.approve(request, "wang")
    opened = glass(site, reason=WHY, sealed_file=str(handed))
    assert opened.status == 0, opened.output
    assert handed.read_text(encoding="utf-8") == SECRET
    assert handed.stat().st_mode & 0o777 == 0o600
    assert in_files(site, SECRET) == ["handed"]
    assert SECRET not in opened.output
    assert "NOT ROTATED YET" in site.run("contingency.infra.break_glass").words
    assert "byte for byte" in glass(site, rotated=True).words
    seal(site, NEW)
    rotated = glass(site, rotated=True)
    assert "his is rotated" in rotated.words
    assert not handed.exists()
    assert in_files(site, NEW) == []
    again = glass(site, rotated=True)
    assert again.status == 0
    assert "was rotated at" in again.words
    assert "his is not approved" not in again.words
    assert "is for another plan" in glass(site, reason=WHY, sealed_file=str(handed)).words


def test_another_reason_is_another_plan(site: Site) -> None:
    glass(site, reason=WHY, sealed_file=str(site.directory / "handed"))
    site.approve(site.name_of("break_glass"), "li", "wang")
    other = glass(site, reason="curiosity, nothing else", sealed_file=str(site.directory / "handed"))
    assert other.status != 0
    assert "arguments.reason" in other.words
    assert not (site.directory / "handed").exists()


def test_it_is_shown_once_on_the_terminal_of_one_who_says_who_it_is(site: Site) -> None:
    vault = f"seal@{site.directory}/password"
    given = {"sealed": "his", "reason": WHY, "sealed_show": True}
    options = ("--vault-id", vault)
    site.typed("contingency.infra.break_glass", *options, **given)
    site.approve(site.name_of("break_glass"), "li", "wang")
    own = site.typed("contingency.infra.break_glass", *options, contingency_person="wang", **given)
    assert "is by the one who runs this" in own.words
    assert SECRET not in own.output
    shown = site.typed("contingency.infra.break_glass", *options, contingency_person="zhou", **given)
    assert shown.output.count(SECRET) == 1
    assert in_files(site, SECRET) == []
    silent = site.run("contingency.infra.break_glass", *options, **given)
    assert "there is no terminal to show it on" in silent.words
    assert SECRET not in silent.output


def test_what_is_missing_is_told(site: Site) -> None:
    assert "say why the seal is broken" in glass(site, sealed_file="/dev/shm/x").words
    assert "say where the credential goes" in glass(site, reason=WHY).words
    (site.directory / "his.vault").write_text(SECRET, encoding="utf-8")
    assert "is not encrypted; seal it" in glass(site, reason=WHY, sealed_file="/dev/shm/x").words


def test_an_altered_record_is_told_and_keeps_nobody_from_what_is_needed(site: Site) -> None:
    handed = site.directory / "handed"
    glass(site, reason=WHY, sealed_file=str(handed))
    site.approve(site.name_of("break_glass"), "li", "wang")
    glass(site, reason=WHY, sealed_file=str(handed))
    record = site.approvals / "break_glass.jsonl"
    record.write_text("altered\n" + record.read_text(encoding="utf-8"), encoding="utf-8")
    handed.unlink()
    opened = glass(site, reason=WHY, sealed_file=str(handed))
    assert "was altered at line 1" in opened.words
    assert handed.read_text(encoding="utf-8") == SECRET
    rotated = glass(site, rotated=True)
    assert rotated.status != 0
    assert "was altered at line 1" in rotated.words
