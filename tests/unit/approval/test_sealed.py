# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sealed credentials: what is on record, and when a rotation is one."""

from __future__ import annotations

import hashlib
import resource
import signal
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible_collections.contingency.infra.plugins.module_utils._approval.person import Person
from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Refused
from ansible_collections.contingency.infra.plugins.module_utils._approval.sealed import (
    OPENED,
    ROTATED,
    Opening,
    Sealed,
    check_limitation,
    fingerprint,
    openings,
    record_in,
    rotated_at,
    rotation_limitation,
    sealed_of,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.seal import (
    Glass,
    Where,
    content_of,
    data_of,
    disk_of,
    plan_of_opening,
    where_limitation,
)
from hypothesis import given, settings
from hypothesis import strategies as st

OLD, NEW = "S3cret-one\n", "S3cret-two"
TOLD = {"by": "wang", "reason": "nobody is reachable", "approvals": [], "incident": ""}


@pytest.fixture
def sealed(tmp_path: Path) -> Sealed:
    path = tmp_path / "his.vault"
    seal(path, OLD)
    return Sealed("his", str(path))


def seal(path: Path, content: str) -> None:
    """What looks like a sealed file to all but who has the password."""
    path.write_bytes(b"$ANSIBLE_VAULT;1.2;AES256;seal\n" + content.encode().hex().encode())


def unseal(path: str) -> str:
    return bytes.fromhex(Path(path).read_text(encoding="utf-8").split("\n")[1]).decode()


def glass(tmp_path: Path, sealed: Sealed) -> Glass:
    return Glass(str(tmp_path / "approvals"), sealed, unseal)


def opened(tmp_path: Path, sealed: Sealed) -> Path:
    """Open it into a file, and return that."""
    path = tmp_path / "handed"
    where = Where(str(path), "", "", "")
    where.hand_over(glass(tmp_path, sealed).opened(data_of(sealed), TOLD, where))
    return path


def waiting(tmp_path: Path) -> list[Opening]:
    return openings(record_in(str(tmp_path / "approvals")).lines).get("his", [])


def refusal_of(tmp_path: Path, sealed: Sealed) -> str:
    with pytest.raises(Refused) as refusal:
        glass(tmp_path, sealed).rotated(waiting(tmp_path), {"by": "wang"}, write=True)
    return refusal.value.said.key


def test_it_is_handed_over_to_its_owner_alone_and_is_in_no_record(tmp_path: Path, sealed: Sealed) -> None:
    path = opened(tmp_path, sealed)
    assert path.read_text(encoding="utf-8") == OLD
    assert path.stat().st_mode & 0o777 == 0o600
    records = [each.read_text(encoding="utf-8") for each in (tmp_path / "approvals").iterdir()]
    assert records
    assert not any("S3cret" in text for text in records)
    assert [(one.name, one.by, one.reason) for one in waiting(tmp_path)] == [("his", "wang", TOLD["reason"])]


def test_it_is_on_record_also_where_it_could_not_be_handed_over(tmp_path: Path, sealed: Sealed) -> None:
    (tmp_path / "handed").write_text("there already", encoding="utf-8")
    with pytest.raises(Refused):
        opened(tmp_path, sealed)
    assert (tmp_path / "handed").read_text(encoding="utf-8") == "there already"
    assert len(waiting(tmp_path)) == 1


def test_nothing_is_handed_over_without_a_record(tmp_path: Path, sealed: Sealed) -> None:
    (tmp_path / "approvals").write_text("a file in the way", encoding="utf-8")
    with pytest.raises(Refused) as refusal:
        opened(tmp_path, sealed)
    assert refusal.value.said.key == "not_written"
    assert not (tmp_path / "handed").exists()


def test_a_rotation_needs_a_new_seal_over_something_else(tmp_path: Path, sealed: Sealed) -> None:
    path = opened(tmp_path, sealed)
    assert refusal_of(tmp_path, sealed) == "rotate_same_file"
    seal(Path(sealed.file), f"  {OLD}\n")
    assert refusal_of(tmp_path, sealed) == "rotate_same_content"
    seal(Path(sealed.file), NEW)
    assert glass(tmp_path, sealed).rotated(waiting(tmp_path), {"by": "wang"}, write=True) == (False, [])
    assert waiting(tmp_path) == []
    assert not path.exists()


def test_the_credential_of_any_opening_since_the_last_rotation_is_known(tmp_path: Path, sealed: Sealed) -> None:
    opened(tmp_path, sealed).unlink()
    seal(Path(sealed.file), NEW)
    opened(tmp_path, sealed).unlink()
    seal(Path(sealed.file), OLD)
    assert refusal_of(tmp_path, sealed) in ("rotate_same_file", "rotate_same_content")


def test_check_mode_notes_no_rotation(tmp_path: Path, sealed: Sealed) -> None:
    opened(tmp_path, sealed)
    seal(Path(sealed.file), NEW)
    glass(tmp_path, sealed).rotated(waiting(tmp_path), {"by": "wang"}, write=False)
    assert len(waiting(tmp_path)) == 1


def test_a_file_that_holds_something_else_by_now_is_left_alone(tmp_path: Path, sealed: Sealed) -> None:
    path = opened(tmp_path, sealed)
    path.write_text("notes", encoding="utf-8")
    seal(Path(sealed.file), NEW)
    glass(tmp_path, sealed).rotated(waiting(tmp_path), {"by": "wang"}, write=True)
    assert path.read_text(encoding="utf-8") == "notes"


def with_check(tmp_path: Path, sealed: Sealed, works: str) -> Sealed:
    (tmp_path / "works").write_text(works, encoding="utf-8")
    script = f'test "$(cat)" = "$(cat {tmp_path}/works)"'
    return Sealed(sealed.name, sealed.file, ("/bin/sh", "-c", script))


def test_a_check_proves_that_the_new_one_works_and_the_old_one_does_not(tmp_path: Path, sealed: Sealed) -> None:
    opened(tmp_path, sealed)
    seal(Path(sealed.file), NEW)
    checked = with_check(tmp_path, sealed, OLD)
    assert refusal_of(tmp_path, checked) == "rotate_new_fails"
    both = Sealed(sealed.name, sealed.file, ("/bin/true",))
    assert refusal_of(tmp_path, both) == "rotate_old_works"
    assert len(waiting(tmp_path)) == 1
    checked = with_check(tmp_path, sealed, NEW)
    assert glass(tmp_path, checked).rotated(waiting(tmp_path), {"by": "wang"}, write=True)[0] is True


def test_a_check_needs_the_credential_that_was_opened(tmp_path: Path, sealed: Sealed) -> None:
    path = opened(tmp_path, sealed)
    seal(Path(sealed.file), NEW)
    checked = with_check(tmp_path, sealed, NEW)
    path.write_text("something else", encoding="utf-8")
    assert refusal_of(tmp_path, checked) == "rotate_wrong_old"
    path.unlink()
    assert refusal_of(tmp_path, checked) == "rotate_no_old"
    path.write_text(OLD.strip(), encoding="utf-8")
    assert glass(tmp_path, checked).rotated(waiting(tmp_path), {"by": "wang"}, write=True)[0] is True


def test_what_was_only_shown_can_be_given_for_the_check(tmp_path: Path, sealed: Sealed) -> None:
    shown = Where("", "/dev/null", "", "")
    glass(tmp_path, sealed).opened(data_of(sealed), TOLD, shown)
    seal(Path(sealed.file), NEW)
    checked = with_check(tmp_path, sealed, NEW)
    assert refusal_of(tmp_path, checked) == "rotate_no_old"
    noted = tmp_path / "noted"
    noted.write_text(OLD, encoding="utf-8")
    found = glass(tmp_path, checked).rotated(waiting(tmp_path), {"by": "wang"}, file=str(noted), write=True)
    assert found == (True, [])
    assert not noted.exists()


@pytest.mark.parametrize("content", ["user\r\nsecret\r\n", "\udcb9\udcdc\udcc0\n"], ids=["windows", "gbk"])
def test_a_credential_of_another_system_is_known_again_and_deleted(
    tmp_path: Path, sealed: Sealed, content: str
) -> None:
    checked = with_check(tmp_path, sealed, NEW)
    path = tmp_path / "handed"
    where = Where(str(path), "", "", "")
    where.hand_over(Glass(str(tmp_path / "approvals"), sealed, lambda _path: content).opened(b"", TOLD, where))
    assert path.read_bytes() == content.encode("utf-8", "surrogateescape")
    seal(Path(sealed.file), NEW)
    assert glass(tmp_path, checked).rotated(waiting(tmp_path), {"by": "wang"}, write=True) == (True, [])
    assert not path.exists()


def test_part_of_a_credential_does_not_stay_on_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "handed"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4, before[1]))
    try:
        with pytest.raises(Refused) as refusal:
            Where(str(path), "", "", "").hand_over(OLD)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert refusal.value.said.key == "where_missing"
    assert not path.exists()


def test_a_link_into_a_disk_is_a_disk(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "memory").symlink_to("disk")
    mounts = f"a {tmp_path}/disk ext4 rw 0 0\nb {tmp_path} tmpfs rw 0 0\n"
    assert disk_of(f"{tmp_path}/memory/x", mounts) == "ext4"


@pytest.mark.parametrize(
    ("new", "old", "key"),
    [
        (0, 1, None),
        (0, 0, "rotate_old_works"),
        (1, 1, "rotate_new_fails"),
        (127, 127, "rotate_new_fails"),
        (0, 124, "rotate_unknown"),
        (0, -9, "rotate_unknown"),
    ],
)
def test_what_a_check_proves(new: int, old: int, key: str | None) -> None:
    said = check_limitation("his", "check", new, old)
    assert (None if said is None else said.key) == key


@pytest.mark.parametrize(("data", "key"), [(b"", "sealed_empty"), (b"S3cret", "sealed_open"), (None, "sealed_missing")])
def test_what_is_not_sealed_is_refused(tmp_path: Path, data: bytes | None, key: str) -> None:
    path = tmp_path / "x"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(Refused) as refusal:
        data_of(Sealed("his", str(path)))
    assert refusal.value.said.key == key


def test_a_wrong_password_is_told_without_a_trace(sealed: Sealed) -> None:
    def fails(_path: str) -> str:
        raise AnsibleError("Decryption failed.\nmore")

    with pytest.raises(Refused) as refusal:
        content_of(sealed, fails)
    assert refusal.value.said.values["why"] == "Decryption failed"
    assert refusal.value.__cause__ is None


def test_approvals_are_for_the_reason_and_for_the_seal_as_it_is(sealed: Sealed) -> None:
    data = data_of(sealed)
    plans = {
        plan_of_opening(sealed, data, "one reason").hash,
        plan_of_opening(sealed, data, "another reason").hash,
        plan_of_opening(sealed, data + b"0", "one reason").hash,
        plan_of_opening(Sealed("lis", sealed.file), data, "one reason").hash,
    }
    assert len(plans) == 4
    assert hashlib.sha256(data).hexdigest() in str(plan_of_opening(sealed, data, "one reason").content)


@pytest.mark.parametrize(
    ("entries", "key"),
    [
        ({}, "sealed_unknown"),
        (None, "sealed_unknown"),
        ({"his": {}}, "sealed_lacks"),
        ({"his": {"file": "x", "check": "rm"}}, "standing_shape"),
    ],
)
def test_what_the_inventory_lacks_is_told(entries: Any, key: str) -> None:
    with pytest.raises(Refused) as refusal:
        sealed_of(entries, "his")
    assert refusal.value.said.key == key


MOUNTS = "/dev/sda / ext4 rw 0 0\ntmpfs /dev/shm tmpfs rw 0 0\n/dev/sdb /dev/shmx xfs rw 0 0\n"


@pytest.mark.parametrize(
    ("path", "kind"), [("/dev/shm/x", None), ("/dev/shmx/x", "xfs"), ("/srv/x", "ext4"), ("/dev/shm", None)]
)
def test_what_is_memory_and_what_is_a_disk(path: str, kind: str | None) -> None:
    assert disk_of(path, MOUNTS) == kind


def test_where_nothing_is_known_it_is_taken_for_a_disk() -> None:
    assert disk_of("/x", "") == "unknown"


def test_where_it_may_go(tmp_path: Path) -> None:
    nobody, new = Person(frozenset(), False), str(tmp_path / "new")

    def key(file: str, show: bool, environment: dict[str, str] | None = None) -> str | None:
        said = where_limitation(file, show, nobody, environment or {})
        return None if said is None else said.key

    assert key(new, False) is None
    assert key("", False) == "where_lacks"
    assert key(new, True) == "where_lacks"
    assert key(str(tmp_path), False) == "where_taken"
    assert key(str(tmp_path / "no" / "x"), False) == "where_missing"
    assert key("", True) == "no_terminal"
    assert key("", True, {"AWX_ISOLATED_DATA_DIR": "/x"}) == "recorded_terminal"


LINES = st.lists(st.tuples(st.sampled_from([OPENED, ROTATED, "torn"]), st.sampled_from(["his", "lis"])), max_size=8)


@given(LINES)
def test_what_was_opened_waits_until_it_is_rotated(some: list[tuple[str, str]]) -> None:
    lines = [
        {"kind": kind, "name": name, "epoch": 1.0, "at": str(place), "by": "w", "reason": "r", "sealed_sha256": "s"}
        | {"salt": "00", "hash": "h"}
        for place, (kind, name) in enumerate(some)
    ]
    for name in ("his", "lis"):
        after = [kind for kind, other in some if other == name and kind != "torn"]
        since = after[len(after) - after[::-1].index(ROTATED) :] if ROTATED in after else after
        assert len(openings(lines).get(name, [])) == len(since)
        assert (rotated_at(lines, name) is None) == (ROTATED not in after)


@settings(max_examples=10)
@given(st.text(max_size=20), st.text(max_size=20))
def test_a_fingerprint_fits_its_content_and_no_other(one: str, other: str) -> None:
    seen = fingerprint(one)
    assert seen.fits(f" {one}\n")
    assert seen.fits(other) == (one.strip() == other.strip())
    assert fingerprint(one) != seen


def test_no_new_file_is_what_was_opened() -> None:
    seen = fingerprint(OLD)
    opening = Opening("his", 1.0, "at", "by", "why", hashlib.sha256(b"x").hexdigest(), seen)
    said = rotation_limitation([opening], "p", b"y", "")
    assert said is not None
    assert said.key == "sealed_empty"


def test_a_record_with_strange_lines_is_still_read() -> None:
    assert openings([{"kind": OPENED}, {"kind": OPENED, "name": "his"}, {}])["his"][0].by == "?"
