# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A manifest that is cut, altered, of another set or of another hand is told from a good one."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._restore import manifest as manifests
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import CHECKSUMS, IDENTITY, Damaged
from ansible_collections.contingency.infra.plugins.module_utils._restore.signature import (
    NAMESPACE,
    SignatureBad,
    signature,
    signing_limitation,
    verified_signer,
)
from hypothesis import given
from hypothesis import strategies as st

HOST = LocalHost()
VALUES: dict[str, Any] = {
    "format": 1,
    "name": "his",
    "engine": "pg_dump",
    "began_at_epoch": 1795312801.25,
    "current_at_epoch": 1795312802.5,
    "ended_at_epoch": 1795312900.0,
    "server": {"kind": "postgresql", "database": "his"},
    "position": {"lsn": "0/3000148"},
    "bytes": 1 << 40,
    "artefacts": [{"path": "his.dump", "bytes": 12, "sha256": "ab"}],
    "content": {
        "method": "m",
        "tables": {"public.病人": {"rows": 3, "hash": "-123456789012345678901234567890"}},
        "sequences": {"public.s": [1, 5]},
        "objects": {"tables": 1},
        "files": {"caf\udce9.txt": "cd"},
        "left_out": {"public.f": "a foreign table"},
    },
}
GOOD = manifests.sealed(VALUES)


def told(text: str) -> str:
    with pytest.raises(Damaged) as caught:
        manifests.parsed(text)
    assert {finding.stage for finding in caught.value.findings} == {CHECKSUMS}
    return str(caught.value)


def test_what_was_written_is_read_back_with_every_name_and_figure(tmp_path: Path) -> None:
    path = str(tmp_path / "manifest.json")
    manifests.write(HOST, path, GOOD)
    read = manifests.read(HOST, path)
    assert read == GOOD
    assert manifests.content_of(read).as_dict() == VALUES["content"]
    assert (tmp_path / "manifest.json").stat().st_mode & 0o777 == 0o600


def test_order_of_keys_does_not_matter_to_the_digest() -> None:
    assert manifests.digest(dict(reversed(GOOD.items()))) == GOOD["digest"]


@given(st.integers(min_value=0, max_value=len(manifests.text_of(GOOD)) - 3))
def test_one_that_is_cut_anywhere_is_found(length: int) -> None:
    assert "expected a whole JSON document" in told(manifests.text_of(GOOD)[:length])


@given(st.data())
def test_a_digit_that_is_changed_anywhere_is_found(data: st.DataObject) -> None:
    text = manifests.text_of(GOOD)
    place = data.draw(st.sampled_from([n for n, letter in enumerate(text) if letter.isdigit()]))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != text[place]]))
    with pytest.raises(Damaged):
        manifests.parsed(text[:place] + digit + text[place + 1 :])


@pytest.mark.parametrize("lacking", manifests.KEYS)
def test_a_key_that_lacks_is_named(lacking: str) -> None:
    values = {name: value for name, value in GOOD.items() if name != lacking}
    assert ("format None" if lacking == "format" else f"no {lacking}") in told(manifests.text_of(values))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("tables", {"t": {"rows": "3", "hash": "1"}}),
        ("tables", {"t": {"rows": True, "hash": "1"}}),
        ("sequences", {"s": [1]}),
        ("objects", {"tables": "many"}),
        ("files", {"f": 3}),
    ],
)
def test_figures_of_another_shape_are_no_manifest_even_with_a_right_digest(place: str, value: Any) -> None:
    values = manifests.sealed({**VALUES, "content": {**VALUES["content"], place: value}})
    assert f"content.{place} of another shape" in told(manifests.text_of(values))


def test_a_key_that_stands_twice_is_no_manifest() -> None:
    text = manifests.text_of(GOOD).replace('"name": "his"', '"name": "his", "name": "pacs"')
    assert "a key stands twice" in told(text)


def test_another_format_is_refused() -> None:
    assert "format 2" in told(json.dumps(manifests.sealed({**VALUES, "format": 2})))


def test_a_manifest_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    with pytest.raises(Damaged, match=r"none, expected a file that can be read"):
        manifests.read(HOST, str(tmp_path / "no.json"))


def test_that_of_another_set_or_engine_is_of_another_identity() -> None:
    seen = manifests.check(HOST, GOOD, "pacs", "tar")
    assert [(finding.stage, finding.expected, finding.seen) for finding in seen.findings] == [
        (IDENTITY, "pacs", "his"),
        (IDENTITY, "tar", "pg_dump"),
    ]


def test_without_allowed_signers_it_is_said_that_anybody_may_have_written_it() -> None:
    seen = manifests.check(HOST, GOOD, "his", "pg_dump")
    assert not seen.findings
    assert "who wrote the manifest" in seen.unproven[0]


class Keys:
    """Two keys, of which one may sign."""

    def __init__(self, directory: Path) -> None:
        self.own, self.other = (str(self._made(directory, name)) for name in ("own", "other"))
        public = Path(f"{self.own}.pub").read_text(encoding="utf-8")
        self.allowed = str(directory / "allowed_signers")
        Path(self.allowed).write_text(f'backup@his-db-1 namespaces="{NAMESPACE}" {public}', encoding="utf-8")

    @staticmethod
    def _made(directory: Path, name: str) -> Path:
        path = directory / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
        return path


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys"))


def signed(key: str) -> dict[str, Any]:
    return manifests.sealed(VALUES, lambda text: signature(HOST, text, key))


def test_a_signature_tells_who_wrote_it(keys: Keys) -> None:
    seen = manifests.check(HOST, signed(keys.own), "his", "pg_dump", keys.allowed)
    assert not seen.findings
    assert seen.proven == ("the manifest was signed by backup@his-db-1",)


def test_one_that_was_altered_and_given_a_new_digest_is_found_by_its_signature(keys: Keys) -> None:
    forged = {**signed(keys.own), "ended_at_epoch": 1.0}
    forged["digest"] = manifests.digest(forged)
    manifests.parsed(manifests.text_of(forged))
    assert manifests.check(HOST, forged, "his", "pg_dump", keys.allowed).findings


@pytest.mark.parametrize("missing", [None, ""])
def test_one_without_a_signature_is_found_where_signers_are_given(keys: Keys, missing: str | None) -> None:
    seen = manifests.check(HOST, {**GOOD, "signature": missing}, "his", "pg_dump", keys.allowed)
    assert seen.findings[0].seen == "none"


def test_the_signature_of_another_key_does_not_count(keys: Keys) -> None:
    assert manifests.check(HOST, signed(keys.other), "his", "pg_dump", keys.allowed).findings


def test_a_signature_that_was_made_for_something_else_does_not_count(keys: Keys) -> None:
    done = subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-f", keys.own, "-n", "file"], input=b"x", capture_output=True, check=True
    )
    with pytest.raises(SignatureBad):
        verified_signer(HOST, "x", done.stdout.decode(), keys.allowed)


def test_a_key_that_cannot_sign_is_said_before_anything_is_taken(tmp_path: Path, keys: Keys) -> None:
    assert signing_limitation(HOST, keys.own) is None
    assert "ssh-keygen -t ed25519" in str(signing_limitation(HOST, str(tmp_path / "none")))
    (tmp_path / "bad").write_text("no key", encoding="utf-8")
    assert "Nothing can be signed with" in str(signing_limitation(HOST, str(tmp_path / "bad")))
