# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at a set: which copies are there, how old, and in which places."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer, LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._restore import manifest as manifests
from ansible_collections.contingency.infra.plugins.module_utils._restore.look import look
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Copy, NotRunnable, Order
from ansible_collections.contingency.infra.plugins.module_utils._restore.papers import pinned, read_manifest

from tests.unit.restore.memory import MANIFEST, ORDER

WHOLE = manifests.sealed({**MANIFEST, "position": {}, "bytes": None, "artefacts": []})
TEXT = manifests.text_of(WHOLE)


class SshHost(LocalHost):
    """``answers``: what ssh says; everything else is this machine."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.commands: list[list[str]] = []

    def run(self, command: Sequence[str], **more: Any) -> Answer:
        self.commands.append(list(command))
        return self.answers.pop(0)


@pytest.fixture
def order(tmp_path: Path) -> Order:
    (tmp_path / "his.dump").write_bytes(b"dump")
    (tmp_path / "his.json").write_text(TEXT, encoding="utf-8")
    copies = (Copy(str(tmp_path / "his.dump"), str(tmp_path / "his.json")),)
    return replace(ORDER, copies=copies, history_directory=str(tmp_path / "history"))


def test_a_copy_with_its_manifest(order: Order) -> None:
    found = look(SshHost(), order)
    assert found["copies"][0]["there"] is True
    assert found["copies"][0]["current_at_epoch"] == MANIFEST["current_at_epoch"]
    assert found["copies"][0]["place"] == f"host {socket.gethostname()}".lower()
    assert (found["last_success_epoch"], found["last_verdict"], found["history_trouble"]) == (None, None, None)


def test_a_copy_that_is_missing_and_one_that_only_its_program_can_reach(order: Order) -> None:
    copies = (Copy("/not/there"), Copy("sftp:backup@offsite-1:/srv/restic"))
    found = look(SshHost(), replace(order, copies=copies))["copies"]
    assert [each["there"] for each in found] == [False, None]
    assert [each["place"] for each in found] == [None, "host offsite-1"]
    assert [each["repository"] for each in found] == [False, True]


def test_a_copy_on_another_host_is_looked_at_there(order: Order) -> None:
    away = replace(order, copies=(Copy("/b/his dump", "/m/his.json", "offsite-1"),))
    host = SshHost(Answer(0, "", ""), Answer(0, "/b/2026\n", ""), Answer(0, TEXT, ""))
    found = look(host, away)["copies"][0]
    assert (found["there"], found["place"], found["trouble"]) == (True, "host offsite-1", None)
    assert found["current_at_epoch"] == MANIFEST["current_at_epoch"]
    assert [command[-1] for command in host.commands][::2] == ["test -e '/b/his dump'", "cat -- /m/his.json"]
    gone = look(SshHost(Answer(255, "", "No route to host")), away)["copies"][0]
    assert gone["there"] is None
    assert gone["trouble"].startswith("offsite-1 cannot be reached over ssh (No route to host)")


def test_a_link_to_the_newest_means_one_backup_for_the_whole_test(tmp_path: Path) -> None:
    for stamp in ("1", "2"):
        (tmp_path / stamp).mkdir()
        (tmp_path / stamp / "manifest.json").write_text(TEXT, encoding="utf-8")
    latest = tmp_path / "latest"
    latest.symlink_to("1")
    given = [Copy(str(latest)), Copy(str(latest), f"{latest}/manifest.json"), Copy(str(latest), "/m.json")]
    copies = [pinned(SshHost(), copy) for copy in given]
    latest.unlink()
    latest.symlink_to("2")
    assert [copy.path for copy in copies] == [str(tmp_path / "1")] * 3
    assert [copy.manifest for copy in copies] == [str(tmp_path / "1/manifest.json")] * 2 + ["/m.json"]


def test_a_copy_elsewhere_is_pinned_there_and_what_cannot_be_is_left(tmp_path: Path) -> None:
    away = Copy("/b/latest", None, "offsite-1")
    host = SshHost(Answer(0, "/b/2026\nthere\n", ""), Answer(1, "/b/2026\n", ""), Answer(1, "", ""))
    assert pinned(host, away) == Copy("/b/2026", "/b/2026/manifest.json", "offsite-1")
    assert pinned(host, away) == Copy("/b/2026", None, "offsite-1")
    assert pinned(host, away) == away
    for copy in (Copy("sftp:h:/r"), Copy(str(tmp_path / "none"), "/m.json")):
        assert pinned(SshHost(), copy) == copy
    with pytest.raises(NotRunnable, match="cannot be reached over ssh"):
        pinned(SshHost(Answer(124, "", "")), away)


def test_an_altered_manifest_is_told(order: Order) -> None:
    path = Path(str(order.copies[0].manifest))
    path.write_text(TEXT.replace("5000", "4999"), encoding="utf-8")
    assert "altered" in look(SshHost(), order)["copies"][0]["trouble"]
    manifest, seen = read_manifest(SshHost(), order, order.copies[0])
    assert manifest is None
    assert [finding.stage for finding in seen.findings] == ["checksums"]


def test_a_manifest_that_is_named_and_not_there_is_a_finding_and_none_is_only_unproven(order: Order) -> None:
    gone = replace(order.copies[0], manifest="/not/there.json")
    assert read_manifest(SshHost(), order, gone)[1].findings
    manifest, seen = read_manifest(SshHost(), order, replace(gone, manifest=None))
    assert (manifest, seen.findings, len(seen.unproven)) == (None, (), 1)


def test_where_manifests_are_signed_a_copy_without_one_or_without_a_signature_is_not_good(
    order: Order, tmp_path: Path
) -> None:
    (tmp_path / "signers").write_text("", encoding="utf-8")
    signed = replace(order, allowed_signers=str(tmp_path / "signers"))
    [bare] = read_manifest(SshHost(), signed, replace(order.copies[0], manifest=None))[1].findings
    assert (bare.stage, bare.seen) == ("checksums", "not there")
    assert bare.expected == f"one that is signed by one of {tmp_path}/signers"
    [unsigned] = read_manifest(SshHost(), signed, order.copies[0])[1].findings
    assert (unsigned.stage, unsigned.seen) == ("checksums", "none")


def test_a_manifest_on_a_host_that_cannot_be_reached_says_nothing_of_the_copy(order: Order) -> None:
    away = Copy("/b/his.dump", "/b/his.json", "offsite-1")
    with pytest.raises(NotRunnable, match="offsite-1 cannot be reached over ssh"):
        read_manifest(SshHost(Answer(255, "", "No route to host")), order, away)
    assert read_manifest(SshHost(Answer(1, "", "No such file")), order, away)[1].findings


def test_a_manifest_of_another_set_is_a_finding(order: Order) -> None:
    _manifest, seen = read_manifest(SshHost(), replace(order, name="lis"), order.copies[0])
    assert [finding.stage for finding in seen.findings] == ["identity"]


def test_a_test_of_a_clock_that_ran_ahead_is_not_the_last_one_for_ever(order: Order) -> None:
    host, history = SshHost(), Path(order.history_directory)
    past, ahead = host.wall() - 86400, host.wall() + 400 * 86400
    history.mkdir()
    lines = [json.dumps({"verdict": "passed", "began_at_epoch": at}) + "\n" for at in (past, ahead)]
    (history / "his.jsonl").write_text("".join(lines), encoding="utf-8")
    assert look(host, order)["last_success_epoch"] == past
    (history / "his.jsonl").write_text(lines[1], encoding="utf-8")
    assert look(host, order)["last_success_epoch"] == ahead


def test_the_time_of_the_look_is_told(order: Order) -> None:
    host = SshHost()
    assert abs(look(host, order)["looked_at_epoch"] - host.wall()) < 60
